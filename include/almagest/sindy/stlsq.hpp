// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Sequentially thresholded least squares (Brunton, Proctor & Kutz 2016,
/// https://doi.org/10.1073/pnas.1517384113).
///
/// For every component with derivative \f$ \dot x \f$ and features \f$ \Theta \f$: solve
/// \f$ \min_\xi \|\Theta\xi - \dot x\|^2 + \text{ridge}\,\|\xi\|^2 \f$ on the active features, drop
/// those with \f$ |\xi| < \text{threshold} \f$, repeat until nothing is dropped; then solve once
/// more on what is left without the ridge, which removes its bias.
///
/// The ridge is beside a sum over samples. It steadies the choice where rates are noisy and features nearly
/// depend on each other; with few samples, or features much smaller than 1, a ridge chosen for others takes
/// terms that are there, so that there is none by default. Features that do depend on each other need
/// none: the regression pivots, and says so.
///
/// The threshold is in the units of the coefficients, and so depends on the units of the states.
/// With `normalize` both threshold and ridge act on \f$ \xi \f$ times the root mean square of its
/// feature: the threshold then has the unit of \f$ \dot x \f$, and drops terms that contribute less
/// than that to it.
struct Stlsq {
  double threshold = 0.1;
  double ridge = 0;
  int max_iterations = 20;
  bool normalize = false;
};

/// \throws InvalidArgument for impossible options.
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

/// A threshold that removes every term of a target which the library could explain.
class EveryTermRemoved : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

namespace detail {

/// Zero is the right answer for a component that does not move, or whose derivative the library
/// cannot explain (noise on a constant); elsewhere the threshold was too large, and that is an error
/// which names the largest coefficient that fell.
template <typename Real>
void nothing_left(const Regression<Real>& regression, Eigen::Index target, const char* optimizer,
                  double threshold, double largest, bool normalized, FitReport& report) {
  using almagest::detail::rounded, almagest::detail::text;
  if (regression.is_negligible(target)) return;
  const double explained =
      double(regression.projected(target).squaredNorm() / regression.squared(target));
  if (explained < 0.5) {
    report.warnings.push_back(
        text(regression.target(target), "' was set to 0: all its terms lie below threshold ",
             threshold, ", and the whole library explains ", rounded(100 * explained, 3),
             " % of its derivative."));
    return;
  }
  throw EveryTermRemoved(text(optimizer, ": threshold ", threshold, " removes every term of ",
                              regression.target(target), "', whose largest remaining coefficient ",
                              normalized ? "(normalized) " : "", "was ", rounded(largest, 6),
                              "; give a threshold below that."));
}

template <typename Real>
void warn_of_few_samples(const Regression<Real>& regression, FitReport& report) {
  if (regression.samples() < regression.features())
    report.warnings.push_back(almagest::detail::text(
        regression.samples(), " samples cannot determine ", regression.features(),
        " features; give more samples or a smaller library."));
}

template <typename Real>
class ThresholdedSearch {
 public:
  using Vector = Eigen::VectorX<Real>;

  ThresholdedSearch(const Stlsq& options, const Regression<Real>& regression, FitReport& report)
      : options_(options),
        regression_(regression),
        report_(report),
        weights_(options.normalize ? regression.scales()
                                   : Vector(Vector::Ones(regression.features()))) {}

  std::vector<Support> supports() {
    const Support all = all_features(regression_.features());
    const auto first =
        regression_.least_squares(all, 0, regression_.targets(), Real(options_.ridge), weights_);
    if (first.rank < regression_.features() && regression_.samples() >= regression_.features())
      report_.warnings.push_back(almagest::detail::text(
          "the ", regression_.features(), " features have rank ", first.rank,
          " in these data, so that other coefficients fit as well. Give data that explore more states, or a smaller library."));
    std::vector<Support> out;
    for (Eigen::Index target = 0; target < regression_.targets(); ++target)
      out.push_back(select(target, all, first.solution.col(target)));
    return out;
  }

 private:
  /// Drops small terms until none is left that is small; returns what remains.
  Support select(Eigen::Index target, Support active, Vector solution) {
    for (int iteration = 1;; ++iteration) {
      Support kept;
      Real largest = 0;
      for (std::size_t j = 0; j < active.size(); ++j) {
        const Real size = std::abs(solution[Eigen::Index(j)]) * weights_[active[j]];
        largest = std::max(largest, size);
        if (size >= Real(options_.threshold) && size > 0) kept.push_back(active[j]);
      }
      if (kept.empty())
        nothing_left(regression_, target, "Stlsq", options_.threshold, double(largest),
                     options_.normalize, report_);
      if (kept.empty() || kept.size() == active.size()) return kept;
      active = std::move(kept);
      if (iteration == options_.max_iterations) {
        report_.warnings.push_back(almagest::detail::text(
            regression_.target(target), "': terms were still being dropped after ", iteration,
            " iterations; raise max_iterations of Stlsq."));
        return active;
      }
      solution =
          regression_.least_squares(active, target, 1, Real(options_.ridge), weights_).solution;
    }
  }

  const Stlsq& options_;
  const Regression<Real>& regression_;
  FitReport& report_;
  Vector weights_;
};

}  // namespace detail

/// The coefficients, `features x targets`.
///
/// \throws InvalidArgument for impossible options, or a threshold that removes every term of a
///         target that the features could explain.
template <typename Real>
Eigen::MatrixX<Real> solve(const Stlsq& options, const Regression<Real>& regression,
                           FitReport& report) {
  check(options);
  detail::warn_of_few_samples(regression, report);
  const std::vector<Support> supports =
      detail::ThresholdedSearch<Real>(options, regression, report).supports();
  return regression.refit(supports, report);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Stlsq&, const Regression<double>&,
                                                      FitReport&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::sindy
