// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/koopman/exponential_fit.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
#include "almagest/koopman/optimized_dmd_model.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What bagging may be told, besides what optimized DMD may be.
struct BaggedDmdOptions {
  OptimizedDmdOptions each = {};
  Eigen::Index bags = 100;
  double share = 0.6;      ///< of the samples that a bag draws, without replacement
  std::uint64_t seed = 0;  ///< of the draws
  unsigned threads = 1;    ///< the result is the same for any number
};

/// Mean and standard deviation over the bags. Deviations of complex numbers have that of the real part as
/// their real and that of the imaginary part as their imaginary part.
template <typename Scalar = double>
struct BagStatistics {
  Eigen::VectorX<std::complex<Scalar>> exponents, exponent_deviations;    ///< r
  Eigen::MatrixX<std::complex<Scalar>> modes, mode_deviations;            ///< n x r
  Eigen::VectorX<std::complex<Scalar>> amplitudes, amplitude_deviations;  ///< r
};

/// All that a BaggedDmd is made of.
template <typename Scalar = double>
struct BaggedDmdParts {
  OptimizedDmdParts<Scalar> mean;  ///< mean exponents and modes over the bags
  BagStatistics<Scalar> statistics;
  BaggedDmdOptions options;
  Eigen::MatrixX<std::complex<Scalar>> bag_exponents;  ///< r x bags
  double standard_error_factor = 0;
};

/// Optimized DMD of many random subsets of the samples: bagging, optimized DMD (BOP-DMD).
///
/// Each bag draws a share of the samples of every run and fits exponents, starting from those of all
/// samples. `model()` has the mean exponents and modes, and is what forecasts; `statistics()` has the
/// deviations. Modes of a bag are turned to the phase of those of the fit to all samples before they are
/// averaged.
///
/// A bag without replacement of p of m samples varies less than a new measurement would: multiply
/// deviations by \f$ \sqrt{p / (m - p)} \f$ for an estimate of the standard error of the fit to all
/// samples (delete-d jackknife); `standard_error_factor()` is that number.
///
/// Reference: D. Sashidhar, J. N. Kutz, Bagging, optimized dynamic mode decomposition for robust, stable
/// forecasting with spatial and temporal uncertainty quantification, Phil. Trans. R. Soc. A 380 (2022),
/// https://doi.org/10.1098/rsta.2021.0199
template <typename Scalar_ = double>
class BaggedDmd {
 public:
  using Scalar = Scalar_;
  using Complex = std::complex<Scalar>;

  /// A model from stored parts. Throws DimensionMismatch where they do not fit together.
  explicit BaggedDmd(BaggedDmdParts<Scalar> parts)
      : model_(std::move(parts.mean)),
        statistics_(std::move(parts.statistics)),
        options_(std::move(parts.options)),
        bag_exponents_(std::move(parts.bag_exponents)),
        factor_(parts.standard_error_factor) {
    using almagest::detail::check_lengths;
    const auto check = [&](const char* named, const auto& values, Eigen::Index rows, Eigen::Index columns) {
      check_lengths("BaggedDmd", named, values.rows(), "that of the mean model", rows);
      check_lengths("BaggedDmd", named, values.cols(), "that of the mean model", columns);
    };
    check("exponents", statistics_.exponents, rank(), 1);
    check("exponent_deviations", statistics_.exponent_deviations, rank(), 1);
    check("modes", statistics_.modes, dimension(), rank());
    check("mode_deviations", statistics_.mode_deviations, dimension(), rank());
    check("amplitudes", statistics_.amplitudes, rank(), 1);
    check("amplitude_deviations", statistics_.amplitude_deviations, rank(), 1);
    check("bag_exponents", bag_exponents_, rank(), bag_exponents_.cols());
  }

  BaggedDmdParts<Scalar> parts() const { return {model_.parts(), statistics_, options_, bag_exponents_, factor_}; }
  const OptimizedDmd<Scalar>& model() const { return model_; }
  const BagStatistics<Scalar>& statistics() const { return statistics_; }
  const BaggedDmdOptions& options() const { return options_; }
  /// Exponents of every bag that converged, `rank x bags`.
  const Eigen::MatrixX<Complex>& bag_exponents() const { return bag_exponents_; }
  double standard_error_factor() const { return factor_; }

