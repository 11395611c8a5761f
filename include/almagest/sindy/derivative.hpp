// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Time derivatives of sampled states, on uniform and non-uniform times.

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Differentiates the polynomial through the `order + 1` nearest samples.
///
/// Exact for polynomials up to degree `order`, with an error \f$ O(h^\text{order}) \f$ elsewhere,
/// at the ends too, where the samples lie on one side. `order` is even and at most 20, where the
/// weights at the ends begin to amplify rounding by more than the next order could gain. On
/// non-uniform times the weights follow from the samples' own times, by Fornberg's recursion (1988,
/// https://doi.org/10.1090/S0025-5718-1988-0935077-0).
struct FiniteDifference {
  int order = 2;
};

/// Differentiates the polynomial of a given degree that fits the `window` nearest samples best, in
/// the sense of least squares (Savitzky & Golay 1964, https://doi.org/10.1021/ac60214a047).
///
/// For noisy data. Exact for polynomials up to `degree`, on any times: where they are not uniform,
/// each window has a fit of its own. With `smooth_states` the values of the same fits, instead of
/// the noisy samples, enter the library of features: the products of noisy samples are biased, and
/// the bias costs a term sooner than the noise in the derivative does.
struct SavitzkyGolay {
  int window = 11;
  int degree = 3;
  bool smooth_states = true;
};

