// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/spectral/exponential.hpp"
#include "almagest/spectral/ledger.hpp"
#include "almagest/spectral/split_step.hpp"
#include "almagest/spectral/wave_step.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

struct SolveOptions {
  Dealiasing dealiasing = Dealiasing::truncate;  ///< of exponential steppers
  fft::Rigor rigor = fft::Rigor::measure;        ///< how long to look for fast transforms
  Progress progress = {};
};

namespace detail {

/// What solves an equation by a method.
template <typename Equation, typename Method>
struct RunOf {};
template <SemilinearEquation Equation, ExponentialMethod Method>
struct RunOf<Equation, Method> {
  using type = ExponentialRun<Equation, Method>;
};
template <SplitEquation Equation, SplittingMethod Method>
struct RunOf<Equation, Method> {
  using type = SplitRun<Equation, Method>;
};
template <WaveEquation Equation, SymplecticMethod Method>
struct RunOf<Equation, Method> {
  using type = WaveRun<Equation, Method>;
};

/// A field that jumps where the domain closes is not what the user thinks it is.
template <typename Value>
void check_seam(const SpatialGrid& grid, const Value* field, std::vector<std::string>& warnings) {
  using almagest::detail::rounded, almagest::detail::text;
  Eigen::Index stride = grid.size();
  for (std::size_t a = 0; a < grid.axes().size(); ++a) {
    const Eigen::Index n = grid.axes()[a].count, outer = stride;
    stride /= n;
    double inside = 0, seam = 0;
    for (Eigen::Index block = 0; block < grid.size(); block += outer)
      for (Eigen::Index j = 0; j < stride; ++j) {
        const Value* line = field + block + j;
        for (Eigen::Index i = 0; i + 1 < n; ++i) inside = std::max(inside, std::abs(line[(i + 1) * stride] - line[i * stride]));
        seam = std::max(seam, double(std::abs(line[0] - line[(n - 1) * stride])));
      }
    if (seam > 2 * inside && seam > 0)
      warnings.push_back(text("u0 jumps by ", rounded(seam, 3), " where axis ", int(a), " closes, but by at most ",
                              rounded(inside, 3),
                              " between neighbouring points elsewhere: the field is not periodic on this grid; widen "
                              "the domain or add what makes it periodic, such as a second kink."));
  }
}

inline void check_sizes(const SpatialGrid& grid, std::vector<std::string>& warnings) {
  using almagest::detail::text;
  for (const auto& axis : grid.axes())
    if (axis.count > 16 && fft::good_size(axis.count) != axis.count)
      warnings.push_back(text("an axis has ", axis.count, " points, a size that transforms are slow for; ",
                              fft::good_size(axis.count), " points would be faster."));
}

/// One initial field, or one a column.
template <typename Value>
void check_start(const SpatialGrid& grid, Eigen::Index dimension, const Eigen::Ref<const Eigen::MatrixX<Value>>& u0) {
  using almagest::detail::text;
  if (u0.rows() != dimension)
    throw DimensionMismatch(text("spectral::solve: u0 has ", u0.rows(), " values, but the equation on a grid of ", grid.size(),
                                 " points needs ", dimension, "; give every component's values on the grid, one after another."));
  almagest::detail::check_finite("spectral::solve", "u0", u0);
}

template <typename Equation>
Ledger ledger_of() {
  Ledger ledger;
  if constexpr (requires { Equation::quantities.size(); })
    ledger.quantities.assign(Equation::quantities.begin(), Equation::quantities.end());
  return ledger;
}

inline TrajectoryInfo info_of(const SpatialGrid& grid, const Ledger& ledger) {
  TrajectoryInfo info;
  info.grid = grid;
  if (!ledger.stopped.empty()) info.attributes["stopped"] = ledger.stopped;
  return info;
}

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Runs one member: from `u0` through all times. Keeps its tables from one member to the next.
template <typename Run>
class Sampler {
 public:
  using Value = typename Run::Value;
  Sampler(Run& run, double longest_step) : run_(run), longest_(longest_step) {}

