// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// The features that a target keeps, in ascending order.
using Support = std::vector<Eigen::Index>;

/// One of the laws of a target that an optimizer weighed.
struct PathPoint {
  Support support;
  double misfit = 0;  ///< \f$ \|\Theta\xi - \dot x\| / \|\dot x\| \f$ of least squares on the support
  double score = 0;   ///< of the criterion; the least is chosen
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
  /// What was chosen where the choice was left to the library, one sentence each.
  std::vector<std::string> notes;
  /// Standard errors of the coefficients, `features x targets`, from optimizers that know them.
  Eigen::MatrixXd errors;
  /// How often each coefficient was chosen by the members of an ensemble, `features x targets`.
  Eigen::MatrixXd inclusion;
  /// The coefficients of those members, `features x targets` each.
  std::vector<Eigen::MatrixXd> members;
  /// What was weighed for each target, from optimizers that follow a path.
  std::vector<std::vector<PathPoint>> paths;
};

/// Rows of [features, targets], condensed to their triangle.
template <typename Real>
struct Condensed {
  Eigen::MatrixX<Real> triangle;
  Eigen::Index samples = 0;
};

/// A regression of targets on features, \f$ \min_\Xi \|\Theta\Xi - Y\| \f$, given by the triangle of
/// \f$ [\Theta, Y] \f$.
///
/// The triangle holds everything that least squares can ask of the samples, so that whatever an
/// optimizer tries costs nothing beside the pass over the data. Parts are the triangles of
/// consecutive stretches of samples; folds and bags are made of them.
template <typename Real = double>
class Regression {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;
  /// Columns count as dependent where less than this share of one is its own.
  static constexpr Real dependent = 1e4 * std::numeric_limits<Real>::epsilon();

  /// A target whose root mean square is at most `negligible` counts as zero.
  Regression(Condensed<Real> whole, std::vector<std::string> features, std::vector<std::string> targets,
             Vector negligible, std::vector<Condensed<Real>> parts = {})
      : whole_(std::move(whole)),
        parts_(std::move(parts)),
        feature_names_(std::move(features)),
        target_names_(std::move(targets)),
        negligible_(std::move(negligible)) {}

  /// The library that made the features, where one did and none was left out; else null.
  const features::Evaluator* library() const { return library_.get(); }
  void set_library(std::shared_ptr<const features::Evaluator> library) { library_ = std::move(library); }

  Eigen::Index features() const { return Eigen::Index(feature_names_.size()); }
  Eigen::Index targets() const { return Eigen::Index(target_names_.size()); }
  Eigen::Index samples() const { return whole_.samples; }
  const std::string& feature(Eigen::Index f) const { return feature_names_[std::size_t(f)]; }
  const std::string& target(Eigen::Index t) const { return target_names_[std::size_t(t)]; }
  const std::vector<std::string>& feature_names() const { return feature_names_; }
  const std::vector<std::string>& target_names() const { return target_names_; }
  const Vector& negligible() const { return negligible_; }
  const std::vector<Condensed<Real>>& parts() const { return parts_; }

  /// The triangle of [features, targets].
  const Matrix& triangle() const { return whole_.triangle; }
  /// R of the features, `features x features`.
  auto factor() const { return triangle().topLeftCorner(features(), features()); }
  /// \f$ Q^\top y \f$ of a target, `features`.
  auto projected(Eigen::Index target) const { return triangle().col(features() + target).head(features()); }
  /// \f$ \|y\|^2 \f$.
  Real squared(Eigen::Index target) const { return triangle().col(features() + target).squaredNorm(); }
  /// What no combination of the features explains of a target, squared.
  Real unexplained(Eigen::Index target) const {
    return triangle().col(features() + target).tail(triangle().rows() - features()).squaredNorm();
  }
  /// The root mean square of each feature.
  Vector scales() const {
    return factor().colwise().norm().transpose() / std::sqrt(Real(std::max<Eigen::Index>(samples(), 1)));
  }
  bool is_negligible(Eigen::Index target) const {
    return squared(target) <= negligible_[target] * negligible_[target] * Real(samples());
  }

  /// \f$ \|\Theta\xi - y\| \f$.
  Real misfit(Eigen::Index target, const Vector& xi) const {
    Vector rest = triangle().col(features() + target);
    rest.head(features()).noalias() -= factor().template triangularView<Eigen::Upper>() * xi;
    return rest.norm();
  }

  struct LeastSquares {
    Matrix solution;     ///< active features x count
    Eigen::Index rank;
    Matrix triangle;     ///< of the scaled columns
  };

