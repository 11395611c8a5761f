// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/koopman/exponential_fit.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
#include "almagest/koopman/optimized_dmd_model.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What multi-resolution DMD may be told.
struct MultiresolutionDmdOptions {
  Eigen::Index levels = 4;  ///< level l has 2^l segments
  Eigen::Index rank = 6;    ///< most exponents that are looked for in a segment
  double cycles = 2;        ///< slow are exponents of at most so many cycles in a segment
  ExponentConstraint constraint = ExponentConstraint::stable;
};

/// The slow modes of one segment.
template <typename Scalar = double>
struct SlowModes {
  Eigen::Index level = 0, first = 0, count = 0;     ///< samples first ... first + count - 1
  double begin = 0, end = 0;                        ///< times of the first sample and of the next segment's
  Eigen::VectorX<std::complex<Scalar>> exponents;   ///< r; empty where nothing is slow
  Eigen::MatrixX<std::complex<Scalar>> modes;       ///< dimension x r
  Eigen::VectorX<std::complex<Scalar>> amplitudes;  ///< r, at `begin`
  Eigen::VectorX<Scalar> residuals;                 ///< r, as of OptimizedDmd, in what coarser levels left

  /// Their sum at a time since `begin`.
  Eigen::VectorX<Scalar> sum(Scalar time) const {
    if (exponents.size() == 0) return Eigen::VectorX<Scalar>::Zero(modes.rows());
    const Eigen::VectorX<std::complex<Scalar>> now =
        amplitudes.array() * (exponents.array() * std::complex<Scalar>(time)).exp();
    return (modes * now).real();
  }
};

/// All that a MultiresolutionDmd is made of.
template <typename Scalar = double>
struct MultiresolutionDmdParts {
  MultiresolutionDmdOptions options;
  std::vector<SlowModes<Scalar>> segments;  ///< coarse ones first, each level in the order of time
  OptimizedDmdParts<Scalar> last;           ///< the last segments of all levels as one model
};

/// A run as slow modes of longer and of shorter segments: multi-resolution dynamic mode decomposition.
///
/// Level 0 fits exponentials to the whole run, keeps those of at most `cycles` periods in it,
/// \f$ |\omega| \le 2\pi\, \text{cycles} / T \f$, and takes their sum out. Each half of what remains is
/// treated alike, down to `levels`. So what comes and goes is found where it is.
///
/// `evaluate` sums the levels, or one of them, at any times of the run. `forecast` continues the last segments of
/// all levels together, with amplitudes that fit the last `context()` samples of a history, as many as the
/// shortest segment has: it foresees what is going on, not what will begin.
///
/// Reference: J. N. Kutz, X. Fu, S. L. Brunton, Multiresolution dynamic mode decomposition, SIAM J. Appl. Dyn.
/// Syst. 15 (2016), https://doi.org/10.1137/15M1023543
template <typename Scalar_ = double>
class MultiresolutionDmd {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  /// A model from stored parts. Throws DimensionMismatch where they do not fit together.
  explicit MultiresolutionDmd(MultiresolutionDmdParts<Scalar> parts)
      : options_(std::move(parts.options)), segments_(std::move(parts.segments)), last_(std::move(parts.last)) {
    using almagest::detail::check_lengths;
    if (segments_.empty())
      throw InvalidArgument("MultiresolutionDmd: segments is empty; give at least that of the whole run.");
    for (const auto& one : segments_) {
      const Eigen::Index r = one.exponents.size();
      check_lengths("MultiresolutionDmd", "modes (rows)", one.modes.rows(), "the state", dimension());
      check_lengths("MultiresolutionDmd", "modes (columns)", one.modes.cols(), "the exponents", r);
      check_lengths("MultiresolutionDmd", "amplitudes", one.amplitudes.size(), "the exponents", r);
      check_lengths("MultiresolutionDmd", "residuals", one.residuals.size(), "the exponents", r);
    }
  }

