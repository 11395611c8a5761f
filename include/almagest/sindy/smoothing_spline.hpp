// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/second_differences.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Differentiates the natural cubic spline g that minimizes
/// \f[ \sum_k (x(t_k) - g(t_k))^2 + \lambda \int \ddot g^2\,dt, \f]
/// each component with a \f$ \lambda \f$ of its own (Reinsch 1967,
/// https://doi.org/10.1007/BF02162161).
///
/// For noisy data, on any times. `smoothing` is \f$ \lambda \f$, in the unit of time cubed; without
/// it each component gets the one that generalized cross-validation prefers (Craven & Wahba 1978,
/// https://doi.org/10.1007/BF01404567), which knows no noise level but takes the noise of different
/// samples to be independent. Features of about \f$ 2\pi(\lambda h)^{1/4} \f$ in length are halved, h
/// being the step; straight lines are reproduced. With `smooth_states` the values of the splines
/// enter the library of features.
///
/// Cost: O(samples) of each component, about forty times that where \f$ \lambda \f$ is chosen. At
/// the ends of a run, where the spline has no curvature, it follows no more than the slope.
struct SmoothingSpline {
  std::optional<double> smoothing = std::nullopt;
  bool smooth_states = true;
};

namespace detail {

/// Smoothing splines through samples at the times of one run.
template <typename Real>
class SplineFit {
 public:
  using Vector = Eigen::VectorX<Real>;

  explicit SplineFit(const TimeGrid& times) : differences_(times) {
    const Vector& h = differences_.steps();
    const Eigen::Index m = h.size() - 1;
    roughness_.diagonal = (h.head(m) + h.tail(m)) / 3;
    roughness_.first = h.segment(1, m - 1) / 6;
    roughness_.second.setZero(m - 2);
  }

  /// Replaces the samples by the values of their spline and gives its slopes. Returns the
  /// smoothing: the given one, or the one chosen.
  Real apply(std::optional<Real> smoothing, Vector& y, Vector& slopes) {
    const Real unit = differences_.unit();
    const Chord<Real> chord(y, differences_.steps());
    const Vector rest = chord.without(y), bends = differences_.apply(rest);
    Real lambda = smoothing ? *smoothing / (unit * unit * unit) : chosen(bends);
    const Vector gamma = solved(lambda, bends);
    const Vector values = rest - lambda * differences_.adjoint(gamma);
    const Vector& h = differences_.steps();
    const Eigen::Index m = gamma.size();
    // Curvatures at all samples; none at the ends.
    Vector curvature = Vector::Zero(m + 2);
    curvature.segment(1, m) = gamma;
    slopes.resize(m + 2);
    const Vector secants = differences_.slopes(values);
    for (Eigen::Index i = 0; i <= m; ++i)
      slopes[i] = secants[i] - h[i] * (2 * curvature[i] + curvature[i + 1]) / 6;
    slopes[m + 1] = secants[m] + h[m] * (2 * curvature[m + 1] + curvature[m]) / 6;
    slopes = (slopes.array() + chord.slope()) / unit;
    y = chord.with(values);
    return lambda * unit * unit * unit;
  }

 private:
  /// The curvatures of the spline: \f$ (R + \lambda Q^\top Q)\gamma = Q^\top y \f$.
  const Vector& solved(Real lambda, const Vector& bends) {
    const auto& gram = differences_.gram();
    system_.diagonal = roughness_.diagonal + lambda * gram.diagonal;
    system_.first = roughness_.first + lambda * gram.first;
    system_.second = roughness_.second + lambda * gram.second;
    factors_.compute(system_);
    gamma_ = factors_.solve(bends);
    return gamma_;
  }

  /// Of least generalized cross-validation. Misfit and trace are both divided by \f$ \lambda \f$: no
  /// digits are lost where it is small.
  Real chosen(const Vector& bends) {
    if (bends.isZero(0)) return 1;
    const Real n = Real(differences_.samples());
    return least_on_log_scale<Real>(Real(1e-6), std::min(n * n * n * n, Real(1e13)), 10, [&](Real lambda) {
      const Real misfit = differences_.adjoint(solved(lambda, bends)).squaredNorm();
      const Real trace = factors_.trace_of_quotient(differences_.gram());
      return std::log(misfit) - 2 * std::log(trace);
    });
  }

  SecondDifferences<Real> differences_;
  Pentadiagonal<Real> roughness_, system_;
  PentadiagonalLdlt<Real> factors_;
  Vector gamma_;
};

template <typename Real>
class SplineDifferentiator final : public Differentiator {
 public:
  explicit SplineDifferentiator(const SmoothingSpline& method) : method_(method) {
    if (method_.smoothing && !(*method_.smoothing > 0 && std::isfinite(*method_.smoothing)))
      throw InvalidArgument(almagest::detail::text(
          "SmoothingSpline: smoothing is ", *method_.smoothing,
          "; give a positive number, or none to have it chosen by cross-validation."));
  }
  std::string name() const override { return "SmoothingSpline"; }
  Eigen::Index least_samples() const override { return 5; }
  void apply(std::size_t, const TimeGrid& times, Eigen::MatrixXd& states,
             Eigen::MatrixXd& rates) const override {
    SplineFit<Real> fit(times);
    Eigen::VectorX<Real> values, slopes;
    for (Eigen::Index c = 0; c < states.cols(); ++c) {
      values = states.col(c);
      fit.apply(method_.smoothing, values, slopes);
      rates.col(c) = slopes;
      if (method_.smooth_states) states.col(c) = values;
    }
  }

 private:
  SmoothingSpline method_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT SplineFit<double>;
extern template class ALMAGEST_EXPORT SplineDifferentiator<double>;
#endif

}  // namespace detail

/// \throws InvalidArgument for a smoothing that is not positive.
template <std::same_as<SmoothingSpline> Method>
std::shared_ptr<const Differentiator> differentiator(const Method& method) {
  return std::make_shared<detail::SplineDifferentiator<double>>(method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
