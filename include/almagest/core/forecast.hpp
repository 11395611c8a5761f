// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What every learned model shares: the facts of its training, the check of a history against them,
/// and the verdict on a forecast.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// How a forecast ended, and when it left solid ground.
struct Verdict {
  enum class Kind { fine, left_training_region, went_static, diverged };
  Kind kind = Kind::fine;
  double time = std::numeric_limits<double>::quiet_NaN();  ///< of the first offending sample; NaN where fine
  std::string detail;                                      ///< which component, and against which bound

  explicit operator bool() const { return kind == Kind::fine; }
  std::string text() const {
    switch (kind) {
      case Kind::fine: return "fine";
      case Kind::left_training_region: return almagest::detail::text("left the training region at t = ", time, detail);
      case Kind::went_static: return almagest::detail::text("went static at t = ", time, detail);
      case Kind::diverged: return almagest::detail::text("diverged at t = ", time, detail);
    }
    return {};
  }
};

/// The samples that a model foresees, and how far to trust them. Where the verdict is `diverged` the
/// samples end before the divergence.
template <typename Scalar = double>
class Forecast : public Trajectory<Scalar> {
 public:
  Forecast(Trajectory<Scalar> samples, Verdict verdict)
      : Trajectory<Scalar>(std::move(samples)), verdict_(std::move(verdict)) {}
  const Verdict& verdict() const { return verdict_; }

 private:
  Verdict verdict_;
};

/// What a model knows of the runs it learned from.
struct TrainingFacts {
  Eigen::Index dimension = 0;
  Eigen::Index samples = 0;           ///< of all runs together
  std::optional<double> step;         ///< common time step; none where the times were not uniform
  std::vector<std::string> names;
  std::optional<SpatialGrid> grid;
  Eigen::VectorXd lower, upper;       ///< bounds of every component
  Eigen::Index window = 2;            ///< samples over which stillness is judged
  double quietest = 0;                ///< least movement over such a window, relative to the bounds
};