  MultiresolutionDmdParts<Scalar> parts() const { return {options_, segments_, last_.parts()}; }
  const MultiresolutionDmdOptions& options() const { return options_; }
  /// All segments, coarse ones first, each level in the order of time.
  const std::vector<SlowModes<Scalar>>& segments() const { return segments_; }
  /// The last segments of all levels as one model, which forecasts.
  const OptimizedDmd<Scalar>& last() const { return last_; }

  Eigen::Index dimension() const { return last_.dimension(); }
  Eigen::Index context() const { return last_.context(); }
  const TrainingFacts& training() const { return last_.training(); }
  const std::vector<std::string>& warnings() const { return last_.warnings(); }
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    return last_.forecast(history, steps);
  }

  /// The sum of all levels at times of the run, or of one level.
  Trajectory<Scalar> evaluate(const TimeGrid& times, Eigen::Index level = -1) const {
    using almagest::detail::text;
    if (level >= options_.levels)
      throw InvalidArgument(text("MultiresolutionDmd::evaluate: level is ", level, ", but the model has ",
                                 options_.levels, "; count from 0, or give -1 for all."));
    const double begin = segments_.front().begin, end = segments_.front().end;
    if (times.front() < begin || times.back() > end)
      throw InvalidArgument(text("MultiresolutionDmd::evaluate: times go from ", times.front(), " to ", times.back(),
                                 ", but the run from ", begin, " to ", end, "; beyond its end, use forecast."));
    Matrix states = Matrix::Zero(dimension(), times.size());
    for (const auto& one : segments_) {
      if (level >= 0 && one.level != level) continue;
      for (Eigen::Index k = 0; k < times.size(); ++k) {
        const double t = times[k];
        if (t < one.begin || (t >= one.end && one.end < end)) continue;
        states.col(k) += one.sum(Scalar(t - one.begin));
      }
    }
    TrajectoryInfo info;
    info.names = training().names;
    info.grid = training().grid;
    return {times, std::move(states), std::move(info)};
  }

  std::string summary() const {
    using almagest::detail::rounded, almagest::detail::text;
    std::string all = text("multi-resolution DMD: dimension ", dimension(), ", ", options_.levels, " levels\n");
    for (const auto& one : segments_)
      if (one.exponents.size() > 0)
        all += text("level ", one.level, ", t from ", rounded(one.begin, 6), " to ", rounded(one.end, 6), "\n") +
               detail::exponent_table(one.exponents, one.residuals, one.amplitudes, {});
    return all;
  }

 private:
  MultiresolutionDmdOptions options_;
  std::vector<SlowModes<Scalar>> segments_;
  OptimizedDmd<Scalar> last_;
};

