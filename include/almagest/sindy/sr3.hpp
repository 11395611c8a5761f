// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/stlsq.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// What SR3 charges for coefficients.
enum class Penalty {
  l0,  ///< their number: what is smaller than the threshold vanishes
  l1,  ///< their sizes: all shrink by the threshold
  l2   ///< their squares: all shrink by a factor, and none vanishes
};

/// Sparse relaxed regularized regression, SR3 (Zheng et al. 2019,
/// https://doi.org/10.1109/ACCESS.2018.2886528; Champion et al. 2020,
/// https://doi.org/10.1109/ACCESS.2020.3023625).
///
/// Minimises \f$ \tfrac{1}{2m}\|\Theta\Xi - \dot X\|^2 + \lambda R(W) + \tfrac{1}{2\nu}\|\Xi - W\|^2 \f$
/// over \f$ \Xi \f$ and W in turn. `threshold` is what a single step does to W: under l0 entries
/// smaller than it vanish (\f$ \lambda = \text{threshold}^2 / 2\nu \f$), under l1 all shrink by it
/// (\f$ \lambda = \text{threshold} / \nu \f$), under l2 by the factor
/// \f$ 1 / (1 + 2\,\text{threshold}) \f$. `weights`, `features x targets` or empty, multiply the
/// threshold entry by entry. With `unbias` the support of W is fitted once more by least squares;
/// without, W is the result.
///
/// Cost: \f$ O(n^2) \f$ flops an iteration for n features and each target.
struct Sr3 {
  double threshold = 0.1;
  double nu = 1;
  Penalty penalty = Penalty::l0;
  int max_iterations = 1000;
  double tolerance = 1e-8;  ///< of the change of W, relative to W
  bool unbias = true;
  Eigen::MatrixXd weights = {};
};

/// \throws InvalidArgument for impossible options.
inline void check(const Sr3& options) {
  using almagest::detail::text;
  if (!(options.threshold >= 0) || !std::isfinite(options.threshold))
    throw InvalidArgument(
        text("Sr3: threshold is ", options.threshold, "; give a finite number, 0 or more."));
  if (!(options.nu > 0) || !std::isfinite(options.nu))
    throw InvalidArgument(text("Sr3: nu is ", options.nu, "; give a positive number."));
  if (options.max_iterations < 1)
    throw InvalidArgument(
        text("Sr3: max_iterations is ", options.max_iterations, "; allow at least 1."));
  if (!(options.tolerance > 0))
    throw InvalidArgument(text("Sr3: tolerance is ", options.tolerance, "; give a positive number."));
  if (options.weights.size() > 0 && !(options.weights.minCoeff() >= 0))
    throw InvalidArgument("Sr3: weights has a negative entry or a NaN; give numbers from 0 on.");
}

namespace detail {

template <typename Real>
void check_weights(const Sr3& options, const Regression<Real>& regression) {
  if (options.weights.size() == 0) return;
  using almagest::detail::check_lengths;
  check_lengths("Sr3", "weights (rows)", options.weights.rows(), "the library of features",
                regression.features());
  check_lengths("Sr3", "weights (columns)", options.weights.cols(), "the state",
                regression.targets());
}

/// W from Xi: the proximal map of the penalty.
template <typename Real>
Eigen::MatrixX<Real> shrunk(const Sr3& options, const Eigen::MatrixX<Real>& xi) {
  Eigen::MatrixX<Real> w(xi.rows(), xi.cols());
  for (Eigen::Index t = 0; t < xi.cols(); ++t)
    for (Eigen::Index f = 0; f < xi.rows(); ++f) {
      const Real x = xi(f, t), size = std::abs(x);
      const Real threshold =
          Real(options.threshold * (options.weights.size() > 0 ? options.weights(f, t) : 1.0));
      switch (options.penalty) {
        case Penalty::l0:
          w(f, t) = size < threshold ? Real(0) : x;
          break;
        case Penalty::l1:
          w(f, t) = size <= threshold ? Real(0) : x - std::copysign(threshold, x);
          break;
        case Penalty::l2:
          w(f, t) = x / (1 + 2 * threshold);
          break;
      }
    }
  return w;
}

/// Turns W and Xi over until W rests: `nearest(W)` gives the Xi for a W.
template <typename Real, typename Nearest>
Eigen::MatrixX<Real> relax(const Sr3& options, Eigen::MatrixX<Real> xi, const Nearest& nearest,
                           FitReport& report) {
  Eigen::MatrixX<Real> w = shrunk(options, xi);
  for (int iteration = 1; iteration <= options.max_iterations; ++iteration) {
    xi = nearest(w);
    const Eigen::MatrixX<Real> next = shrunk(options, xi);
    const Real change = (next - w).norm();
    w = next;
    if (change <= Real(options.tolerance) * w.norm()) return w;
  }
  report.warnings.push_back(almagest::detail::text(
      "Sr3: the coefficients were still moving after ", options.max_iterations,
      " iterations; raise max_iterations or tolerance."));
  return w;
}

template <typename Real>
std::vector<Support> supports_of(const Eigen::MatrixX<Real>& coefficients) {
  std::vector<Support> out(std::size_t(coefficients.cols()));
  for (Eigen::Index t = 0; t < coefficients.cols(); ++t)
    for (Eigen::Index f = 0; f < coefficients.rows(); ++f)
      if (coefficients(f, t) != 0) out[std::size_t(t)].push_back(f);
  return out;
}

/// Refuses targets that lost all their terms though the library explains them.
template <typename Real>
void check_left(const Sr3& options, const Regression<Real>& regression,
                const std::vector<Support>& supports, const char* name, FitReport& report) {
  for (Eigen::Index t = 0; t < regression.targets(); ++t) {
    if (!supports[std::size_t(t)].empty()) continue;
    const auto all = regression.least_squares(all_features(regression.features()), t);
    nothing_left(regression, t, name, options.threshold,
                 double(all.solution.cwiseAbs().maxCoeff()), false, report);
  }
}

}  // namespace detail

/// The coefficients, `features x targets`.
template <typename Real>
Eigen::MatrixX<Real> solve(const Sr3& options, const Regression<Real>& regression,
                           FitReport& report) {
  using Matrix = Eigen::MatrixX<Real>;
  check(options);
  detail::check_weights(options, regression);
  detail::warn_of_few_samples(regression, report);
  const Eigen::Index n = regression.features();
  // The least squares of [R / sqrt(m); I / sqrt(nu)], factored once.
  const Real scale = 1 / std::sqrt(Real(std::max<Eigen::Index>(regression.samples(), 1)));
  const Real pull = 1 / std::sqrt(Real(options.nu));
  Matrix stacked(2 * n, n);
  stacked << scale * Matrix(regression.factor().template triangularView<Eigen::Upper>()),
      pull * Matrix::Identity(n, n);
  const Eigen::HouseholderQR<Matrix> qr(stacked);
  Matrix right(2 * n, regression.targets());
  right.topRows(n) = scale * regression.triangle().topRightCorner(n, regression.targets());
  const auto nearest = [&](const Matrix& w) {
    right.bottomRows(n) = pull * w;
    return Matrix(qr.solve(right));
  };
  const Matrix first =
      regression.least_squares(all_features(n), 0, regression.targets()).solution;
  Matrix w = detail::relax<Real>(options, first, nearest, report);
  const std::vector<Support> supports = detail::supports_of(w);
  detail::check_left(options, regression, supports, "Sr3", report);
  const Matrix fitted = regression.refit(supports, report);
  if (options.unbias) return fitted;
  regression.report_residuals(w, report);
  return w;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Sr3&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