namespace detail {

/// Widens bounds of every component to those of the columns of `states`, in one pass over memory.
template <typename Derived>
void widen(const Eigen::MatrixBase<Derived>& states, Eigen::VectorXd& lower, Eigen::VectorXd& upper) {
  for (Eigen::Index k = 0; k < states.cols(); ++k)
    for (Eigen::Index i = 0; i < states.rows(); ++i) {
      const double value = double(states.coeff(i, k));
      lower[i] = std::min(lower[i], value);
      upper[i] = std::max(upper[i], value);
    }
}

/// Largest movement of a component over the columns of `window`, relative to its range in training.
template <typename Derived>
double relative_movement(const Eigen::MatrixBase<Derived>& window, const Eigen::VectorXd& range) {
  Eigen::VectorXd lower = window.col(0).template cast<double>(), upper = lower;
  widen(window, lower, upper);
  const Eigen::VectorXd moved = upper - lower;
  double most = 0;
  for (Eigen::Index i = 0; i < moved.size(); ++i)
    if (range[i] > 0) most = std::max(most, moved[i] / range[i]);
  return most;
}

/// The one time step of all runs, or nothing. Throws where runs are uniform with different steps.
template <typename Scalar>
std::optional<double> common_step(const std::vector<TrajectoryView<Scalar>>& several, const char* what) {
  std::optional<double> step;
  for (const auto& run : several) {
    if (!run.times().is_uniform()) return std::nullopt;
    if (run.size() < 2) continue;
    const double h = run.times().step();
    if (step && std::abs(h - *step) > 1e-6 * *step)
      throw InvalidArgument(text(what, ": runs with time steps ", *step, " and ", h,
                                 " together; resample them to one step."));
    if (!step) step = h;
  }
  return step;
}

/// Gathers the facts in one pass. Throws where runs disagree in dimension.
template <typename Scalar>
TrainingFacts training_facts(const std::vector<TrajectoryView<Scalar>>& several, std::optional<double> step,
                             const char* what) {
  if (several.empty()) throw InvalidArgument(text(what, ": no runs were given; give at least 1 trajectory."));
  TrainingFacts facts;
  const auto& first = several.front();
  facts.dimension = first.dimension();
  facts.names = component_names(first);
  facts.grid = first.info().grid;
  facts.step = step;
  facts.lower.setConstant(first.dimension(), std::numeric_limits<double>::infinity());
  facts.upper = -facts.lower;
  Eigen::Index longest = 0;
  for (const auto& run : several) {
    check_lengths(what, "the state of a run", run.dimension(), "the first run's state", facts.dimension);
    facts.samples += run.size();
    longest = std::max(longest, run.size());
    widen(run.states(), facts.lower, facts.upper);
  }
  facts.window = std::clamp<Eigen::Index>(longest / 10, 2, 1000);
  facts.quietest = std::numeric_limits<double>::infinity();
  const Eigen::VectorXd range = facts.upper - facts.lower;
  for (const auto& run : several)
    for (Eigen::Index at = 0; at + facts.window <= run.size(); at += facts.window)
      facts.quietest =
          std::min(facts.quietest, relative_movement(run.states().middleCols(at, facts.window), range));
  if (!std::isfinite(facts.quietest)) facts.quietest = 0;
  return facts;
}

/// Refuses a history that a model was not trained for; returns the time step to forecast with.
template <typename Scalar>
double check_history(const TrainingFacts& facts, Eigen::Index context, const TrajectoryView<Scalar>& history,
                     Eigen::Index steps, const char* what) {
  if (history.dimension() != facts.dimension)
    throw DimensionMismatch(text(what, ": history has dimension ", history.dimension(),
                                 ", but the model was trained on dimension ", facts.dimension,
                                 "; give states of the trained system."));
  if (history.size() < context)
    throw InvalidArgument(text(what, ": history has ", history.size(), " samples, but the model needs ", context,
                               "; give it a longer history."));
  if (steps < 1) throw InvalidArgument(text(what, ": steps is ", steps, "; ask for at least 1 step."));
  if (history.info().grid && facts.grid && !(*history.info().grid == *facts.grid))
    throw InvalidArgument(text(what, ": history lives on a grid of ", history.info().grid->size(),
                               " points, but the model was trained on a different grid of ", facts.grid->size(),
                               " points; interpolate the history to the trained grid."));
  const TimeGrid& times = history.times();
  // The last samples decide: a history may be uneven long before the forecast begins.
  const Eigen::Index judged = std::min(times.size(), std::max<Eigen::Index>(context, 2));
  const TimeGrid last = times.slice(times.size() - judged, judged);
  const double given = last.is_uniform() ? last.step() : 0.0;
  if (facts.step) {
    if (!last.is_uniform())
      throw InvalidArgument(text(what, ": the last ", judged,
                                 " times of history are not uniform, but the model was trained with time step ",
                                 *facts.step, "; resample the history."));
    if (given > 0 && std::abs(given - *facts.step) > 1e-6 * *facts.step)
      throw InvalidArgument(text(what, ": history has time step ", given, ", but the model was trained with time step ",
                                 *facts.step, "; resample the history or train at its step."));
    return *facts.step;
  }
  if (!(given > 0))
    throw InvalidArgument(text(what, ": the model was trained on non-uniform times and history tells no time step; "
                                     "give at least 2 uniform samples of history."));
  return given;
}

/// Watches a forecast sample by sample and collects it.
///
/// Diverged: not finite, or beyond the training bounds by `diverged_at` times the training range; the
/// forecast ends before that sample. Left the training region: outside the bounds by more than half
/// the range. Went static: over a window the state moves less than a hundredth of what the quietest
/// window in training moved. The first departure is reported; divergence outranks it. A component that never moved in
/// training has left its place at once, and diverges by `diverged_at` times its value or the largest range of another.
template <typename Scalar>
class ForecastRecorder {
 public:
  static constexpr double diverged_at = 1e3, left_at = 0.5, static_below = 0.01;
  using Matrix = typename Trajectory<Scalar>::Matrix;

  ForecastRecorder(const TrainingFacts& facts, const TrajectoryView<Scalar>& history, double step, Eigen::Index steps);

  double time(Eigen::Index sample) const { return start_ + step_ * double(sample + 1); }

  /// Takes the next sample; false where it has diverged and the forecast must stop.
  template <typename State>
  bool add(const State& x) {
    for (Eigen::Index i = 0; i < facts_.dimension; ++i) {
      const double value = double(x[i]);
      const auto& [least, most] = near_[std::size_t(i)];
      if (!(value >= least && value <= most) && !goes_on(i, value)) return false;
      states_(i, count_) = x[i];
    }
    ++count_;
    if (--until_judged_ == 0) judge_movement();
    return true;
  }

  /// Ends the forecast before the next sample.
  void diverge(std::string why) { verdict_ = {Verdict::Kind::diverged, time(count_), std::move(why)}; }

