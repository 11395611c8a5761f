// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "almagest/core/random.hpp"
#include "almagest/neural/layer.hpp"
#include "support/catch.hpp"

inline Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  almagest::RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// Compares all derivatives of a layer on a batch with central differences of <w, f(x)>, and a batch with its columns
/// one by one.
inline void check_field_derivatives(const almagest::neural::Layer<double>& layer, std::uint64_t seed = 1) {
  const Eigen::Index batch = 3;
  almagest::RandomStream random(seed);
  Eigen::VectorXd parameters(layer.parameters());
  layer.initialize(parameters, random);
  for (Eigen::Index k = 0; k < parameters.size(); ++k) parameters[k] += 0.3 * random.normal();
  const Eigen::MatrixXd x = normal_matrix(layer.inputs(), batch, seed + 1),
                        w = normal_matrix(layer.outputs(), batch, seed + 2),
                        direction = normal_matrix(layer.inputs(), batch, seed + 3);
  Eigen::MatrixXd y(layer.outputs(), batch), kept(layer.kept(), batch), dx(layer.inputs(), batch), dy = y;
  const auto value = [&](const Eigen::VectorXd& p, const Eigen::MatrixXd& at) {
    Eigen::MatrixXd out(layer.outputs(), batch), keep(layer.kept(), batch);
    layer.forward(p, at, out, keep);
    return out;
  };
  layer.forward(parameters, x, y, kept);
  for (Eigen::Index b = 0; b < batch; ++b) {
    Eigen::MatrixXd alone(layer.outputs(), 1), keep(layer.kept(), 1);
    layer.forward(parameters, x.col(b), alone, keep);
    CHECK((alone - y.col(b)).norm() <= 1e-12 * (1 + y.norm()));
  }
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters.size());
  layer.backward(parameters, x, y, kept, w, dx, gradient);
  layer.tangent(parameters, x, y, kept, direction, dy);
  const double h = 1e-6;
  const double along =
      ((value(parameters, x + h * direction) - value(parameters, x - h * direction)).cwiseProduct(w)).sum() / (2 * h);
  CHECK(dx.cwiseProduct(direction).sum() == Approx(along).epsilon(1e-6));
  CHECK(dy.cwiseProduct(w).sum() == Approx(along).epsilon(1e-6));
  for (Eigen::Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    CHECK(gradient[k] ==
          Approx(((value(up, x) - value(down, x)).cwiseProduct(w)).sum() / (2 * h)).epsilon(1e-6).margin(1e-7));
  }
}
