// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Which of several laws of a target to believe.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// How laws with different counts of terms are weighed against each other.
enum class Criterion {
  aicc,  ///< Akaike's information criterion, corrected for few samples (Hurvich & Tsai 1989,
         ///< https://doi.org/10.1093/biomet/76.2.297)
  bic,   ///< Bayesian information criterion (Schwarz 1978, https://doi.org/10.1214/aos/1176344136)
  cross_validation  ///< misfit of samples that were left out, by the one-standard-error rule:
                    ///< the fewest terms within a standard error of the best
};

namespace detail {

/// Stretches of samples that take turns at being left out.
inline constexpr Eigen::Index folds = 10, parts_for_folds = 40;

/// Rounding in the samples is no evidence for a term.
template <typename Real>
Real least_misfit(const Regression<Real>& regression, Eigen::Index target) {
  const Real floor = 256 * std::numeric_limits<Real>::epsilon();
  return floor * floor * regression.squared(target) +
         regression.negligible()[target] * regression.negligible()[target] *
             Real(regression.samples()) +
         std::numeric_limits<Real>::min();
}

/// The squared misfit of a law.
template <typename Real>
Real squared_misfit(const Regression<Real>& regression, Eigen::Index target, const Support& support,
                    const Regression<Real>& learned) {
  Eigen::VectorX<Real> xi = Eigen::VectorX<Real>::Zero(regression.features());
  if (!support.empty()) {
    const auto fit = learned.least_squares(support, target);
    for (std::size_t j = 0; j < support.size(); ++j) xi[support[j]] = fit.solution(Eigen::Index(j), 0);
  }
  const Real misfit = regression.misfit(target, xi);
  return misfit * misfit;
}

template <typename Real>
double information(const Regression<Real>& regression, Eigen::Index target, Real squared,
                   std::size_t terms, Criterion criterion) {
  const double n = double(regression.samples()), k = double(terms);
  const double fit =
      n * std::log(double(std::max(squared, least_misfit(regression, target))) / n);
  if (criterion == Criterion::bic) return fit + k * std::log(n);
  if (n - k - 1 <= 0) return std::numeric_limits<double>::infinity();
  return fit + 2 * k + 2 * k * (k + 1) / (n - k - 1);
}

/// The regressions without each fold, and the folds.
template <typename Real>
std::vector<std::pair<Regression<Real>, Regression<Real>>> split(const Regression<Real>& regression) {
  const Eigen::Index parts = Eigen::Index(regression.parts().size());
  const Eigen::Index count = std::min(folds, parts);
  if (count < 2)
    throw InvalidArgument(almagest::detail::text(
        "Criterion::cross_validation: the samples came in ", parts,
        " parts, but folds need at least 2; give more samples or choose bic."));
  std::vector<std::pair<Regression<Real>, Regression<Real>>> out;
  for (Eigen::Index fold = 0; fold < count; ++fold) {
    Eigen::VectorX<Real> left_out = Eigen::VectorX<Real>::Zero(parts);
    const Eigen::Index first = fold * parts / count, last = (fold + 1) * parts / count;
    left_out.segment(first, last - first).setOnes();
    out.emplace_back(regression.weighted(Eigen::VectorX<Real>::Ones(parts) - left_out),
                     regression.weighted(left_out));
  }
  return out;
}

/// Scores the supports of a path and returns the place of the chosen one.
template <typename Real>
class PathJudge {
 public:
  PathJudge(const Regression<Real>& regression, Criterion criterion)
      : regression_(regression), criterion_(criterion) {
    if (criterion == Criterion::cross_validation) folds_ = split(regression);
  }

  /// The support chosen; the path goes into the report.
  Support choose(Eigen::Index target, const std::vector<Support>& path, FitReport& report) const {
    std::vector<PathPoint> points;
    std::vector<double> errors;
    const double size = std::sqrt(double(regression_.squared(target)));
    for (const Support& support : path) {
      const Real squared = squared_misfit(regression_, target, support, regression_);
      PathPoint point{support, size > 0 ? std::sqrt(double(squared)) / size : 0, 0};
      double error = 0;
      if (criterion_ == Criterion::cross_validation)
        std::tie(point.score, error) = left_out(target, support);
      else
        point.score = information(regression_, target, squared, support.size(), criterion_);
      points.push_back(std::move(point));
      errors.push_back(error);
    }
    std::size_t best = 0;
    for (std::size_t k = 1; k < points.size(); ++k)
      if (points[k].score < points[best].score) best = k;
    const double allowed = points[best].score + errors[best];
    for (std::size_t k = 0; k < points.size(); ++k)
      if (points[k].score <= allowed && points[k].support.size() < points[best].support.size()) best = k;
    Support chosen = points[best].support;
    report.paths.push_back(std::move(points));
    return chosen;
  }

 private:
  /// Mean of the squared misfit per sample over the folds, and its standard error.
  std::pair<double, double> left_out(Eigen::Index target, const Support& support) const {
    Eigen::ArrayXd misfits(Eigen::Index(folds_.size()));
    const double least = double(least_misfit(regression_, target)) / double(regression_.samples());
    for (std::size_t k = 0; k < folds_.size(); ++k) {
      const auto& [rest, fold] = folds_[k];
      misfits[Eigen::Index(k)] = std::max(
          least, double(squared_misfit(fold, target, support, rest)) / double(fold.samples()));
    }
    const double mean = misfits.mean(), count = double(misfits.size());
    return {mean, std::sqrt((misfits - mean).square().sum() / (count * (count - 1)))};
  }

  const Regression<Real>& regression_;
  Criterion criterion_;
  std::vector<std::pair<Regression<Real>, Regression<Real>>> folds_;
};

/// The laws of every target, each chosen from its own path.
template <typename Real, typename PathOf>
Eigen::MatrixX<Real> follow(const Regression<Real>& regression, Criterion criterion,
                            const PathOf& path_of, FitReport& report) {
  const PathJudge<Real> judge(regression, criterion);
  std::vector<Support> supports;
  for (Eigen::Index t = 0; t < regression.targets(); ++t) {
    if (regression.is_negligible(t)) {
      supports.emplace_back();
      report.paths.emplace_back();
    } else {
      supports.push_back(judge.choose(t, path_of(t), report));
    }
  }
  return regression.refit(supports, report);
}

inline Eigen::Index parts_for(Criterion criterion) {
  return criterion == Criterion::cross_validation ? parts_for_folds : 0;
}

inline void check_most_terms(const char* optimizer, int most_terms) {
  if (most_terms < 0)
    throw InvalidArgument(almagest::detail::text(
        optimizer, ": most_terms is ", most_terms, "; give at least 1, or 0 for no limit."));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::sindy
