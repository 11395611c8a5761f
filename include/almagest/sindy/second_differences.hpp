// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "almagest/core/time_grid.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// A symmetric matrix of five diagonals.
template <typename Real>
struct Pentadiagonal {
  Eigen::VectorX<Real> diagonal, first, second;  ///< of n, n - 1 and n - 2 entries

  Eigen::Index size() const { return diagonal.size(); }
};

/// \f$ A = L D L^\top \f$ of a positive definite Pentadiagonal, in O(n).
template <typename Real>
class PentadiagonalLdlt {
 public:
  using Vector = Eigen::VectorX<Real>;

  void compute(const Pentadiagonal<Real>& a) {
    const Eigen::Index n = a.size();
    d_ = a.diagonal;
    e_.setZero(n);
    f_.setZero(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      if (i >= 1) d_[i] -= e_[i - 1] * e_[i - 1] * d_[i - 1];
      if (i >= 2) d_[i] -= f_[i - 2] * f_[i - 2] * d_[i - 2];
      if (i + 1 < n)
        e_[i] = (a.first[i] - (i >= 1 ? e_[i - 1] * d_[i - 1] * f_[i - 1] : Real(0))) / d_[i];
      if (i + 2 < n) f_[i] = a.second[i] / d_[i];
    }
  }

  Vector solve(Vector x) const {
    const Eigen::Index n = d_.size();
    for (Eigen::Index i = 0; i < n; ++i) {
      if (i + 1 < n) x[i + 1] -= e_[i] * x[i];
      if (i + 2 < n) x[i + 2] -= f_[i] * x[i];
    }
    for (Eigen::Index i = n - 1; i >= 0; --i) {
      x[i] /= d_[i];
      if (i + 1 < n) x[i] -= e_[i] * x[i + 1];
      if (i + 2 < n) x[i] -= f_[i] * x[i + 2];
    }
    return x;
  }

  /// \f$ \operatorname{tr}(A^{-1} B) \f$: it asks for no more of the inverse than its five diagonals
  /// (Hutchinson & de Hoog 1985, https://doi.org/10.1007/BF01389878).
  Real trace_of_quotient(const Pentadiagonal<Real>& b) const {
    const Eigen::Index n = d_.size();
    Real trace = 0, next0 = 0, next1 = 0, later0 = 0;  // of the two rows below: (i+1,i+1), (i+1,i+2), (i+2,i+2)
    for (Eigen::Index i = n - 1; i >= 0; --i) {
      const Real second = -e_[i] * next1 - f_[i] * later0;
      const Real first = -e_[i] * next0 - f_[i] * next1;
      const Real diagonal = 1 / d_[i] - e_[i] * first - f_[i] * second;
      trace += diagonal * b.diagonal[i];
      if (i + 1 < n) trace += 2 * first * b.first[i];
      if (i + 2 < n) trace += 2 * second * b.second[i];
      later0 = next0;
      next0 = diagonal;
      next1 = first;
    }
    return trace;
  }

 private:
  Vector d_, e_, f_;  // diagonal of D, first and second diagonal below that of L
};

/// The changes of slope \f$ Q^\top y \f$ of the polygon through samples y, one for each inner
/// sample, on any times. Time is counted in mean steps of the run.
template <typename Real>
class SecondDifferences {
 public:
  using Vector = Eigen::VectorX<Real>;

  explicit SecondDifferences(const TimeGrid& times)
      : unit_(Real((times.back() - times.front()) / double(times.size() - 1))),
        steps_(times.size() - 1) {
    for (Eigen::Index i = 0; i < steps_.size(); ++i) steps_[i] = Real(times.interval(i)) / unit_;
    const Eigen::Index m = steps_.size() - 1;
    const Vector inverse = steps_.cwiseInverse();
    const Vector left = inverse.head(m), right = inverse.tail(m), middle = -(left + right);
    gram_.diagonal = left.cwiseAbs2() + middle.cwiseAbs2() + right.cwiseAbs2();
    gram_.first = middle.head(m - 1).cwiseProduct(right.head(m - 1)) +
                  middle.tail(m - 1).cwiseProduct(left.tail(m - 1));
    // Column j ends where column j + 2 begins.
    gram_.second = right.head(m - 2).cwiseProduct(left.tail(m - 2));
  }

