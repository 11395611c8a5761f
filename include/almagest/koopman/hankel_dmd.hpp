// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/hankel_dmd_model.hpp"
#include "almagest/linalg/hankel_operator.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

using almagest::detail::rounded;
using almagest::detail::text;

inline void check_options(const HankelDmdOptions& options) {
  if (options.delays < 1)
    throw InvalidArgument(
        text("fit_hankel_dmd: delays is ", options.delays, "; give at least 1 sample a window."));
  if (options.rank < 0)
    throw InvalidArgument(text("fit_hankel_dmd: rank is ", options.rank,
                               "; give a positive rank, or 0 to choose it by energy."));
  if (!(options.energy > 0 && options.energy <= 1))
    throw InvalidArgument(text("fit_hankel_dmd: energy is ", options.energy,
                               ", but a share lies in (0, 1]; give for example 0.999."));
}

/// The common time step, known and uniform.
template <typename Scalar>
double uniform_step(const std::vector<TrajectoryView<Scalar>>& several) {
  for (std::size_t k = 0; k < several.size(); ++k) {
    const TimeGrid& times = several[k].times();
    if (times.is_uniform()) continue;
    const Eigen::VectorXd t = times.values();
    const Eigen::VectorXd steps = t.tail(t.size() - 1) - t.head(t.size() - 1);
    throw InvalidArgument(text("fit_hankel_dmd: times are not uniform: run ", k, " has steps from ",
                               steps.minCoeff(), " to ", steps.maxCoeff(),
                               "; resample it to one step."));
  }
  const auto step = almagest::detail::common_step(several, "fit_hankel_dmd");
  if (!step) throw InvalidArgument("fit_hankel_dmd: no run has 2 samples; give longer runs.");
  return *step;
}

template <typename Scalar>
void check_inputs(const std::vector<TrajectoryView<Scalar>>& several) {
  for (const auto& run : several)
    if (run.inputs().rows() > 0)
      throw InvalidArgument(text("fit_hankel_dmd: a run has inputs, ", run.inputs().rows(),
                                 " where 0 are expected, as this learner does not use them; "
                                 "make them components of the state or leave them out."));
}

/// Two pairs of windows are the least that tells a map from a coincidence.
template <typename Scalar>
void check_length(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index delays,
                  std::vector<std::string>& warnings) {
  Eigen::Index pairs = 0, longest = 0;
  std::size_t left_out = 0;
  for (const auto& run : several) {
    const Eigen::Index count = window_count(run, delays + 1);
    pairs += count;
    longest = std::max(longest, run.size());
    if (count == 0) ++left_out;
  }
  if (pairs < 2) {
    const std::string given = several.size() == 1
                                  ? text("the trajectory has ", longest)
                                  : text("the longest of ", several.size(), " runs has ", longest);
    throw InvalidArgument(text("fit_hankel_dmd: ", delays, " delays need at least ", delays + 2,
                               " samples, but ", given,
                               "; give a longer trajectory or fewer delays."));
  }
  if (left_out > 0)
    warnings.push_back(text(left_out, " of ", several.size(), " runs have fewer than ", delays + 1,
                            " samples, too few for ", delays, " delays; they were left out."));
}

inline void check_rank(Eigen::Index rank, Eigen::Index available) {
  if (available == 0)
    throw InvalidArgument(
        "fit_hankel_dmd: states are 0 throughout, which has rank 0; give a trajectory that moves.");
  if (rank > available)
    throw InvalidArgument(text("fit_hankel_dmd: rank is ", rank,
                               ", but the windows of the data have rank ", available,
                               " to rounding; ask for rank ", available,
                               " or less, or give rank = 0 and an energy."));
}

template <typename Derived>
Eigen::Index choose_rank(const HankelDmdOptions& options, const Eigen::MatrixBase<Derived>& sigma,
                         std::vector<std::string>& warnings) {
  const Eigen::Index available = linalg::numerical_rank(sigma, sigma.size());
  check_rank(options.rank, available);
  const Eigen::Index rank =
      options.rank > 0 ? options.rank
                       : std::min(available, linalg::rank_by_energy(sigma, options.energy));
  const Eigen::Index floor = linalg::noise_floor(sigma, available);
  if (rank > floor)
    warnings.push_back(
        text("rank ", rank, " reaches into a noise floor: from number ", floor + 1,
             " on the singular values stop falling (", rounded(double(sigma[floor]), 3), " to ",
             rounded(double(sigma[floor + 3]), 3), " over four); use rank ", floor, " or less."));
  return rank;
}

