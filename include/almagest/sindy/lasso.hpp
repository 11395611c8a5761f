// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/criterion.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// The LASSO path: \f$ \min_\xi \tfrac12\|\Theta\xi - \dot x\|^2 + \lambda\sum_j s_j|\xi_j| \f$ for
/// \f$ \lambda \f$ from where every term vanishes down to `least` times that, with \f$ s_j \f$ the
/// root mean square of the features (Tibshirani 1996,
/// https://doi.org/10.1111/j.2517-6161.1996.tb02080.x). The criterion chooses among the supports of
/// the path, each fitted again without the penalty, which removes its bias.
///
/// By coordinate descent on the triangle, each \f$ \lambda \f$ from the solution before (Friedman,
/// Hastie & Tibshirani 2010, https://doi.org/10.18637/jss.v033.i01): \f$ O(n^2) \f$ flops a sweep for
/// n features.
///
/// With correlated features the LASSO keeps false terms for longer than stepwise selection does.
struct Lasso {
  Criterion criterion = Criterion::bic;
  int penalties = 60;
  double least = 1e-6;
  int max_sweeps = 10'000;  ///< for each penalty
};

/// \throws InvalidArgument for impossible options.
inline void check(const Lasso& options) {
  using almagest::detail::text;
  if (options.penalties < 2)
    throw InvalidArgument(text("Lasso: penalties is ", options.penalties, "; give at least 2."));
  if (!(options.least > 0 && options.least < 1))
    throw InvalidArgument(
        text("Lasso: least is ", options.least, "; give a number between 0 and 1."));
  if (options.max_sweeps < 1)
    throw InvalidArgument(text("Lasso: max_sweeps is ", options.max_sweeps, "; allow at least 1."));
}
inline Eigen::Index parts(const Lasso& options) { return detail::parts_for(options.criterion); }

namespace detail {

/// Coordinate descent on columns of unit length.
template <typename Real>
class LassoPath {
 public:
  using Vector = Eigen::VectorX<Real>;

  LassoPath(const Regression<Real>& regression, Eigen::Index target)
      : columns_(regression.factor().template triangularView<Eigen::Upper>()),
        xi_(Vector::Zero(columns_.cols())),
        left_(regression.projected(target)) {
    for (Eigen::Index j = 0; j < columns_.cols(); ++j)
      if (const Real length = columns_.col(j).norm(); length > 0) columns_.col(j) /= length;
  }

  /// Returns whether the sweeps sufficed everywhere.
  bool follow(const Lasso& options, std::vector<Support>& path) {
    const Real greatest = (columns_.transpose() * left_).cwiseAbs().maxCoeff();
    path.emplace_back();
    bool all = true;
    for (int k = 1; k <= options.penalties; ++k) {
      const Real penalty =
          greatest * Real(std::pow(options.least, double(k) / double(options.penalties)));
      all = minimise(penalty, options.max_sweeps) && all;
      Support support;
      for (Eigen::Index j = 0; j < xi_.size(); ++j)
        if (xi_[j] != 0) support.push_back(j);
      if (support != path.back()) path.push_back(std::move(support));
    }
    return all;
  }

 private:
  bool minimise(Real penalty, int sweeps) {
    for (int sweep = 0; sweep < sweeps; ++sweep) {
      Real moved = 0;
      for (Eigen::Index j = 0; j < xi_.size(); ++j) {
        const auto column = columns_.col(j);
        const Real pull = column.dot(left_) + xi_[j];
        const Real next = pull > penalty ? pull - penalty : pull < -penalty ? pull + penalty : Real(0);
        if (next == xi_[j]) continue;
        left_ += (xi_[j] - next) * column;
        moved = std::max(moved, std::abs(next - xi_[j]));
        xi_[j] = next;
      }
      if (moved <= Real(1e-6) * penalty) return true;
    }
    return false;
  }

  Eigen::MatrixX<Real> columns_;
  Vector xi_, left_;
};

}  // namespace detail

/// The coefficients, `features x targets`.
template <typename Real>
Eigen::MatrixX<Real> solve(const Lasso& options, const Regression<Real>& regression,
                           FitReport& report) {
  check(options);
  return detail::follow(
      regression, options.criterion,
      [&](Eigen::Index target) {
        std::vector<Support> path;
        if (!detail::LassoPath<Real>(regression, target).follow(options, path))
          report.warnings.push_back(almagest::detail::text(
              "Lasso: ", options.max_sweeps, " sweeps did not suffice for the smallest penalties of ",
              regression.target(target), "'; raise least or max_sweeps."));
        return path;
      },
      report);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Lasso&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