  /// The mean step, in the unit of the times, and the steps in that unit.
  Real unit() const { return unit_; }
  const Vector& steps() const { return steps_; }
  Eigen::Index samples() const { return steps_.size() + 1; }
  /// \f$ Q^\top Q \f$.
  const Pentadiagonal<Real>& gram() const { return gram_; }

  Vector slopes(const Vector& y) const {
    return (y.tail(steps_.size()) - y.head(steps_.size())).cwiseQuotient(steps_);
  }
  /// \f$ Q^\top y \f$.
  Vector apply(const Vector& y) const {
    const Vector s = slopes(y);
    return s.tail(s.size() - 1) - s.head(s.size() - 1);
  }
  /// \f$ Q z \f$.
  Vector adjoint(const Vector& z) const {
    const Eigen::Index m = z.size();
    Vector jumps = Vector::Zero(steps_.size());
    jumps.head(m) += z;
    jumps.tail(m) -= z;
    jumps = jumps.cwiseQuotient(steps_);
    Vector y = Vector::Zero(samples());
    y.head(steps_.size()) += jumps;
    y.tail(steps_.size()) -= jumps;
    return y;
  }

 private:
  Real unit_;
  Vector steps_;
  Pentadiagonal<Real> gram_;
};

/// Takes the straight line through the ends out of samples, so that what is fitted to the rest need
/// not carry its digits. A component that does not move leaves zeros, and no rounding.
template <typename Real>
class Chord {
 public:
  using Vector = Eigen::VectorX<Real>;

  Chord(const Vector& y, const Vector& steps)
      : start_(y[0]), slope_((y[y.size() - 1] - y[0]) / steps.sum()), times_(y.size()) {
    times_[0] = 0;
    for (Eigen::Index i = 0; i < steps.size(); ++i) times_[i + 1] = times_[i] + steps[i];
  }
  Vector without(const Vector& y) const { return (y.array() - start_).matrix() - slope_ * times_; }
  Vector with(const Vector& rest) const { return (rest + slope_ * times_).array() + start_; }
  Real slope() const { return slope_; }

 private:
  Real start_, slope_;
  Vector times_;
};

/// Where a function of a positive number is least, between two bounds: the best of a grid of steps
/// of a factor of `ratio`, refined by the golden section to a hundredth of the logarithm.
template <typename Real, typename Function>
Real least_on_log_scale(Real lowest, Real highest, Real ratio, const Function& f) {
  const Real golden = (std::sqrt(Real(5)) - 1) / 2;
  Real best = std::log(lowest), least = f(lowest);
  for (Real at = best + std::log(ratio); at <= std::log(highest) + Real(1e-9); at += std::log(ratio))
    if (const Real value = f(std::exp(at)); value < least) {
      least = value;
      best = at;
    }
  Real a = std::max(std::log(lowest), best - std::log(ratio));
  Real b = std::min(std::log(highest), best + std::log(ratio));
  Real c = b - golden * (b - a), d = a + golden * (b - a);
  Real at_c = f(std::exp(c)), at_d = f(std::exp(d));
  while (b - a > Real(0.02)) {
    if (at_c < at_d) {
      b = std::exchange(d, c);
      at_d = at_c;
      c = b - golden * (b - a);
      at_c = f(std::exp(c));
    } else {
      a = std::exchange(c, d);
      at_c = at_d;
      d = a + golden * (b - a);
      at_d = f(std::exp(d));
    }
  }
  return std::exp((a + b) / 2);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