  /// \name As of the mean model
  /// @{
  Eigen::Index dimension() const { return model_.dimension(); }
  Eigen::Index context() const { return model_.context(); }
  Eigen::Index rank() const { return model_.rank(); }
  const TrainingFacts& training() const { return model_.training(); }
  const Eigen::VectorX<Complex>& exponents() const { return model_.exponents(); }
  Eigen::VectorX<Complex> eigenvalues() const { return model_.eigenvalues(); }
  const Eigen::MatrixX<Complex>& modes() const { return model_.modes(); }
  const Eigen::VectorX<Complex>& amplitudes() const { return model_.amplitudes(); }
  const Eigen::VectorX<Scalar>& residuals() const { return model_.residuals(); }
  const std::vector<std::string>& warnings() const { return model_.warnings(); }
  std::vector<Eigen::Index> verified(double tolerance) const { return model_.verified(tolerance); }
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    return model_.forecast(history, steps);
  }
  Trajectory<Scalar> evaluate(const TimeGrid& times) const { return model_.evaluate(times); }
  Trajectory<Scalar> reconstruct(const TrajectoryView<Scalar>& run) const { return model_.reconstruct(run); }
  /// @}

  std::string summary() const {
    using almagest::detail::rounded, almagest::detail::text;
    std::string table = text(bag_exponents_.cols(), " bags of ", rounded(100 * options_.share, 3),
                             " % of the samples; deviations over the bags of growth and frequency:\n");
    for (const Complex& one : statistics_.exponent_deviations)
      table +=
          detail::cell(rounded(double(one.real()), 3), 14) + detail::cell(rounded(double(one.imag()), 3), 20) + "\n";
    return model_.summary() + table;
  }

 private:
  OptimizedDmd<Scalar> model_;
  BagStatistics<Scalar> statistics_;
  BaggedDmdOptions options_;
  Eigen::MatrixX<Complex> bag_exponents_;
  double factor_;
};

static_assert(Forecaster<BaggedDmd<double>>);

namespace detail {

inline void check_options(const BaggedDmdOptions& options) {
  using almagest::detail::text;
  if (options.bags < 2)
    throw InvalidArgument(text("fit_bagged_dmd: bags is ", options.bags, "; give at least 2 for a deviation."));
  if (!(options.share > 0 && options.share < 1))
    throw InvalidArgument(text("fit_bagged_dmd: share is ", options.share,
                               ", but a bag draws a share in (0, 1) of the samples; give for example 0.6."));
  if (options.threads < 1)
    throw InvalidArgument("fit_bagged_dmd: threads is 0; give at least 1.");
}

/// How many of `samples` a bag draws: more than there are exponents.
inline Eigen::Index drawn(Eigen::Index samples, double share, Eigen::Index rank) {
  return std::clamp<Eigen::Index>(Eigen::Index(std::lround(share * double(samples))), rank + 1, samples);
}

/// A random subset of the samples of every run, in their order.
template <typename Scalar>
std::vector<TimedSamples<Scalar>> draw(const std::vector<TimedSamples<Scalar>>& data, double share,
                                       Eigen::Index rank, RandomStream random) {
  std::vector<TimedSamples<Scalar>> bag;
  for (const auto& run : data) {
    const Eigen::Index m = run.times.size();
    // Knuth's selection sampling: each subset of that size is as likely as another.
    Eigen::Index wanted = drawn(m, share, rank);
    std::vector<Eigen::Index> rows;
    for (Eigen::Index k = 0; wanted > 0; ++k)
      if (double(m - k) * random.uniform() < double(wanted)) {
        rows.push_back(k);
        --wanted;
      }
    bag.push_back({run.times(rows), run.samples(rows, Eigen::indexing::all)});
  }
  return bag;
}

/// Mean and deviation of complex matrices as they come, after Welford.
template <typename Matrix>
class RunningMoments {
 public:
  void add(const Matrix& value) {
    if (count_++ == 0) {
      mean_ = Matrix::Zero(value.rows(), value.cols());
      real_ = imag_ = mean_.real();
    }
    const Matrix before = value - mean_;
    mean_ += before / Real(count_);
    const Matrix after = value - mean_;
    real_ += before.real().cwiseProduct(after.real());
    imag_ += before.imag().cwiseProduct(after.imag());
  }
  const Matrix& mean() const { return mean_; }
  Matrix deviation() const {
    Matrix found = mean_;
    found.real() = (real_ / Real(count_ - 1)).cwiseSqrt();
    found.imag() = (imag_ / Real(count_ - 1)).cwiseSqrt();
    return found;
  }