/// P^-T, by a pseudo-inverse that stays finite where columns coincide (a Jordan block).
template <typename Scalar>
Eigen::MatrixX<Scalar> dual_basis(const Eigen::MatrixX<Scalar>& p,
                                  std::vector<std::string>& warnings) {
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(p);
  const Scalar parallel = svd.singular_values.size() < p.cols()
                              ? Scalar(0)
                              : svd.singular_values[p.cols() - 1] / svd.singular_values[0];
  // Eigenvectors near a Jordan block move by rounding / parallel, their dual by as much again.
  if (parallel < 100 * std::sqrt(std::numeric_limits<Scalar>::epsilon()))
    warnings.push_back(
        text("eigenvectors are nearly parallel (to ", rounded(double(parallel), 2),
             "), as for a repeated eigenvalue: modes and amplitudes have lost digits; "
             "forecast and reconstruct do not use them."));
  return svd.u * svd.singular_values.cwiseInverse().asDiagonal() * svd.v.transpose();
}

/// One term of the mode sum.
template <typename Scalar>
struct KoopmanMode {
  std::complex<Scalar> eigenvalue, amplitude;
  Eigen::VectorX<std::complex<Scalar>> mode;
  Scalar residual;

  /// Unit length, largest component real and positive; what that takes moves into the amplitude.
  void normalize() {
    Eigen::Index largest = 0;
    const Scalar peak = mode.cwiseAbs().maxCoeff(&largest);
    if (!(peak > 0)) return;
    const std::complex<Scalar> scale = mode[largest] / peak * mode.norm();
    mode /= scale;
    amplitude *= scale;
  }
};

/// The spectrum, largest amplitude first. `q` and `c` hold the windows and their successors in
/// normalized coordinates, `z` is the first window in them: an eigenfunction y solves
/// \f$ Q^\top C y = \lambda y \f$ and has the residual \f$ |C y - \lambda Q y| / |y| \f$.
///
/// All in real arithmetic, a conjugate pair \f$ u \pm iv \f$ as the two columns u, v of P; so pairs
/// are exact. Returned is the member of each pair in the upper half plane.
template <typename Scalar>
std::vector<KoopmanMode<Scalar>> spectrum(HankelDmdParts<Scalar>& parts,
                                          const Eigen::MatrixX<Scalar>& q,
                                          const Eigen::MatrixX<Scalar>& c,
                                          const Eigen::VectorX<Scalar>& z) {
  using Matrix = Eigen::MatrixX<Scalar>;
  using Complex = std::complex<Scalar>;
  const Eigen::EigenSolver<Matrix> solver(Matrix(parts.reduced_operator.transpose()));
  if (solver.info() != Eigen::Success)
    throw ConvergenceFailure(
        text("fit_hankel_dmd: the eigenvalues of the reduced operator of rank ", q.cols(),
             " did not converge; try a lower rank."));
  const auto& lambda = solver.eigenvalues();
  const auto is_pair = [&](Eigen::Index j) { return lambda[j].imag() != 0; };
  Matrix p = solver.pseudoEigenvectors();
  for (Eigen::Index j = 0; j < p.cols(); j += is_pair(j) ? 2 : 1) {
    auto columns = p.middleCols(j, is_pair(j) ? 2 : 1);
    columns /= columns.norm();
  }
  const Matrix defect = c * p - q * (p * solver.pseudoEigenvalueMatrix());
  const auto scales = parts.singular_values.head(q.cols()).asDiagonal();
  const Matrix modes =
      parts.basis.topRows(parts.training.dimension) * scales * dual_basis(p, parts.warnings);
  const Eigen::VectorX<Scalar> amplitudes = p.transpose() * z;

  std::vector<KoopmanMode<Scalar>> found;
  for (Eigen::Index j = 0; j < p.cols(); j += is_pair(j) ? 2 : 1) {
    KoopmanMode<Scalar> one{lambda[j], amplitudes[j], modes.col(j).template cast<Complex>(),
                            defect.col(j).norm()};
    if (is_pair(j)) {
      one.amplitude += Complex(0, amplitudes[j + 1]);
      one.mode = (one.mode - Complex(0, 1) * modes.col(j + 1).template cast<Complex>()) / Scalar(2);
      one.residual = defect.middleCols(j, 2).norm();
    }
    one.normalize();
    found.push_back(std::move(one));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::abs(a.amplitude) > std::abs(b.amplitude);
  });
  return found;
}

