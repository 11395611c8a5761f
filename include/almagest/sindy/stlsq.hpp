// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Sequentially thresholded least squares (Brunton, Proctor & Kutz 2016,
/// https://doi.org/10.1073/pnas.1517384113).
///
/// For every component with derivative \f$ \dot x \f$ and features \f$ \Theta \f$: solve
/// \f$ \min_\xi \|\Theta\xi - \dot x\|^2 + \text{ridge}\,\|\xi\|^2 \f$ on the active features, drop
/// those with \f$ |\xi| < \text{threshold} \f$, repeat until nothing is dropped; then solve once
/// more on what is left without the ridge, which removes its bias.
///
/// The threshold is in the units of the coefficients, and so depends on the units of the states.
/// With `normalize` both threshold and ridge act on \f$ \xi \f$ times the root mean square of its
/// feature: the threshold then has the unit of \f$ \dot x \f$, and drops terms that contribute less
/// than that to it.
struct Stlsq {
  double threshold = 0.1;
  double ridge = 0.05;
  int max_iterations = 20;
  bool normalize = false;
};

/// How well a regression went.
struct FitReport {
  /// \f$ \|A\|_F \|A^+\|_F / k \f$ for the k chosen features of a component as columns of unit
  /// length, the worst of all components. 1 where they are orthogonal; at most the condition number
  /// in the 2-norm, and at least its k-th part. NaN where nothing was fitted.
  double condition = std::numeric_limits<double>::quiet_NaN();
  /// \f$ \|\Theta\xi - \dot x\| / \|\dot x\| \f$ of each component; 0 where the derivative is zero.
  Eigen::VectorXd residuals;
  /// What a careful user would want to know, one sentence each; empty if all is well.
  std::vector<std::string> warnings;
};

namespace detail {

inline void check(const Stlsq& options) {
  using almagest::detail::text;
  if (!(options.threshold >= 0) || !std::isfinite(options.threshold))
    throw InvalidArgument(
        text("Stlsq: threshold is ", options.threshold, "; give a finite number, 0 or more."));
  if (!(options.ridge >= 0) || !std::isfinite(options.ridge))
    throw InvalidArgument(
        text("Stlsq: ridge is ", options.ridge, "; give a finite number, 0 or more."));
  if (options.max_iterations < 1)
    throw InvalidArgument(
        text("Stlsq: max_iterations is ", options.max_iterations, "; allow at least 1."));
}

/// Sparse regression on the triangle of [features, targets].
///
/// The triangle holds everything that least squares can ask of the samples, so that the iterations
/// cost nothing beside the pass over the data. Columns are scaled to unit length before they are
/// factored; where they depend on each other within `dependent`, a basic solution leaves the
/// surplus ones at 0.
template <typename Scalar>
class SparseRegression {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Support = std::vector<Eigen::Index>;
  static constexpr Scalar dependent = 1e4 * std::numeric_limits<Scalar>::epsilon();

  /// `samples` rows made the triangle; the targets are called `names`. A target whose root mean
  /// square is at most `negligible` counts as zero.
  SparseRegression(const Matrix& triangle, Eigen::Index samples, const Stlsq& options,
                   const std::vector<std::string>& names, const Vector& negligible)
      : triangle_(triangle),
        options_(options),
        names_(names),
        negligible_(negligible),
        targets_(Eigen::Index(names.size())),
        features_(triangle.cols() - targets_),
        samples_(samples) {
    const Scalar rows = Scalar(std::max<Eigen::Index>(samples, 1));
    weights_ = options.normalize
                   ? Vector(triangle.leftCols(features_).colwise().norm() / std::sqrt(rows))
                   : Vector(Vector::Ones(features_));
  }

  /// The coefficients, `features x targets`.
  Matrix solve() {
    report_.residuals.setZero(targets_);
    if (samples_ < features_)
      warn(samples_, " samples cannot determine ", features_,
           " features; the coefficients lean on the ridge.");
    Support all(std::size_t(features_), 0);
    std::iota(all.begin(), all.end(), Eigen::Index(0));
    const Matrix first = least_squares(all, 0, targets_, Scalar(options_.ridge)).solution;
    Matrix coefficients = Matrix::Zero(features_, targets_);
    for (Eigen::Index target = 0; target < targets_; ++target) {
      const Support support = select(target, all, first.col(target));
      if (!support.empty()) refit(target, support, coefficients);
      const Scalar size = triangle_.col(features_ + target).norm();
      if (size > 0)
        report_.residuals[target] = double(residual(target, coefficients.col(target)) / size);
    }
    return coefficients;
  }

  const FitReport& report() const { return report_; }

 private:
  struct LeastSquares {
    Matrix solution;
    Eigen::Index rank;
    Matrix triangle;  // of the scaled columns
  };

  /// Minimises |R xi - c|^2 + ridge |weights xi|^2 over the active features, for several targets at
  /// once.
  LeastSquares least_squares(const Support& active, Eigen::Index target, Eigen::Index count,
                             Scalar ridge) const {
    const Eigen::Index k = Eigen::Index(active.size()), rows = active.back() + 1;
    Matrix stacked = Matrix::Zero(ridge > 0 ? rows + k : rows, k);
    Matrix right = Matrix::Zero(stacked.rows(), count);
    Vector scales(k);
    for (Eigen::Index j = 0; j < k; ++j) {
      const Eigen::Index feature = active[std::size_t(j)];
      const auto column = triangle_.col(feature).head(feature + 1);
      const Scalar length = column.norm();
      scales[j] = length > 0 ? 1 / length : Scalar(1);
      stacked.col(j).head(feature + 1) = column * scales[j];
      if (ridge > 0) stacked(rows + j, j) = std::sqrt(ridge) * weights_[feature] * scales[j];
    }
    right.topRows(rows) = triangle_.block(0, features_ + target, rows, count);
    Eigen::ColPivHouseholderQR<Matrix> qr(stacked.rows(), k);
    qr.setThreshold(dependent);
    qr.compute(stacked);
    return {scales.asDiagonal() * qr.solve(right), qr.rank(), qr.matrixR().topRows(k)};
  }

