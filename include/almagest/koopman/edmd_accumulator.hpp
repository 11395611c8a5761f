// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dictionary.hpp"
#include "almagest/koopman/edmd_model.hpp"
#include "almagest/koopman/spectrum.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

/// The facts of two trainings as those of one. Stillness is judged over the longer window by the
/// quieter movement: that window moves more, so nothing is called static too early.
inline TrainingFacts merged(const TrainingFacts& a, const TrainingFacts& b, const char* what) {
  using almagest::detail::text;
  almagest::detail::check_lengths(what, "the state of a run", b.dimension, "the state so far",
                                  a.dimension);
  if (a.step && b.step && std::abs(*a.step - *b.step) > 1e-6 * *a.step)
    throw InvalidArgument(text(what, ": runs with time steps ", *a.step, " and ", *b.step,
                               " together; resample them to one step."));
  TrainingFacts all = a;
  all.samples += b.samples;
  if (!all.step) all.step = b.step;
  all.lower = a.lower.cwiseMin(b.lower);
  all.upper = a.upper.cwiseMax(b.upper);
  all.window = std::max(a.window, b.window);
  all.quietest = std::min(a.quietest, b.quietest);
  return all;
}

inline void check_weights(const char* what, const Eigen::Ref<const Eigen::VectorXd>& weights,
                          Eigen::Index pairs) {
  using almagest::detail::text;
  if (weights.size() != pairs)
    throw DimensionMismatch(text(what, ": weights has ", weights.size(),
                                 " entries, but the runs have ", pairs,
                                 " pairs of samples; a quadrature has one weight for each."));
  for (Eigen::Index k = 0; k < pairs; ++k)
    if (!std::isfinite(weights[k]) || weights[k] < 0)
      throw InvalidArgument(text(what, ": weights is no quadrature, weight ", k, " being ",
                                 weights[k], "; give finite weights of 0 or more."));
  if (!(weights.sum() > 0))
    throw InvalidArgument(
        text(what, ": weights is no quadrature, as all are 0; give some of the pairs a weight."));
}

/// Whether two snapshot pairs start from the same state and end in different ones: then no map made
/// them.
template <typename Scalar>
bool ambiguous(const std::vector<TrajectoryView<Scalar>>& several) {
  std::vector<const TrajectoryView<Scalar>*> pairs;
  for (const auto& run : several)
    if (run.size() == 2) pairs.push_back(&run);
  const auto less = [](const auto* a, const auto* b) {
    const auto one = a->states().col(0), two = b->states().col(0);
    return std::lexicographical_compare(one.begin(), one.end(), two.begin(), two.end());
  };
  std::sort(pairs.begin(), pairs.end(), less);
  const auto clash = [&](const auto* a, const auto* b) {
    return !less(a, b) && a->states().col(1) != b->states().col(1);
  };
  return std::adjacent_find(pairs.begin(), pairs.end(), clash) != pairs.end();
}

}  // namespace detail

/// Learns an Edmd from runs that come one after the other: chunks of a long run, files, threads.
///
/// Keeps the triangle of [functions, functions one step later, states] of all pairs of consecutive
/// samples (of windows, where the library takes delays), so memory is that of a matrix of order
/// 2N + n however many come, and nothing is squared. Pairs never straddle two runs; consecutive
/// chunks of one run share their boundary sample. Chunked or whole, merged or not, the model is the
/// same to rounding.
///
/// Without weights each pair counts alike and norms are means over the pairs. With weights
/// \f$ w_k \f$, one for each pair, they are the quadrature \f$ \|g\|^2 = \sum_k w_k |g(x_k)|^2 \f$,
/// and residuals converge at its rate.
///
/// Cost of m pairs: \f$ 2 m (2N + n)^2 \f$ flops and the features.
///
/// \throws InvalidArgument for runs with inputs, different time steps, weights that are no
/// quadrature
///         or only in some of the updates; DimensionMismatch for states of another dimension;
///         NonFiniteData where a feature overflows. A failed call leaves what was learned before.
template <typename Scalar = double>
class EdmdAccumulator {
 public:
  using Weights = Eigen::Ref<const Eigen::VectorXd>;

  EdmdAccumulator(features::Library library, Eigen::Index dimension)
      : library_(std::move(library)),
        features_(evaluator(library_, dimension)),
        qr_(2 * features_->size() + dimension) {}

  /// Takes in the pairs of a trajectory or of several: whatever `runs` accepts.
  template <typename Data>
  requires requires(const Data& data) { runs(data); }
  void update(const Data& data) { absorb(runs(data), std::nullopt); }
  /// The same under a quadrature; weights in the order of the pairs.
  template <typename Data>
  requires requires(const Data& data) { runs(data); }
  void update(const Data& data, const Weights& weights) { absorb(runs(data), weights); }

  /// Continues as if the runs that `other` has seen had come here.
  void merge(const EdmdAccumulator& other) {
    if (!(library_ == other.library_))
      throw InvalidArgument(
          "EdmdAccumulator: merge with another library; merge what was made with the same one.");
    if (!other.training_) return;
    if (training_) check_kind(other.weighted_);
    training_ = training_ ? detail::merged(*training_, *other.training_, name) : *other.training_;
    weighted_ = other.weighted_;
    ambiguous_ = ambiguous_ || other.ambiguous_;
    if (first_.size() == 0) first_ = other.first_;
    qr_.merge(other.qr_);
  }

  /// Pairs of samples so far.
  Eigen::Index pairs() const { return qr_.rows(); }
  const features::Evaluator& dictionary() const { return *features_; }

  /// The triangle of [functions, functions one step later, states], so that norms are means over
  /// the pairs or those of the quadrature.
  Eigen::MatrixXd triangle() const {
    if (pairs() < 1)
      throw InvalidArgument(almagest::detail::text(name, ": no run has ", features_->context() + 1,
                                                   " samples; give longer runs."));
    return weighted_ ? qr_.triangle() : qr_.triangle() / std::sqrt(double(pairs()));
  }

  /// How many orthogonal functions the dictionary amounts to on the data, each scaled to unit norm:
  /// see linalg::effective_rank.
  double effective_rank() const {
    Eigen::MatrixXd before = triangle().topLeftCorner(features_->size(), features_->size());
    for (auto column : before.colwise())
      if (column.norm() > 0) column.normalize();
    return linalg::effective_rank(linalg::svd<double>(before).singular_values);
  }

  /// The model of all that came so far.
  Edmd<Scalar> solve(const EdmdOptions& options = {}) const;

 private:
  static constexpr const char* name = "fit_edmd";

  void check_kind(bool weighted) const {
    if (training_ && weighted != weighted_)
      throw InvalidArgument(almagest::detail::text(
          name, ": weights for some of the runs only; give them for all or none."));
  }

  void absorb(const std::vector<TrajectoryView<Scalar>>& several,
              const std::optional<Weights>& weights);

  features::Library library_;
  std::shared_ptr<const features::Evaluator> features_;
  linalg::StreamingQr<double> qr_;
  std::optional<TrainingFacts> training_;
  bool weighted_ = false, ambiguous_ = false;
  Eigen::MatrixXd first_;  ///< the first window of all, one row
};