/// Writes the spectrum into the parts, each pair as two neighbours.
template <typename Scalar>
void store(const std::vector<KoopmanMode<Scalar>>& found, HankelDmdParts<Scalar>& parts) {
  const Eigen::Index rank = parts.basis.cols();
  parts.eigenvalues.resize(rank);
  parts.modes.resize(parts.training.dimension, rank);
  parts.amplitudes.resize(rank);
  parts.residuals.resize(rank);
  Eigen::Index j = 0;
  const auto put = [&](const auto& eigenvalue, const auto& mode, const auto& amplitude,
                       Scalar residual) {
    parts.eigenvalues[j] = eigenvalue;
    parts.modes.col(j) = mode;
    parts.amplitudes[j] = amplitude;
    parts.residuals[j++] = residual;
  };
  for (const auto& one : found) {
    put(one.eigenvalue, one.mode, one.amplitude, one.residual);
    if (one.eigenvalue.imag() != 0)
      put(std::conj(one.eigenvalue), one.mode.conjugate(), std::conj(one.amplitude), one.residual);
  }
}

/// The windows and their successors in normalized coordinates, as far as inner products tell:
/// \f$ Q = U \f$ and \f$ C = H_Y V S^{-1} \f$ up to one orthogonal factor from the left.
template <typename Scalar>
struct NormalizedWindows {
  Eigen::MatrixX<Scalar> q, c;
};

/// By the triangle of windows one sample longer, which holds both the windows and their successors.
template <typename Scalar>
NormalizedWindows<Scalar> normalize_by_factor(const std::vector<TrajectoryView<Scalar>>& several,
                                              HankelDmdParts<Scalar>& parts) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index width = parts.training.dimension * parts.options.delays;
  const Matrix triangle = factor_windows(several, parts.options.delays + 1).triangle();
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(triangle.topLeftCorner(width, width));
  // What the decomposition drops as rounding counts as zero.
  parts.singular_values.setZero(width);
  parts.singular_values.head(svd.singular_values.size()) = svd.singular_values;
  const Eigen::Index rank = choose_rank(parts.options, parts.singular_values, parts.warnings);
  parts.basis = svd.v.leftCols(rank);
  const auto inverse = svd.singular_values.head(rank).cwiseInverse().asDiagonal();
  Matrix q = Matrix::Zero(triangle.rows(), rank);
  q.topRows(width) = svd.u.leftCols(rank);
  return {std::move(q), triangle.rightCols(width) * parts.basis * inverse};
}

/// By products with the matrix of windows, which is not formed: for long windows and a rank that is
/// known, where the triangle would take most of the time.
template <typename Scalar>
NormalizedWindows<Scalar> normalize_by_products(const std::vector<TrajectoryView<Scalar>>& several,
                                                HankelDmdParts<Scalar>& parts) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index delays = parts.options.delays, rank = parts.options.rank;
  std::vector<TrajectoryView<Scalar>> earlier, later;
  for (const auto& run : several) {
    if (run.size() <= delays) continue;
    earlier.push_back(run.slice(0, run.size() - 1));
    later.push_back(run.slice(1, run.size() - 1));
  }
  const linalg::HankelOperator<Scalar> windows(earlier, delays), successors(later, delays);
  linalg::HankelSvd<Scalar> svd = linalg::hankel_svd(windows, rank);
  parts.singular_values = svd.singular_values;
  check_rank(rank, svd.singular_values.size());
  parts.warnings.insert(parts.warnings.end(), svd.warnings.begin(), svd.warnings.end());
  parts.basis = svd.v;
  Matrix image(successors.rows(), rank);
  successors.apply(parts.basis * svd.singular_values.cwiseInverse().asDiagonal(), image);
  linalg::StreamingQr<Scalar> factor(2 * rank);
  for (Eigen::Index first = 0; first < image.rows(); first += 1024) {
    const Eigen::Index count = std::min<Eigen::Index>(1024, image.rows() - first);
    Matrix both(count, 2 * rank);
    both << svd.u.middleRows(first, count), image.middleRows(first, count);
    factor.update(both);
  }
  return {factor.triangle().leftCols(rank), factor.triangle().rightCols(rank)};
}

