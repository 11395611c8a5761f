// SPDX-License-Identifier: BSD-3-Clause
#include "bindings.hpp"

namespace {

/// Classes are known by the names that users import them under; pickles hold those names too.
void rename_classes(const pybind11::module_& m, const char* public_name) {
  for (const auto& [name, item] : m.attr("__dict__").cast<pybind11::dict>())
    if (pybind11::isinstance<pybind11::type>(item)) item.attr("__module__") = public_name;
}

}  // namespace

PYBIND11_MODULE(_almagest, m) {
  namespace python = almagest::python;
  m.doc() = "The compiled part of almagest. Import almagest instead.";
  m.attr("__version__") = ALMAGEST_VERSION;
  const auto part = [&](const char* name, void (*bind)(pybind11::module_&), const char* public_name) {
    pybind11::module_ inner = m.def_submodule(name);
    bind(inner);
    rename_classes(inner, public_name);
  };
  part("core", [](pybind11::module_& core) { python::bind_errors(core), python::bind_core(core); }, "almagest");
  part("fft", python::bind_fft, "almagest.fft");
  part("spectral", python::bind_spectral, "almagest.spectral");
  part("methods", python::bind_methods, "almagest.methods");
  part("systems", python::bind_systems, "almagest.systems");
  part("integrate", python::bind_integrate, "almagest");
  part("features", python::bind_features, "almagest._almagest.features");
  part(
      "sindy", [](pybind11::module_& sindy) { python::bind_sindy(sindy), python::bind_sindy_pde(sindy); },
      "almagest._almagest.sindy");
  part("linalg", python::bind_linalg, "almagest._almagest.linalg");
  part(
      "koopman",
      [](pybind11::module_& koopman) {
        python::bind_koopman(koopman), python::bind_edmd(koopman), python::bind_edmd_relatives(koopman);
      },
      "almagest._almagest.koopman");
  part("havok", python::bind_havok, "almagest._almagest.havok");
  part(
      "neural", [](pybind11::module_& neural) { python::bind_neural(neural), python::bind_neural_recurrent(neural); },
      "almagest._almagest.neural");
  part("neural_ode", python::bind_neural_ode, "almagest._almagest.neural_ode");
  part("diagnostics", python::bind_diagnostics, "almagest.diagnostics");
  part("operators", python::bind_neural_operators, "almagest._almagest.operators");
  part("io", python::bind_io, "almagest._almagest.io");
}