template <typename Scalar>
void EdmdAccumulator<Scalar>::absorb(const std::vector<TrajectoryView<Scalar>>& several,
                                     const std::optional<Weights>& weights) {
  using almagest::detail::text;
  TrainingFacts facts =
      almagest::detail::training_facts(several, almagest::detail::common_step(several, name), name);
  const Eigen::Index context = features_->context(), size = features_->size(), n = facts.dimension;
  almagest::detail::check_lengths(name, "the state of a run", n, "the dimension of the library",
                                  features_->dimension() / context);
  Eigen::Index pairs = 0;
  for (std::size_t k = 0; k < several.size(); ++k) {
    const auto& run = several[k];
    if (!run.times().is_uniform())
      throw InvalidArgument(text(name, ": times of run ", k,
                                 " are not uniform, but the operator advances by one step; "
                                 "resample it, or give fit_generator_edmd its law of motion."));
    if (run.inputs().rows() > 0)
      throw InvalidArgument(
          text(name, ": a run has inputs, ", run.inputs().rows(),
               " where 0 are expected, as this "
               "learner does not use them; make them components of the state or leave them out."));
    pairs += window_count(run, context + 1);
  }
  if (weights) detail::check_weights(name, *weights, pairs);
  check_kind(weights.has_value());
  if (training_) facts = detail::merged(*training_, facts, name);

  linalg::StreamingQr<double> qr = qr_;
  const Eigen::Index most = std::clamp<Eigen::Index>((1 << 17) / qr.columns(), 128, 1024);
  Eigen::MatrixXd block(most, qr.columns()), before(most, features_->dimension()), after = before;
  Eigen::MatrixXd first = first_;
  Eigen::Index filled = 0, done = 0;
  const auto flush = [&] {
    features_->evaluate(before.topRows(filled), block.leftCols(size).topRows(filled));
    features_->evaluate(after.topRows(filled), block.middleCols(size, size).topRows(filled));
    block.rightCols(n).topRows(filled) = before.rightCols(n).topRows(filled);
    if (weights)
      block.topRows(filled).array().colwise() *= weights->segment(done, filled).array().sqrt();
    qr.update(block.topRows(filled));
    done += filled;
    filled = 0;
  };
  for (const auto& run : several)
    for (Eigen::Index at = 0, end = window_count(run, context + 1); at < end;) {
      const Eigen::Index count = std::min(most - filled, end - at);
      for (Eigen::Index delay = 0; delay < context; ++delay) {
        before.block(filled, delay * n, count, n) =
            run.states().middleCols(at + delay, count).transpose().template cast<double>();
        after.block(filled, delay * n, count, n) =
            run.states().middleCols(at + delay + 1, count).transpose().template cast<double>();
      }
      if (first.size() == 0) first = before.row(0);
      at += count;
      filled += count;
      if (filled == most) flush();
    }
  if (filled > 0) flush();
  qr_ = std::move(qr);
  training_ = std::move(facts);
  weighted_ = weights.has_value();
  ambiguous_ = ambiguous_ || (context == 1 && detail::ambiguous(several));
  first_ = std::move(first);
}

template <typename Scalar>
Edmd<Scalar> EdmdAccumulator<Scalar>::solve(const EdmdOptions& options) const {
  using almagest::detail::rounded, almagest::detail::text;
  if (!(options.dictionary.tolerance >= 0 && options.dictionary.tolerance < 1))
    throw InvalidArgument(text(name, ": tolerance is ", options.dictionary.tolerance,
                               ", but a share lies in [0, 1); give for example 1e-12."));
  const Eigen::MatrixXd all = triangle();
  std::vector<std::string> warnings;
  auto [encoder, observation, missed, compression] = detail::normalize<double>(
      all, pairs(), features_->names(training_->names), options.dictionary, name, warnings);
  if (ambiguous_)
    warnings.push_back(
        "two pairs start from the same state and end in different ones, as those of a stochastic "
        "system do or of a state that is not all of it: residuals hold the noise; use "
        "fit_stochastic_edmd, or delays.");
  for (Eigen::Index i = 0; i < missed.size(); ++i)
    if (missed[i] > 0.01)
      warnings.push_back(text(
          "the dictionary misses ", rounded(100 * missed[i], 2), " % of ",
          training_->names[std::size_t(i)],
          ", and so do forecasts; add functions that span it, such as the components themselves."));
  Eigen::MatrixXd reduced = options.measure_preserving
                                ? detail::orthogonal_factor<double>(compression.matrix())
                                : compression.matrix();
  const auto found = options.measure_preserving
                         ? detail::orthogonal_eigenvectors<double>(reduced, name)
                         : detail::real_eigenvectors<double>(reduced, name);
  Spectrum<double> spectrum = detail::spectrum<double>(compression, found, observation, warnings);
  Eigen::MatrixXd features(1, features_->size());
  features_->evaluate(first_, features);
  Eigen::VectorXcd amplitudes = (features * encoder * spectrum.functions).transpose();
  detail::normalize_modes(spectrum.modes, amplitudes);
  return Edmd<Scalar>(EdmdParts{options, library_, *training_, std::move(encoder),
                                std::move(compression), std::move(reduced), std::move(observation),
                                std::move(missed), std::move(spectrum), std::move(amplitudes),
                                std::move(warnings)});
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT EdmdAccumulator<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::koopman