namespace detail {

inline void check_options(const MultiresolutionDmdOptions& options) {
  using almagest::detail::text;
  if (options.levels < 1 || options.levels > 30)
    throw InvalidArgument(text("fit_multiresolution_dmd: levels is ", options.levels, "; give 1 to 30."));
  if (options.rank < 1)
    throw InvalidArgument(text("fit_multiresolution_dmd: rank is ", options.rank, "; give at least 1 exponent."));
  if (!(options.cycles > 0) || !std::isfinite(options.cycles))
    throw InvalidArgument(text("fit_multiresolution_dmd: cycles is ", options.cycles, "; give a positive number."));
}

/// A segment in few samples, means of neighbours: what is fast averages out instead of passing for slow.
template <typename Scalar>
TimedSamples<Scalar> coarsened(const Eigen::VectorXd& times, const Eigen::MatrixX<Scalar>& rest,
                               Eigen::Index wanted) {
  const Eigen::Index count = times.size(), bins = std::min(wanted, count);
  TimedSamples<Scalar> found{Eigen::VectorX<Scalar>(bins), Eigen::MatrixX<Scalar>(bins, rest.rows())};
  for (Eigen::Index bin = 0; bin < bins; ++bin) {
    const Eigen::Index first = bin * count / bins, size = (bin + 1) * count / bins - first;
    found.times[bin] = Scalar(times.segment(first, size).mean() - times[0]);
    found.samples.row(bin) = rest.middleCols(first, size).rowwise().mean().transpose();
  }
  return found;
}

/// Finds the slow modes of a segment and takes their sum out of `rest`, `dimension x count`.
template <typename Scalar>
void extract_slow(const Eigen::VectorXd& times, const MultiresolutionDmdOptions& options, Scalar negligible,
                  Eigen::Ref<Eigen::MatrixX<Scalar>> rest, SlowModes<Scalar>& segment) {
  using Complex = std::complex<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  segment.modes.resize(rest.rows(), 0);
  if (rest.norm() <= negligible) return;
  const auto wanted = Eigen::Index(std::ceil(8 * options.cycles));
  auto data = coarsened<Scalar>(times, rest, std::max(wanted, 3 * options.rank));
  linalg::StreamingQr<Scalar> factor(rest.rows());
  factor.update(data.samples);
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(factor.triangle());
  const Eigen::Index rank = std::min({options.rank, data.times.size() - 1,
                                      linalg::numerical_rank(svd.singular_values, data.times.size())});
  if (rank < 1) return;
  const Matrix patterns = svd.v.leftCols(rank);
  data.samples = (data.samples * patterns).eval();
  ExponentialFitOptions fit_options;
  fit_options.constraint = options.constraint;
  auto fit = fit_exponentials<Scalar>({data}, first_guess<Scalar>({data}, {}, "fit_multiresolution_dmd"), fit_options);
  if (!std::isfinite(fit.misfit)) return;
  const double duration = times[times.size() - 1] - times[0];
  separate(fit.set, Scalar(duration));

  const Eigen::VectorX<Complex> all = fit.set.exponents();
  std::vector<Eigen::Index> slow;
  for (Eigen::Index j = 0; j < rank; ++j)
    if (double(std::abs(all[j])) <= 2 * 3.14159265358979323846 * options.cycles / duration) slow.push_back(j);
  if (slow.empty()) return;
  segment.exponents = all(slow);
  segment.modes = (patterns.template cast<Complex>() * mode_coefficients(data, fit.set))(Eigen::indexing::all, slow);
  for (Eigen::Index j = 0; j < segment.modes.cols(); ++j) normalize_mode(segment.modes.col(j));
  const ModeBasis<Scalar> basis(segment.modes, segment.exponents);
  segment.amplitudes =
      basis.amplitudes(rest, Eigen::VectorX<Scalar>((times.array() - times[0]).template cast<Scalar>()));
  const TrajectoryView<Scalar> part(
      TimeGrid(times), {rest.data(), rest.rows(), rest.cols(), Eigen::OuterStride<>(rest.outerStride())});
  segment.residuals = exponential_residuals<Scalar>({part}, basis, segment.exponents);
  sort_by_amplitude(segment);
  for (Eigen::Index k = 0; k < rest.cols(); ++k)
    rest.col(k) -= segment.sum(Scalar(times[k] - times[0]));
}

/// The last segments of all levels as one sum of exponentials.
template <typename Scalar>
OptimizedDmdParts<Scalar> join_last(const std::vector<SlowModes<Scalar>>& segments, const TrainingFacts& training,
                               const Eigen::VectorXd& times, Scalar left) {
  OptimizedDmdParts<Scalar> parts;
  parts.training = training;
  std::vector<const SlowModes<Scalar>*> ends;
  Eigen::Index rank = 0;
  for (const auto& one : segments)
    if (one.first + one.count == times.size()) {
      ends.push_back(&one);
      rank += one.exponents.size();
    }
  if (rank == 0)
    throw ConvergenceFailure(
        "fit_multiresolution_dmd: nothing is slow in the last segments of any level, so that there is nothing to "
        "continue; give more cycles, more levels or a higher rank.");
  parts.start = ends.back()->begin;
  parts.exponents.resize(rank);
  parts.modes.resize(training.dimension, rank);
  parts.amplitudes.resize(rank);
  parts.residuals.resize(rank);
  Eigen::Index at = 0;
  for (const auto* one : ends)
    for (Eigen::Index j = 0; j < one->exponents.size(); ++j, ++at) {
      parts.exponents[at] = one->exponents[j];
      parts.modes.col(at) = one->modes.col(j);
      parts.amplitudes[at] = one->amplitudes[j] * std::exp(one->exponents[j] * Scalar(parts.start - one->begin));
      parts.residuals[at] = one->residuals[j];
    }
  parts.options.rank = rank;
  parts.options.context = std::max(ends.back()->count, rank);
  parts.misfit = double(left);
  parts.converged = true;
  return parts;
}

template <typename Scalar>
MultiresolutionDmd<Scalar> fit_multiresolution_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                                   const MultiresolutionDmdOptions& options) {
  using almagest::detail::text;
  check_options(options);
  auto training = almagest::detail::training_facts(several, {}, "fit_multiresolution_dmd");
  refuse_inputs(several, "fit_multiresolution_dmd");
  if (several.size() != 1)
    throw InvalidArgument(text("fit_multiresolution_dmd: ", several.size(),
                               " runs were given, but segments are cut from one; fit a model to each."));
  const auto& run = several.front();
  training.step = almagest::detail::common_step(several, "fit_multiresolution_dmd");
  const Eigen::Index samples = run.size(), finest = Eigen::Index(1) << (options.levels - 1);
  if (samples / finest < options.rank + 2)
    throw InvalidArgument(text("fit_multiresolution_dmd: ", samples, " samples in ", finest, " segments at level ",
                               options.levels - 1, " leave ", samples / finest, " to each, but rank ", options.rank,
                               " needs ", options.rank + 2, "; give fewer levels, a lower rank or a longer run."));
  const Eigen::VectorXd times = run.times().values();
  Eigen::MatrixX<Scalar> rest = run.states();
  const Scalar whole = rest.norm();
  std::vector<SlowModes<Scalar>> segments;
  for (Eigen::Index level = 0; level < options.levels; ++level)
    for (Eigen::Index k = 0, count = Eigen::Index(1) << level; k < count; ++k) {
      SlowModes<Scalar> one;
      one.level = level;
      one.first = k * samples / count;
      const Eigen::Index next = (k + 1) * samples / count;
      one.count = next - one.first;
      one.begin = times[one.first];
      one.end = times[std::min(next, samples - 1)];
      extract_slow<Scalar>(times.segment(one.first, one.count), options,
                           64 * std::numeric_limits<Scalar>::epsilon() * whole,
                           rest.middleCols(one.first, one.count), one);
      segments.push_back(std::move(one));
    }
  auto last = join_last(segments, training, times, whole > 0 ? rest.norm() / whole : Scalar(0));
  return MultiresolutionDmd<Scalar>({options, std::move(segments), std::move(last)});
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT MultiresolutionDmd<double> fit_multiresolution_dmd(
    const std::vector<TrajectoryView<double>>&, const MultiresolutionDmdOptions&);
#endif

}  // namespace detail

static_assert(Forecaster<MultiresolutionDmd<double>>);

/// Fits a multi-resolution DMD to one run, of float or double, at any times.
///
/// In a segment the samples are averaged to a few for each cycle, which keeps what is fast from passing for slow, and
/// exponents are fitted to those by optimized DMD; amplitudes of the slow ones follow from all samples of the
/// segment.
///
/// Cost: a fit of exponentials to some \f$ 8\, \text{cycles} \f$ samples in each of \f$ 2^\text{levels} \f$ segments, and
/// a few passes over the samples in each level.
///
/// \throws InvalidArgument for options out of range, more than one run, too few samples or inputs;
///         ConvergenceFailure where nothing is slow in the end of the run.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_multiresolution_dmd(const Data& data, const MultiresolutionDmdOptions& options = {}) {
  return detail::fit_multiresolution_dmd(runs(data), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
