// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/integrate/jacobian.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

/// A state at which a vector field rests, and how it answers to a push.
struct FixedPoint {
  Eigen::VectorXd state;
  Eigen::VectorXcd eigenvalues;  ///< of the Jacobian there, by falling real part; in 1 per time

  /// Whether every small push decays.
  bool stable() const { return eigenvalues.real().maxCoeff() < 0; }
};

struct FixedPointOptions {
  int starts = 200;          ///< of Newton's method, uniform in the box
  std::uint64_t seed = 0;
  double margin = 0.5;       ///< points this far outside the box count, in its widths
};

namespace detail {

/// A vector field behind functions, so that what finds its fixed points is compiled once.
template <typename Real>
struct RestingField {
  using Vector = Eigen::VectorX<Real>;
  using Matrix = Eigen::MatrixX<Real>;
  std::function<void(const Vector& x, Vector& rate)> rate;
  std::function<void(const Vector& x, Matrix& J)> jacobian;
};

/// Newton's method with steps halved until the rate falls. Whether it converged.
template <typename Real>
bool newton(const RestingField<Real>& field, Eigen::VectorX<Real>& x, const Eigen::VectorX<Real>& widths) {
  Eigen::MatrixX<Real> J;
  Eigen::VectorX<Real> rate(x.size()), tried(x.size()), there(x.size());
  field.rate(x, rate);
  for (int iteration = 0; iteration < 60; ++iteration) {
    field.jacobian(x, J);
    if (!J.allFinite() || !rate.allFinite()) return false;
    const Eigen::VectorX<Real> step = J.completeOrthogonalDecomposition().solve(-rate);
    if (step.cwiseQuotient(widths).norm() < 1e-13) return true;
    double length = 1;
    for (;; length /= 2) {
      if (length < 1e-6) return rate.norm() <= 1e-10 * (J.cwiseAbs() * x.cwiseAbs()).norm();
      tried = x + length * step;
      field.rate(tried, there);
      if (there.norm() < rate.norm()) break;
    }
    x = tried;
    rate = there;
  }
  return false;
}

template <typename Real>
std::vector<FixedPoint> fixed_points(const RestingField<Real>& field, const Eigen::VectorX<Real>& lower,
                                     const Eigen::VectorX<Real>& upper, const FixedPointOptions& options) {
  using almagest::detail::text;
  if (lower.size() != upper.size() || lower.size() == 0 || !(lower - upper).allFinite() ||
      (lower.array() > upper.array()).any())
    throw InvalidArgument("fixed_points: lower and upper are no box; give finite bounds, lower ones first.");
  if (options.starts < 1)
    throw InvalidArgument(text("fixed_points: starts is ", options.starts, "; give at least 1."));
  const Eigen::VectorX<Real> widths = (upper - lower).cwiseMax(1e-9 * (1 + upper.cwiseAbs().array()).matrix());
  RandomStream random(options.seed);
  std::vector<FixedPoint> found;
  for (int k = 0; k < options.starts; ++k) {
    Eigen::VectorX<Real> x(lower.size());
    for (Eigen::Index i = 0; i < x.size(); ++i) x[i] = random.uniform(lower[i], upper[i]);
    if (!newton(field, x, widths)) continue;
    const Eigen::ArrayX<Real> outside = (lower - x).cwiseMax(x - upper).cwiseQuotient(widths);
    if (outside.maxCoeff() > options.margin) continue;
    const auto same = [&](const FixedPoint& other) {
      return (other.state - x).cwiseQuotient(widths).norm() < 1e-7;
    };
    if (std::any_of(found.begin(), found.end(), same)) continue;
    Eigen::MatrixX<Real> J;
    field.jacobian(x, J);
    FixedPoint point{x, J.eigenvalues()};
    std::sort(point.eigenvalues.data(), point.eigenvalues.data() + x.size(), [](auto a, auto b) {
      return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
    });
    found.push_back(std::move(point));
  }
  std::sort(found.begin(), found.end(),
            [](const FixedPoint& a, const FixedPoint& b) { return a.state[0] < b.state[0]; });
  return found;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT std::vector<FixedPoint> fixed_points(const RestingField<double>&,
                                                                     const Eigen::VectorXd&, const Eigen::VectorXd&,
                                                                     const FixedPointOptions&);
#endif

}  // namespace detail

/// The fixed points of a vector field in a box and near it, that Newton's method finds from random
/// starts; sorted by their first component. There may be more.
///
/// Jacobians are exact (see `jacobian`). Cost: a few dozen Jacobians for each start.
///
/// \throws InvalidArgument for a box that is empty or not finite, less than 1 start; DimensionMismatch.
template <typename System>
std::vector<FixedPoint> fixed_points(const System& system, const Eigen::VectorXd& lower,
                                     const Eigen::VectorXd& upper, const FixedPointOptions& options = {}) {
  if constexpr (StaticDimension<System>)
    almagest::detail::check_lengths("fixed_points", "lower", lower.size(), "the system", System::dimension);
  const detail::RestingField<double> field{
      [&](const Eigen::VectorXd& x, Eigen::VectorXd& rate) { system(x, rate, 0.0); },
      [&](const Eigen::VectorXd& x, Eigen::MatrixXd& J) { almagest::jacobian(system, x, 0.0, J); }};
  return detail::fixed_points<double>(field, lower, upper, options);
}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
