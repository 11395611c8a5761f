// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/sample_sink.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/fft/plan.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/spectral/checkpoint.hpp"
#include "almagest/spectral/dealiasing.hpp"
#include "almagest/spectral/evolution.hpp"
#include "almagest/spectral/ledger.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

struct SolveOptions {
  Dealiasing dealiasing = Dealiasing::truncate;  ///< of exponential steppers
  fft::Rigor rigor = fft::Rigor::measure;        ///< how long to look for fast transforms
  /// That share a step on two or three axes; pays from about 512 x 512 points. Any number above 1 gives the
  /// same bits. Members of an ensemble run side by side instead.
  unsigned threads = 1;
  Checkpoint checkpoint = {};                    ///< of a run that may be ended and go on
  Progress progress = {};

  fft::PlanOptions planning() const { return {.rigor = rigor, .threads = threads}; }
};

namespace detail {

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
        for (Eigen::Index i = 0; i + 1 < n; ++i)
          inside = std::max(inside, std::abs(line[(i + 1) * stride] - line[i * stride]));
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
void check_start(const SpatialGrid& grid, Eigen::Index dimension, const Eigen::MatrixX<Value>& u0) {
  using almagest::detail::text;
  if (u0.rows() != dimension)
    throw DimensionMismatch(text("spectral::solve: u0 has ", u0.rows(), " values, but the equation on a grid of ",
                                 grid.size(), " points needs ", dimension,
                                 "; give every component's values on the grid, one after another."));
  almagest::detail::check_finite("spectral::solve", "u0", u0);
}

/// What is doubtful about the start of a run.
template <typename Value>
void check_fields(const SpatialGrid& grid, const Value* u0, Eigen::Index dimension,
                  std::vector<std::string>& warnings) {
  for (Eigen::Index c = 0; c < dimension; c += grid.size()) check_seam(grid, u0 + c, warnings);
}

inline TrajectoryInfo info_of(const SpatialGrid& grid, const std::string& stopped) {
  TrajectoryInfo info;
  info.grid = grid;
  if (!stopped.empty()) info.attributes["stopped"] = stopped;
  return info;
}

/// Samples in memory, one a column.
template <typename Value>
class ColumnSink final : public SampleSink<Value> {
 public:
  explicit ColumnSink(Eigen::Ref<Eigen::MatrixX<Value>> columns) : columns_(columns) {}
  void begin(const TimeGrid&, const TrajectoryInfo&, Eigen::Index, Eigen::Index) override {}
  Value* place(Eigen::Index sample) override { return columns_.col(sample).data(); }
  void put(Eigen::Index) override {}
  void flush() override {}
  void end(Eigen::Index, const std::string&) override {}