 private:
  using Real = typename Matrix::RealScalar;
  Matrix mean_;
  Eigen::Matrix<Real, Matrix::RowsAtCompileTime, Matrix::ColsAtCompileTime> real_, imag_;
  int count_ = 0;
};

template <typename Scalar>
struct Bag {
  ExponentSet<Scalar> set;
  Eigen::MatrixX<std::complex<Scalar>> modes;       ///< r x r, in the basis of the patterns, of unit length
  Eigen::VectorX<std::complex<Scalar>> amplitudes;  ///< r, of the first run
  bool converged = false;
};

template <typename Scalar>
Bag<Scalar> fit_bag(const OptimizedDmdProblem<Scalar>& problem, const ExponentSet<Scalar>& start,
                    const Eigen::MatrixX<std::complex<Scalar>>& reference, const BaggedDmdOptions& options,
                    std::size_t number) {
  const auto data = draw(problem.data, options.share, start.size(), RandomStream(options.seed, number));
  auto fit = fit_exponentials(data, start, problem.fit_options());
  Bag<Scalar> bag{std::move(fit.set), {}, {}, fit.converged && std::isfinite(fit.misfit)};
  if (!bag.converged) return bag;
  separate(bag.set, problem.duration());
  bag.modes = common_modes(data, bag.set);
  const auto first = data.size() == 1 ? bag.modes : mode_coefficients(data.front(), bag.set);
  bag.amplitudes.resize(start.size());
  for (Eigen::Index j = 0; j < start.size(); ++j) {
    auto mode = bag.modes.col(j);
    const std::complex<Scalar> along = reference.col(j).dot(mode);
    if (std::abs(along) > 0) mode *= std::conj(along) / std::abs(along);
    mode.normalize();
    bag.amplitudes[j] = mode.dot(first.col(j));
  }
  return bag;
}

/// Where pair k is real in some bags and conjugate in others, takes its statistics of the bags of the more frequent
/// kind. Returns how many were left out.
template <typename Scalar>
Eigen::Index agree_on_pair(const std::vector<Bag<Scalar>>& bags, const Eigen::MatrixX<std::complex<Scalar>>& patterns,
                           Eigen::Index k, BagStatistics<Scalar>& of) {
  const auto turns = [k](const Bag<Scalar>& bag) { return bag.set.exponents()[2 * k].imag() != 0; };
  Eigen::Index turning = 0, real = 0;
  for (const auto& bag : bags)
    if (bag.converged) ++(turns(bag) ? turning : real);
  if (turning == 0 || real == 0) return 0;
  const bool wanted = turning >= real;
  RunningMoments<Eigen::VectorX<std::complex<Scalar>>> exponents, amplitudes;
  RunningMoments<Eigen::MatrixX<std::complex<Scalar>>> modes;
  for (const auto& bag : bags) {
    if (!bag.converged || turns(bag) != wanted) continue;
    exponents.add(bag.set.exponents().segment(2 * k, 2));
    amplitudes.add(bag.amplitudes.segment(2 * k, 2));
    modes.add(patterns * bag.modes.middleCols(2 * k, 2));
  }
  of.exponents.segment(2 * k, 2) = exponents.mean();
  of.amplitudes.segment(2 * k, 2) = amplitudes.mean();
  of.modes.middleCols(2 * k, 2) = modes.mean();
  if (std::max(turning, real) > 1) {
    of.exponent_deviations.segment(2 * k, 2) = exponents.deviation();
    of.amplitude_deviations.segment(2 * k, 2) = amplitudes.deviation();
    of.mode_deviations.middleCols(2 * k, 2) = modes.deviation();
  }
  return std::min(turning, real);
}

template <typename Scalar>
BaggedDmd<Scalar> fit_bagged_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                 const BaggedDmdOptions& options, const Progress& progress) {
  using Complex = std::complex<Scalar>;
  using ComplexMatrix = Eigen::MatrixX<Complex>;
  check_options(options);
  OptimizedDmdProblem<Scalar> problem(several, options.each, "fit_bagged_dmd");
  const auto whole = problem.solve("fit_bagged_dmd");
  const ComplexMatrix patterns = problem.patterns.template cast<Complex>();
  ComplexMatrix reference = patterns * common_modes(problem.data, whole);
  for (Eigen::Index j = 0; j < whole.size(); ++j) normalize_mode(reference.col(j));
  const ComplexMatrix projected_reference = patterns.adjoint() * reference;

  std::vector<Bag<Scalar>> bags(std::size_t(options.bags));
  almagest::detail::in_parallel(bags.size(), options.threads, progress, "bags", [&](std::size_t k, unsigned) {
    bags[k] = fit_bag(problem, whole, projected_reference, options, k);
  });

  RunningMoments<Eigen::VectorX<Complex>> exponents, amplitudes;
  RunningMoments<ComplexMatrix> modes;
  ComplexMatrix all(whole.size(), options.bags);
  Eigen::Index converged = 0;
  for (const auto& bag : bags) {
    if (!bag.converged) continue;
    all.col(converged++) = bag.set.exponents();
    exponents.add(bag.set.exponents());
    amplitudes.add(bag.amplitudes);
    modes.add(patterns * bag.modes);
  }
  using almagest::detail::text;
  if (converged < 2)
    throw ConvergenceFailure(text("fit_bagged_dmd: ", converged, " of ", options.bags,
                                  " bags converged; give a larger share, a lower rank, or more iterations."));
  if (converged < options.bags)
    problem.parts.warnings.push_back(
        text(options.bags - converged, " of ", options.bags, " bags did not converge and were left out."));

  BagStatistics<Scalar> of{exponents.mean(), exponents.deviation(),  modes.mean(),
                           modes.deviation(), amplitudes.mean(), amplitudes.deviation()};
  // Means of conjugates are conjugates; a pair that is real in some bags and conjugate in others is neither.
  for (Eigen::Index k = 0; k < whole.pairs(); ++k)
    if (const auto left_out = agree_on_pair(bags, patterns, k, of); left_out > 0)
      problem.parts.warnings.push_back(
          text("a pair of exponents is real in some bags and conjugate in others; its means are without the ", left_out,
               " bags of the rarer kind."));
  const auto order = complete<Scalar>(problem.several, of.exponents, of.modes, problem.parts);
  BagStatistics<Scalar> statistics{of.exponents(order),
                                   of.exponent_deviations(order),
                                   of.modes(Eigen::indexing::all, order),
                                   of.mode_deviations(Eigen::indexing::all, order),
                                   of.amplitudes(order),
                                   of.amplitude_deviations(order)};
  double samples = 0, taken = 0;
  for (const auto& run : problem.data) {
    samples += double(run.times.size());
    taken += double(drawn(run.times.size(), options.share, whole.size()));
  }
  return BaggedDmd<Scalar>({std::move(problem.parts), std::move(statistics), options,
                            ComplexMatrix(all.leftCols(converged)(order, Eigen::indexing::all)),
                            samples > taken ? std::sqrt(taken / (samples - taken)) : 0});
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT BaggedDmd<double> fit_bagged_dmd(
    const std::vector<TrajectoryView<double>>&, const BaggedDmdOptions&, const Progress&);
#endif

}  // namespace detail

/// Fits a bagged DMD to a trajectory or to several: whatever `runs` accepts, at any times.
///
/// Deterministic for a seed, whatever the count of threads. Samples are projected once, on the leading
/// singular vectors of all of them.
///
/// Cost: that of `fit_optimized_dmd`, and a few of its iterations on a share of the samples for each bag.
///
/// \throws InvalidArgument for options out of range, and as `fit_optimized_dmd`; ConvergenceFailure where
///         fewer than 2 bags converge; Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_bagged_dmd(const Data& data, const BaggedDmdOptions& options = {}, const Progress& progress = {}) {
  return detail::fit_bagged_dmd(runs(data), options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
