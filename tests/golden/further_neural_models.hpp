// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// A small operator, a vector field, and networks with memory, of simple numbers.

#include <Eigen/Core>
#include <utility>

#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/operator_model.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/sequence_model.hpp"
#include "golden/neural_models.hpp"

namespace golden {

/// What a trained model has beside its architecture and parameters.
template <typename Parts>
void trained(Parts& parts) {
  parts.training = training({"q", "v"}, -1, 1);
  parts.normalization = {Eigen::Vector2d(0.25, -0.5), Eigen::Vector2d(0.5, 2)};
  parts.history = {{0.5, 0.75}, {0.25, 0.5}};
  parts.warnings = {"a sentence that survives"};
}

inline almagest::neural::NeuralOdeModel<double> vector_field() {
  almagest::neural::NeuralOdeParts<double> parts;
  trained(parts);
  parts.architecture = {.hidden = {3, 4}, .activation = almagest::neural::Activation::softplus, .substeps = 2};
  parts.scale = Eigen::Vector2d(0.5, 0.25);
  parts.longest = step;
  parts.parameters =
      uneven<double>(almagest::neural::detail::field<double>(parts.architecture, parts.scale).parameters(), 1);
  return almagest::neural::NeuralOdeModel<double>(std::move(parts));
}

inline almagest::neural::OperatorModel<double> fourier_operator() {
  almagest::neural::OperatorParts<double> parts;
  parts.architecture = almagest::neural::Fno{.modes = {2}, .width = 3, .layers = 2, .projection = 4};
  parts.training = training({"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"}, -1, 1);
  parts.training.grid = almagest::SpatialGrid::periodic(8, 0, 2);
  parts.mean = Eigen::VectorXd::Constant(1, 0.25);
  parts.deviation = Eigen::VectorXd::Constant(1, 0.5);
  parts.scale = Eigen::VectorXd::Constant(1, 0.125);
  parts.parameters =
      uneven<double>(almagest::neural::network<double>(parts.architecture, 1, *parts.training.grid).parameters(), 1);
  parts.history = {{0.5, 0.75}, {0.25, 0.5}};
  parts.warnings = {"a sentence that survives"};
  return almagest::neural::OperatorModel<double>(std::move(parts));
}

inline almagest::neural::PlrnnModel<double> piecewise_linear() {
  almagest::neural::PlrnnParts<double> parts;
  trained(parts);
  parts.architecture = almagest::neural::Alrnn{.units = 4, .rectified = 1, .warmup = 2};
  const auto layer = almagest::neural::detail::layer_of<double>(parts.architecture, 2);
  // Beside the layer's: how the 2 units beyond the state begin, from the 2 of the state.
  parts.parameters = uneven<double>(layer->parameters() + 4, 1) / 2;
  return almagest::neural::PlrnnModel<double>(std::move(parts));
}

inline almagest::neural::SequenceModel<double> gated() {
  almagest::neural::SequenceParts<double> parts;
  trained(parts);
  parts.architecture = almagest::neural::Gru{.units = 3, .layers = 2, .sequences = {.length = 8, .warmup = 3}};
  parts.scale = Eigen::Vector2d(0.125, 0.0625);
  parts.parameters =
      uneven<double>(almagest::neural::detail::memory_network<double>(parts.architecture, 2).parameters(), 1);
  return almagest::neural::SequenceModel<double>(std::move(parts));
}

}  // namespace golden
