// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/exponential_fit.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/koopman/optimized_dmd_model.hpp"
#include "almagest/linalg/operator_svd.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

inline void check_options(const OptimizedDmdOptions& options, const char* what) {
  using almagest::detail::text;
  if (options.rank < 1)
    throw InvalidArgument(text(what, ": rank is ", options.rank, "; give at least 1 exponent."));
  if (options.context < 1)
    throw InvalidArgument(text(what, ": context is ", options.context, "; give at least 1 sample."));
  if (!(options.tolerance > 0 && options.tolerance < 1))
    throw InvalidArgument(text(what, ": tolerance is ", options.tolerance, "; give a share in (0, 1)."));
  if (options.most_iterations < 1)
    throw InvalidArgument(text(what, ": most_iterations is ", options.most_iterations, "; give at least 1."));
  if (options.guess.empty()) return;
  if (Eigen::Index(options.guess.size()) != options.rank)
    throw InvalidArgument(text(what, ": guess has ", options.guess.size(), " exponents, but rank is ",
                               options.rank, "; give as many, or none."));
  for (auto one = options.guess.begin(); one != options.guess.end(); ++one) {
    const auto& all = options.guess;
    if (!std::isfinite(one->real()) || !std::isfinite(one->imag()) ||
        std::find(one + 1, all.end(), *one) != all.end() ||
        std::find(all.begin(), all.end(), std::conj(*one)) == all.end())
      throw InvalidArgument(text(what, ": guess holds ", one->real(), " + ", one->imag(),
                                 "i without its conjugate, twice or not finite; real data have real "
                                 "exponents and conjugate pairs, each once."));
  }
}

/// All samples, one a row, as an operator.
template <typename Scalar_>
struct SampleOperator {
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  const std::vector<TrajectoryView<Scalar>>& several;

  Eigen::Index rows() const {
    Eigen::Index count = 0;
    for (const auto& run : several) count += run.size();
    return count;
  }
  Eigen::Index cols() const { return several.front().dimension(); }
  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const {
    Eigen::Index first = 0;
    for (const auto& run : several) {
      y.middleRows(first, run.size()).noalias() = run.states().transpose() * x;
      first += run.size();
    }
  }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const {
    Eigen::Index first = 0;
    x.setZero();
    for (const auto& run : several) {
      x.noalias() += run.states() * y.middleRows(first, run.size());
      first += run.size();
    }
  }
};

