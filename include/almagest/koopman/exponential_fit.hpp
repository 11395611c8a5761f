// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sums of exponentials with few exponents, fitted to samples at any times by variable projection; the
/// core of optimized DMD.

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// Where exponents may lie.
enum class ExponentConstraint {
  none,
  stable,     ///< growth rates of 0 or less
  imaginary,  ///< growth rates of 0
};

namespace detail {

/// The samples of a run and their times since its start.
template <typename Scalar>
struct TimedSamples {
  Eigen::VectorX<Scalar> times;    ///< m
  Eigen::MatrixX<Scalar> samples;  ///< m x channels
};

/// A real set of exponents, closed under conjugation, in numbers that stay real and smooth where two of
/// them meet: a pair is \f$ a \pm \sqrt{\delta} \f$, conjugate or real by the sign of \f$ \delta \f$; an
/// odd count has one real exponent more. Stored as \f$ (a_1, \delta_1, a_2, \delta_2, \dots) \f$.
template <typename Scalar>
struct ExponentSet {
  using Complex = std::complex<Scalar>;
  Eigen::VectorX<Scalar> values;

  Eigen::Index size() const { return values.size(); }
  Eigen::Index pairs() const { return size() / 2; }
  bool odd() const { return size() % 2 == 1; }
  Scalar centre(Eigen::Index pair) const { return values[2 * pair]; }
  Scalar square(Eigen::Index pair) const { return values[2 * pair + 1]; }

  /// Pairs up: conjugates with each other, reals with their neighbours.
  static ExponentSet of(const Eigen::VectorX<Complex>& exponents) {
    ExponentSet set;
    set.values.resize(exponents.size());
    std::vector<Scalar> reals;
    Eigen::Index at = 0;
    const auto put = [&](Scalar a, Scalar delta) {
      set.values[at++] = a;
      set.values[at++] = delta;
    };
    for (const Complex& one : exponents) {
      if (one.imag() > 0) put(one.real(), -one.imag() * one.imag());
      if (one.imag() == 0) reals.push_back(one.real());
    }
    std::sort(reals.begin(), reals.end());
    for (std::size_t k = 0; k + 1 < reals.size(); k += 2) {
      const Scalar half = (reals[k + 1] - reals[k]) / 2;
      put(reals[k] + half, half * half);
    }
    if (reals.size() % 2 == 1) set.values[at++] = reals.back();
    return set;
  }

  /// Members of a pair are neighbours, the upper or the larger one first.
  Eigen::VectorX<Complex> exponents() const {
    Eigen::VectorX<Complex> all(size());
    for (Eigen::Index k = 0; k < pairs(); ++k) {
      const Scalar root = std::sqrt(std::abs(square(k)));
      const Complex apart = square(k) < 0 ? Complex(0, root) : Complex(root);
      all[2 * k] = centre(k) + apart;
      all[2 * k + 1] = centre(k) - apart;
    }
    if (odd()) all[size() - 1] = values[size() - 1];
    return all;
  }

  /// The nearest set that meets the constraint.
  void constrain(ExponentConstraint constraint) {
    if (constraint == ExponentConstraint::none) return;
    const bool stable = constraint == ExponentConstraint::stable;
    for (Eigen::Index k = 0; k < pairs(); ++k) {
      Scalar &a = values[2 * k], &delta = values[2 * k + 1];
      if (!stable) delta = std::min(delta, Scalar(0));
      if (delta <= 0) {
        a = stable ? std::min(a, Scalar(0)) : Scalar(0);
        continue;
      }
      const Scalar root = std::sqrt(delta), upper = std::min(a + root, Scalar(0)),
                   lower = std::min(a - root, Scalar(0));
      a = (upper + lower) / 2;
      delta = (upper - lower) * (upper - lower) / 4;
    }
    if (odd()) values[size() - 1] = stable ? std::min(values[size() - 1], Scalar(0)) : Scalar(0);
  }

  /// The numbers that a step down `slope`, minus the gradient, may move: those at their bound that it
  /// would push beyond it may not.
  std::vector<Eigen::Index> movable(ExponentConstraint constraint, const Eigen::VectorX<Scalar>& slope) const {
    std::vector<Eigen::Index> free;
    for (Eigen::Index i = 0; i < size(); ++i) {
      const bool growth = i % 2 == 0, real = i + 1 == size() && odd();
      const bool fixed = growth && constraint == ExponentConstraint::imaginary;
      const bool bound = growth && constraint == ExponentConstraint::stable && values[i] >= 0 &&
                         slope[i] > 0 && (real || values[i + 1] <= 0);
      if (!fixed && !bound) free.push_back(i);
    }
    return free;
  }