 private:
  Eigen::Ref<Eigen::MatrixX<Value>> columns_;
};

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Runs through the times from sample `present` on, which an earlier run has left; puts the samples into
/// `sink` and what there is to say into the ledger; returns how many there are. `told(samples)` is called
/// after each.
template <typename Value, typename Told>
Eigen::Index sample(Evolution<Value>& run, const TimeGrid& times, SampleSink<Value>& sink, Ledger& ledger,
                    Eigen::Index present, const Told& told) {
  using almagest::detail::text;
  const long long transforms = run.transforms_done() - ledger.transforms;
  Eigen::Index samples = present;
  ledger.values.conservativeResize(Eigen::Index(ledger.quantities.size()), times.size());
  const auto keep = [&](Eigen::Index i) {
    run.store(sink.place(i));
    sink.put(i);
    ledger.transforms = run.transforms_done() - transforms;
    if (const Eigen::MatrixX2d quantities = run.conserved(); quantities.rows() > 0) {
      ledger.values.col(i) = quantities.col(0);
      ledger.sizes = i == 0 ? quantities.col(1).eval() : ledger.sizes.cwiseMax(quantities.col(1)).eval();
    }
    samples = i + 1;
    told(samples);
  };
  if (present == 0) keep(0);
  for (Eigen::Index i = std::max<Eigen::Index>(present, 1); i < times.size() && ledger.stopped.empty(); ++i) {
    const auto before = Clock::now();
    ledger.steps += run.advance(times.interval(i - 1));
    ledger.step_seconds += seconds_since(before);
    if (const std::string reason = run.failure(); !reason.empty()) {
      ledger.stopped = text("between t = ", times[i - 1], " and ", times[i], " ", reason, ".");
      break;
    }
    keep(i);
  }
  ledger.values.conservativeResize(Eigen::NoChange, samples);
  return samples;
}

/// Loads a field, and notes what of it is lost.
template <typename Value>
void load(Evolution<Value>& run, const Value* u0, Ledger& ledger) {
  using almagest::detail::rounded, almagest::detail::text;
  ledger.quantities = run.quantities();
  ledger.invariants = run.invariants();
  const double lost = run.load(u0);
  if (lost > 1e-8)
    ledger.warnings.push_back(text("a share of ", rounded(lost, 3),
                                   " of u0's squares lies in modes that dealiasing removes; use more points, or pad."));
}

/// A run whose invariants have changed by a thousandth is wrong in its first digits, however smooth it looks.
inline void check_drift(Ledger& ledger) {
  using almagest::detail::rounded, almagest::detail::text;
  // The momentum of what stands still is a sum of roundings.
  const double rounding = ledger.sizes.size() > 0 ? 1e-12 * ledger.sizes.maxCoeff() : 0;
  for (int q = 0; q < ledger.invariants; ++q)
    if (const double drift = ledger.drift(q); drift > 1e-3 && ledger.sizes[q] > rounding)
      ledger.warnings.push_back(
          text(ledger.quantities[std::size_t(q)], " has changed by a share of ", rounded(drift, 3),
               ", and the exact solution keeps it: the step is too long or the grid too coarse; shorten "
               "the step, and compare."));
}

/// What a run's transforms take alone: from the fastest of some stretches, because others may want the processor. Takes a
/// fiftieth of the time of the steps, and two milliseconds at most.
template <typename Value>
double transform_seconds(Evolution<Value>& run, long long transforms, double step_seconds) {
  if (transforms == 0) return 0;
  const double enough = std::min(2e-3, 0.02 * step_seconds);
  if (run.transforms_alone() == 0) return 0;
  const auto start = Clock::now();
  double each = std::numeric_limits<double>::infinity();
  long long done = 0;
  do {
    const auto begun = Clock::now();
    long long stretch = 0;
    do stretch += run.transforms_alone();
    while (seconds_since(begun) < 0.1 * enough);
    each = std::min(each, seconds_since(begun) / double(stretch));
    done += stretch;
  } while (done < transforms && seconds_since(start) < enough);
  return each * double(transforms);
}

/// Makes what is to run: after a checkpoint was read, which says how transforms were planned.
template <typename Value>
using Maker = std::function<std::unique_ptr<Evolution<Value>>()>;

/// Runs with progress and checkpoints. `states`: of samples in memory, else nothing.
template <typename Value>
Ledger solve_through(const Maker<Value>& make, const SpatialGrid& grid, const Eigen::VectorX<Value>& u0,
                     const TimeGrid& times, const SolveOptions& options, SampleSink<Value>* stream,
                     Eigen::MatrixX<Value>* states) {
  std::optional<CheckpointFile<Value>> checkpoint;
  if (!options.checkpoint.file.empty()) checkpoint.emplace(options.checkpoint, stream != nullptr);
  const std::unique_ptr<Evolution<Value>> run = make();
  check_start<Value>(grid, run->dimension(), u0);

  Ledger ledger;
  check_sizes(grid, ledger.warnings);
  check_fields(grid, u0.data(), u0.size(), ledger.warnings);
  if (checkpoint) checkpoint->attach(*run, grid, u0, times);
  const Eigen::Index present = checkpoint ? checkpoint->present() : 0;
  if (states) states->resize(run->dimension(), times.size());
  std::optional<ColumnSink<Value>> memory;
  if (states) memory.emplace(*states);
  SampleSink<Value>& sink = stream ? *stream : *memory;
  load(*run, u0.data(), ledger);
  sink.begin(times, info_of(grid, ""), run->dimension(), present);
  const Eigen::VectorXd instants = checkpoint ? times.values() : Eigen::VectorXd();
  if (present > 0) checkpoint->resume(states, ledger);

  Eigen::Index noted = present, saved = present;
  auto last_saved = Clock::now();
  const auto save = [&] {
    if (!checkpoint || saved == noted) return;
    sink.flush();
    checkpoint->save(states ? states->leftCols(noted) : Eigen::MatrixX<Value>(), instants.head(noted), ledger);
    saved = noted;
    last_saved = Clock::now();
  };
  almagest::detail::Pulse pulse(options.progress, "spectral::solve", double(times.size()), double(present));
  if (pulse) run->on_pulse([&](double part) { pulse.beat(part); });
  Eigen::Index samples = 0;
  try {
    samples = sample(*run, times, sink, ledger, present, [&](Eigen::Index done) {
      noted = done;
      if (checkpoint) {
        checkpoint->note(ledger);
        if (seconds_since(last_saved) >= options.checkpoint.seconds) save();
      }
      pulse.reached(double(done));
    });
  } catch (...) {
    save();
    throw;
  }
  save();
  sink.end(samples, ledger.stopped);
  if (states) states->conservativeResize(Eigen::NoChange, samples);
  check_drift(ledger);
  ledger.transform_seconds = transform_seconds(*run, ledger.transforms, ledger.step_seconds);
  return ledger;
}

template <typename Value>
Solution<Value> solve(const Maker<Value>& make, const SpatialGrid& grid, const Eigen::VectorX<Value>& u0,
                      const TimeGrid& times, const SolveOptions& options) {
  Eigen::MatrixX<Value> states;
  Ledger ledger = solve_through<Value>(make, grid, u0, times, options, nullptr, &states);
  const Eigen::Index samples = states.cols();
  return {Trajectory<Value>(samples == times.size() ? times : times.slice(0, samples), std::move(states),
                            info_of(grid, ledger.stopped)),
          std::move(ledger)};
}

template <typename Value>
Ledger solve_into(SampleSink<Value>& sink, const Maker<Value>& make, const SpatialGrid& grid,
                  const Eigen::VectorX<Value>& u0, const TimeGrid& times, const SolveOptions& options) {
  return solve_through<Value>(make, grid, u0, times, options, &sink, nullptr);
}

template <typename Value>
EnsembleSolution<Value> solve_ensemble(const Maker<Value>& make, const SpatialGrid& grid,
                                       const Eigen::MatrixX<Value>& u0, const TimeGrid& times, unsigned threads,
                                       const SolveOptions& options) {
  if (u0.cols() < 1)
    throw InvalidArgument("spectral::solve_ensemble: u0 has no columns; give one initial field a member.");
  if (threads < 1) throw InvalidArgument("spectral::solve_ensemble: threads is 0; give at least 1.");
  if (options.threads != 1)
    throw InvalidArgument(almagest::detail::text("spectral::solve_ensemble: options.threads is ", options.threads,
                                                 ", but members run side by side; give the argument threads instead."));
  if (!options.checkpoint.file.empty())
    throw InvalidArgument(
        "spectral::solve_ensemble: there are no checkpoints of ensembles; solve the members one by one.");
  const std::size_t members = std::size_t(u0.cols());
  std::vector<std::unique_ptr<Evolution<Value>>> runs;
  runs.push_back(make());
  check_start<Value>(grid, runs.front()->dimension(), u0);
  while (runs.size() < std::min<std::size_t>(threads, members)) runs.push_back(runs.front()->clone());

  std::vector<Ledger> ledgers(members);
  std::vector<Eigen::Index> samples(members);
  Eigen::MatrixX<Value> states(u0.rows(), Eigen::Index(members) * times.size());
  almagest::detail::in_parallel(
      members, threads, options.progress, "spectral::solve_ensemble", [&](std::size_t m, unsigned worker) {
        const Value* const start = u0.col(Eigen::Index(m)).data();
        check_fields(grid, start, u0.rows(), ledgers[m].warnings);
        ColumnSink<Value> sink(states.middleCols(Eigen::Index(m) * times.size(), times.size()));
        load(*runs[worker], start, ledgers[m]);
        samples[m] = sample(*runs[worker], times, sink, ledgers[m], 0, [](Eigen::Index) {});
        check_drift(ledgers[m]);
      });

  std::vector<TimeGrid> grids;
  std::vector<std::shared_ptr<const TrajectoryInfo>> info;
  const auto common = std::make_shared<const TrajectoryInfo>(info_of(grid, ""));
  Eigen::Index to = 0;
  for (std::size_t m = 0; m < members; ++m) {
    const Eigen::Index from = Eigen::Index(m) * times.size();
    for (Eigen::Index k = 0; to != from && k < samples[m]; ++k) states.col(to + k) = states.col(from + k);
    to += samples[m];
    grids.push_back(samples[m] == times.size() ? times : times.slice(0, samples[m]));
    info.push_back(ledgers[m].stopped.empty()
                       ? common
                       : std::make_shared<const TrajectoryInfo>(info_of(grid, ledgers[m].stopped)));
  }
  states.conservativeResize(Eigen::NoChange, to);
  return {Ensemble<Value>(std::move(states), std::move(grids), std::move(info)), std::move(ledgers)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Solution<double> solve(const Maker<double>&, const SpatialGrid&, const Eigen::VectorXd&,
                                                       const TimeGrid&, const SolveOptions&);
extern template ALMAGEST_EXPORT Solution<std::complex<double>> solve(const Maker<std::complex<double>>&,
                                                                     const SpatialGrid&, const Eigen::VectorXcd&,
                                                                     const TimeGrid&, const SolveOptions&);
extern template ALMAGEST_EXPORT Ledger solve_into(SampleSink<double>&, const Maker<double>&, const SpatialGrid&,
                                                  const Eigen::VectorXd&, const TimeGrid&, const SolveOptions&);
extern template ALMAGEST_EXPORT Ledger solve_into(SampleSink<std::complex<double>>&, const Maker<std::complex<double>>&,
                                                  const SpatialGrid&, const Eigen::VectorXcd&, const TimeGrid&,
                                                  const SolveOptions&);
extern template ALMAGEST_EXPORT EnsembleSolution<double> solve_ensemble(const Maker<double>&, const SpatialGrid&,
                                                                        const Eigen::MatrixXd&, const TimeGrid&,
                                                                        unsigned, const SolveOptions&);
extern template ALMAGEST_EXPORT EnsembleSolution<std::complex<double>> solve_ensemble(
    const Maker<std::complex<double>>&, const SpatialGrid&, const Eigen::MatrixXcd&, const TimeGrid&, unsigned,
    const SolveOptions&);
#endif

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