/// The leading singular values of the samples and what they belong to in the state. Lanczos where few of
/// many are wanted, else the triangle of all samples.
template <typename Scalar>
linalg::Svd<Scalar> leading_patterns(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index rank,
                                     const char* what) {
  using almagest::detail::text;
  const SampleOperator<Scalar> samples{several};
  const Eigen::Index n = samples.cols(), most = std::min(n, samples.rows());
  if (rank > n)
    throw InvalidArgument(text(what, ": rank is ", rank, ", but the state has ", n, " components, which tell ", n,
                               " exponents apart; give less, or use delays, as fit_hankel_dmd does."));
  linalg::Svd<Scalar> found;
  if (most >= 64 && 8 * rank <= most) {
    static_cast<linalg::Svd<Scalar>&>(found) = linalg::lanczos_svd(samples, rank);
  } else {
    linalg::StreamingQr<Scalar> factor(n);
    for (const auto& run : several) factor.update(run.states().transpose());
    found = linalg::svd<Scalar>(factor.triangle());
  }
  const Eigen::Index available = linalg::numerical_rank(found.singular_values, n);
  if (rank > available)
    throw InvalidArgument(text(what, ": rank is ", rank, ", but the samples have rank ", available,
                               " to rounding; ask for rank ", available, " or less."));
  return {{}, found.singular_values.head(rank), found.v.leftCols(rank)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT linalg::Svd<double> leading_patterns(const std::vector<TrajectoryView<double>>&,
                                                                     Eigen::Index, const char*);
#endif

/// The samples of the runs that are long enough in the basis of their patterns.
template <typename Scalar>
std::vector<TimedSamples<Scalar>> projected(const std::vector<TrajectoryView<Scalar>>& several,
                                            const Eigen::MatrixX<Scalar>& patterns) {
  std::vector<TimedSamples<Scalar>> data;
  for (const auto& run : several) {
    const Eigen::VectorXd times = run.times().values();
    data.push_back({(times.array() - times[0]).template cast<Scalar>(), run.states().transpose() * patterns});
  }
  return data;
}

/// A run of no more samples than exponents says nothing of them: any fit.
template <typename Scalar>
std::vector<TrajectoryView<Scalar>> telling_runs(const std::vector<TrajectoryView<Scalar>>& several,
                                                 Eigen::Index rank, const char* what,
                                                 std::vector<std::string>& warnings) {
  using almagest::detail::text;
  std::vector<TrajectoryView<Scalar>> kept;
  Eigen::Index longest = 0;
  for (const auto& run : several) {
    longest = std::max(longest, run.size());
    if (run.size() > rank) kept.push_back(run);
  }
  if (kept.empty())
    throw InvalidArgument(text(what, ": rank ", rank, " needs a run of at least ", rank + 1,
                               " samples, but the longest has ", longest, "; give a longer run or a lower rank."));
  if (kept.size() < several.size())
    warnings.push_back(text(several.size() - kept.size(), " of ", several.size(), " runs have ", rank,
                            " samples or fewer, which any ", rank, " exponents fit; they were left out."));
  return kept;
}

/// Exponents to start from: those of \f$ \dot y = A y \f$ by the trapezoidal rule,
/// \f$ y_{k+1} - y_k = h_k A (y_{k+1} + y_k) / 2 \f$, which takes any times. On uniform ones its
/// \f$ \mu = (2/h) \tanh(\omega h / 2) \f$ is solved for \f$ \omega \f$, so that clean data need no more.
template <typename Scalar>
ExponentSet<Scalar> first_guess(const std::vector<TimedSamples<Scalar>>& data, std::optional<double> step,
                                const char* what) {
  using Complex = std::complex<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index r = data.front().samples.cols();
  linalg::StreamingQr<Scalar> factor(2 * r);
  for (const auto& run : data) {
    const Eigen::Index m = run.times.size() - 1;
    Matrix rows(m, 2 * r);
    rows.leftCols(r) = (run.samples.topRows(m) + run.samples.bottomRows(m)) / 2;
    rows.rightCols(r) = (run.times.tail(m) - run.times.head(m)).cwiseInverse().asDiagonal() *
                        (run.samples.bottomRows(m) - run.samples.topRows(m));
    factor.update(rows);
  }
  const Matrix transposed = Eigen::ColPivHouseholderQR<Matrix>(factor.triangle().topLeftCorner(r, r))
                                .solve(factor.triangle().topRightCorner(r, r));
  const Eigen::EigenSolver<Matrix> solver(transposed, false);
  if (solver.info() != Eigen::Success || !transposed.allFinite())
    throw ConvergenceFailure(almagest::detail::text(
        what, ": no exponents to start from were found in the samples; give some as guess."));
  Eigen::VectorX<Complex> exponents = solver.eigenvalues();
  if (step)
    for (Complex& omega : exponents) {
      const Complex half = omega * Scalar(*step / 2), lambda = (Scalar(1) + half) / (Scalar(1) - half);
      // A negative eigenvalue is at the highest frequency that the samples tell; what is known is its growth.
      const Complex better = (half.imag() == 0 ? Complex(std::log(std::abs(lambda.real()))) : std::log(lambda)) /
                             Scalar(*step);
      if (std::isfinite(better.real()) && std::isfinite(better.imag())) omega = better;
    }
  return ExponentSet<Scalar>::of(exponents);
}

/// The coefficients of each exponential at the start of a run, `channels x r`: modes times amplitudes.
template <typename Scalar>
Eigen::MatrixX<std::complex<Scalar>> mode_coefficients(const TimedSamples<Scalar>& run,
                                                       const ExponentSet<Scalar>& set) {
  using Complex = std::complex<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index r = set.size(), channels = run.samples.cols();
  const Scalar last = run.times[run.times.size() - 1];
  Matrix columns(run.times.size(), r + channels);
  write_exponentials(set, run.times, columns.leftCols(r));
  columns.rightCols(channels) = run.samples;
  linalg::StreamingQr<Scalar> factor(r + channels);
  factor.update(columns);
  const Matrix real = Eigen::ColPivHouseholderQR<Matrix>(factor.triangle().topLeftCorner(r, r))
                          .solve(factor.triangle().topRightCorner(r, channels))
                          .transpose();
  const Eigen::VectorX<Complex> exponents = set.exponents();
  Eigen::MatrixX<Complex> found(channels, r);
  for (Eigen::Index k = 0; k < set.pairs(); ++k) {
    // p c + q d = (p + q / root) / 2 e^(first s) + (p - q / root) / 2 e^(second s)
    const Complex root = exponents[2 * k] - set.centre(k);
    const Eigen::VectorX<Complex> p = real.col(2 * k).template cast<Complex>() / Scalar(2),
                                  q = real.col(2 * k + 1).template cast<Complex>() / (Scalar(2) * root);
    found.col(2 * k) = p + q;
    found.col(2 * k + 1) = p - q;
  }
  if (set.odd()) found.col(r - 1) = real.col(r - 1).template cast<Complex>();
  for (Eigen::Index j = 0; j < r; ++j)
    found.col(j) *= std::exp(-exponents[j] * set.origin(j / 2, last));
  return found;
}

/// Two equal exponents have no modes of their own: sets them apart by what rounding allows.
template <typename Scalar>
void separate(ExponentSet<Scalar>& set, Scalar duration) {
  const Scalar least = std::sqrt(std::numeric_limits<Scalar>::epsilon()) / duration;
  for (Eigen::Index k = 0; k < set.pairs(); ++k)
    if (std::abs(set.square(k)) < least * least) set.values[2 * k + 1] = -least * least;
}

/// What the modes of several runs have in common: the leading direction of the runs' own coefficients.
template <typename Scalar>
Eigen::MatrixX<std::complex<Scalar>> common_modes(const std::vector<TimedSamples<Scalar>>& data,
                                                  const ExponentSet<Scalar>& set) {
  using ComplexMatrix = Eigen::MatrixX<std::complex<Scalar>>;
  std::vector<ComplexMatrix> of_run;
  for (const auto& run : data) of_run.push_back(mode_coefficients(run, set));
  ComplexMatrix modes = of_run.front();
  if (data.size() == 1) return modes;
  for (Eigen::Index j = 0; j < modes.cols(); ++j) {
    for (const auto& one : of_run)
      if (one.col(j).norm() > modes.col(j).norm()) modes.col(j) = one.col(j);
    for (int round = 0; round < 10; ++round) {
      Eigen::VectorX<std::complex<Scalar>> next = Eigen::VectorX<std::complex<Scalar>>::Zero(modes.rows());
      for (const auto& one : of_run) next += one.col(j) * one.col(j).dot(modes.col(j));
      if (!(next.norm() > 0)) break;
      modes.col(j) = next.normalized();
    }
  }
  // Conjugates to the bit.
  for (Eigen::Index k = 0; k < set.pairs(); ++k)
    if (set.square(k) < 0) modes.col(2 * k + 1) = modes.col(2 * k).conjugate();
  return modes;
}

/// How far the eigenfunctions along the runs are from exponentials; see OptimizedDmd.
template <typename Scalar>
Eigen::VectorX<Scalar> exponential_residuals(const std::vector<TrajectoryView<Scalar>>& several,
                                             const ModeBasis<Scalar>& basis,
                                             const Eigen::VectorX<std::complex<Scalar>>& exponents) {
  Eigen::VectorX<Scalar> left = Eigen::VectorX<Scalar>::Zero(exponents.size()), all = left;
  for (const auto& run : several) {
    const Eigen::MatrixX<std::complex<Scalar>> values = basis.eigenfunctions(run.states());
    const Eigen::VectorXd times = run.times().values();
    for (Eigen::Index j = 0; j < exponents.size(); ++j) {
      const double origin = exponents[j].real() > 0 ? times[times.size() - 1] : times[0];
      const Eigen::VectorX<std::complex<Scalar>> expected =
          ((times.array() - origin).template cast<Scalar>().template cast<std::complex<Scalar>>() * exponents[j])
              .exp();
      const Eigen::VectorX<std::complex<Scalar>> given = values.row(j).transpose();
      const std::complex<Scalar> amplitude = expected.dot(given) / expected.squaredNorm();
      left[j] += (given - amplitude * expected).squaredNorm();
      all[j] += given.squaredNorm();
    }
  }
  return left.cwiseQuotient(all.cwiseMax(std::numeric_limits<Scalar>::min())).cwiseSqrt();
}

/// Modes, amplitudes and residuals for exponents and modes that are known up to scale, largest amplitude first.
/// Returns the order.
template <typename Scalar>
std::vector<Eigen::Index> complete(const std::vector<TrajectoryView<Scalar>>& several,
              const Eigen::VectorX<std::complex<Scalar>>& exponents, Eigen::MatrixX<std::complex<Scalar>> modes,
              OptimizedDmdParts<Scalar>& parts) {
  for (Eigen::Index j = 0; j < modes.cols(); ++j) normalize_mode(modes.col(j));
  const Eigen::VectorXd times = several.front().times().values();
  const auto amplitudes = ModeBasis<Scalar>(modes, exponents)
                              .amplitudes(several.front().states(),
                                          Eigen::VectorX<Scalar>((times.array() - times[0]).template cast<Scalar>()));
  parts.exponents = exponents;
  parts.modes = std::move(modes);
  parts.amplitudes = amplitudes;
  parts.start = times[0];
  const ModeBasis<Scalar> basis(parts.modes, parts.exponents);
  const Scalar independence = basis.independence();
  if (!(independence > 100 * std::sqrt(std::numeric_limits<Scalar>::epsilon())))
    parts.warnings.push_back(almagest::detail::text(
        "modes are nearly dependent (to ", almagest::detail::rounded(double(independence), 2),
        "), as for exponents that coincide: modes, amplitudes and residuals have lost digits; use a lower rank."));
  parts.residuals = exponential_residuals(several, basis, parts.exponents);
  return sort_by_amplitude(parts);
}

/// The data of a fit of exponents, checked.
template <typename Scalar>
struct OptimizedDmdProblem {
  std::vector<TrajectoryView<Scalar>> several;
  OptimizedDmdParts<Scalar> parts;
  Eigen::MatrixX<Scalar> patterns;  ///< n x r
  std::vector<TimedSamples<Scalar>> data;

  OptimizedDmdProblem(const std::vector<TrajectoryView<Scalar>>& given, const OptimizedDmdOptions& options,
                      const char* what) {
    check_options(options, what);
    parts.options = options;
    parts.training = almagest::detail::training_facts(given, {}, what);
    refuse_inputs(given, what);
    parts.training.step = almagest::detail::common_step(given, what);
    several = telling_runs(given, options.rank, what, parts.warnings);
    linalg::Svd<Scalar> svd = leading_patterns(several, options.rank, what);
    parts.singular_values = std::move(svd.singular_values);
    patterns = std::move(svd.v);
    data = projected(several, patterns);
  }

  ExponentSet<Scalar> start(const char* what) const {
    const auto& guess = parts.options.guess;
    if (guess.empty()) return first_guess(data, parts.training.step, what);
    const Eigen::VectorXcd given = Eigen::VectorXcd::Map(guess.data(), Eigen::Index(guess.size()));
    return ExponentSet<Scalar>::of(given.template cast<std::complex<Scalar>>());
  }
  ExponentialFitOptions fit_options() const {
    return {parts.options.constraint, parts.options.most_iterations, parts.options.tolerance};
  }
  /// The longest run lasts that long.
  Scalar duration() const {
    Scalar longest = 0;
    for (const auto& run : data) longest = std::max(longest, run.times[run.times.size() - 1]);
    return longest;
  }

  /// The best exponents for all data, noted in the parts.
  ExponentSet<Scalar> solve(const char* what) {
    auto fit = fit_exponentials(data, start(what), fit_options());
    if (!std::isfinite(fit.misfit))
      throw ConvergenceFailure(almagest::detail::text(
          what, ": the exponents to start from overflow or coincide; give others as guess, or a lower rank."));
    Scalar size = 0;
    for (const auto& run : data) size += run.samples.squaredNorm();
    parts.misfit = double(fit.misfit / std::sqrt(size));
    parts.iterations = fit.iterations;
    parts.converged = fit.converged;
    if (!fit.converged)
      parts.warnings.push_back(almagest::detail::text(
          fit.iterations, " iterations did not suffice, with a misfit of ", almagest::detail::rounded(parts.misfit, 3),
          "; give more with most_iterations, a better guess, or a lower rank."));
    separate(fit.set, duration());
    return std::move(fit.set);
  }
};

template <typename Scalar>
OptimizedDmd<Scalar> fit_optimized_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                       const OptimizedDmdOptions& options) {
  OptimizedDmdProblem<Scalar> problem(several, options, "fit_optimized_dmd");
  const auto set = problem.solve("fit_optimized_dmd");
  complete<Scalar>(problem.several, set.exponents(),
                   problem.patterns.template cast<std::complex<Scalar>>() * common_modes(problem.data, set),
                   problem.parts);
  return OptimizedDmd<Scalar>(std::move(problem.parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT OptimizedDmd<double> fit_optimized_dmd(
    const std::vector<TrajectoryView<double>>&, const OptimizedDmdOptions&);
#endif

}  // namespace detail

/// Fits an optimized DMD to a trajectory or to several: whatever `runs` accepts, of float or double, at any
/// times, uniform or not.
///
/// The samples are projected on their r leading singular vectors. Exponents are found there by variable
/// projection with the method of Levenberg and Marquardt, from the exponents of the trapezoidal rule or from
/// `guess`; several runs share exponents and modes, each has its own amplitudes. Between two samples much less
/// than half a period should pass on the average where times are not uniform: else give a guess.
///
/// Constraints hold exactly: `stable` exponents do not grow, `imaginary` ones neither grow nor decay; real
/// data make the others conjugate pairs anyway. A field of complex samples is given as its real and imaginary
/// parts, as components, with twice the rank.
///
/// Cost: 2 k products with the samples for the projection, k some 5 r; then \f$ 18 m r^2 \f$ flops an
/// iteration for m samples.
///
/// \throws InvalidArgument for options out of range, a rank above that of the samples or the dimension, too
///         few samples, inputs, or uniform runs of different steps; DimensionMismatch for runs of different
///         dimension; ConvergenceFailure where there is nothing to start from.
///
/// See OptimizedDmd for the model, and `warnings()` of the result for what is doubtful.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_optimized_dmd(const Data& data, const OptimizedDmdOptions& options = {}) {
  return detail::fit_optimized_dmd(runs(data), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