  /// Writes one column of `states` a time, and what there is to say into the ledger; returns how many. `told`
  /// is called after each with their count.
  template <typename Told>
  Eigen::Index sample(const Value* u0, const TimeGrid& times, Eigen::Ref<Eigen::MatrixX<Value>> states, Ledger& ledger,
                      const Told& told) {
    using almagest::detail::rounded, almagest::detail::text;
    const long long transforms = run_.transforms_done();
    const double lost = run_.load(u0);
    if (lost > 1e-8)
      ledger.warnings.push_back(text("a share of ", rounded(lost, 3),
                                     " of u0's squares lies in modes that dealiasing removes; use more points, or pad."));
    begun_ = false;
    Eigen::Index samples = 0;
    for (Eigen::Index i = 0; i < times.size(); ++i) {
      if (i > 0) {
        const auto before = Clock::now();
        ledger.steps += advance(times.is_uniform() && times.step() > 0 ? times.step() : times[i] - times[i - 1]);
        ledger.step_seconds += seconds_since(before);
        if (!run_.finite()) {
          ledger.stopped = text("the run blew up between t = ", times[i - 1], " and ", times[i], ", at ", run_.largest_mode(),
                                "; give the stepper a smaller step, or the grid more points.");
          break;
        }
      }
      run_.store(states.col(i).data());
      keep_account(i, times.size(), ledger);
      samples = i + 1;
      told(samples);
    }
    ledger.values.conservativeResize(Eigen::NoChange, samples);
    ledger.transforms = run_.transforms_done() - transforms;
    return samples;
  }

 private:
  /// Cuts an interval into equal steps, and makes tables only where their length changes.
  long long advance(double interval) {
    const long long count = std::max(1LL, static_cast<long long>(std::ceil(interval / longest_ * (1 - 1e-12))));
    const double h = interval / double(count);
    // Intervals of a uniform grid differ by rounding; the tables for their step do not.
    if (!(std::abs(h - prepared_) <= 1e-12 * h)) {
      run_.prepare(h);
      prepared_ = h;
      begun_ = false;
    }
    if (!begun_) run_.begin();
    begun_ = true;
    run_.advance(count);
    return count;
  }

  void keep_account(Eigen::Index i, Eigen::Index samples, Ledger& ledger) const {
    const Eigen::MatrixX2d quantities = run_.conserved();
    if (i == 0) ledger.values.resize(quantities.rows(), samples);
    if (quantities.rows() == 0) return;
    ledger.values.col(i) = quantities.col(0);
    ledger.sizes = i == 0 ? quantities.col(1).eval() : ledger.sizes.cwiseMax(quantities.col(1)).eval();
  }

  Run& run_;
  double longest_, prepared_ = 0;
  bool begun_ = false;
};

/// What a run's transforms take alone, from some of them, for a millisecond or two.
template <typename Run>
double transform_seconds(Run& run, long long transforms) {
  if (transforms == 0) return 0;
  run.transforms_alone();
  const auto start = Clock::now();
  long long done = 0;
  do done += run.transforms_alone();
  while (done < transforms && seconds_since(start) < 2e-3);
  return seconds_since(start) * double(transforms) / double(done);
}

}  // namespace detail

/// Solves an equation on a periodic grid: the samples are the fields at the requested times.
///
/// `u0` holds the field at the first time, component after component, each flattened with the last axis
/// fastest; of a wave equation the field and its velocity. Steps are cut so that every requested time is
/// hit exactly. Memory: the samples, and 10 to 20 fields of work space; no allocation within a step.
///
/// A run that blows up ends: the samples before it are returned, and `ledger.stopped` says when and at
/// which wavenumber. `ledger.warnings` says what is doubtful: a field that is not periodic, one that the
/// grid cannot resolve, a size that transforms are slow for.
///
/// \throws DimensionMismatch for u0 or a grid of another shape, NonFiniteData, InvalidArgument for a step
///         that is not positive, Cancelled.
template <typename Equation, typename Method, typename Derived>
  requires requires { typename detail::RunOf<Equation, Method>::type; }
