// SPDX-License-Identifier: BSD-3-Clause
#include <variant>

#include "almagest/core/text.hpp"
#include "almagest/features/expression_text.hpp"
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

SindyModel fit(const std::vector<Run>& runs, const features::Library& library, const sindy::Optimizer& optimizer,
               const sindy::AnyDerivative& derivative) {
  const auto views = views_of(runs);
  return computed([&] { return SindyModel(sindy::fit(views, library, optimizer, derivative)); });
}

/// The exponents of a law of monomials.
py::object exponents(const SindyModel& self) {
  const auto* library = self.model.library().as<features::Polynomial>();
  if (!library) return py::none();
  return copied(features::Monomials(*library, self.model.law().variables()).exponents());
}

/// (degree, bias, cross_terms) where the library is a Polynomial.
py::object polynomial(const SindyModel& self) {
  const auto* library = self.model.library().as<features::Polynomial>();
  if (!library) return py::none();
  return py::make_tuple(library->degree, library->bias, library->cross_terms);
}

std::vector<std::string> formulas(const SindyModel& self, const std::string& notation, int precision) {
  return computed([&] {
    const bool latex = notation == "latex";
    const auto names = self.model.variable_names();
    std::vector<std::string> left, terms;
    for (const auto& name : self.model.training().names)
      left.push_back(latex ? "\\dot{" + name + "}" : name + '\'');
    for (const auto& formula : self.model.law().features().formulas())
      terms.push_back(
          features::print_factor(formula, names, latex ? features::Notation::latex : features::Notation::python));
    return sindy::detail::equations(self.model.law(), left, terms, precision, "equations", latex ? " " : "*");
  });
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
  bound.def_property_readonly(
           "library", [](const SindyModel& self) { return self.model.library(); }, "Of features.")
      .def_property_readonly("exponents", &exponents, "Of monomials, shape (features, variables), or None.")
      .def_property_readonly("polynomial", &polynomial, "(degree, bias, cross_terms) of a Polynomial library, or None.")
      .def_property_readonly(
          "input_names", [](const SindyModel& self) { return self.model.input_names(); }, "Of the inputs.")
      .def_property_readonly(
          "feature_names", [](const SindyModel& self) { return self.model.feature_names(); }, "Of the library.")
      .def_property_readonly(
          "condition_number", [](const SindyModel& self) { return self.model.condition_number(); },
          "Of the chosen features.")
      .def_property_readonly(
          "residuals", [](const SindyModel& self) { return given_away(Vector(self.model.report().residuals)); },
          "Relative misfit of each derivative.")
      .def_property_readonly(
          "warnings", [](const SindyModel& self) { return self.model.warnings(); }, "What the fit found doubtful.")
      .def_property_readonly(
          "notes", [](const SindyModel& self) { return self.model.report().notes; }, "What the library chose.")
      .def(
          "equations", [](const SindyModel& self, int precision) { return self.model.equations(precision); },
          py::arg("precision"), "One line for each component.")
      .def_property_readonly(
          "inputs", [](const SindyModel& self) { return self.model.input_names().size(); }, "Their count.")
      .def_property_readonly(
          "errors", [](const SindyModel& self) { return copied(self.model.report().errors); },
          "Standard errors of the coefficients, or empty.")
      .def_property_readonly(
          "inclusion", [](const SindyModel& self) { return copied(self.model.report().inclusion); },
          "Share of an ensemble's members with each term, or empty.")
      .def_property_readonly(
          "members",
          [](const SindyModel& self) {
            py::list out;
            for (const Matrix& member : self.model.report().members) out.append(copied(member));
            return out;
          },
          "Coefficients of an ensemble's members.")
      .def_property_readonly(
          "paths",
          [](const SindyModel& self) {
            py::list out;
            for (const auto& path : self.model.report().paths) {
              py::list points;
              for (const auto& point : path) points.append(py::make_tuple(point.support, point.misfit, point.score));
              out.append(points);
            }
            return out;
          },
          "For each component the (support, misfit, score) that were weighed.")
      .def("formulas", &formulas, py::arg("notation"), py::arg("precision"), "The equations as Python or LaTeX.")
      .def(
          "forecast_driven",
          [](const SindyModel& self, const Run& history, const py::object& inputs) {
            const auto view = history.view();
            const Matrix driven = columns(inputs, "SINDy.forecast", "inputs");
            return take(computed([&] { return self.model.forecast(view, driven); }));
          },
          py::arg("history"), py::arg("inputs"), "Under inputs (steps, inputs).");
  bind_storage<SindyModel>(bound);
  bind_export<SindyModel>(bound);
}

}  // namespace

void bind_sindy(py::module_& m) {
  bind_sindy_optimizers(m);
  bind_derivatives(m);
  bind_model(m);
  bind_sindy_forms(m);
  m.def("fit", &fit, "See almagest.SINDy.fit.", py::arg("runs"), py::arg("library"), py::arg("optimizer"),
        py::arg("derivative"));
}

}  // namespace almagest::python