namespace detail {

/// What both local methods are: a polynomial of `degree` near `window` samples, through them where
/// `window == degree + 1`.
struct LocalPolynomial {
  Eigen::Index window = 3, degree = 2;
  bool smooth = false;
  std::string name, remedy;
};

inline constexpr int highest_order = 20;

inline LocalPolynomial local_polynomial(const FiniteDifference& method) {
  using almagest::detail::text;
  if (method.order < 2 || method.order > highest_order || method.order % 2 != 0)
    throw InvalidArgument(text("FiniteDifference: order is ", method.order,
                               "; choose an even number from 2 to ", highest_order, '.'));
  return {method.order + 1, method.order, false, text("FiniteDifference of order ", method.order),
          "a lower order"};
}

inline LocalPolynomial local_polynomial(const SavitzkyGolay& method) {
  using almagest::detail::text;
  if (method.window < 3 || method.window % 2 == 0)
    throw InvalidArgument(
        text("SavitzkyGolay: window is ", method.window,
             "; give an odd number of samples, 3 or more, so that it has a middle."));
  if (method.degree < 1 || method.degree >= method.window)
    throw InvalidArgument(text("SavitzkyGolay: degree is ", method.degree, " with a window of ",
                               method.window, " samples; give a degree from 1 to ",
                               method.window - 1, " or a wider window."));
  return {method.window, method.degree, method.smooth_states,
          text("SavitzkyGolay with window ", method.window), "a smaller window"};
}

/// Weights of the samples in a window: first column for the value, second for the slope.
template <typename Real>
using Weights = Eigen::Matrix<Real, Eigen::Dynamic, 2>;

/// Weights for the value and slope at `at` of the polynomial through all nodes, by Fornberg's
/// recursion.
template <typename Real>
void interpolation_weights(const Eigen::VectorX<Real>& nodes, Real at, Weights<Real>& weights) {
  const Eigen::Index n = nodes.size();
  weights.setZero(n, 2);
  weights(0, 0) = 1;
  Real earlier = 1, distance = nodes[0] - at;
  for (Eigen::Index i = 1; i < n; ++i) {
    const Real last_distance = distance;
    Real product = 1;
    distance = nodes[i] - at;
    for (Eigen::Index j = 0; j < i; ++j) {
      const Real gap = nodes[i] - nodes[j];
      product *= gap;
      if (j == i - 1) {
        weights(i, 1) = earlier * (weights(j, 0) - last_distance * weights(j, 1)) / product;
        weights(i, 0) = -earlier * last_distance * weights(j, 0) / product;
      }
      weights(j, 1) = (distance * weights(j, 1) - weights(j, 0)) / gap;
      weights(j, 0) *= distance / gap;
    }
    earlier = product;
  }
}

/// Weights for the value and slope at `at` of the least-squares polynomial: with the Vandermonde
/// matrix of the nodes A = QR they are \f$ Q R^{-\top} \phi(u) \f$ and its derivative.
template <typename Real>
void least_squares_weights(const Eigen::VectorX<Real>& nodes, Real at, Eigen::Index degree,
                           Weights<Real>& weights) {
  const Eigen::Index n = nodes.size();
  const Real middle = (nodes[0] + nodes[n - 1]) / 2, scale = (nodes[n - 1] - nodes[0]) / 2;
  Eigen::MatrixX<Real> powers(n, degree + 1);
  powers.col(0).setOnes();
  for (Eigen::Index k = 1; k <= degree; ++k)
    for (Eigen::Index i = 0; i < n; ++i)
      powers(i, k) = powers(i, k - 1) * ((nodes[i] - middle) / scale);
  Eigen::MatrixX<Real> phi(degree + 1, 2);
  const Real u = (at - middle) / scale;
  phi.row(0) << 1, 0;
  for (Eigen::Index k = 1; k <= degree; ++k)
    phi.row(k) << phi(k - 1, 0) * u, (phi(k - 1, 1) * u + phi(k - 1, 0) / scale);
  const Eigen::HouseholderQR<Eigen::MatrixX<Real>> qr(powers);
  qr.matrixQR()
      .topRows(degree + 1)
      .template triangularView<Eigen::Upper>()
      .transpose()
      .solveInPlace(phi);
  weights.setZero(n, 2);
  weights.topRows(degree + 1) = phi;
  weights.applyOnTheLeft(qr.householderQ());
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT void least_squares_weights(const Eigen::VectorXd&, double, Eigen::Index,
                                                           Weights<double>&);
#endif

/// A LocalPolynomial along the times of one run.
///
/// On uniform times the weights depend only on the place of a sample in its window and are computed
/// once; on non-uniform times they are computed sample by sample. (This and other internals are
/// templates so that including them costs next to nothing; the library uses them with double.)
template <typename Real>
class LocalFit {
 public:
  using Vector = Eigen::VectorX<Real>;

  LocalFit(const TimeGrid& times, const LocalPolynomial& method) : times_(times), method_(method) {
    if (!times_.is_uniform()) return;
    const Vector nodes = Vector::LinSpaced(window(), 0, Real(window() - 1));
    tables_.resize(std::size_t(window()));
    for (Eigen::Index place = 0; place < window(); ++place) {
      Weights<Real>& table = tables_[std::size_t(place)];
      make_weights(nodes, Real(place), table);
      table.col(1) /= Real(times_.step());
      gain_ = std::max(gain_, table.col(1).template lpNorm<1>());
    }
  }

  Eigen::Index window() const { return method_.window; }
  /// The first sample of the window around a sample.
  Eigen::Index begin(Eigen::Index sample) const {
    return std::clamp<Eigen::Index>(sample - window() / 2, 0, times_.size() - window());
  }
  /// By how much rounding in the samples grows in the slopes: the largest sum of absolute weights
  /// so far.
  Real gain() const { return gain_; }

  /// Slopes, and values where the method smooths, of `count` samples from `first` on. Row 0 of
  /// `samples` (`samples x dimension`) is sample `origin`; outputs are `count x dimension`.
  template <typename Samples, typename Values, typename Slopes>
  void apply(const Samples& samples, Eigen::Index origin, Eigen::Index first, Eigen::Index count,
             Values&& values, Slopes&& slopes) {
    for (Eigen::Index at = 0; at < count;) {
      const Eigen::Index length = stretch(first + at, first + count);
      const Weights<Real>& w = weights(first + at);
      const Eigen::Index from = begin(first + at) - origin;
      for (Eigen::Index c = 0; c < samples.cols(); ++c) {
        const auto sum = [&](Eigen::Index column, auto out) {
          out.setZero();
          for (Eigen::Index k = 0; k < window(); ++k)
            if (w(k, column) != 0) out += w(k, column) * samples.col(c).segment(from + k, length);
        };
        sum(1, slopes.col(c).segment(at, length));
        if (method_.smooth) sum(0, values.col(c).segment(at, length));
      }
      at += length;
    }
  }

 private:
  void make_weights(const Vector& nodes, Real at, Weights<Real>& weights) const {
    if (window() == method_.degree + 1)
      interpolation_weights(nodes, at, weights);
    else
      least_squares_weights(nodes, at, method_.degree, weights);
  }

  /// How many samples from this one on, before `end`, share its weights.
  Eigen::Index stretch(Eigen::Index sample, Eigen::Index end) const {
    const Eigen::Index half = window() / 2, last = times_.size() - half;
    return times_.is_uniform() && sample >= half && sample < last ? std::min(end, last) - sample
                                                                  : 1;
  }

  const Weights<Real>& weights(Eigen::Index sample) {
    const Eigen::Index first = begin(sample);
    if (times_.is_uniform()) return tables_[std::size_t(sample - first)];
    nodes_.resize(window());
    // Differences from the sample's own time: a late start costs no digits.
    for (Eigen::Index k = 0; k < window(); ++k)
      nodes_[k] = Real(times_[first + k] - times_[sample]);
    make_weights(nodes_, Real(0), scratch_);
    gain_ = std::max(gain_, scratch_.col(1).template lpNorm<1>());
    return scratch_;
  }

  TimeGrid times_;
  LocalPolynomial method_;
  std::vector<Weights<Real>> tables_;
  Vector nodes_;
  Weights<Real> scratch_;
  Real gain_ = 0;
};

inline void check_length(const LocalPolynomial& method, Eigen::Index samples, std::size_t run,
                         const char* what) {
  if (samples < method.window)
    throw InvalidArgument(almagest::detail::text(
        what, ": run ", run, " has ", samples, " samples, but ", method.name, " needs at least ",
        method.window, "; give a longer run or ", method.remedy, "."));
}

}  // namespace detail

/// A derivative that needs a whole run at once.
class Differentiator {
 public:
  Differentiator() = default;
  Differentiator(const Differentiator&) = delete;
  Differentiator& operator=(const Differentiator&) = delete;
  virtual ~Differentiator() = default;