  /// The forecast so far. A forecast that diverged at its first sample has nothing to show, which is
  /// an error: a trajectory holds at least one sample.
  Forecast<Scalar> finish() &&;

 private:
  /// Whether a component far from the training's is no reason to stop.
  bool goes_on(Eigen::Index i, double value);
  /// Whether the last window moved.
  void judge_movement();
  void note(Verdict::Kind kind, double at, std::string why) {
    if (verdict_.kind == Verdict::Kind::fine) verdict_ = {kind, at, std::move(why)};
  }
  const TrainingFacts& facts_;
  Eigen::VectorXd range_;
  std::vector<double> scale_;
  std::vector<std::pair<double, double>> near_;  // no reason to look closer
  Matrix states_;
  Eigen::Index count_ = 0, until_judged_;
  double start_, step_;
  TrajectoryInfo info_;
  Verdict verdict_;
};

template <typename Scalar>
ForecastRecorder<Scalar>::ForecastRecorder(const TrainingFacts& facts, const TrajectoryView<Scalar>& history,
                                           double step, Eigen::Index steps)
    : facts_(facts), range_(facts.upper - facts.lower), states_(facts.dimension, steps),
      start_(history.times().back()), step_(step), info_(history.info()) {
  info_.names = facts.names;
  info_.input_names.clear();
  const double largest = std::max(range_.maxCoeff(), 1e-12);
  for (Eigen::Index i = 0; i < range_.size(); ++i) {
    const double size = std::abs(facts.upper[i]), margin = left_at * std::max({range_[i], 1e-6 * size, 1e-12});
    scale_.push_back(range_[i] > 0 ? range_[i] : std::max(size, largest));
    near_.emplace_back(facts.lower[i] - margin, facts.upper[i] + margin);
  }
  until_judged_ = facts.window;
}

template <typename Scalar>
void ForecastRecorder<Scalar>::judge_movement() {
  until_judged_ = facts_.window;
  const double moved = relative_movement(states_.middleCols(count_ - facts_.window, facts_.window), range_);
  if (moved < static_below * facts_.quietest)
    note(Verdict::Kind::went_static, time(count_ - facts_.window), ": it moves no more");
}

template <typename Scalar>
Forecast<Scalar> ForecastRecorder<Scalar>::finish() && {
  if (count_ == 0)
    throw ConvergenceFailure(text("forecast: ", verdict_.text(),
                                  ", before the first sample; the history lies where the model is not valid."));
  states_.conservativeResize(Eigen::NoChange, count_);
  return {Trajectory<Scalar>(TimeGrid::uniform(time(0), step_, count_), std::move(states_), std::move(info_)),
          std::move(verdict_)};
}

template <typename Scalar>
bool ForecastRecorder<Scalar>::goes_on(Eigen::Index i, double value) {
  const std::string& name = facts_.names[std::size_t(i)];
  const double lower = facts_.lower[i], upper = facts_.upper[i];
  const double beyond = std::max(lower - value, value - upper) / scale_[std::size_t(i)];
  if (!(beyond <= diverged_at) || !std::isfinite(value)) {
    diverge(text(": ", name, " left [", lower, ", ", upper, "] by more than ", diverged_at,
                 upper > lower ? text(" times its range") : text(" times ", rounded(scale_[std::size_t(i)], 4))));
    return false;
  }
  if (verdict_.kind == Verdict::Kind::fine)  // the text costs more than a step
    note(Verdict::Kind::left_training_region, time(count_),
         text(": ", name, " = ", rounded(value, 4), " outside [", rounded(lower, 4), ", ", rounded(upper, 4), "]"));
  return true;
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT ForecastRecorder<double>;
extern template class ALMAGEST_EXPORT ForecastRecorder<float>;
extern template ALMAGEST_EXPORT TrainingFacts training_facts(const std::vector<TrajectoryView<double>>&,
                                                             std::optional<double>, const char*);
extern template ALMAGEST_EXPORT TrainingFacts training_facts(const std::vector<TrajectoryView<float>>&,
                                                             std::optional<double>, const char*);
extern template ALMAGEST_EXPORT double check_history(const TrainingFacts&, Eigen::Index, const TrajectoryView<double>&,
                                                     Eigen::Index, const char*);
extern template ALMAGEST_EXPORT double check_history(const TrainingFacts&, Eigen::Index, const TrajectoryView<float>&,
                                                     Eigen::Index, const char*);
#endif

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI
