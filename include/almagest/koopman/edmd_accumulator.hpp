// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/deferred.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dictionary.hpp"
#include "almagest/koopman/edmd_model.hpp"
#include "almagest/koopman/leading_eigenvectors.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/koopman/spectrum.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

/// The facts of two trainings as those of one. Stillness is judged over the longer window by the
/// quieter movement: that window moves more, so nothing is called static too early.
template <std::same_as<TrainingFacts> Facts>
Facts merged(const Facts& a, const Facts& b, const char* what) {
  using almagest::detail::text;
  almagest::detail::check_lengths(what, "the state of a run", b.dimension, "the state so far",
                                  a.dimension);
  if (a.step && b.step && std::abs(*a.step - *b.step) > 1e-6 * *a.step)
    throw InvalidArgument(text(what, ": runs with time steps ", *a.step, " and ", *b.step,
                               " together; resample them to one step."));
  Facts all = a;
  all.samples += b.samples;
  if (!all.step) all.step = b.step;
  all.lower = a.lower.cwiseMin(b.lower);
  all.upper = a.upper.cwiseMax(b.upper);
  all.window = std::max(a.window, b.window);
  all.quietest = std::min(a.quietest, b.quietest);
  return all;
}

template <typename Weights>
void check_weights(const char* what, const Weights& weights, Eigen::Index pairs) {
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

/// The triangle of an undriven system: [functions, functions one step later without what inputs did,
/// states].
template <typename Real>
struct Undriven {
  Eigen::MatrixX<Real> triangle, effect;  ///< effect: columns for inputs x functions
  Eigen::Index rank = 0;                       ///< of functions and inputs together
};

/// Parts what the `driven` columns after the `size` functions do from what the functions do
/// themselves, by least squares on both.
template <typename Real>
Undriven<Real> undrive(Eigen::MatrixX<Real> all, Eigen::Index size, Eigen::Index driven) {
  if (driven == 0) return {std::move(all), Eigen::MatrixX<Real>(0, size), size};
  const Eigen::Index both = size + driven, components = all.cols() - both - size;
  Eigen::VectorX<Real> scales = all.leftCols(both).colwise().norm();
  scales = scales.unaryExpr([](Real norm) { return norm > 0 ? 1 / norm : Real(0); });
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixX<Real>> solver(
      all.topLeftCorner(both, both) * scales.asDiagonal());
  Undriven<Real> out;
  out.rank = solver.rank();
  out.effect = scales.tail(driven).asDiagonal() *
               solver.solve(all.block(0, both, both, size)).bottomRows(driven);
  out.triangle.resize(all.rows(), 2 * size + components);
  out.triangle << all.leftCols(size),
      all.middleCols(both, size) - all.middleCols(size, driven) * out.effect,
      all.rightCols(components);
  return out;
}

/// The triangle of combinations of the functions: [functions P, functions one step later P, states].
template <typename Real>
Eigen::MatrixX<Real> combined(const Eigen::MatrixX<Real>& triangle, const Eigen::MatrixX<Real>& p) {
  const Eigen::Index size = p.rows(), components = triangle.cols() - 2 * size;
  Eigen::MatrixX<Real> all(triangle.rows(), 2 * p.cols() + components);
  all << triangle.leftCols(size) * p, triangle.middleCols(size, size) * p,
      triangle.rightCols(components);
  linalg::StreamingQr<Real> qr(all.cols());
  qr.update(all);
  return qr.triangle();
}

/// What inputs do to normalized coordinates, `inputs x rank` and where they multiply the functions
/// `(inputs * rank) x rank`, else without rows.
template <typename Real>
std::pair<Eigen::MatrixX<Real>, Eigen::MatrixX<Real>> input_operators(const Undriven<Real>& all,
                                                                      const Eigen::MatrixX<Real>& encoder,
                                                                      Eigen::Index inputs) {
  const Eigen::Index size = encoder.rows(), rank = encoder.cols();
  if (inputs == 0) return {Eigen::MatrixX<Real>(0, rank), Eigen::MatrixX<Real>(0, rank)};
  const Eigen::Index each = all.effect.rows() / inputs;
  Eigen::MatrixX<Real> direct(inputs, rank), products(each > 1 ? inputs * rank : 0, rank);
  // Functions in normalized coordinates; exact, as those that were left out depend on the others.
  const auto functions = all.triangle.leftCols(size);
  const Eigen::MatrixX<Real> decoder = (functions * encoder).transpose() * functions;
  for (Eigen::Index i = 0; i < inputs; ++i) {
    direct.row(i) = all.effect.row(i * each) * encoder;
    if (each > 1)
      products.middleRows(i * rank, rank) =
          decoder * all.effect.middleRows(i * each + 1, size) * encoder;
  }
  return {std::move(direct), std::move(products)};
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
/// With `inputs` the triangle also holds what they may do, \f$ u_i \f$ and with `bilinear` \f$ u_i
/// \psi_j \f$, between the functions before and after: see fit_edmdc.
///
/// Cost of m pairs: \f$ 2 m (2N + n)^2 \f$ flops and the features.
///
/// \throws InvalidArgument for runs with another count of inputs, different time steps, weights that are no
/// quadrature
///         or only in some of the updates; DimensionMismatch for states of another dimension;
///         NonFiniteData where a feature overflows. A failed call leaves what was learned before.
template <typename Scalar = double>
class EdmdAccumulator {
 public:
  using Real = almagest::detail::Deferred<double, Scalar>;
  using Matrix = Eigen::MatrixX<Real>;
  using Weights = Eigen::Ref<const Eigen::VectorXd>;

  EdmdAccumulator(features::Library library, Eigen::Index dimension, Eigen::Index inputs = 0,
                  bool bilinear = false)
      : library_(std::move(library)),
        features_(evaluator(library_, dimension)),
        inputs_(inputs),
        driven_(bilinear ? inputs * (1 + features_->size()) : inputs),
        qr_(2 * features_->size() + driven_ + dimension) {}

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
    if (!(library_ == other.library_) || inputs_ != other.inputs_ || driven_ != other.driven_)
      throw InvalidArgument(
          "EdmdAccumulator: merge with another library or other inputs; merge what was made with "
          "the same.");
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

  /// The triangle of [functions, inputs, functions one step later, states], so that norms are means over
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
    Matrix before = triangle().topLeftCorner(features_->size(), features_->size());
    for (auto column : before.colwise())
      if (column.norm() > 0) column.normalize();
    return linalg::effective_rank(linalg::svd<Real>(before).singular_values);
  }

  /// The model of all that came so far.
  Edmd<Scalar> solve(const EdmdOptions& options = {}) const { return solve(options, {}); }
  /// The same in the span of some combinations of the functions, one a column of `functions x count`.
  Edmd<Scalar> solve(const EdmdOptions& options, const Eigen::MatrixXd& combinations) const;

 private:
  static constexpr const char* name = "fit_edmd";

  void check_kind(bool weighted) const {
    if (training_ && weighted != weighted_)
      throw InvalidArgument(almagest::detail::text(
          name, ": weights for some of the runs only; give them for all or none."));
  }

  void absorb(const std::vector<TrajectoryView<Scalar>>& several,
              const std::optional<Weights>& weights);
  const char* method() const { return inputs_ > 0 ? "fit_edmdc" : name; }

  features::Library library_;
  std::shared_ptr<const features::Evaluator> features_;
  Eigen::Index inputs_, driven_;  ///< count of inputs, and of columns for what they do
  linalg::StreamingQr<Real> qr_;
  std::optional<TrainingFacts> training_;
  bool weighted_ = false, ambiguous_ = false;
  Matrix first_;  ///< the first window of all, one row
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
    if (run.inputs().rows() > 0 && inputs_ == 0)
      throw InvalidArgument(
          text(name, ": a run has inputs, ", run.inputs().rows(),
               " where 0 are expected, as this learner does not use them; fit_edmdc does, or make "
               "them components of the state or leave them out."));
    if (run.inputs().rows() != inputs_)
      throw InvalidArgument(text("fit_edmdc: run ", k, " has ", run.inputs().rows(),
                                 " inputs, where ", inputs_,
                                 " are expected, as the first run has; give every run the same."));
    pairs += window_count(run, context + 1);
  }
  if (weights) detail::check_weights(name, *weights, pairs);
  check_kind(weights.has_value());
  if (training_) facts = detail::merged(*training_, facts, name);

  linalg::StreamingQr<Real> qr = qr_;
  const Eigen::Index most = qr.block_rows();
  Matrix block(most, qr.columns()), before(most, features_->dimension()), after = before;
  Matrix u(most, inputs_);
  Matrix first = first_;
  Eigen::Index filled = 0, done = 0;
  const auto flush = [&] {
    features_->evaluate(before.topRows(filled), block.leftCols(size).topRows(filled));
    for (Eigen::Index i = 0; driven_ > 0 && i < inputs_; ++i) {
      const Eigen::Index each = driven_ / inputs_;
      auto acts = block.middleCols(size + i * each, each).topRows(filled);
      acts.col(0) = u.col(i).head(filled);
      if (each > 1)
        acts.rightCols(size) = u.col(i).head(filled).asDiagonal() * block.leftCols(size).topRows(filled);
    }
    features_->evaluate(after.topRows(filled), block.middleCols(size + driven_, size).topRows(filled));
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
      if (inputs_ > 0)
        u.middleRows(filled, count) = run.inputs()
                                          .middleCols(at + context - 1, count)
                                          .transpose()
                                          .template cast<double>();
      if (first.size() == 0) first = before.row(0);
      at += count;
      filled += count;
      if (filled == most) flush();
    }
  if (filled > 0) flush();
  qr_ = std::move(qr);
  training_ = std::move(facts);
  weighted_ = weights.has_value();
  ambiguous_ = ambiguous_ || (context == 1 && inputs_ == 0 && detail::ambiguous(several));
  first_ = std::move(first);
}