  /// Its name for errors, the least samples of a run, and what else to do where there are fewer.
  virtual std::string name() const = 0;
  virtual Eigen::Index least_samples() const = 0;
  virtual std::string remedy() const { return "another derivative"; }

  /// Writes the rates of run number `run`, `samples x dimension`. Where the method smooths, the
  /// smoothed states take the place of those in `states`.
  virtual void apply(std::size_t run, const TimeGrid& times, Eigen::MatrixXd& states,
                     Eigen::MatrixXd& rates) const = 0;

  /// The same, for a method that chooses something: a sentence on it for the report of the fit.
  virtual void apply_noting(std::size_t run, const TimeGrid& times, Eigen::MatrixXd& states,
                            Eigen::MatrixXd& rates, std::vector<std::string>&) const {
    apply(run, times, states, rates);
  }

  /// Refuses a count of runs that the method does not know.
  virtual void check_runs(std::size_t) const {}
};

namespace detail {

template <typename Method>
concept LocalMethod = requires(const Method& method) {
  { detail::local_polynomial(method) } -> std::same_as<detail::LocalPolynomial>;
};
template <typename Method>
concept GlobalMethod = requires(const Method& method) {
  { differentiator(method) } -> std::convertible_to<std::shared_ptr<const Differentiator>>;
};

}  // namespace detail

/// A way to differentiate samples: FiniteDifference, SavitzkyGolay, or a value with a function
/// `differentiator(method)` that makes its Differentiator (SmoothingSpline, TotalVariation, ...).
template <typename Method>
concept DerivativeMethod = detail::LocalMethod<Method> || detail::GlobalMethod<Method>;

/// Any DerivativeMethod, as one type. \throws InvalidArgument for impossible options.
class AnyDerivative {
 public:
  template <DerivativeMethod Method>
  AnyDerivative(const Method& method) {  // NOLINT: the conversion is the point
    if constexpr (detail::LocalMethod<Method>)
      local_ = detail::local_polynomial(method);
    else
      whole_ = differentiator(method);
  }

  /// The method where it is local; else null, and `whole` is the method.
  const detail::LocalPolynomial* local() const { return whole_ ? nullptr : &local_; }
  const Differentiator& whole() const { return *whole_; }

  void check_runs(std::size_t runs) const {
    if (whole_) whole_->check_runs(runs);
  }
  void check_length(Eigen::Index samples, std::size_t run, const char* what) const {
    if (!whole_) return detail::check_length(local_, samples, run, what);
    if (samples < whole_->least_samples())
      throw InvalidArgument(almagest::detail::text(
          what, ": run ", run, " has ", samples, " samples, but ", whole_->name(),
          " needs at least ", whole_->least_samples(), "; give a longer run or ",
          whole_->remedy(), "."));
  }

 private:
  detail::LocalPolynomial local_;
  std::shared_ptr<const Differentiator> whole_;
};

namespace detail {

/// The rates of run number `number`, `samples x dimension`, and its states, smoothed where the
/// method smooths.
template <typename Scalar, typename Real>
void differentiate_whole(std::size_t number, const TrajectoryView<Scalar>& run,
                         const AnyDerivative& method, Eigen::MatrixX<Real>& states,
                         Eigen::MatrixX<Real>& rates) {
  states = run.states().transpose().template cast<Real>();
  rates.resize(states.rows(), states.cols());
  if (const LocalPolynomial* local = method.local()) {
    Eigen::MatrixX<Real> values(states.rows(), states.cols());
    LocalFit<Real>(run.times(), *local).apply(states, 0, 0, run.size(), values, rates);
    if (local->smooth) states = values;
  } else {
    method.whole().apply(number, run.times(), states, rates);
  }
}

}  // namespace detail

/// The time derivatives of a run, `dimension x samples`, computed in double precision.
///
/// \throws InvalidArgument for a method with impossible options, or a run shorter than it needs.
template <typename Scalar>
Eigen::MatrixX<Scalar> differentiate(const TrajectoryView<Scalar>& run,
                                     const AnyDerivative& method = FiniteDifference{}) {
  method.check_runs(1);
  method.check_length(run.size(), 0, "sindy::differentiate");
  Eigen::MatrixX<decltype(double() + Scalar())> states, rates;
  detail::differentiate_whole(0, run, method, states, rates);
  return rates.transpose().template cast<Scalar>();
}
template <typename Scalar>
Eigen::MatrixX<Scalar> differentiate(const Trajectory<Scalar>& run,
                                     const AnyDerivative& method = FiniteDifference{}) {
  return differentiate(TrajectoryView<Scalar>(run), method);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
