// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the forcing of a HAVOK model tells: how far from Gaussian it is, when it bursts, and how often a
/// burst comes before the system changes lobes (Brunton et al. 2017,
/// https://doi.org/10.1038/s41467-017-00030-8).

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "almagest/core/deferred.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// Moments of each component of a series over all its samples.
struct ForcingStatistics {
  Eigen::VectorXd mean, deviation;
  /// Fourth central moment over the squared variance, less 3: 0 for a normal distribution, large where
  /// the series is quiet but for bursts.
  Eigen::VectorXd excess_kurtosis;
};

/// A span of time, both ends included.
struct Interval {
  double begin = 0, end = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

struct BurstOptions {
  double threshold = 2;  ///< deviations from the mean beyond which a component is active
  double gap = 0;        ///< activity that pauses for no longer is one burst, in units of time
};

/// How many switches alarms foresaw, and how much of the time they filled.
struct SwitchScore {
  Eigen::Index switches = 0, foreseen = 0;  ///< changes of lobe; those within an alarm
  Eigen::Index alarms = 0, fulfilled = 0;   ///< alarms; those with a change of lobe
  double alarmed = 0, time = 0;             ///< time within alarms; time in all

  /// Share of the changes that an alarm foresaw; NaN where there was none.
  double foreseen_share() const { return double(foreseen) / double(switches); }
  /// The same share for instants taken at random: what an alarm without knowledge would foresee.
  double by_chance() const { return alarmed / time; }
  /// Share of the alarms that a change of lobe fulfilled; NaN where there was none.
  double fulfilled_share() const { return double(fulfilled) / double(alarms); }
  /// Takes another run into account.
  void merge(const SwitchScore& other) {
    switches += other.switches;
    foreseen += other.foreseen;
    alarms += other.alarms;
    fulfilled += other.fulfilled;
    alarmed += other.alarmed;
    time += other.time;
  }
};

namespace detail {

template <typename Scalar>
ForcingStatistics forcing_statistics(const std::vector<TrajectoryView<Scalar>>& several) {
  if (several.empty())
    throw InvalidArgument("forcing_statistics: no runs were given; give at least 1, of a model with forcing.");
  const Eigen::Index n = several.front().dimension();
  using Vector = Eigen::VectorX<almagest::detail::Deferred<double, Scalar>>;
  Vector sum = Vector::Zero(n), second = sum, fourth = sum;
  double count = 0;
  for (const auto& run : several) {
    almagest::detail::check_lengths("forcing_statistics", "a run", run.dimension(), "the first run", n);
    sum += run.states().template cast<double>().rowwise().sum();
    count += double(run.size());
  }
  almagest::detail::Deferred<ForcingStatistics, Scalar> found;
  found.mean = sum / count;
  for (const auto& run : several)
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto squares = (run.states().row(i).template cast<double>().array() - found.mean[i]).square().eval();
      second[i] += squares.sum();
      fourth[i] += squares.square().sum();
    }
  found.deviation = (second / count).cwiseSqrt();
  for (Eigen::Index i = 0; i < n; ++i)
    if (!(found.deviation[i] > 0))
      throw InvalidArgument(almagest::detail::text("forcing_statistics: component ", i,
                                                   " never moves, so that it has no kurtosis; leave it out."));
  found.excess_kurtosis = count * fourth.cwiseQuotient(second.cwiseAbs2()) - Vector::Constant(n, 3);
  return found;
}

/// Joins intervals, sorted by their begin, that lie no further apart than `gap`.
inline std::vector<Interval> joined(const std::vector<Interval>& all, double gap) {
  std::vector<Interval> kept;
  for (const Interval& one : all)
    if (!kept.empty() && one.begin - kept.back().end <= gap)
      kept.back().end = std::max(kept.back().end, one.end);
    else
      kept.push_back(one);
  return kept;
}

}  // namespace detail

/// Mean, deviation and excess kurtosis of each component over all runs, in two passes.
///
/// \throws InvalidArgument for no runs or for a component that never moves, DimensionMismatch for runs of
///         different dimension.
template <typename Data>
requires requires(const Data& data) { runs(data); }
ForcingStatistics forcing_statistics(const Data& data) {
  return detail::forcing_statistics(runs(data));
}

