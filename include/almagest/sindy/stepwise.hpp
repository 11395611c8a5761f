// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Laws with one term less at a time, or one more.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "almagest/sindy/criterion.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Stepwise sparse regression (Boninsegna, Nüske & Clementi 2018, https://doi.org/10.1063/1.5018409):
/// from all features on, leaves out that whose loss costs least in the misfit, one by one; then
/// chooses among the laws.
///
/// Cost: \f$ O(n^4) \f$ flops for n features and each target, independent of the count of samples.
struct Ssr {
  Criterion criterion = Criterion::bic;
  int most_terms = 0;  ///< of a law; 0 for no limit
};

/// Forward regression with orthogonal least squares, FROLS (Billings 2013, ch. 3): takes the feature
/// that explains most of what is left, one by one, until nothing is left to explain; then chooses
/// among the laws.
///
/// Cost: \f$ O(k n^2) \f$ flops for k terms of n features and each target.
struct Frols {
  Criterion criterion = Criterion::bic;
  int most_terms = 0;
};

/// \throws InvalidArgument for a negative number of terms.
inline void check(const Ssr& options) { detail::check_most_terms("Ssr", options.most_terms); }
inline void check(const Frols& options) { detail::check_most_terms("Frols", options.most_terms); }
inline Eigen::Index parts(const Ssr& options) { return detail::parts_for(options.criterion); }
inline Eigen::Index parts(const Frols& options) { return detail::parts_for(options.criterion); }

namespace detail {

/// Leaves out feature after feature.
template <typename Real>
std::vector<Support> backward_path(const Regression<Real>& regression, Eigen::Index target,
                                   Support support, std::size_t most) {
  std::vector<Support> path;
  if (support.size() <= most) path.push_back(support);
  while (!support.empty()) {
    // The loss of feature j raises the squared misfit by xi_j^2 / ((R^T R)^-1)_jj.
    const auto fit = regression.least_squares(support, target);
    const Eigen::Index k = Eigen::Index(support.size());
    Eigen::Index least = -1;
    if (fit.rank < k) {
      // A basic solution has left the surplus features at 0.
      for (Eigen::Index j = 0; j < k && least < 0; ++j)
        if (fit.solution(j, 0) == 0) least = j;
    }
    if (least < 0) {
      Eigen::MatrixX<Real> columns(support.back() + 1, k);
      Eigen::VectorX<Real> scales(k);
      for (Eigen::Index j = 0; j < k; ++j) {
        columns.col(j) = regression.triangle().col(support[std::size_t(j)]).head(columns.rows());
        scales[j] = columns.col(j).norm();
        columns.col(j) /= scales[j] > 0 ? scales[j] : Real(1);
      }
      Eigen::HouseholderQR<Eigen::MatrixX<Real>> qr(columns);
      Eigen::MatrixX<Real> inverse = Eigen::MatrixX<Real>::Identity(k, k);
      qr.matrixQR().topRows(k).template triangularView<Eigen::Upper>().solveInPlace(inverse);
      const Eigen::VectorX<Real> loss = (fit.solution.col(0).cwiseProduct(scales)).cwiseAbs().cwiseQuotient(
          inverse.rowwise().norm());
      loss.minCoeff(&least);
    }
    support.erase(support.begin() + std::ptrdiff_t(least));
    if (support.size() <= most) path.push_back(support);
  }
  return path;
}

/// Takes in feature after feature: modified Gram-Schmidt on the columns of the triangle.
template <typename Real>
std::vector<Support> forward_path(const Regression<Real>& regression, Eigen::Index target,
                                  std::size_t most) {
  Eigen::MatrixX<Real> rest = regression.factor().template triangularView<Eigen::Upper>();
  Eigen::VectorX<Real> left = regression.projected(target);
  const Eigen::VectorX<Real> lengths = rest.colwise().norm();
  const Real floor = least_misfit(regression, target);
  std::vector<Support> path(1);
  Support support;
  while (support.size() < most && left.squaredNorm() > floor) {
    Eigen::Index best = -1;
    Real most_explained = 0;
    for (Eigen::Index j = 0; j < rest.cols(); ++j) {
      const Real length = rest.col(j).norm();
      if (length <= Regression<Real>::dependent * lengths[j]) continue;
      const Real explained = std::abs(rest.col(j).dot(left)) / length;
      if (explained > most_explained) most_explained = explained, best = j;
    }
    if (best < 0) break;
    const Eigen::VectorX<Real> direction = rest.col(best).normalized();
    for (int pass = 0; pass < 2; ++pass) {
      rest -= direction * (direction.transpose() * rest);
      left -= direction * direction.dot(left);
    }
    rest.col(best).setZero();
    support.push_back(best);
    path.push_back(support);
    std::sort(path.back().begin(), path.back().end());
  }
  return path;
}

template <typename Real>
std::size_t most_terms(const Regression<Real>& regression, int asked) {
  const Eigen::Index usable = std::min(regression.features(), regression.samples());
  return std::size_t(asked > 0 ? std::min<Eigen::Index>(asked, usable) : usable);
}

}  // namespace detail

/// \name The coefficients, `features x targets`
/// @{
template <typename Real>
Eigen::MatrixX<Real> solve(const Ssr& options, const Regression<Real>& regression,
                           FitReport& report) {
  check(options);
  return detail::follow(
      regression, options.criterion,
      [&](Eigen::Index target) {
        return detail::backward_path(regression, target, all_features(regression.features()),
                                     detail::most_terms(regression, options.most_terms));
      },
      report);
}
template <typename Real>
Eigen::MatrixX<Real> solve(const Frols& options, const Regression<Real>& regression,
                           FitReport& report) {
  check(options);
  return detail::follow(
      regression, options.criterion,
      [&](Eigen::Index target) {
        return detail::forward_path(regression, target,
                                    detail::most_terms(regression, options.most_terms));
      },
      report);
}
/// @}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Ssr&, const Regression<double>&,
                                                      FitReport&);
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Frols&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