  /// Drops small terms until none is left that is small; returns what remains.
  Support select(Eigen::Index target, Support active, Vector solution) {
    for (int iteration = 1;; ++iteration) {
      Support kept;
      Scalar largest = 0;
      for (std::size_t j = 0; j < active.size(); ++j) {
        const Scalar size = std::abs(solution[Eigen::Index(j)]) * weights_[active[j]];
        largest = std::max(largest, size);
        if (size >= Scalar(options_.threshold) && size > 0) kept.push_back(active[j]);
      }
      if (kept.empty()) nothing_left(target, double(largest));
      if (kept.empty() || kept.size() == active.size()) return kept;
      active = std::move(kept);
      if (iteration == options_.max_iterations) {
        warn(name(target), "': terms were still being dropped after ", iteration,
             " iterations; raise max_iterations of Stlsq.");
        return active;
      }
      solution = least_squares(active, target, 1, Scalar(options_.ridge)).solution;
    }
  }

  void refit(Eigen::Index target, const Support& support, Matrix& coefficients) {
    const LeastSquares fit = least_squares(support, target, 1, 0);
    for (std::size_t j = 0; j < support.size(); ++j)
      coefficients(support[j], target) = fit.solution(Eigen::Index(j), 0);
    const Eigen::Index k = Eigen::Index(support.size());
    double condition = std::numeric_limits<double>::infinity();
    if (fit.rank == k) {
      Matrix inverse = Matrix::Identity(k, k);
      fit.triangle.template triangularView<Eigen::Upper>().solveInPlace(inverse);
      condition = double(inverse.norm()) /
                  std::sqrt(double(k));  // the columns themselves have norm sqrt(k)
    } else {
      warn(name(target), "': its ", k, " terms depend on each other in these data (rank ", fit.rank,
           "); other coefficients would fit as well. Give data that explore more states, or lower "
           "the degree.");
    }
    if (!(report_.condition >= condition)) report_.condition = condition;
  }

  /// Zero is the right answer for a component that does not move, or whose derivative the library
  /// cannot explain (noise on a constant); elsewhere the threshold was too large.
  void nothing_left(Eigen::Index target, double largest) {
    using almagest::detail::rounded, almagest::detail::text;
    const auto rates = triangle_.col(features_ + target);
    const Scalar squared = rates.squaredNorm();
    if (squared <= negligible_[target] * negligible_[target] * Scalar(samples_)) return;
    const double explained = double(rates.head(features_).squaredNorm() / squared);
    if (explained < 0.5) {
      warn(name(target), "' was set to 0: all its terms lie below threshold ", options_.threshold,
           ", and the whole library explains ", rounded(100 * explained, 3),
           " % of its derivative.");
      return;
    }
    throw InvalidArgument(text("Stlsq: threshold ", options_.threshold, " removes every term of ",
                               name(target), "', whose largest remaining coefficient ",
                               options_.normalize ? "(normalized) " : "", "was ",
                               rounded(largest, 6), "; give a threshold below that."));
  }

  Scalar residual(Eigen::Index target, const Vector& xi) const {
    Vector rest = triangle_.col(features_ + target);
    rest.head(features_).noalias() -=
        triangle_.topLeftCorner(features_, features_).template triangularView<Eigen::Upper>() * xi;
    return rest.norm();
  }

  const std::string& name(Eigen::Index target) const { return names_[std::size_t(target)]; }
  template <typename... Pieces>
  void warn(const Pieces&... pieces) {
    report_.warnings.push_back(almagest::detail::text(pieces...));
  }

  const Matrix& triangle_;
  const Stlsq& options_;
  const std::vector<std::string>& names_;
  const Vector& negligible_;
  Eigen::Index targets_, features_, samples_;
  Vector weights_;
  FitReport report_;
};

}  // namespace detail

/// The sparse regression alone, on features and rates that the caller has: \f$ \dot X \approx
/// \Theta\Xi \f$ with \f$ \Theta \f$ `samples x features` and \f$ \dot X \f$ `samples x
/// components`. Returns \f$ \Xi \f$, `features x components`; components are called x0, x1, ... in
/// errors.
///
/// \throws InvalidArgument for impossible options, or a threshold that removes every term of a
///         component that the features could explain; DimensionMismatch where samples differ.
template <typename Scalar>
Eigen::MatrixX<Scalar> stlsq(const Eigen::MatrixX<Scalar>& features,
                             const Eigen::MatrixX<Scalar>& rates, const Stlsq& options = {}) {
  detail::check(options);
  almagest::detail::check_lengths("sindy::stlsq", "rates (samples)", rates.rows(),
                                  "features (samples)", features.rows());
  Eigen::MatrixX<Scalar> both(features.rows(), features.cols() + rates.cols());
  both << features, rates;
  linalg::StreamingQr<Scalar> qr(both.cols());
  qr.update(both);
  std::vector<std::string> names;
  for (Eigen::Index i = 0; i < rates.cols(); ++i) names.push_back(almagest::detail::text("x", i));
  const Eigen::VectorX<Scalar> negligible = Eigen::VectorX<Scalar>::Zero(rates.cols());
  return detail::SparseRegression<Scalar>(qr.triangle(), features.rows(), options, names,
                                          negligible)
      .solve();
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