/// When a forcing is active: the spans of samples in which a component is further from its mean than
/// `threshold` deviations. `statistics` are of all runs together, so that runs compare.
///
/// \throws InvalidArgument for options out of range, DimensionMismatch where the statistics are not those
///         of such a forcing.
template <typename Scalar>
std::vector<Interval> bursts(const TrajectoryView<Scalar>& forcing, const ForcingStatistics& statistics,
                             const BurstOptions& options = {}) {
  using almagest::detail::text;
  almagest::detail::check_lengths("bursts", "the forcing", forcing.dimension(), "the statistics",
                                  statistics.mean.size());
  if (!(options.threshold > 0))
    throw InvalidArgument(text("bursts: threshold is ", options.threshold, "; give a positive count of deviations."));
  if (!(options.gap >= 0))
    throw InvalidArgument(text("bursts: gap is ", options.gap, "; give a time of 0 or more."));
  const Eigen::VectorXd level = options.threshold * statistics.deviation;
  std::vector<Interval> active;
  Eigen::Index last = -2;
  for (Eigen::Index k = 0; k < forcing.size(); ++k) {
    const auto away = (forcing[k].template cast<double>() - statistics.mean).cwiseAbs();
    if (!(away.array() > level.array()).any()) continue;
    const double time = forcing.times()[k];
    if (last + 1 == k)
      active.back().end = time;
    else
      active.push_back({time, time});
    last = k;
  }
  return detail::joined(active, options.gap);
}
template <typename Scalar>
std::vector<Interval> bursts(const Trajectory<Scalar>& forcing, const ForcingStatistics& statistics,
                             const BurstOptions& options = {}) {
  return bursts(TrajectoryView<Scalar>(forcing), statistics, options);
}

/// When to expect a change of lobe: from `delay` after the begin of each burst to `delay + lead` after its
/// end, alarms that overlap joined. `delay` is the time until a burst is known: (delays - 1) steps for a
/// prediction in earnest, because a coordinate bears the time of the first sample of its window; 0 for
/// the convention of the paper.
///
/// \throws InvalidArgument for a lead or a delay below 0.
inline std::vector<Interval> alarms(const std::vector<Interval>& bursts, double lead, double delay = 0) {
  if (!(lead >= 0 && delay >= 0))
    throw InvalidArgument(almagest::detail::text("alarms: lead is ", lead, " and delay is ", delay,
                                                 "; give times of 0 or more."));
  std::vector<Interval> all;
  all.reserve(bursts.size());
  for (const Interval& burst : bursts) all.push_back({burst.begin + delay, burst.end + delay + lead});
  return detail::joined(all, 0);
}

/// Times at which a component changes sign, between two samples by interpolation: for Lorenz, its first,
/// when the orbit goes over to the other lobe.
///
/// \throws InvalidArgument for a component that the run has not.
template <typename Scalar>
std::vector<double> sign_changes(const TrajectoryView<Scalar>& run, Eigen::Index component = 0) {
  if (component < 0 || component >= run.dimension())
    throw InvalidArgument(almagest::detail::text("sign_changes: component is ", component,
                                                 ", but the run has ", run.dimension(), "; count from 0."));
  std::vector<double> found;
  // Who only touches 0 has not changed sides.
  Eigen::Index before = -1;
  for (Eigen::Index k = 0; k < run.size(); ++k) {
    const double b = double(run.states()(component, k));
    if (b == 0) continue;
    if (const double a = before < 0 ? b : double(run.states()(component, before)); (a < 0) != (b < 0)) {
      const double from = run.times()[before], to = run.times()[before + 1];
      found.push_back(before + 1 == k ? from + (to - from) * a / (a - b) : to);
    }
    before = k;
  }
  return found;
}
template <typename Scalar>
std::vector<double> sign_changes(const Trajectory<Scalar>& run, Eigen::Index component = 0) {
  return sign_changes(TrajectoryView<Scalar>(run), component);
}

/// Scores alarms against the changes that came, within `span`, which is what was watched. Both must be
/// sorted; alarms must not overlap.
///
/// \throws InvalidArgument for a span without length.
inline SwitchScore score_switches(const std::vector<Interval>& alarms, const std::vector<double>& changes,
                                  const Interval& span) {
  if (!(span.end > span.begin))
    throw InvalidArgument(almagest::detail::text("score_switches: span is from ", span.begin, " to ", span.end,
                                                 "; give one that ends after it begins."));
  SwitchScore score;
  score.time = span.end - span.begin;
  const auto first = std::lower_bound(changes.begin(), changes.end(), span.begin);
  const auto last = std::upper_bound(first, changes.end(), span.end);
  score.switches = last - first;
  for (const Interval& given : alarms) {
    const Interval alarm{std::max(given.begin, span.begin), std::min(given.end, span.end)};
    if (alarm.begin > alarm.end) continue;
    const auto hits = std::upper_bound(first, last, alarm.end) - std::lower_bound(first, last, alarm.begin);
    score.foreseen += hits;
    ++score.alarms;
    score.fulfilled += hits > 0;
    score.alarmed += alarm.end - alarm.begin;
  }
  return score;
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
