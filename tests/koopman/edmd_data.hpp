// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <complex>
#include <functional>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/tensor_basis.hpp"

/// Systems whose Koopman spectrum is known, as snapshot pairs: the columns of `before` and their
/// images.
namespace known {

using almagest::Trajectory;
using Eigen::Index;
using Complex = std::complex<double>;
inline constexpr double pi = 3.14159265358979323846;

inline std::vector<Trajectory<double>> pairs(
    const Eigen::MatrixXd& before,
    const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& map, double step = 1) {
  std::vector<Trajectory<double>> out;
  for (Index k = 0; k < before.cols(); ++k) {
    Eigen::MatrixXd both(before.rows(), 2);
    both << before.col(k), map(before.col(k));
    out.emplace_back(almagest::TimeGrid::uniform(0, step, 2), std::move(both));
  }
  return out;
}

inline Eigen::MatrixXd uniform(Index dimension, Index count, double lower, double upper,
                               std::uint64_t seed = 1) {
  almagest::RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(dimension, count,
                                      [&] { return random.uniform(lower, upper); });
}

/// Nodes and weights of Gauss-Legendre quadrature on [lower, upper], by Golub and Welsch.
struct Quadrature {
  Eigen::MatrixXd nodes;  ///< 1 x count
  Eigen::VectorXd weights;
};
inline Quadrature gauss_legendre(Index count, double lower, double upper) {
  Eigen::MatrixXd jacobi = Eigen::MatrixXd::Zero(count, count);
  for (Index k = 1; k < count; ++k)
    jacobi(k, k - 1) = jacobi(k - 1, k) = double(k) / std::sqrt(4.0 * double(k * k) - 1);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(jacobi);
  const double half = (upper - lower) / 2;
  return {((solver.eigenvalues().array() + 1) * half + lower).transpose(),
          2 * half * solver.eigenvectors().row(0).transpose().cwiseAbs2()};
}

/// The Gauss map of Colbrook & Townsend on [-1, 0].
inline Eigen::VectorXd gauss_map(const Eigen::VectorXd& x) {
  return Eigen::VectorXd::Constant(1, std::exp(-2 * x[0] * x[0]) - 1 - std::exp(-2.0));
}

/// The pendulum q' = p, p' = -sin q over a time, by 200 steps of fourth order.
inline Eigen::VectorXd pendulum(const Eigen::VectorXd& x, double time = 0.5) {
  const double h = time / 200;
  const auto f = [](const Eigen::Vector2d& s) { return Eigen::Vector2d(s[1], -std::sin(s[0])); };
  Eigen::Vector2d y = x;
  for (int k = 0; k < 200; ++k) {
    const Eigen::Vector2d k1 = f(y), k2 = f(y + h / 2 * k1), k3 = f(y + h / 2 * k2),
                          k4 = f(y + h * k3);
    y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return y;
}

/// The pendulum's grid: 60 angles, 60 momenta in [-8, 8], weights of its rectangles.
inline Quadrature pendulum_grid() {
  const Index n = 60;
  const double dp = 16.0 / (n - 1);
  Quadrature out{Eigen::MatrixXd(2, n * n), Eigen::VectorXd::Constant(n * n, 2 * pi / n * dp)};
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      out.nodes.col(i * n + j) << -pi + 2 * pi / n * (double(i) + 0.5), -8 + dp * double(j);
  return out;
}

/// 13 Fourier by 12 Hermite functions.
inline almagest::features::TensorBasis pendulum_basis() {
  using almagest::features::Factor, almagest::features::Family;
  return {{Factor{Family::fourier, 6, {-pi, pi}}, Factor{Family::hermite_functions, 11, {-1, 1}}},
          almagest::features::IndexSet::full};
}

/// Distance of the farthest expected value from the nearest that was found.
template <typename Found>
double farthest(const std::vector<Complex>& expected, const Found& found) {
  double most = 0;
  for (const Complex& value : expected)
    most = std::max(most, (found.array() - value).abs().minCoeff());
  return most;
}

}  // namespace known
