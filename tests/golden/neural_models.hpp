// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Small networks of simple numbers, for golden files and the tests of io.

#include <Eigen/Core>
#include <utility>

#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/reservoir.hpp"
#include "golden/models.hpp"

namespace golden {

/// Numbers of both signs and of order 1/2, without a pattern that a transposed reading would keep.
template <typename Scalar>
Eigen::MatrixX<Scalar> uneven(Eigen::Index rows, Eigen::Index columns) {
  return Eigen::MatrixX<Scalar>::NullaryExpr(rows, columns, [=](Eigen::Index i, Eigen::Index j) {
    return Scalar(double((7 * i + 11 * j + 3 * i * j) % 17 - 8) / 16);
  });
}

template <typename Scalar>
almagest::neural::NetworkModel<Scalar> network(const almagest::neural::Architecture& architecture) {
  almagest::neural::NetworkParts<Scalar> parts;
  parts.architecture = architecture;
  parts.training = training({"q", "v"}, -1, 1);
  parts.normalization = {Eigen::Vector2d(0.25, -0.5).cast<Scalar>(), Eigen::Vector2d(0.5, 2).cast<Scalar>()};
  parts.scale = Eigen::Vector2d(0.125, 0.0625).cast<Scalar>();
  parts.parameters = uneven<Scalar>(almagest::neural::network<Scalar>(architecture, 2).parameters(), 1);
  parts.history = {{0.5, 0.75}, {0.25, 0.5}};
  parts.warnings = {"a sentence that survives"};
  return almagest::neural::NetworkModel<Scalar>(std::move(parts));
}

template <typename Scalar>
almagest::neural::NetworkModel<Scalar> perceptron() {
  return network<Scalar>(almagest::neural::Mlp{{3, 4}, almagest::neural::Activation::silu});
}

inline almagest::neural::NetworkModel<double> structured() {
  return network<double>(almagest::neural::Stnn{{.copies = 3, .depth = 2, .tied = false}});
}

inline almagest::neural::ReservoirModel<double> reservoir() {
  almagest::neural::ReservoirParts<double> parts;
  parts.options = {
      .units = 5, .spectral_radius = 0.5, .ridge = 1e-8, .connections = 2, .warmup = 4, .seed = 0xffffffffffffffffu};
  parts.training = training({"q", "v"}, -1, 1);
  parts.normalization = {Eigen::Vector2d(0.25, -0.5), Eigen::Vector2d(0.5, 2)};
  parts.recurrent.resize(5, 5);
  const std::pair<int, int> places[] = {{0, 2}, {0, 4}, {2, 0}, {3, 3}, {4, 1}};
  for (const auto& [i, j] : places) parts.recurrent.insert(i, j) = 0.125 * (1 + i - j);
  parts.recurrent.makeCompressed();
  parts.input = uneven<double>(5, 2);
  parts.bias = uneven<double>(5, 1) / 2;
  parts.readout = uneven<double>(2, 6);
  return almagest::neural::ReservoirModel<double>(std::move(parts));
}

inline almagest::neural::NvarModel<double> autoregression() {
  almagest::neural::NvarParts<double> parts;
  parts.options = {.delays = 2, .stride = 3, .degree = 2, .ridge = 1e-8};
  parts.training = training({"q", "v"}, -1, 1);
  parts.normalization = {Eigen::Vector2d(0.25, -0.5), Eigen::Vector2d(0.5, 2)};
  parts.readout = uneven<double>(2, 15) / 16;
  return almagest::neural::NvarModel<double>(std::move(parts));
}

}  // namespace golden