  /// Minimises \f$ \|\Theta\xi - y\|^2 + \text{ridge}\,\|w \xi\|^2 \f$ over the active features, for
  /// several targets at once. Columns are scaled to unit length before they are factored; where they
  /// depend on each other, a basic solution leaves the surplus ones at 0.
  LeastSquares least_squares(const Support& active, Eigen::Index target, Eigen::Index count = 1,
                             Real ridge = 0, const Vector& weights = {}) const {
    const Eigen::Index k = Eigen::Index(active.size()), rows = active.back() + 1;
    Matrix stacked = Matrix::Zero(ridge > 0 ? rows + k : rows, k);
    Matrix right = Matrix::Zero(stacked.rows(), count);
    Vector scales(k);
    for (Eigen::Index j = 0; j < k; ++j) {
      const Eigen::Index feature = active[std::size_t(j)];
      const auto column = triangle().col(feature).head(feature + 1);
      const Real length = column.norm();
      scales[j] = length > 0 ? 1 / length : Real(1);
      stacked.col(j).head(feature + 1) = column * scales[j];
      if (ridge > 0)
        stacked(rows + j, j) =
            std::sqrt(ridge) * (weights.size() > 0 ? weights[feature] : Real(1)) * scales[j];
    }
    right.topRows(rows) = triangle().block(0, features() + target, rows, count);
    Eigen::ColPivHouseholderQR<Matrix> qr(stacked.rows(), k);
    qr.setThreshold(dependent);
    qr.compute(stacked);
    // Eigen's own solve would divide by pivots that are rounding.
    const Eigen::Index rank = qr.rank();
    right.applyOnTheLeft(qr.householderQ().adjoint());
    Matrix pivoted = Matrix::Zero(k, count);
    pivoted.topRows(rank) =
        qr.matrixR().topLeftCorner(rank, rank).template triangularView<Eigen::Upper>().solve(right.topRows(rank));
    return {scales.asDiagonal() * (qr.colsPermutation() * pivoted), rank, qr.matrixR().topRows(k)};
  }

  /// Least squares on each target's support, without penalty; `features x targets`. Fills the report.
  Matrix refit(const std::vector<Support>& supports, FitReport& report) const {
    Matrix coefficients = Matrix::Zero(features(), targets());
    for (Eigen::Index t = 0; t < targets(); ++t) {
      const Support& support = supports[std::size_t(t)];
      if (support.empty()) continue;
      const LeastSquares fit = least_squares(support, t);
      for (std::size_t j = 0; j < support.size(); ++j)
        coefficients(support[j], t) = fit.solution(Eigen::Index(j), 0);
      const double condition = condition_of(fit, t, report);
      if (!(report.condition >= condition)) report.condition = condition;
    }
    report_residuals(coefficients, report);
    return coefficients;
  }

  /// The relative misfit of every target.
  void report_residuals(const Matrix& coefficients, FitReport& report) const {
    report.residuals.setZero(targets());
    for (Eigen::Index t = 0; t < targets(); ++t)
      if (const Real size = std::sqrt(squared(t)); size > 0)
        report.residuals[t] = double(misfit(t, coefficients.col(t)) / size);
  }

  /// The regression of some samples more often than others: `weights[k]` times part k.
  Regression weighted(const Vector& weights) const {
    linalg::StreamingQr<Real> qr(triangle().cols());
    Eigen::Index samples = 0;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const Real weight = weights[Eigen::Index(k)];
      if (weight == 0) continue;
      qr.update(std::sqrt(weight) * parts_[k].triangle);
      samples += Eigen::Index(std::llround(double(weight) * double(parts_[k].samples)));
    }
    Regression out({qr.triangle(), samples}, feature_names_, target_names_, negligible_);
    out.library_ = library_;
    return out;
  }

  /// The regression on some of the features: `kept` in ascending order.
  Regression restricted(const Support& kept) const { return restricted(kept, 0, targets()); }
  /// The same, of `count` targets from `first` on alone.
  Regression restricted(const Support& kept, Eigen::Index first, Eigen::Index count) const {
    const Eigen::Index k = Eigen::Index(kept.size());
    std::vector<std::string> names;
    for (const Eigen::Index f : kept) names.push_back(feature(f));
    const auto narrow = [&](const Condensed<Real>& all) {
      Matrix columns(all.triangle.rows(), k + count);
      for (Eigen::Index j = 0; j < k; ++j) columns.col(j) = all.triangle.col(kept[std::size_t(j)]);
      columns.rightCols(count) = all.triangle.middleCols(features() + first, count);
      linalg::StreamingQr<Real> qr(columns.cols());
      qr.update(columns);
      return Condensed<Real>{qr.triangle(), all.samples};
    };
    std::vector<Condensed<Real>> parts;
    for (const auto& part : parts_) parts.push_back(narrow(part));
    const auto named = target_names_.begin() + std::ptrdiff_t(first);
    return {narrow(whole_),
            std::move(names),
            {named, named + std::ptrdiff_t(count)},
            negligible_.segment(first, count),
            std::move(parts)};
  }

 private:
  double condition_of(const LeastSquares& fit, Eigen::Index t, FitReport& report) const {
    const Eigen::Index k = fit.solution.rows();
    if (fit.rank < k) {
      report.warnings.push_back(almagest::detail::text(
          target(t), "': its ", k, " terms depend on each other in these data (rank ", fit.rank,
          "); other coefficients would fit as well. Give data that explore more states, or lower the degree."));
      return std::numeric_limits<double>::infinity();
    }
    Matrix inverse = Matrix::Identity(k, k);
    fit.triangle.template triangularView<Eigen::Upper>().solveInPlace(inverse);
    return double(inverse.norm()) / std::sqrt(double(k));  // the columns themselves have norm sqrt(k)
  }

  Condensed<Real> whole_;
  std::vector<Condensed<Real>> parts_;
  std::vector<std::string> feature_names_, target_names_;
  Vector negligible_;
  std::shared_ptr<const features::Evaluator> library_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Regression<double>;
