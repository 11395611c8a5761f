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
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/second_differences.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Differentiates by the Kalman smoother (Rauch, Tung & Striebel 1965,
/// https://doi.org/10.2514/3.3166) of a derivative that is constant but for white noise,
/// \f[ dx = v\,dt, \quad dv = \sqrt q\,dW, \quad x_k = x(t_k) + \sqrt r\,\varepsilon_k, \f]
/// each component by itself, from no knowledge of its start.
///
/// For noisy data, on any times. `alpha` is \f$ r/q \f$, measurement over process noise, in the unit
/// of time cubed: larger is smoother. Without it each component gets the one of greatest likelihood.
/// For the same \f$ \alpha = \lambda \f$ the slopes are those of SmoothingSpline
/// (Wahba 1978, https://doi.org/10.1111/j.2517-6161.1978.tb01050.x); the two differ in how they
/// choose it. With `smooth_states` the smoothed states enter the library of features.
///
/// Cost: O(samples) of each component, about forty times that where \f$ \alpha \f$ is chosen.
struct KalmanSmoother {
  std::optional<double> alpha = std::nullopt;
  bool smooth_states = true;
};

namespace detail {

/// The Kalman filter and smoother at the times of one run, in units of r and of the mean step.
template <typename Real>
class KalmanFit {
 public:
  using Vector = Eigen::VectorX<Real>;

  explicit KalmanFit(const TimeGrid& times)
      : unit_(Real((times.back() - times.front()) / double(times.size() - 1))),
        steps_(times.size() - 1),
        filtered_(std::size_t(times.size())),
        predicted_(std::size_t(times.size())) {
    for (Eigen::Index i = 0; i < steps_.size(); ++i) steps_[i] = Real(times.interval(i)) / unit_;
  }

  /// Replaces the samples by the smoothed ones and gives their derivative. Returns alpha: the given
  /// one, or the one chosen.
  Real apply(std::optional<Real> alpha, Vector& y, Vector& slopes) {
    const Real cubed = unit_ * unit_ * unit_;
    const Chord<Real> chord(y, steps_);
    Vector rest = chord.without(y);
    const Real scaled = alpha ? *alpha / cubed : chosen(rest);
    filter(scaled, rest);
    smooth(scaled, rest, slopes);
    slopes = (slopes.array() + chord.slope()) / unit_;
    y = chord.with(rest);
    return scaled * cubed;
  }

 private:
  /// A Gaussian of (x, v).
  struct Belief {
    Real x = 0, v = 0, xx = 0, xv = 0, vv = 0;
  };

  static Belief moved(const Belief& at, Real h, Real q) {
    return {at.x + h * at.v, at.v, at.xx + 2 * h * at.xv + h * h * at.vv + q * h * h * h / 3,
            at.xv + h * at.vv + q * h * h / 2, at.vv + q * h};
  }
  static Belief measured(const Belief& at, Real y) {
    const Real s = at.xx + 1, of_x = at.xx / s, of_v = at.xv / s, surprise = y - at.x;
    return {at.x + of_x * surprise, at.v + of_v * surprise, of_x, of_v, at.vv - of_v * at.xv};
  }

  /// Returns twice the negative logarithm of the likelihood with the best r, up to a constant. The
  /// first two samples say where the motion starts, and nothing of how likely they are.
  Real filter(Real alpha, const Vector& y) {
    const Real q = 1 / alpha, h = steps_[0];
    filtered_[1] = {y[1], (y[1] - y[0]) / h, 1, 1 / h, 2 / (h * h) + q * h / 3};
    Real misfit = 0, logarithms = 0;
    for (Eigen::Index i = 2; i < y.size(); ++i) {
      const std::size_t k = std::size_t(i);
      predicted_[k] = moved(filtered_[k - 1], steps_[i - 1], q);
      const Real spread = predicted_[k].xx + 1, surprise = y[i] - predicted_[k].x;
      misfit += surprise * surprise / spread;
      logarithms += std::log(spread);
      filtered_[k] = measured(predicted_[k], y[i]);
    }
    const Real count = Real(y.size() - 2);
    return count * std::log(misfit) + logarithms;
  }

  Real chosen(const Vector& y) {
    if (y.isZero(0)) return 1;
    const Real n = Real(y.size());
    return least_on_log_scale<Real>(Real(1e-6), std::min(n * n * n * n, Real(1e13)), 10,
                                    [&](Real alpha) { return filter(alpha, y); });
  }

  /// From the last sample back.
  void smooth(Real alpha, Vector& y, Vector& slopes) {
    const Real q = 1 / alpha;
    const Eigen::Index n = y.size();
    slopes.resize(n);
    Real x = filtered_.back().x, v = filtered_.back().v;
    const Real first = y[0];
    for (Eigen::Index i = n - 1; i >= 2; --i) {
      y[i] = x;
      slopes[i] = v;
      const Belief &at = filtered_[std::size_t(i - 1)], &next = predicted_[std::size_t(i)];
      // The gain: covariance of the state with the next one, over the latter's.
      const Real h = steps_[i - 1], determinant = next.xx * next.vv - next.xv * next.xv;
      const Real dx = (next.vv * (x - next.x) - next.xv * (v - next.v)) / determinant;
      const Real dv = (next.xx * (v - next.v) - next.xv * (x - next.x)) / determinant;
      x = at.x + (at.xx + h * at.xv) * dx + at.xv * dv;
      v = at.v + (at.xv + h * at.vv) * dx + at.vv * dv;
    }
    y[1] = x;
    slopes[1] = v;
    // Of the first state nothing is known but its sample and the second: one step back in time.
    const Real h = steps_[0];
    const Belief back = measured({x - h * v, v, q * h * h * h / 3, -q * h * h / 2, q * h}, first);
    y[0] = back.x;
    slopes[0] = back.v;
  }

  Real unit_;
  Vector steps_;
  std::vector<Belief> filtered_, predicted_;
};

template <typename Real>
class KalmanDifferentiator final : public Differentiator {
 public:
  explicit KalmanDifferentiator(const KalmanSmoother& method) : method_(method) {
    if (method_.alpha && !(*method_.alpha > 0 && std::isfinite(*method_.alpha)))
      throw InvalidArgument(almagest::detail::text(
          "KalmanSmoother: alpha is ", *method_.alpha,
          "; give a positive number, or none to have the likeliest chosen."));
  }
  std::string name() const override { return "KalmanSmoother"; }
  Eigen::Index least_samples() const override { return 5; }
  void apply(std::size_t, const TimeGrid& times, Eigen::MatrixXd& states,
             Eigen::MatrixXd& rates) const override {
    KalmanFit<Real> fit(times);
    Eigen::VectorX<Real> values, slopes;
    for (Eigen::Index c = 0; c < states.cols(); ++c) {
      values = states.col(c);
      fit.apply(method_.alpha, values, slopes);
      rates.col(c) = slopes;
      if (method_.smooth_states) states.col(c) = values;
    }
  }

 private:
  KalmanSmoother method_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT KalmanDifferentiator<double>;
#endif

}  // namespace detail

/// \throws InvalidArgument for an alpha that is not positive.
template <std::same_as<KalmanSmoother> Method>
std::shared_ptr<const Differentiator> differentiator(const Method& method) {
  return std::make_shared<detail::KalmanDifferentiator<double>>(method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