template <typename Scalar>
Edmd<Scalar> EdmdAccumulator<Scalar>::solve(const EdmdOptions& options,
                                            const Eigen::MatrixXd& combinations) const {
  using almagest::detail::rounded, almagest::detail::text;
  if (!(options.dictionary.tolerance >= 0 && options.dictionary.tolerance < 1))
    throw InvalidArgument(text(method(), ": tolerance is ", options.dictionary.tolerance,
                               ", but a share lies in [0, 1); give for example 1e-12."));
  if (options.eigenvalues < 0)
    throw InvalidArgument(text(method(), ": eigenvalues is ", options.eigenvalues,
                               "; give how many of the largest modulus are wanted, or 0 for all."));
  if (options.eigenvalues > 0 && options.measure_preserving)
    throw InvalidArgument(text(method(), ": eigenvalues asks for the ", options.eigenvalues,
                               " of largest modulus, but those of an isometry all have modulus 1; give 0 for all."));
  std::vector<std::string> warnings;
  const detail::Undriven<Real> all = detail::undrive<Real>(triangle(), features_->size(), driven_);
  std::vector<std::string> names = features_->names(training_->names);
  Matrix functions = all.triangle;
  if (combinations.size() > 0) {
    functions = detail::combined<Real>(all.triangle, combinations);
    names.clear();
    for (Eigen::Index j = 0; j < combinations.cols(); ++j)
      names.push_back(text("combination ", j));
  }
  auto [encoder, observation, missed, compression] =
      detail::normalize<Real>(functions, pairs(), names, options.dictionary, method(), warnings);
  if (combinations.size() > 0) encoder = combinations * encoder;
  if (ambiguous_)
    warnings.emplace_back(
        "two pairs start from the same state and end in different ones, as those of a stochastic "
        "system do or of a state that is not all of it: residuals hold the noise; use "
        "fit_stochastic_edmd, or delays.");
  for (Eigen::Index i = 0; i < missed.size(); ++i)
    if (missed[i] > 0.01)
      warnings.push_back(text(
          "the dictionary misses ", rounded(100 * missed[i], 2), " % of ",
          training_->names[std::size_t(i)],
          ", and so do forecasts; add functions that span it, such as the components themselves."));
  Matrix reduced = options.measure_preserving ? detail::orthogonal_factor<Real>(compression.matrix())
                                              : compression.matrix();
  const auto found = options.measure_preserving
                         ? detail::orthogonal_eigenvectors<Real>(reduced, name)
                     : options.eigenvalues > 0
                         ? detail::leading_eigenvectors<Real>(reduced, options.eigenvalues, name)
                         : detail::real_eigenvectors<Real>(reduced, name);
  Spectrum<Real> spectrum = detail::spectrum<Real>(compression, found, observation, warnings);
  Matrix features(1, features_->size());
  features_->evaluate(first_, features);
  Eigen::VectorX<std::complex<Real>> amplitudes = (features * encoder * spectrum.functions).transpose();
  for (Eigen::Index j = 0; j < amplitudes.size(); ++j)
    amplitudes[j] *= detail::normalize_mode(spectrum.modes.col(j));
  if (inputs_ > 0 && inputs_ == driven_ && all.rank < encoder.cols() + inputs_)
    warnings.emplace_back(detail::inputs_that_follow);
  auto [input_operator, bilinear_operator] = detail::input_operators<Real>(all, encoder, inputs_);
  return Edmd<Scalar>(EdmdParts{options, library_, *training_, std::move(encoder),
                                std::move(compression), std::move(reduced), std::move(observation),
                                std::move(missed), std::move(spectrum), std::move(amplitudes),
                                std::move(warnings), std::move(input_operator),
                                std::move(bilinear_operator)});
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT EdmdAccumulator<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::koopman