/// Whether the triangle would cost far more than products do. Short windows never leave it.
template <typename Scalar>
bool products_pay(const std::vector<TrajectoryView<Scalar>>& several, const HankelDmdOptions& options) {
  constexpr Eigen::Index short_window = 256;
  const Eigen::Index width = several.front().dimension() * options.delays;
  Eigen::Index pairs = 0;
  for (const auto& run : several) pairs += window_count(run, options.delays + 1);
  return width >= short_window && options.rank > 0 && 4 * options.rank <= std::min(width, pairs);
}

template <typename Scalar>
HankelDmd<Scalar> fit_hankel_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                 const HankelDmdOptions& options) {
  check_options(options);
  HankelDmdParts<Scalar> parts;
  parts.options = options;
  parts.training = almagest::detail::training_facts(several, {}, "fit_hankel_dmd");
  check_inputs(several);
  check_length(several, options.delays, parts.warnings);
  parts.training.step = uniform_step(several);

  const auto [q, c] = products_pay(several, options) ? normalize_by_products(several, parts)
                                                     : normalize_by_factor(several, parts);
  parts.reduced_operator = c.transpose() * q;

  const auto first = std::find_if(several.begin(), several.end(),
                                  [&](const auto& run) { return run.size() >= options.delays; });
  const Eigen::MatrixX<Scalar> window = first->states().leftCols(options.delays);
  const auto inverse = parts.singular_values.head(parts.basis.cols()).cwiseInverse().asDiagonal();
  const Eigen::VectorX<Scalar> z = inverse * (parts.basis.transpose() * window.reshaped());
  store(spectrum(parts, q, c, z), parts);
  return HankelDmd<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT HankelDmd<float> fit_hankel_dmd(const std::vector<TrajectoryView<float>>&,
                                                const HankelDmdOptions&);
extern template ALMAGEST_EXPORT HankelDmd<double> fit_hankel_dmd(const std::vector<TrajectoryView<double>>&,
                                                 const HankelDmdOptions&);
#endif

}  // namespace detail

/// Fits a Hankel-DMD to a trajectory or to several: whatever `runs` accepts, of float or double.
///
/// The windows of all runs stream through a tall-skinny QR, so memory does not grow with the count
/// of samples, no window straddles two runs, and nothing is squared. With n components, d delays
/// and the triangle \f$ R = (R_X \; *) = (* \; R_Y) \f$ of windows of d + 1 samples, the operator,
/// its eigenvalues and their residuals follow from \f$ R_X = U S V^\top \f$ and
/// \f$ R_Y V S^{-1} \f$.
///
/// Snapshot pairs that are no time series are two-sample runs with one delay.
///
/// Cost: \f$ 2 m (n(d+1))^2 \f$ flops for m samples, and a singular value decomposition of a
/// triangle of order nd. Where windows have 256 numbers or more and a rank r is given, of at most a
/// quarter of them: what `linalg::hankel_svd` costs, some 5 r products by fast Fourier transforms,
/// and \f$ 3 m r \f$ numbers of memory; singular values beyond the rank are then not known.
///
/// \throws InvalidArgument for options out of range, a rank above the numerical rank of the
///         windows, too few samples, inputs, non-uniform or different time steps;
///         DimensionMismatch for runs of different dimension.
///
/// See HankelDmd for the model, and `warnings()` of the result for what is doubtful.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_hankel_dmd(const Data& data, const HankelDmdOptions& options = {}) {
  return detail::fit_hankel_dmd(runs(data), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