  /// Where the exponentials of a pair (or of the last, odd exponent) are 1: at the end of the run that
  /// they do not outgrow, so that nothing overflows.
  Scalar origin(Eigen::Index pair, Scalar last) const {
    if (pair == pairs()) return values[size() - 1] > 0 ? last : Scalar(0);
    return centre(pair) + std::sqrt(std::max(square(pair), Scalar(0))) > 0 ? last : Scalar(0);
  }
};

/// Writes the exponentials of a set into the left r columns, \f$ c = e^{as} \cosh(\sqrt\delta s) \f$ and
/// \f$ d = e^{as} \sinh(\sqrt\delta s) / \sqrt\delta \f$ for a pair, s the time since its origin; and, where
/// there are 2 r columns, what their derivatives need besides: \f$ s d \f$ and
/// \f$ \partial d / \partial\delta = (s c - d) / 2\delta \f$.
template <typename Scalar, typename Columns>
void write_exponentials(const ExponentSet<Scalar>& set, const Eigen::VectorX<Scalar>& times, Columns&& out) {
  const Eigen::Index r = set.size();
  const Scalar last = times[times.size() - 1];
  const bool derivatives = out.cols() >= 2 * r;
  for (Eigen::Index k = 0; k < set.pairs(); ++k) {
    const Scalar delta = set.square(k), root = std::sqrt(std::abs(delta));
    const Eigen::ArrayX<Scalar> s = times.array() - set.origin(k, last);
    const Eigen::ArrayX<Scalar> growth = (set.centre(k) * s).exp();
    auto c = out.col(2 * k).array(), d = out.col(2 * k + 1).array();
    if (delta < 0) {
      c = growth * (root * s).cos();
      d = growth * (root * s).sin() / root;
    } else if (delta > 0) {
      c = growth * (root * s).cosh();
      d = growth * (root * s).sinh() / root;
    } else {
      c = growth;
      d = growth * s;
    }
    if (!derivatives) continue;
    out.col(r + 2 * k) = s * d;
    auto slope = out.col(r + 2 * k + 1);
    for (Eigen::Index i = 0; i < s.size(); ++i) {
      const Scalar z = delta * s[i] * s[i];
      if (std::abs(z) > Scalar(0.5)) {
        slope[i] = (s[i] * c[i] - d[i]) / (2 * delta);
        continue;
      }
      // The series of (cosh x - sinh x / x) / 2 z in z = x^2, where the difference would cancel.
      Scalar sum = 0;
      for (const int n : {8, 7, 6, 5, 4, 3, 2, 1}) {
        // k / (2 k + 1)!
        constexpr double terms[9] = {0,           1. / 6,         2. / 120,        3. / 5040,           4. / 362880,
                                     5. / 39916800, 6. / 6227020800., 7. / 1307674368000., 8. / 355687428096000.};
        sum = sum * z + Scalar(terms[n]);
      }
      slope[i] = growth[i] * s[i] * s[i] * s[i] * sum;
    }
  }
  if (!set.odd()) return;
  const Scalar a = set.values[r - 1];
  const Eigen::ArrayX<Scalar> s = times.array() - set.origin(set.pairs(), last);
  out.col(r - 1) = (a * s).exp();
  if (derivatives) out.col(2 * r - 1) = s * out.col(r - 1).array();
}

/// The misfit at a set of exponents with the best coefficients for it, and its derivatives, in coordinates
/// that are rotated so as to have few rows.
template <typename Scalar>
struct ExponentialMisfit {
  Scalar misfit = std::numeric_limits<Scalar>::infinity();
  Eigen::MatrixX<Scalar> triangle;  ///< of the Jacobian, r x r
  Eigen::VectorX<Scalar> tangent;   ///< the residual along the Jacobian, r: \f$ J^\top \rho = R^\top \f$ tangent
};

/// Samples Y of each run as exponentials E times coefficients B of the run: minimizes
/// \f$ \| Y - E B \| \f$ over exponents and coefficients.
///
/// Variable projection: B is the best for each E, which leaves a least-squares problem in the exponents
/// alone. Its Jacobian has for the exponential of column j the two parts \f$ P\, \dot e_j \otimes b_j \f$
/// and \f$ (E^+)^\top \dot e_j^\top \rho \f$, with \f$ P = 1 - E E^+ \f$ and
/// \f$ \rho = P Y \f$. From the triangle of (E, dE, Y), one tall-skinny QR, both follow in coordinates of
/// 2 r rows for each channel: no square, and no work that grows with the samples but that QR.
///
/// References: T. Askham, J. N. Kutz, Variable projection methods for an optimized dynamic mode
/// decomposition, SIAM J. Appl. Dyn. Syst. 17 (2018), https://doi.org/10.1137/M1124176; G. Golub, V. Pereyra,
/// The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate,
/// SIAM J. Numer. Anal. 10 (1973), https://doi.org/10.1137/0710036
template <typename Scalar>
ExponentialMisfit<Scalar> exponential_misfit(const std::vector<TimedSamples<Scalar>>& data,
                                             const ExponentSet<Scalar>& set) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index r = set.size(), channels = data.front().samples.cols();
  ExponentialMisfit<Scalar> found;
  linalg::StreamingQr<Scalar> reduced(r + 1);
  Scalar left = 0;
  for (const auto& run : data) {
    Matrix columns(run.times.size(), 2 * r + channels);
    write_exponentials(set, run.times, columns);
    columns.rightCols(channels) = run.samples;
    if (!columns.allFinite()) return found;
    linalg::StreamingQr<Scalar> factor(columns.cols());
    factor.update(columns);
    const auto basis = factor.triangle().topLeftCorner(r, r).template triangularView<Eigen::Upper>();
    const auto slopes = factor.triangle().block(r, r, r, r);
    const Matrix coefficients = basis.solve(factor.triangle().topRightCorner(r, channels));
    const Matrix inverse = basis.transpose().solve(Matrix::Identity(r, r));
    if (!coefficients.allFinite() || !inverse.allFinite()) return found;
    const auto residual = factor.triangle().block(r, 2 * r, r, channels);
    const Matrix along = slopes.transpose() * residual;
    left += factor.triangle().bottomRightCorner(channels, channels).squaredNorm();

    Matrix rows = Matrix::Zero(2 * r * channels, r + 1);
    // The derivative of exponential `of` by number `by` is `times` derivative column `column`.
    const auto add = [&](Eigen::Index by, Eigen::Index of, Eigen::Index column, Scalar times) {
      for (Eigen::Index k = 0; k < channels; ++k) {
        rows.col(by).segment(2 * r * k, r) -= times * along(column, k) * inverse.col(of);
        rows.col(by).segment(2 * r * k + r, r) -= times * coefficients(of, k) * slopes.col(column);
      }
    };
    for (Eigen::Index i = 0; i + 1 < r; i += 2) {
      add(i, i, i + 1, 2 * set.values[i + 1]);  // s c is 2 delta (s c - d) / 2 delta, but for d itself
      add(i, i + 1, i, 1);
      add(i + 1, i, i, Scalar(0.5));
      add(i + 1, i + 1, i + 1, 1);
    }
    if (set.odd()) add(r - 1, r - 1, r - 1, 1);
    for (Eigen::Index k = 0; k < channels; ++k) rows.col(r).segment(2 * r * k + r, r) = residual.col(k);
    reduced.update(rows);
  }
  found.triangle = reduced.triangle().topLeftCorner(r, r);
  found.tangent = reduced.triangle().col(r).head(r);
  found.misfit = std::sqrt(left + reduced.triangle().col(r).squaredNorm());
  return found;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT ExponentialMisfit<double> exponential_misfit(const std::vector<TimedSamples<double>>&,
                                                                             const ExponentSet<double>&);
#endif

struct ExponentialFitOptions {
  ExponentConstraint constraint = ExponentConstraint::none;
  int most_iterations = 100;
  double tolerance = 1e-8;
};

template <typename Scalar>
struct ExponentialFit {
  ExponentSet<Scalar> set;
  Scalar misfit = 0;  ///< \f$ \| Y - E B \| \f$
  int iterations = 0;
  bool converged = false;
};

/// The step of Levenberg and Marquardt in the numbers that may move, damped in units of their columns.
template <typename Scalar>
Eigen::VectorX<Scalar> damped_step(const ExponentialMisfit<Scalar>& at, const std::vector<Eigen::Index>& free,
                                   Scalar damping) {
  const auto n = Eigen::Index(free.size()), r = at.tangent.size();
  Eigen::MatrixX<Scalar> stacked = Eigen::MatrixX<Scalar>::Zero(r + n, n);
  Eigen::VectorX<Scalar> target = Eigen::VectorX<Scalar>::Zero(r + n), step = Eigen::VectorX<Scalar>::Zero(r);
  target.head(r) = -at.tangent;
  Eigen::VectorX<Scalar> scale(n);
  for (Eigen::Index j = 0; j < n; ++j) {
    const auto column = at.triangle.col(free[std::size_t(j)]);
    scale[j] = column.norm() > 0 ? 1 / column.norm() : Scalar(1);
    stacked.col(j).head(r) = scale[j] * column;
    stacked(r + j, j) = std::sqrt(damping);
  }
  const Eigen::VectorX<Scalar> found = scale.cwiseProduct(stacked.householderQr().solve(target));
  for (Eigen::Index j = 0; j < n; ++j) step[free[std::size_t(j)]] = found[j];
  return step;
}

/// The share of the residual that lies along the columns that may move: 0 at a minimum.
template <typename Scalar>
Scalar tangent_share(const ExponentialMisfit<Scalar>& at, const std::vector<Eigen::Index>& free) {
  if (free.empty()) return 0;
  const Eigen::MatrixX<Scalar> columns = at.triangle(Eigen::indexing::all, free);
  const Eigen::ColPivHouseholderQR<Eigen::MatrixX<Scalar>> qr(columns);
  const Eigen::VectorX<Scalar> rotated = qr.householderQ().adjoint() * at.tangent;
  return rotated.head(qr.rank()).norm() / at.misfit;
}

/// Improves a set of exponents until the residual is orthogonal to all changes of them to `tolerance` of its
/// length, or rounding is all that is left.
template <typename Scalar>
ExponentialFit<Scalar> fit_exponentials(const std::vector<TimedSamples<Scalar>>& data, ExponentSet<Scalar> start,
                                        const ExponentialFitOptions& options) {
  constexpr Scalar epsilon = std::numeric_limits<Scalar>::epsilon();
  ExponentialFit<Scalar> fit{std::move(start)};
  fit.set.constrain(options.constraint);
  auto at = exponential_misfit(data, fit.set);
  Scalar size = 0, duration = 0;
  for (const auto& run : data) {
    size += run.samples.squaredNorm();
    duration = std::max(duration, run.times[run.times.size() - 1]);
  }
  size = std::sqrt(size);
  Scalar damping = Scalar(1e-3), growth = 2;
  for (; fit.iterations < options.most_iterations && std::isfinite(at.misfit); ++fit.iterations) {
    const Eigen::VectorX<Scalar> slope = -at.triangle.transpose() * at.tangent;
    const auto free = fit.set.movable(options.constraint, slope);
    fit.converged = at.misfit <= 4 * epsilon * size || tangent_share(at, free) <= Scalar(options.tolerance);
    if (fit.converged) break;
    auto next = fit.set;
    next.values += damped_step(at, free, damping);
    next.constrain(options.constraint);
    const Eigen::VectorX<Scalar> moved = next.values - fit.set.values;
    // Exponents count in 1/duration, their squares in its square.
    Scalar largest = 0;
    for (Eigen::Index i = 0; i < moved.size(); ++i) {
      const Scalar unit = i % 2 == 1 ? duration * duration : duration;
      largest = std::max(largest, std::abs(moved[i]) * unit / (1 + std::abs(fit.set.values[i]) * unit));
    }
    const auto there = exponential_misfit(data, next);
    if (there.misfit < at.misfit) {
      const Scalar foreseen = at.tangent.squaredNorm() - (at.triangle * moved + at.tangent).squaredNorm();
      const Scalar gained = (at.misfit - there.misfit) * (at.misfit + there.misfit);
      const Scalar ratio = foreseen > 0 ? 2 * std::min(gained / foreseen, Scalar(1)) - 1 : Scalar(0);
      damping *= std::max(Scalar(1) / 10, 1 - ratio * ratio * ratio);
      growth = 2;
      fit.set = std::move(next);
      at = there;
    } else {
      damping *= growth;
      growth *= 2;
    }
    if (largest <= 4 * epsilon) {
      fit.converged = true;
      break;
    }
  }
  fit.misfit = at.misfit;
  return fit;
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::koopman
