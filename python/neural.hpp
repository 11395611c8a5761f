// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the bindings of all neural models share: options of a training, and what a model tells of itself.

#include <cmath>
#include <vector>

#include "almagest/diagnostics/surrogate_lyapunov.hpp"
#include "almagest/neural/score.hpp"
#include "almagest/neural/objective.hpp"
#include "models.hpp"
#include "storage.hpp"

namespace almagest::python {

/// By the names of the parameters of almagest.neural.Training; those that are not given are as usual.
/// `watch` is called after each epoch with its number, its losses and the seconds that are left, or is None.
neural::Training training_of(const py::dict& given, const py::object& watch);

/// The losses of the epochs: an array (epochs, 2), of training and validation.
py::array_t<double> history_of(const std::vector<neural::EpochRecord>& history);

/// What every neural model has.
template <typename Model>
void bind_neural_model(py::class_<Model>& bound) {
  bind_forecaster<Model>(bound, [](const Model& self) -> const Model& { return self; });
  bound.def_property_readonly("dimension", &Model::dimension, "Components of the state.")
      .def_property_readonly("warnings", &Model::warnings, "What the fit found doubtful.")
      .def_property_readonly("parameter_count", &Model::parameter_count, "Numbers that were learned.")
      .def_property_readonly("flops", &Model::flops, "Additions and multiplications of a step.")
      .def("score", [](const Model& self, const std::vector<Run>& runs, Eigen::Index steps) {
             const auto views = views_of(runs);
             return computed([&] { return neural::score(self, views, steps); });
           }, py::arg("runs"), py::arg("steps"), "Share of the variance that forecasts explain.");
}

/// What every model has that epochs trained.
template <typename Model>
void bind_trained_model(py::class_<Model>& bound) {
  bind_neural_model(bound);
  bound.def_property_readonly("history", [](const Model& self) { return history_of(self.parts().history); },
                              "Losses of the epochs, shape (epochs, 2): of training and validation.");
}

/// What every model has that tells how tangent vectors go through a step.
template <typename Model>
void bind_tangents(py::class_<Model>& bound) {
  bound.def(
      "lyapunov_spectrum",
      [](const Model& self, const Run& history, double duration, double transient, double limit, Eigen::Index exponents,
         const py::object& progress) {
        const auto view = history.view();
        const diagnostics::LyapunovOptions options{
            .duration = duration, .transient = transient, .bound = limit, .progress = reporter(progress)};
        return computed([&] { return diagnostics::lyapunov_spectrum(self, view, options, exponents); });
      },
      py::arg("history"), py::arg("duration"), py::arg("transient"), py::arg("bound"), py::arg("exponents"),
      py::arg("progress"), "See almagest.diagnostics.lyapunov_spectrum.");
}

}  // namespace almagest::python