auto solve(const Equation& equation, const SpatialGrid& grid, const Eigen::MatrixBase<Derived>& u0, const TimeGrid& times,
           const Method& method, const SolveOptions& options = {}) {
  using almagest::detail::text;
  using Run = typename detail::RunOf<Equation, Method>::type;
  using Value = typename Run::Value;
  detail::check_step(method, "spectral::solve");
  Run run(equation, grid, options.dealiasing, options.rigor);
  const Eigen::VectorX<Value> start = u0.template cast<Value>();
  detail::check_start<Value>(grid, run.dimension(), start);

  Ledger ledger = detail::ledger_of<Equation>();
  detail::check_sizes(grid, ledger.warnings);
  for (Eigen::Index c = 0; c < run.dimension(); c += grid.size()) detail::check_seam(grid, start.data() + c, ledger.warnings);

  Eigen::MatrixX<Value> states(run.dimension(), times.size());
  const Eigen::Index samples =
      detail::Sampler<Run>(run, method.step).sample(start.data(), times, states, ledger, [&](Eigen::Index done) {
        almagest::detail::report(options.progress, double(done) / double(times.size()), "spectral::solve");
      });
  states.conservativeResize(Eigen::NoChange, samples);
  ledger.transform_seconds = detail::transform_seconds(run, ledger.transforms);
  return Solution<Value>{Trajectory<Value>(samples == times.size() ? times : times.slice(0, samples), std::move(states),
                                           detail::info_of(grid, ledger)),
                         std::move(ledger)};
}

/// Solves an equation from many initial fields, one a column of `u0`, at the same times. Members are solved
/// one after another, each while it is in the cache, and shared out over threads; a member has the same bits
/// as if it were solved alone, for any number of threads. One that blows up is shorter than the others, and
/// its ledger says why.
///
/// \throws as solve; InvalidArgument for no members or no threads.
template <typename Equation, typename Method, typename Derived>
  requires requires { typename detail::RunOf<Equation, Method>::type; }
auto solve_ensemble(const Equation& equation, const SpatialGrid& grid, const Eigen::MatrixBase<Derived>& u0, const TimeGrid& times,
                    const Method& method, unsigned threads = 1, const SolveOptions& options = {}) {
  using almagest::detail::text;
  using Run = typename detail::RunOf<Equation, Method>::type;
  using Value = typename Run::Value;
  detail::check_step(method, "spectral::solve_ensemble");
  if (u0.cols() < 1) throw InvalidArgument("spectral::solve_ensemble: u0 has no columns; give one initial field a member.");
  if (threads < 1) throw InvalidArgument("spectral::solve_ensemble: threads is 0; give at least 1.");
  const std::size_t members = std::size_t(u0.cols());
  const Eigen::MatrixX<Value> starts = u0.template cast<Value>();
  std::vector<Run> runs(1, Run(equation, grid, options.dealiasing, options.rigor));
  detail::check_start<Value>(grid, runs.front().dimension(), starts);
  runs.resize(std::min<std::size_t>(threads, members), runs.front());
  std::vector<detail::Sampler<Run>> samplers;
  for (Run& run : runs) samplers.emplace_back(run, method.step);

  std::vector<Ledger> ledgers(members, detail::ledger_of<Equation>());
  std::vector<Eigen::Index> samples(members);
  Eigen::MatrixX<Value> states(starts.rows(), Eigen::Index(members) * times.size());
  almagest::detail::in_parallel(members, threads, options.progress, "spectral::solve_ensemble", [&](std::size_t m, unsigned worker) {
    const auto start = starts.col(Eigen::Index(m));
    for (Eigen::Index c = 0; c < start.size(); c += grid.size()) detail::check_seam(grid, start.data() + c, ledgers[m].warnings);
    samples[m] = samplers[worker].sample(start.data(), times, states.middleCols(Eigen::Index(m) * times.size(), times.size()),
                                         ledgers[m], [](Eigen::Index) {});
  });

  std::vector<TimeGrid> grids;
  std::vector<std::shared_ptr<const TrajectoryInfo>> info;
  const auto common = std::make_shared<const TrajectoryInfo>(detail::info_of(grid, Ledger()));
  Eigen::Index to = 0;
  for (std::size_t m = 0; m < members; ++m) {
    const Eigen::Index from = Eigen::Index(m) * times.size();
    for (Eigen::Index k = 0; to != from && k < samples[m]; ++k) states.col(to + k) = states.col(from + k);
    to += samples[m];
    grids.push_back(samples[m] == times.size() ? times : times.slice(0, samples[m]));
    info.push_back(ledgers[m].stopped.empty() ? common : std::make_shared<const TrajectoryInfo>(detail::info_of(grid, ledgers[m])));
  }
  states.conservativeResize(Eigen::NoChange, to);
  return EnsembleSolution<Value>{Ensemble<Value>(std::move(states), std::move(grids), std::move(info)), std::move(ledgers)};
}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
