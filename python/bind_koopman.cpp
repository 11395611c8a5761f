// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/complex.h>

#include "almagest/koopman/hankel_dmd.hpp"
#include "models.hpp"

namespace almagest::python {

namespace {

HankelDmdModel fit_hankel_dmd(const std::vector<Run>& runs, Eigen::Index delays, Eigen::Index rank, double energy) {
  std::vector<TrajectoryView<double>> views;
  for (const Run& run : runs) views.push_back(run.view());
  return computed([&] { return koopman::fit_hankel_dmd(views, {delays, rank, energy}); });
}

}  // namespace

void bind_koopman(py::module_& m) {
  py::class_<HankelDmdModel> bound(m, "HankelDmd", "A fitted Hankel-DMD; see almagest.HankelDMD.");
  bind_forecaster<HankelDmdModel>(bound, [](const HankelDmdModel& self) -> const HankelDmdModel& { return self; });
  const auto shows = [&](const char* name, const auto& member, const char* doc) {
    bound.def_property_readonly(name, [=](const py::object& self) {
      return shown((self.cast<const HankelDmdModel&>().*member)(), self);
    }, doc);
  };
  shows("eigenvalues", &HankelDmdModel::eigenvalues, "A time step each, shape (rank,).");
  shows("residuals", &HankelDmdModel::residuals, "One for each eigenvalue.");
  shows("modes", &HankelDmdModel::modes, "Shape (dimension, rank).");
  shows("amplitudes", &HankelDmdModel::amplitudes, "Of the first training run.");
  shows("singular_values", &HankelDmdModel::singular_values,
        "Of the windows, decreasing; the leading ones where windows are long and a rank was given.");
  bound
      .def_property_readonly("exponents", [](const HankelDmdModel& self) {
             const auto values = self.exponents();
             return py::array_t<std::complex<double>>(values.size(), values.data());
           }, "Growth rate and angular frequency of each eigenvalue.")
      .def_property_readonly("dimension", &HankelDmdModel::dimension, "Components of the state.")
      .def_property_readonly("rank", &HankelDmdModel::rank, "Count of eigenvalues.")
      .def_property_readonly("options", [](const HankelDmdModel& self) {
             return py::make_tuple(self.options().delays, self.options().rank, self.options().energy);
           }, "delays, rank as asked for (0: by energy), energy.")
      .def_property_readonly("warnings", &HankelDmdModel::warnings, "What the fit found doubtful.")
      .def("verified", &HankelDmdModel::verified, py::arg("tolerance"), "Indices of eigenvalues with small residuals.")
      .def("reconstruct", [](const HankelDmdModel& self, const Run& run) {
             const auto view = run.view();
             return take(computed([&] { return self.reconstruct(view); }));
           }, py::arg("run"), "The model's own version of a run.")
      .def("summary", &HankelDmdModel::summary, "The spectrum as a table.")
      .def(py::pickle(&model_bytes<HankelDmdModel>, &model_from_bytes<HankelDmdModel>));
  m.def("fit_hankel_dmd", &fit_hankel_dmd, "See almagest.HankelDMD.fit.", py::arg("runs"), py::arg("delays"),
        py::arg("rank"), py::arg("energy"));
}

}  // namespace almagest::python
