// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/noise.hpp"
#include "almagest/sindy/smoothing_spline.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Picks finite differences of some order or a smoothing spline for each component of each run, by
/// its noise.
///
/// What differences of order p err by is estimated from the `noise_level`, which their weights
/// amplify, and from how far they are from those of order p + 2; what the spline errs by from the
/// noise that passes it, and from how much further it is from the best differences than these err.
/// The least estimate wins. The fit's report says in its notes what was
/// picked. Where splines were, with `smooth_states` their values enter the library of features.
struct AutomaticDerivative {
  bool smooth_states = true;
};

namespace detail {

template <typename Real>
class AutomaticDifferentiator final : public Differentiator {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  explicit AutomaticDifferentiator(const AutomaticDerivative& method) : method_(method) {}
  std::string name() const override { return "AutomaticDerivative"; }
  Eigen::Index least_samples() const override { return 8; }

  void apply(std::size_t run, const TimeGrid& times, Eigen::MatrixXd& states,
             Eigen::MatrixXd& rates) const override {
    std::vector<std::string> notes;
    apply_noting(run, times, states, rates, notes);
  }

  void apply_noting(std::size_t run, const TimeGrid& times, Eigen::MatrixXd& states,
                    Eigen::MatrixXd& rates, std::vector<std::string>& notes) const override {
    using almagest::detail::rounded, almagest::detail::text;
    const Vector noise = noise_level(times, Matrix(states));
    Vector errors;
    const Vector taken = without_narrow_gaps(times);
    const std::vector<int> orders = best_differences(times, states, noise, taken, rates, errors);
    SplineFit<Real> spline(times);
    const Real step = Real((times.back() - times.front()) / double(times.size() - 1));
    for (Eigen::Index c = 0; c < states.cols(); ++c) {
      Vector values = states.col(c), slopes;
      const Real lambda = spline.apply({}, values, slopes);
      const Real apart = (slopes - rates.col(c)).cwiseProduct(taken).squaredNorm() / taken.sum();
      const Real flattened = std::sqrt(std::max(apart - errors[c] * errors[c], Real(0)));
      const bool smooth = std::max(noise_passed(noise[c], lambda, step), flattened) < errors[c];
      if (smooth) {
        rates.col(c) = slopes;
        if (method_.smooth_states) states.col(c) = values;
      }
      notes.push_back(text("AutomaticDerivative: component ", c, " of run ", run, " has noise of ",
                           rounded(noise[c], 2), "; picked ",
                           smooth ? text("SmoothingSpline with smoothing ", rounded(lambda, 3))
                                  : text("FiniteDifference of order ", orders[std::size_t(c)]), '.'));
    }
  }

 private:
  /// 1 for samples that count, and 0 at gaps so narrow that differences across them are all noise: a few of these would
  /// drown what the others tell of either method.
  static Vector without_narrow_gaps(const TimeGrid& times) {
    const Eigen::Index n = times.size();
    const double narrow = 0.1 * (times.back() - times.front()) / double(n - 1);
    Vector taken = Vector::Ones(n);
    for (Eigen::Index i = 0; i + 1 < n; ++i) {
      if (!(times.interval(i) < narrow)) continue;
      const Eigen::Index first = std::max<Eigen::Index>(i - 1, 0);  // the ends of the gap and their neighbours
      taken.segment(first, std::min<Eigen::Index>(4, n - first)).setZero();
    }
    return taken.sum() * 4 < Real(n) ? Vector::Ones(n).eval() : taken;
  }

  /// Of each component the rates by the order with the least estimate of their error, which is
  /// written too. Returns the orders.
  static std::vector<int> best_differences(const TimeGrid& times, const Eigen::MatrixXd& states,
                                           const Vector& noise, const Vector& taken,
                                           Eigen::MatrixXd& rates, Vector& errors) {
    const Eigen::Index n = states.rows(), d = states.cols();
    // What the weights make of noise is seen on noise of unit size, in a column of its own.
    Matrix samples(n, d + 1), values(n, d + 1), slopes(n, d + 1), finer(n, d + 1);
    samples.leftCols(d) = states;
    RandomStream random(1);
    for (Eigen::Index i = 0; i < n; ++i) samples(i, d) = random.normal();
    const auto differences = [&](int order, Matrix& out) {
      LocalFit<Real> fit(times, local_polynomial(FiniteDifference{order}));
      fit.apply(samples, 0, 0, n, values, out);
    };
    std::vector<int> orders(std::size_t(d), 2);
    errors.setConstant(d, std::numeric_limits<Real>::infinity());
    differences(2, slopes);
    for (int order = 2; order + 2 <= highest_order && order + 3 <= n; order += 2) {
      differences(order + 2, finer);
      const Matrix counted = taken.asDiagonal() * slopes, apart = counted - taken.asDiagonal() * finer;
      const Real amplified = counted.col(d).squaredNorm(), parted = apart.col(d).squaredNorm();
      for (Eigen::Index c = 0; c < d; ++c) {
        const Real power = noise[c] * noise[c];
        const Real away = apart.col(c).squaredNorm() - power * parted;
        const Real error = std::sqrt((power * amplified + std::max(away, Real(0))) / taken.sum());
        if (!(error < errors[c])) continue;
        errors[c] = error;
        orders[std::size_t(c)] = order;
        rates.col(c) = slopes.col(c);
      }
      slopes.swap(finer);
    }
    return orders;
  }

  /// The noise that passes a spline with the response \f$ 1/(1 + \lambda h\omega^4) \f$, and half as
  /// much again for what it flattens; never more than what a spline through the samples passes.
  static Real noise_passed(Real noise, Real lambda, Real step) {
    const Real length = std::sqrt(std::sqrt(lambda * step));
    const Real passed = noise * std::sqrt(std::numbers::sqrt2_v<Real> * step / (16 * length * length * length));
    return Real(1.5) * std::min(passed, noise / step);
  }

  AutomaticDerivative method_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT AutomaticDifferentiator<double>;
#endif

}  // namespace detail

template <std::same_as<AutomaticDerivative> Method>
std::shared_ptr<const Differentiator> differentiator(const Method& method) {
  return std::make_shared<detail::AutomaticDifferentiator<double>>(method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
