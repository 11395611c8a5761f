// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/fit.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Learns a law from runs that come in pieces: longer than memory, or endless.
///
/// A piece that begins with the last sample of the one before it continues its run, whatever its
/// times begin with. Whatever the pieces, the rows are those of the whole run, so that the coefficients are
/// those of `fit` to rounding. Memory is that of the triangle and of a piece. A run that ends too short for the
/// derivative is left out, with a warning.
///
/// \throws InvalidArgument for a derivative that needs whole runs at once, runs with inputs, and as
///         `fit`; DimensionMismatch for pieces of another dimension. What was learned before stays.
template <typename Real>
class BasicLawAccumulator {
 public:
  /// `parts` as an optimizer asks for by `parts_of`.
  BasicLawAccumulator(features::Library library, Eigen::Index dimension, const AnyDerivative& derivative,
                      Eigen::Index parts = 0)
      : library_(std::move(library)),
        made_(evaluator(library_, dimension)),
        rows_(made_, dimension, parts) {
    if (!derivative.local())
      throw InvalidArgument(almagest::detail::text(
          "LawAccumulator: ", derivative.whole().name(),
          " needs whole runs at once; give FiniteDifference or SavitzkyGolay."));
    if (made_->context() > 1)
      throw InvalidArgument("LawAccumulator: the library has delays, but a law of motion knows the present only.");
    method_ = *derivative.local();
  }

  void update(const TrajectoryView<Real>& piece) {
    using almagest::detail::text;
    almagest::detail::check_lengths("LawAccumulator", "the state of a piece", piece.dimension(),
                                    "the library", made_->dimension());
    if (piece.inputs().rows() > 0)
      throw InvalidArgument("LawAccumulator: the piece has inputs; learn such laws with fit.");
    if (piece.size() < 1) return;
    std::optional<double> step;
    if (piece.times().is_uniform() && piece.size() > 1) step = piece.times().step();
    TrainingFacts facts = almagest::detail::training_facts(std::vector{piece}, step, "LawAccumulator");
    const bool continues = !times_.empty() && piece.size() > 1 &&
                           piece[0] == samples_.row(samples_.rows() - 1).transpose();
    if (!continues) close();
    join(facts);
    const Eigen::Index shared = continues ? 1 : 0, old = samples_.rows(), added = piece.size() - shared;
    samples_.conservativeResize(old + added, made_->dimension());
    samples_.bottomRows(added) = piece.states().rightCols(added).transpose();
    const double late = continues ? times_.back() - piece.times().front() : 0;
    for (Eigen::Index k = shared; k < piece.size(); ++k) times_.push_back(piece.times()[k] + late);
    uniform_ = (continues ? uniform_ : true) && step && (!run_step_ || std::abs(*step - *run_step_) <= 1e-9 * *step);
    if (!run_step_) run_step_ = step;
    write(false);
  }

  /// Samples that made rows so far; those at the end of the open run wait for their neighbours.
  Eigen::Index samples() const { return rows_.samples(); }

  /// The law of all that came, the open run ending here.
  template <SparseOptimizer Optimizer = Stlsq>
  Model<Real> solve(const Optimizer& optimizer = {}) const {
    using almagest::sindy::solve;
    check(optimizer);
    BasicLawAccumulator all = *this;
    all.close();
    if (!all.facts_ || all.samples() == 0)
      throw InvalidArgument("LawAccumulator: there are no samples to learn from; update with runs first.");
    const TrainingFacts& facts = *all.facts_;
    Eigen::VectorX<Real> rounding = 16 * std::numeric_limits<Real>::epsilon() * all.gain_ *
                                    facts.upper.cwiseAbs().cwiseMax(facts.lower.cwiseAbs());
    const Regression<Real> regression =
        all.rows_.regression(made_->names(facts.names), facts.names, std::move(rounding));
    FitReport report;
    Eigen::MatrixX<Real> coefficients = solve(optimizer, regression, report);
    if (all.left_out_ > 0)
      report.warnings.push_back(almagest::detail::text(all.left_out_, " runs with less than ", method_.window,
                                                       " samples were left out, which the derivative needs."));
    return {library_, std::move(coefficients), facts, std::move(report)};
  }

 private:
  void join(const TrainingFacts& piece) {
    if (!facts_) {
      facts_ = piece;
      return;
    }
    facts_->samples += piece.samples;
    facts_->lower = facts_->lower.cwiseMin(piece.lower);
    facts_->upper = facts_->upper.cwiseMax(piece.upper);
    if (piece.window == facts_->window)
      facts_->quietest = std::min(facts_->quietest, piece.quietest);
    if (!piece.step || !facts_->step || std::abs(*piece.step - *facts_->step) > 1e-6 * *facts_->step)
      facts_->step.reset();
  }

  void close() {
    if (!times_.empty() && Eigen::Index(times_.size()) + before_ < method_.window) ++left_out_;
    write(true);
    samples_.resize(0, made_->dimension());
    times_.clear();
    next_ = before_ = 0;
    run_step_.reset();
  }

  /// Makes rows of the samples whose windows are complete, or of all at the end of the run.
  void write(bool is_end) {
    const Eigen::Index size = Eigen::Index(times_.size());
    if (size < method_.window) return;
    const Eigen::Index last = is_end ? size : size - method_.window / 2;
    const TimeGrid times = uniform_ && run_step_
                               ? TimeGrid::uniform(times_.front(), *run_step_, size)
                               : TimeGrid(Eigen::Map<const Eigen::VectorXd>(times_.data(), size));
    detail::LocalFit<Real> fit(times, method_);
    Eigen::MatrixX<Real> states;
    while (next_ < last) {
      const Eigen::Index count = std::min(rows_.room(), last - next_);
      states.resize(count, samples_.cols());
      fit.apply(samples_, 0, next_, count, states, rows_.targets(count));
      if (!method_.smooth) states = samples_.middleRows(next_, count);
      rows_.take(states);
      next_ += count;
    }
    gain_ = std::max(gain_, fit.gain());
    // The rows to come need no more than a window of neighbours.
    const Eigen::Index gone = size - method_.window;
    samples_ = samples_.bottomRows(method_.window).eval();
    times_.erase(times_.begin(), times_.begin() + std::ptrdiff_t(gone));
    next_ -= gone;
    before_ += gone;
  }

  features::Library library_;
  std::shared_ptr<const features::Evaluator> made_;
  detail::Accumulator<Real> rows_;
  detail::LocalPolynomial method_;
  std::optional<TrainingFacts> facts_;
  Eigen::MatrixX<Real> samples_;
  std::vector<double> times_;
  Eigen::Index next_ = 0;    ///< sample of the open run's rest whose row comes next
  Eigen::Index before_ = 0;  ///< samples of the open run that are gone
  Eigen::Index left_out_ = 0;  ///< runs that were too short
  std::optional<double> run_step_;
  bool uniform_ = true;
  Real gain_ = 0;
};

/// Of doubles, the one kind there is: a template, so that only who uses it compiles it.
using LawAccumulator = BasicLawAccumulator<double>;

}  // namespace almagest::inline ALMAGEST_ABI::sindy
