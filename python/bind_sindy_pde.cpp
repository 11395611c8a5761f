// SPDX-License-Identifier: BSD-3-Clause
#include <map>

#include "almagest/features/expression_text.hpp"
#include "almagest/sindy/pde_fit.hpp"
#include "almagest/sindy/weak_fit.hpp"
#include "almagest/sindy/weak_pde.hpp"
#include "models.hpp"
#include "pde_model.hpp"
#include "storage.hpp"

namespace almagest::python {

TrajectoryInfo PdeModel::info() const {
  TrajectoryInfo info;
  info.names = model.training().names;
  info.grid = model.grid();
  info.parameters = model.parameters();
  return info;
}

void PdeModel::jacobian(const Vector&, Matrix&, double) const {
  throw InvalidArgument(
      "PDEFind: an equation of fields has no Jacobian here; choose a method without one, or forecast.");
}

namespace {

PdeModel fit_pde(const std::vector<Run>& runs, const sindy::PdeLibrary& library, const sindy::Optimizer& optimizer,
                 const sindy::AnyDerivative& derivative, double share, std::uint64_t seed) {
  const auto views = views_of(runs);
  return computed([&] { return PdeModel(sindy::fit_pde(views, library, optimizer, derivative, {share, seed})); });
}

PdeModel fit_weak_pde(const std::vector<Run>& runs, const sindy::PdeLibrary& library, const sindy::Optimizer& optimizer,
                      const sindy::WeakForm& form) {
  const auto views = views_of(runs);
  return computed([&] { return PdeModel(sindy::fit_weak(views, library, optimizer, form)); });
}

SindyModel fit_weak(const std::vector<Run>& runs, const features::Library& library, const sindy::Optimizer& optimizer,
                    const sindy::WeakForm& form) {
  const auto views = views_of(runs);
  return computed([&] { return SindyModel(sindy::fit_weak(views, library, optimizer, form)); });
}

sindy::PdeLibrary library_of(int degree, int order, int factors, bool bias, std::vector<std::string> fields,
                             std::vector<std::string> parameters, bool spectral, int accuracy, bool periodic) {
  return {degree,
          order,
          factors,
          bias,
          std::move(fields),
          std::move(parameters),
          spectral ? sindy::SpaceDerivatives::spectral : sindy::SpaceDerivatives::finite_differences,
          accuracy,
          periodic};
}

/// What the classes of almagest turn into.
void bind_pde_options(py::module_& m) {
  py::class_<sindy::PdeLibrary>(m, "PdeLibrary", "Terms of fields; see almagest.PDELibrary.");
  m.def(
      "pde_library",
      [](int degree, int order, int factors, bool bias, std::vector<std::string> fields,
         std::vector<std::string> parameters, bool spectral, int accuracy, bool periodic) {
        sindy::PdeLibrary library = library_of(degree, order, factors, bias, std::move(fields), std::move(parameters),
                                               spectral, accuracy, periodic);
        sindy::detail::check(library);
        return library;
      },
      py::arg("degree"), py::arg("order"), py::arg("factors"), py::arg("bias"), py::arg("fields"),
      py::arg("parameters"), py::arg("spectral"), py::arg("accuracy"), py::arg("periodic"), "See almagest.PDELibrary.");
  py::class_<sindy::WeakForm>(m, "WeakForm", "Test functions; see almagest.WeakSINDy.");
  m.def("weak_form", [](Eigen::Index count, Eigen::Index half_time, std::vector<Eigen::Index> half_space, int degree,
                        bool integral, std::uint64_t seed) {
    return sindy::WeakForm{count, half_time, std::move(half_space), degree,
                           integral ? sindy::TestFunction::step : sindy::TestFunction::bump, seed};
  }, py::arg("count"), py::arg("half_time"), py::arg("half_space"), py::arg("degree"), py::arg("integral"),
        py::arg("seed"), "See almagest.WeakSINDy.");
}

/// The equations with other signs between a coefficient and its term.
std::vector<std::string> pde_formulas(const PdeModel& self, const std::string& notation, int precision) {
  const bool latex = notation == "latex";
  std::vector<std::string> names = self.model.variable_names(), left, terms;
  if (latex)
    for (auto& name : names)
      if (const auto at = name.find('_'); at != std::string::npos)
        name = name.substr(0, at) + "_{" + name.substr(at + 1) + '}';
  for (const auto& name : self.model.field_names()) left.push_back(name + "_t");
  for (const auto& formula : self.model.law().features().formulas())
    terms.push_back(features::print(formula, names, latex ? features::Notation::latex : features::Notation::python));
  return sindy::detail::equations(self.model.law(), left, terms, precision, "equations", latex ? " " : "*");
}

/// The options of the PDELibrary that the model has.
py::tuple pde_library(const PdeModel& self) {
  const auto& library = self.model.library();
  return py::make_tuple(library.degree, library.order, library.factors, library.bias, library.fields,
                        library.parameters,
                        library.space == sindy::SpaceDerivatives::spectral ? "spectral" : "differences",
                        library.accuracy, library.periodic);
}

void bind_pde_model(py::module_& m) {
  py::class_<PdeModel, System> bound(m, "PdeModel", "A fitted equation of fields; see almagest.PDEFind.");
  bind_forecaster<PdeModel>(bound, [](const PdeModel& self) -> const sindy::PdeModel& { return self.model; });
  bound
      .def_property_readonly(
          "coefficients",
          [](const py::object& self) { return shown(self.cast<const PdeModel&>().model.coefficients(), self); },
          "Shape (terms, fields).")
      .def_property_readonly(
          "exponents", [](const PdeModel&) { return py::none(); }, "None: the terms are no monomials of a state.")
      .def_property_readonly(
          "input_names", [](const PdeModel&) { return std::vector<std::string>(); }, "Empty.")
      .def_property_readonly(
          "field_names", [](const PdeModel& self) { return self.model.field_names(); }, "Of the fields.")
      .def_property_readonly(
          "feature_names", [](const PdeModel& self) { return self.model.feature_names(); }, "Of the terms.")
      .def_property_readonly(
          "condition_number", [](const PdeModel& self) { return self.model.report().condition; },
          "Of the chosen terms.")
      .def_property_readonly(
          "residuals", [](const PdeModel& self) { return given_away(Vector(self.model.report().residuals)); },
          "Relative misfit of each rate.")
      .def_property_readonly(
          "warnings", [](const PdeModel& self) { return self.model.warnings(); }, "What the fit found doubtful.")
      .def(
          "at",
          [](const PdeModel& self, const std::map<std::string, double>& parameters) {
            return PdeModel(self.model.at(parameters));
          },
          py::arg("parameters"), "The equation at values of its parameters.")
      .def(
          "equations", [](const PdeModel& self, int precision) { return self.model.equations(precision); },
          py::arg("precision"), "One line for each field.")
      .def("formulas", &pde_formulas, py::arg("notation"), py::arg("precision"), "The equations as Python or LaTeX.")
      .def_property_readonly("library", &pde_library, "The options of its PDELibrary.");
  bind_storage<PdeModel>(bound);
}

}  // namespace

void bind_sindy_pde(py::module_& m) {
  bind_pde_options(m);
  bind_pde_model(m);
  m.def("fit_pde", &fit_pde, "See almagest.PDEFind.fit.", py::arg("runs"), py::arg("library"), py::arg("optimizer"),
        py::arg("derivative"), py::arg("share"), py::arg("seed"));
  m.def("fit_weak", &fit_weak, "See almagest.WeakSINDy.fit.", py::arg("runs"), py::arg("library"), py::arg("optimizer"),
        py::arg("form"));
  m.def("fit_weak_pde", &fit_weak_pde, "See almagest.WeakSINDy.fit.", py::arg("runs"), py::arg("library"),
        py::arg("optimizer"), py::arg("form"));
}

}  // namespace almagest::python