#endif

/// All features.
inline Support all_features(Eigen::Index count) {
  Support all(std::size_t(count), 0);
  std::iota(all.begin(), all.end(), Eigen::Index(0));
  return all;
}

/// A way to choose the features of a law: a value with options, and beside it a function
/// `solve(optimizer, regression, report)` that returns the coefficients, `features x targets`, and a
/// function `check(optimizer)` that refuses impossible options.
template <typename O>
concept SparseOptimizer = std::copyable<O> &&
    requires(const O& optimizer, const Regression<double>& regression, FitReport& report) {
  { solve(optimizer, regression, report) } -> std::same_as<Eigen::MatrixXd>;
  check(optimizer);
};

/// How many parts of the samples an optimizer draws from: `parts(optimizer)` where it has such a
/// function, else none.
template <SparseOptimizer O>
Eigen::Index parts_of(const O& optimizer) {
  if constexpr (requires { parts(optimizer); })
    return parts(optimizer);
  else
    return 0;
}

/// Any SparseOptimizer, as one type.
class Optimizer {
 public:
  template <typename O>
  requires(!std::same_as<O, Optimizer> && SparseOptimizer<O>)
      Optimizer(O optimizer)  // NOLINT: the conversion is the point
      : solve_([optimizer](const Regression<double>& regression, FitReport& report) {
          return solve(optimizer, regression, report);
        }),
        check_([optimizer] { check(optimizer); }),
        parts_(parts_of(optimizer)) {}

  template <std::same_as<Optimizer> O>
  friend Eigen::MatrixXd solve(const O& optimizer, const Regression<double>& regression, FitReport& report) {
    return optimizer.solve_(regression, report);
  }
  template <std::same_as<Optimizer> O>
  friend void check(const O& optimizer) {
    optimizer.check_();
  }
  template <std::same_as<Optimizer> O>
  friend Eigen::Index parts(const O& optimizer) {
    return optimizer.parts_;
  }

 private:
  std::function<Eigen::MatrixXd(const Regression<double>&, FitReport&)> solve_;
  std::function<void()> check_;
  Eigen::Index parts_;
};

/// The regression of rates on features that the caller has: \f$ \dot X \approx \Theta\Xi \f$ with
/// \f$ \Theta \f$ `samples x features` and \f$ \dot X \f$ `samples x targets`. Features are called
/// f0, f1, ..., targets x0, x1, ... in errors.
///
/// \throws DimensionMismatch where samples differ, NonFiniteData for NaNs.
template <typename Features, typename Rates>
Regression<double> regression(const Eigen::MatrixBase<Features>& features, const Eigen::MatrixBase<Rates>& rates) {
  almagest::detail::check_lengths("sindy::regression", "rates (samples)", rates.rows(),
                                  "features (samples)", features.rows());
  Eigen::MatrixXd both(features.rows(), features.cols() + rates.cols());
  both << features, rates;
  linalg::StreamingQr<double> qr(both.cols());
  qr.update(both);
  std::vector<std::string> names, targets;
  for (Eigen::Index f = 0; f < features.cols(); ++f) names.push_back(almagest::detail::text('f', f));
  for (Eigen::Index t = 0; t < rates.cols(); ++t) targets.push_back(almagest::detail::text('x', t));
  return {{qr.triangle(), features.rows()}, std::move(names), std::move(targets),
          Eigen::VectorXd::Zero(rates.cols())};
}

/// A sparse regression alone, on features and rates that the caller has; the coefficients are
/// `features x targets`.
///
/// \throws InvalidArgument as the optimizer does, DimensionMismatch and NonFiniteData as `regression`.
template <SparseOptimizer O>
Eigen::MatrixXd regress(const O& optimizer, const Eigen::MatrixXd& features,
                        const Eigen::MatrixXd& rates) {
  check(optimizer);
  FitReport report;
  return solve(optimizer, regression(features, rates), report);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
