// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/criterion.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Greedy Bayesian selection with error bars.
///
/// With normal priors of standard deviation `prior` on the coefficients and normal noise on the
/// rates, the evidence \f$ p(\dot x \mid S) = \int p(\dot x \mid \xi) p(\xi) d\xi \f$ of a support S
/// has a closed form; features leave one by one as long as that raises it (Fung, Fasel & Juniper
/// 2025, https://doi.org/10.1098/rspa.2024.0200). The report holds the standard deviations of the
/// coefficients. Cost: \f$ O(n^4) \f$ flops for n features and each target.
///
/// `noise` is the standard deviation of the rates; 0 estimates it for each target from what the
/// whole library leaves. Errors of differencing are no independent noise: with them error bars are
/// too small.
struct Evidence {
  double prior = 100;
  double noise = 0;
};

/// \throws InvalidArgument for a prior that is not positive, a negative noise.
inline void check(const Evidence& options) {
  using almagest::detail::text;
  if (!(options.prior > 0) || !std::isfinite(options.prior))
    throw InvalidArgument(
        text("Evidence: prior is ", options.prior, "; give a positive standard deviation."));
  if (!(options.noise >= 0) || !std::isfinite(options.noise))
    throw InvalidArgument(text("Evidence: noise is ", options.noise,
                               "; give a standard deviation, or 0 to estimate it."));
}

namespace detail {

template <typename Real>
struct Posterior {
  Eigen::VectorX<Real> mean, deviation;
  double log_evidence = -std::numeric_limits<double>::infinity();
};

/// The posterior on a support, from the QR of \f$ [R / \sigma; I / \text{prior}] \f$.
template <typename Real>
Posterior<Real> posterior(const Regression<Real>& regression, Eigen::Index target,
                          const Support& support, Real noise, Real prior) {
  using Matrix = Eigen::MatrixX<Real>;
  const Eigen::Index k = Eigen::Index(support.size()), n = regression.features();
  const double samples = double(regression.samples()), two_pi = 6.283185307179586;
  double squares = double(regression.squared(target) / (noise * noise)), log_det = 0;
  Posterior<Real> out;
  if (k > 0) {
    Matrix stacked = Matrix::Zero(n + k, k + 1);
    for (Eigen::Index j = 0; j < k; ++j) {
      const Eigen::Index f = support[std::size_t(j)];
      stacked.col(j).head(f + 1) = regression.triangle().col(f).head(f + 1) / noise;
      stacked(n + j, j) = 1 / prior;
    }
    stacked.col(k).head(n) = regression.projected(target) / noise;
    const Matrix r = Eigen::HouseholderQR<Matrix>(stacked).matrixQR().topRows(k + 1);
    const auto triangle = r.topLeftCorner(k, k).template triangularView<Eigen::Upper>();
    out.mean = triangle.solve(r.col(k).head(k));
    Matrix inverse = Matrix::Identity(k, k);
    triangle.solveInPlace(inverse);
    out.deviation = inverse.rowwise().norm();
    squares = double(r(k, k) * r(k, k) + regression.unexplained(target) / (noise * noise));
    log_det = 2 * double(r.diagonal().head(k).cwiseAbs().array().log().sum());
  }
  out.log_evidence = -0.5 * (samples * std::log(two_pi * double(noise * noise)) +
                             2 * double(k) * std::log(double(prior)) + log_det + squares);
  return out;
}

template <typename Real>
Real noise_of(const Regression<Real>& regression, Eigen::Index target, double given) {
  const Real freedom = Real(std::max<Eigen::Index>(regression.samples() - regression.features(), 1));
  const Real least = std::sqrt(least_misfit(regression, target) / Real(regression.samples()));
  if (given > 0) return Real(given);
  return std::max(std::sqrt(regression.unexplained(target) / freedom), least);
}

}  // namespace detail

/// The coefficients, `features x targets`: means of the posteriors.
template <typename Real>
Eigen::MatrixX<Real> solve(const Evidence& options, const Regression<Real>& regression,
                           FitReport& report) {
  check(options);
  Eigen::MatrixX<Real> coefficients =
      Eigen::MatrixX<Real>::Zero(regression.features(), regression.targets());
  report.errors.setZero(regression.features(), regression.targets());
  std::vector<Support> supports;
  for (Eigen::Index t = 0; t < regression.targets(); ++t) {
    const Real noise = detail::noise_of(regression, t, options.noise);
    const auto weigh = [&](const Support& support) {
      return detail::posterior(regression, t, support, noise, Real(options.prior));
    };
    Support best;
    if (!regression.is_negligible(t)) best = all_features(regression.features());
    auto chosen = weigh(best);
    report.paths.emplace_back();
    while (!best.empty()) {
      // How much the evidence gains without feature j is the ratio of its densities at 0 after and
      // before the data (Dickey 1971, https://doi.org/10.1214/aoms/1177693507).
      const auto& [mean, deviation, log_evidence] = chosen;
      Eigen::Index least = 0;
      const auto gain = (std::log(options.prior) - deviation.array().log() -
                         (mean.array() / deviation.array()).square() / 2)
                            .eval()
                            .maxCoeff(&least);
      report.paths.back().push_back({best, 0, -log_evidence});
      if (!(gain > 0)) break;
      best.erase(best.begin() + std::ptrdiff_t(least));
      chosen = weigh(best);
    }
    for (std::size_t j = 0; j < best.size(); ++j) {
      coefficients(best[j], t) = chosen.mean[Eigen::Index(j)];
      report.errors(best[j], t) = double(chosen.deviation[Eigen::Index(j)]);
    }
    supports.push_back(std::move(best));
  }
  regression.refit(supports, report);  // for the condition number
  regression.report_residuals(coefficients, report);
  return coefficients;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Evidence&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
