// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "almagest/koopman/dmd.hpp"
#include "almagest/linalg/sliding_qr.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// A dynamic mode decomposition of data that come in pieces: longer than memory, from several files, threads
/// or ranks, or endless.
///
/// `update` absorbs a run, `merge` what another accumulator has seen, `solve` gives the model so far, as
/// fit_dmd would of all runs together, to rounding. Pieces of one run must overlap by `delays` samples, the
/// last of one being the first of the next, so that no pair of windows is lost. Amplitudes belong to the first
/// run seen.
///
/// With `keep` above 0 the runs of the last `keep` updates alone count: a window that slides along a changing
/// system. Older ones are not subtracted, which would lose digits; see linalg::SlidingQr.
///
/// Cost: as of fit_dmd for its pass; memory for a triangle of order n(d+1), with `keep` for that many and their
/// windows.
///
/// \throws as fit_dmd; the accumulator then is what it was before the call. InvalidArgument for `state_rank`,
/// which needs all runs at once, or a merger of accumulators with other options or that slide.
template <typename Scalar_ = double>
class DmdAccumulator {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit DmdAccumulator(const DmdOptions& options = {}, Eigen::Index keep = 0) : keep_(keep) {
    detail::check_options(what, options);
    if (options.state_rank > 0)
      throw InvalidArgument(detail::text(what, ": state_rank is ", options.state_rank,
                                         ", but directions of the state need all runs at once; use fit_dmd or 0."));
    if (keep < 0)
      throw InvalidArgument(detail::text(what, ": keep is ", keep, "; give a count of updates, or 0 for all."));
    parts_.options = options;
  }

  void update(const TrajectoryView<Scalar>& run) {
    const std::vector<TrajectoryView<Scalar>> one{run};
    const Eigen::Index delays = parts_.options.delays;
    if (run.size() <= delays)
      throw InvalidArgument(detail::text(what, ": the run has ", run.size(), " samples, but ", delays,
                                         " delays need at least ", delays + 1, "; give longer pieces."));
    TrainingFacts facts = almagest::detail::training_facts(one, {}, what);
    facts.step = detail::required_step(one, what, "fit_optimized_dmd");
    const linalg::StreamingQr<Scalar> factor = factor_windows(one, delays + 1);
    join(facts, factor.columns());
    if (first_.size() == 0) first_ = detail::first_window(one, delays);
    if (keep_ == 0)
      absorb(factor);
    else
      slide(factor);
  }
  void update(const Trajectory<Scalar>& run) { update(TrajectoryView<Scalar>(run)); }

  void merge(const DmdAccumulator& other) {
    if (keep_ > 0 || other.keep_ > 0)
      throw InvalidArgument(detail::text(what, "::merge: keep is ", std::max(keep_, other.keep_),
                                         "; only accumulators of all updates merge."));
    if (!(parts_.options == other.parts_.options))
      throw InvalidArgument(detail::text(what, "::merge: the options differ; give both the same."));
    if (!other.factor_) return;
    join(other.parts_.training, other.factor_->columns());
    if (first_.size() == 0) first_ = other.first_;
    absorb(*other.factor_);
  }

  /// Pairs of windows that count.
  Eigen::Index pairs() const {
    return std::accumulate(kept_pairs_.begin(), kept_pairs_.end(), factor_ ? factor_->rows() : Eigen::Index(0));
  }

  Dmd<Scalar> solve() const {
    DmdParts<Scalar> parts = parts_;
    const Eigen::Index delays = parts.options.delays;
    if (pairs() < 2)
      throw InvalidArgument(detail::text(what, "::solve: there are ", pairs(), " pairs of windows, but a map needs 2; "
                                         "update it with longer runs first."));
    const Matrix triangle = sliding_ ? sliding_->triangle() : factor_->triangle();
    detail::WindowPairs<Scalar> pairs = detail::pairs_of(triangle, parts.training.dimension, delays, this->pairs());
    detail::fit_step<Scalar>(what, detail::reduce_pairs(what, pairs, parts.options, parts.warnings), pairs.u, first_,
                             nullptr, parts);
    return Dmd<Scalar>(std::move(parts));
  }

 private:
  static constexpr const char* what = "DmdAccumulator";

  /// Facts of all that was seen. Throws where they do not agree, before anything changed.
  void join(const TrainingFacts& more, Eigen::Index columns) {
    TrainingFacts& facts = parts_.training;
    if (facts.samples == 0) {
      facts = more;
      columns_ = columns;
      return;
    }
    almagest::detail::check_lengths(what, "the state of a run", more.dimension, "the state of those before",
                                    facts.dimension);
    if (std::abs(*more.step - *facts.step) > 1e-9 * *facts.step)
      throw InvalidArgument(detail::text(what, ": a run has the time step ", *more.step, ", but those before have ",
                                         *facts.step, "; resample it."));
    almagest::detail::check_lengths(what, "a window of a run, with its inputs,", columns, "one of those before",
                                    columns_);
    facts.samples += more.samples;
    facts.lower = facts.lower.cwiseMin(more.lower);
    facts.upper = facts.upper.cwiseMax(more.upper);
    facts.quietest = std::min(facts.quietest, more.quietest);
  }

  void absorb(const linalg::StreamingQr<Scalar>& factor) {
    if (factor_)
      factor_->merge(factor);
    else
      factor_ = factor;
  }

  void slide(const linalg::StreamingQr<Scalar>& factor) {
    if (!sliding_) sliding_.emplace(factor.columns());
    sliding_->push(factor.triangle());
    kept_pairs_.push_back(factor.rows());
    if (Eigen::Index(sliding_->blocks()) <= keep_) return;
    sliding_->pop();
    kept_pairs_.pop_front();
  }

  Eigen::Index keep_, columns_ = 0;
  DmdParts<Scalar> parts_;
  Matrix first_;
  std::optional<linalg::StreamingQr<Scalar>> factor_;
  std::optional<linalg::SlidingQr<Scalar>> sliding_;
  std::deque<Eigen::Index> kept_pairs_;
};

}  // namespace almagest::inline ALMAGEST_ABI::koopman
