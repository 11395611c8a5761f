// SPDX-License-Identifier: BSD-3-Clause
#include <variant>

#include "almagest/core/text.hpp"
#include "almagest/integrate/ensemble.hpp"
#include "almagest/sindy/fit.hpp"
#include "storage.hpp"

namespace almagest::python {

TrajectoryInfo SindyModel::info() const {
  TrajectoryInfo info;
  info.names = model.training().names;
  return info;
}

void SindyModel::jacobian(const Vector& x, Matrix& J, double t) const { almagest::jacobian(model, x, t, J); }

namespace {

/// A model as the library integrates it, with the names of its components.
struct Law {
  const SindyModel* of;

  std::size_t size() const { return std::size_t(of->dimension()); }
  TrajectoryInfo describe(std::size_t) const { return of->info(); }
  template <typename State, typename Time>
  void operator()(const State& x, State& dxdt, Time t) const {
    of->model(x, dxdt, t);
  }
};

}  // namespace

Ensemble<double> SindyModel::integrate_ensemble(const Systems& systems, const Matrix& x0, const TimeGrid& times,
                                                const Method& method, const EnsembleOptions& options) const {
  const auto* fixed = std::get_if<methods::Rk4>(&method);
  if (!fixed || systems.size() > 1) return System::integrate_ensemble(systems, x0, times, method, options);
  return almagest::integrate_ensemble(Law{this}, x0, times, *fixed, options);
}

namespace {

using Derivative = std::variant<sindy::FiniteDifference, sindy::SavitzkyGolay>;

SindyModel fit(const std::vector<Run>& runs, const sindy::Polynomial& library, const sindy::Stlsq& optimizer,
               const Derivative& derivative) {
  std::vector<TrajectoryView<double>> views;
  for (const Run& run : runs) views.push_back(run.view());
  return computed([&] {
    return std::visit([&](const auto& method) { return SindyModel(sindy::fit(views, library, optimizer, method)); },
                      derivative);
  });
}

/// The options of a fit, which the package's own classes of these names turn into.
void bind_options(py::module_& m) {
  py::class_<sindy::Polynomial>(m, "Polynomial", "See almagest.Polynomial.")
      .def(py::init([](int degree, bool bias, bool cross_terms) { return sindy::Polynomial{degree, bias, cross_terms}; }),
           py::arg("degree"), py::arg("bias"), py::arg("cross_terms"))
      .def_readonly("degree", &sindy::Polynomial::degree, "Highest total degree.")
      .def_readonly("bias", &sindy::Polynomial::bias, "Whether the constant is a feature.")
      .def_readonly("cross_terms", &sindy::Polynomial::cross_terms, "Whether products of different variables are.");
  py::class_<sindy::Stlsq>(m, "STLSQ", "See almagest.STLSQ.")
      .def(py::init([](double threshold, double ridge, int max_iterations, bool normalize) {
             return sindy::Stlsq{threshold, ridge, max_iterations, normalize};
           }),
           py::arg("threshold"), py::arg("ridge"), py::arg("max_iterations"), py::arg("normalize"));
  py::class_<sindy::FiniteDifference>(m, "FiniteDifference", "See almagest.FiniteDifference.")
      .def(py::init([](int order) { return sindy::FiniteDifference{order}; }), py::arg("order"));
  py::class_<sindy::SavitzkyGolay>(m, "SavitzkyGolay", "See almagest.SavitzkyGolay.")
      .def(py::init([](int window, int degree, bool smooth_states) {
             return sindy::SavitzkyGolay{window, degree, smooth_states};
           }),
           py::arg("window"), py::arg("degree"), py::arg("smooth_states"));
}

void bind_model(py::module_& m) {
  py::class_<SindyModel, System> bound(m, "Model", "A fitted law of motion; see almagest.SINDy.");
  bind_forecaster<SindyModel>(bound, [](const SindyModel& self) -> const sindy::Model<double>& { return self.model; });
  const auto shows = [&](const char* name, const auto& member, const char* doc) {
    bound.def_property_readonly(name, [=](const py::object& self) {
      return shown((self.cast<const SindyModel&>().model.*member)(), self);
    }, doc);
  };
  shows("coefficients", &sindy::Model<double>::coefficients, "Shape (features, dimension).");
  shows("exponents", &sindy::Model<double>::exponents, "Of the features, shape (features, dimension).");
  bound.def_property_readonly("library", [](const SindyModel& self) { return self.model.library(); }, "The Polynomial library.")
      .def_property_readonly("feature_names", [](const SindyModel& self) { return self.model.feature_names(); }, "Of the library.")
      .def_property_readonly("condition_number", [](const SindyModel& self) { return self.model.condition_number(); },
                             "Of the chosen features.")
      .def_property_readonly("residuals", [](const SindyModel& self) { return given_away(Vector(self.model.report().residuals)); },
                             "Relative misfit of each derivative.")
      .def_property_readonly("warnings", [](const SindyModel& self) { return self.model.warnings(); }, "What the fit found doubtful.")
      .def("equations", [](const SindyModel& self, int precision) { return self.model.equations(precision); },
           py::arg("precision"), "One line for each component.");
  bind_storage<SindyModel>(bound);
  bind_export<SindyModel>(bound);
}

}  // namespace

void bind_sindy(py::module_& m) {
  bind_options(m);
  bind_model(m);
  m.def("fit", &fit, "See almagest.SINDy.fit.", py::arg("runs"), py::arg("library"), py::arg("optimizer"),
        py::arg("derivative"));
}

}  // namespace almagest::python
