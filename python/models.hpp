// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Learned models as Python has them. The estimators of the package hold one of these once fitted.

#include <string>
#include <utility>
#include <vector>

#include "almagest/koopman/dmd_model.hpp"
#include "almagest/sindy/model.hpp"
#include "system.hpp"

namespace almagest::python {

/// A learned law of motion; integrated like any system.
class SindyModel : public System {
 public:
  explicit SindyModel(sindy::Model<double> given) : model(std::move(given)) {}
  sindy::Model<double> model;

  Eigen::Index dimension() const override { return model.dimension(); }
  TrajectoryInfo info() const override;
  void rate(const Vector& x, Vector& dxdt, double t) const override { model(x, dxdt, t); }
  void jacobian(const Vector& x, Matrix& J, double t) const override;
  Ensemble<double> integrate_ensemble(const Systems& systems, const Matrix& x0, const TimeGrid& times,
                                      const Method& method, const EnsembleOptions& options) const override;
};

using DmdModel = koopman::Dmd<double>;

/// What every model tells of itself and its training, and its forecast.
template <typename Bound, typename Class, typename ModelOf>
void bind_forecaster(Class& bound, const ModelOf& model_of) {
  bound
      .def_property_readonly(
          "context", [=](const Bound& self) { return model_of(self).context(); },
          "Samples of history that a forecast needs.")
      .def_property_readonly(
          "step", [=](const Bound& self) { return model_of(self).training().step; },
          "Time step of the training, or None.")
      .def_property_readonly(
          "names", [=](const Bound& self) { return model_of(self).training().names; }, "Of the components.")
      .def(
          "forecast",
          [=](const Bound& self, const Run& history, Eigen::Index steps) {
            const auto view = history.view();
            return take(computed([&] { return model_of(self).forecast(view, steps); }));
          },
          py::arg("history"), py::arg("steps"), "The `steps` samples after a Trajectory.");
}

}  // namespace almagest::python
