// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
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

template <typename Value>
void check_start(const SpatialGrid& grid, Eigen::Index dimension, const Eigen::VectorX<Value>& u0) {
  using almagest::detail::text;
  if (u0.size() != dimension)
    throw DimensionMismatch(text("spectral::solve: u0 has ", u0.size(), " values, but the equation on a grid of ", grid.size(),
                                 " points needs ", dimension, "; give every component's values on the grid, one after another."));
  for (Eigen::Index j = 0; j < u0.size(); ++j)
    if (!std::isfinite(std::abs(u0[j])))
      throw NonFiniteData(text("spectral::solve: u0 holds a value that is not finite at place ", j, "; start from finite values."));
}

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Cuts intervals into equal steps, and prepares a run for a step only where it changes.
template <typename Run>
class Advance {
 public:
  Advance(Run& run, double longest) : run_(run), longest_(longest) {}
  void over(double interval) {
    const long long count = std::max(1LL, static_cast<long long>(std::ceil(interval / longest_ * (1 - 1e-12))));
    const double h = interval / double(count);
    // Intervals of a uniform grid differ by rounding; the tables for their step do not.
    if (!(std::abs(h - prepared_) <= 1e-12 * h)) run_.prepare(h), prepared_ = h;
    run_.advance(count);
    steps_ += count;
  }
  long long steps() const { return steps_; }

 private:
  Run& run_;
  double longest_, prepared_ = 0;
  long long steps_ = 0;
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

  Ledger ledger;
  detail::check_sizes(grid, ledger.warnings);
  for (Eigen::Index c = 0; c < run.dimension(); c += grid.size()) detail::check_seam(grid, start.data() + c, ledger.warnings);
  const double lost = run.load(start.data());
  if (lost > 1e-8)
    ledger.warnings.push_back(text("a share of ", almagest::detail::rounded(lost, 3),
                                   " of u0's squares lies in modes that dealiasing removes; use more points, or pad."));
  if constexpr (requires { Equation::quantities.size(); })
    ledger.quantities.assign(Equation::quantities.begin(), Equation::quantities.end());

  Eigen::MatrixX<Value> states(run.dimension(), times.size());
  ledger.values.resize(Eigen::Index(ledger.quantities.size()), times.size());
  detail::Advance<Run> advance(run, method.step);
  Eigen::Index samples = 0;
  for (Eigen::Index i = 0; i < times.size(); ++i) {
    if (i > 0) {
      const auto before = detail::Clock::now();
      advance.over(times.is_uniform() && times.step() > 0 ? times.step() : times[i] - times[i - 1]);
      ledger.step_seconds += detail::seconds_since(before);
      if (!run.finite()) {
        ledger.stopped = text("the run blew up between t = ", times[i - 1], " and ", times[i], ", at ", run.largest_mode(),
                              "; give the stepper a smaller step, or the grid more points.");
        break;
      }
    }
    run.store(states.col(i).data());
    if (ledger.values.rows() > 0) {
      const Eigen::MatrixX2d quantities = run.conserved();
      ledger.values.col(i) = quantities.col(0);
      ledger.sizes = i == 0 ? quantities.col(1).eval() : ledger.sizes.cwiseMax(quantities.col(1)).eval();
    }
    samples = i + 1;
    almagest::detail::report(options.progress, double(samples) / double(times.size()), "spectral::solve");
  }
  states.conservativeResize(Eigen::NoChange, samples);
  ledger.values.conservativeResize(Eigen::NoChange, samples);
  ledger.steps = advance.steps();
  ledger.transforms = run.transforms_done();
  ledger.transform_seconds = detail::transform_seconds(run, ledger.transforms);

  TrajectoryInfo info;
  info.grid = grid;
  if (!ledger.stopped.empty()) info.attributes["stopped"] = ledger.stopped;
  return Solution<Value>{Trajectory<Value>(samples == times.size() ? times : times.slice(0, samples), std::move(states), std::move(info)),
                         std::move(ledger)};
}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
