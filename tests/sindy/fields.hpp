// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Fields that solve their equations exactly, for the tests of PDE-FIND.

#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"

namespace fields {

using almagest::SpatialGrid;
using almagest::TimeGrid;
using almagest::Trajectory;

/// `u(x, t)` on a grid of one axis.
template <typename Field>
Trajectory<double> run_1d(const SpatialGrid& grid, const TimeGrid& times, const Field& u) {
  const Eigen::VectorXd x = grid.points(0);
  Eigen::MatrixXd states(x.size(), times.size());
  for (Eigen::Index k = 0; k < times.size(); ++k)
    for (Eigen::Index j = 0; j < x.size(); ++j) states(j, k) = u(x[j], times[k]);
  almagest::TrajectoryInfo info;
  info.grid = grid;
  return {times, std::move(states), std::move(info)};
}

/// Burgers by Cole and Hopf: \f$ u = -2\nu\,\partial_x \log\left(1 + \sum_k a_k e^{-\nu k^2 t}\cos(k x + b_k)\right) \f$.
inline double burgers(double nu, double x, double t) {
  constexpr std::array<double, 3> a{0.5, 0.25, 0.12}, b{0, 1, 2.5};
  double phi = 1, slope = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double k = double(i + 1), size = a[i] * std::exp(-nu * k * k * t);
    phi += size * std::cos(k * x + b[i]);
    slope -= size * k * std::sin(k * x + b[i]);
  }
  return -2 * nu * slope / phi;
}
inline Trajectory<double> burgers_run(double nu = 0.3, Eigen::Index points = 64, Eigen::Index samples = 101) {
  return run_1d(SpatialGrid::periodic(points, 0, 2 * std::numbers::pi), TimeGrid::uniform(0, 0.02, samples),
                [nu](double x, double t) { return burgers(nu, x, t); });
}

/// Two solitons of u_t = -6 u u_x - u_xxx that overtake each other, by Hirota.
inline double kdv(double x, double t) {
  constexpr double k1 = 0.6, k2 = 1.1, a = ((k1 - k2) / (k1 + k2)) * ((k1 - k2) / (k1 + k2));
  const double e1 = std::exp(2 * (k1 * x - 4 * k1 * k1 * k1 * t)), e2 = std::exp(2 * (k2 * x - 4 * k2 * k2 * k2 * t));
  const double f = 1 + e1 + e2 + a * e1 * e2;
  const double fx = 2 * k1 * e1 + 2 * k2 * e2 + 2 * (k1 + k2) * a * e1 * e2;
  const double fxx = 4 * k1 * k1 * e1 + 4 * k2 * k2 * e2 + 4 * (k1 + k2) * (k1 + k2) * a * e1 * e2;
  return 2 * (fxx * f - fx * fx) / (f * f);
}
inline Trajectory<double> kdv_run() {
  return run_1d(SpatialGrid::periodic(512, -30, 30), TimeGrid::uniform(-4, 0.04, 201), kdv);
}

/// KPZ on two axes, h_t = nu (h_xx + h_yy) + 1/2 (h_x^2 + h_y^2): h = 2 nu log of a solution of the heat equation.
inline Trajectory<double> kpz_run(double nu = 0.4) {
  const SpatialGrid grid({{24, 2 * std::numbers::pi}, {32, 2 * std::numbers::pi}});
  const TimeGrid times = TimeGrid::uniform(0, 0.02, 61);
  const Eigen::VectorXd x = grid.points(0), y = grid.points(1);
  Eigen::MatrixXd states(grid.size(), times.size());
  for (Eigen::Index k = 0; k < times.size(); ++k)
    for (Eigen::Index i = 0; i < x.size(); ++i)
      for (Eigen::Index j = 0; j < y.size(); ++j) {
        const double t = times[k];
        const double phi = 1 + 0.4 * std::exp(-nu * t) * std::cos(x[i]) + 0.3 * std::exp(-nu * t) * std::sin(y[j] + 1) +
                           0.2 * std::exp(-2 * nu * t) * std::cos(x[i] - y[j]) +
                           0.1 * std::exp(-5 * nu * t) * std::sin(2 * x[i] + y[j]);
        states(i * y.size() + j, k) = 2 * nu * std::log(phi);
      }
  almagest::TrajectoryInfo info;
  info.grid = grid;
  return {times, std::move(states), std::move(info)};
}

inline Trajectory<double> with_noise_of(const Trajectory<double>& run, double relative, std::uint64_t seed) {
  const double mean = run.states().mean();
  const double size = relative * std::sqrt((run.states().array() - mean).square().mean());
  almagest::RandomStream random(seed);
  Eigen::MatrixXd states = run.states();
  for (Eigen::Index i = 0; i < states.size(); ++i) states.data()[i] += size * random.normal();
  return {run.times(), states, run.info()};
}

}  // namespace fields
