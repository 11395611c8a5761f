// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
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
#include "almagest/linalg/rank.hpp"

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

template <typename Derived>
Eigen::Index choose_rank(const HankelDmdOptions& options, const Eigen::MatrixBase<Derived>& sigma,
                         std::vector<std::string>& warnings) {
  const Eigen::Index available = linalg::numerical_rank(sigma, sigma.size());
  if (available == 0)
    throw InvalidArgument(
        "fit_hankel_dmd: states are 0 throughout, which has rank 0; give a trajectory that moves.");
  if (options.rank > available)
    throw InvalidArgument(text("fit_hankel_dmd: rank is ", options.rank,
                               ", but the windows of the data have rank ", available,
                               " to rounding; ask for rank ", available,
                               " or less, or give rank = 0 and an energy."));
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

/// W with \f$ Y^\top W = I \f$, by a QR that stays finite where eigenvectors coincide (a Jordan
/// block).
template <typename ComplexMatrix>
ComplexMatrix dual_basis(const ComplexMatrix& y, std::vector<std::string>& warnings) {
  using Real = typename ComplexMatrix::RealScalar;
  const Eigen::ColPivHouseholderQR<ComplexMatrix> qr(y.transpose());
  const auto diagonal = qr.matrixR().diagonal().cwiseAbs();
  const Real parallel = diagonal.minCoeff() / diagonal.maxCoeff();
  if (parallel < std::sqrt(std::numeric_limits<Real>::epsilon()))
    warnings.push_back(
        text("eigenvectors are nearly parallel (to ", rounded(double(parallel), 2),
             "), as for a repeated eigenvalue: modes and amplitudes have lost digits; "
             "forecast and reconstruct do not use them."));
  return qr.solve(ComplexMatrix::Identity(y.rows(), y.cols()));
}

/// Gives each mode unit length and a real positive largest component; what that takes moves into
/// the amplitude.
template <typename ComplexMatrix, typename ComplexVector>
void normalize_modes(ComplexMatrix& modes, ComplexVector& amplitudes) {
  for (Eigen::Index j = 0; j < modes.cols(); ++j) {
    Eigen::Index largest = 0;
    const auto peak = modes.col(j).cwiseAbs().maxCoeff(&largest);
    if (!(peak > 0)) continue;
    const auto scale = modes(largest, j) / peak * modes.col(j).norm();
    modes.col(j) /= scale;
    amplitudes[j] *= scale;
  }
}

/// Order by decreasing amplitude. A conjugate pair, adjacent from the solver, stays together.
template <typename ComplexVector>
std::vector<Eigen::Index> by_amplitude(const ComplexVector& lambda,
                                       const ComplexVector& amplitudes) {
  std::vector<Eigen::Index> leads, order;
  for (Eigen::Index j = 0; j < lambda.size(); j += lambda[j].imag() != 0 ? 2 : 1)
    leads.push_back(j);
  std::stable_sort(leads.begin(), leads.end(), [&](Eigen::Index a, Eigen::Index b) {
    return std::abs(amplitudes[a]) > std::abs(amplitudes[b]);
  });
  for (const Eigen::Index j : leads) {
    order.push_back(j);
    if (lambda[j].imag() != 0) order.push_back(j + 1);
  }
  return order;
}

/// Fills in the spectrum. `q` and `c` hold the windows and their successors in normalized
/// coordinates, `z` is the first window in them: an eigenfunction y solves \f$ Q^\top C y = \lambda
/// y \f$ and has the residual \f$ |C y - \lambda Q y| / |y| \f$.
template <typename Scalar>
void fill_spectrum(HankelDmdParts<Scalar>& parts, const Eigen::MatrixX<Scalar>& q,
                   const Eigen::MatrixX<Scalar>& c, const Eigen::VectorX<Scalar>& z) {
  using Complex = std::complex<Scalar>;
  using ComplexMatrix = Eigen::MatrixX<Complex>;
  using ComplexVector = Eigen::VectorX<Complex>;
  const Eigen::EigenSolver<Eigen::MatrixX<Scalar>> solver(parts.reduced_operator.transpose());
  if (solver.info() != Eigen::Success)
    throw ConvergenceFailure(
        text("fit_hankel_dmd: the eigenvalues of the reduced operator of rank ", q.cols(),
             " did not converge; try a lower rank."));
  const ComplexVector lambda = solver.eigenvalues();
  const ComplexMatrix y = solver.eigenvectors().colwise().normalized();
  const ComplexMatrix defect =
      c.template cast<Complex>() * y - q.template cast<Complex>() * y * lambda.asDiagonal();

  const Eigen::MatrixX<Scalar> oldest = parts.basis.topRows(parts.training.dimension) *
                                        parts.singular_values.head(q.cols()).asDiagonal();
  ComplexMatrix modes = oldest.template cast<Complex>() * dual_basis(y, parts.warnings);
  ComplexVector amplitudes = y.transpose() * z.template cast<Complex>();
  normalize_modes(modes, amplitudes);

  const std::vector<Eigen::Index> order = by_amplitude(lambda, amplitudes);
  parts.eigenvalues = lambda(order);
  parts.modes = modes(Eigen::all, order);
  parts.amplitudes = amplitudes(order);
  parts.residuals = defect.colwise().norm().transpose()(order);
}

template <typename Scalar>
HankelDmd<Scalar> fit_hankel_dmd(const std::vector<TrajectoryView<Scalar>>& several,
                                 const HankelDmdOptions& options) {
  using Matrix = Eigen::MatrixX<Scalar>;
  check_options(options);
  HankelDmdParts<Scalar> parts;
  parts.options = options;
  parts.training = almagest::detail::training_facts(several, {}, "fit_hankel_dmd");
  check_length(several, options.delays, parts.warnings);
  parts.training.step = uniform_step(several);
  if (std::any_of(several.begin(), several.end(),
                  [](const auto& run) { return run.inputs().size() > 0; }))
    parts.warnings.push_back("the runs carry inputs, which Hankel-DMD leaves unused.");

  // The triangle of windows one sample longer holds both the windows and their successors.
  const Eigen::Index dimension = parts.training.dimension, width = dimension * options.delays;
  const Matrix triangle = factor_windows(several, options.delays + 1).triangle();
  const Eigen::BDCSVD<Matrix> svd(triangle.topLeftCorner(width, width),
                                  Eigen::ComputeThinU | Eigen::ComputeThinV);
  if (svd.info() != Eigen::Success)
    throw ConvergenceFailure(
        text("fit_hankel_dmd: the singular values of ", width,
             " delayed components did not converge; scale the data or use fewer delays."));
  parts.singular_values = svd.singularValues();
  const Eigen::Index rank = choose_rank(options, parts.singular_values, parts.warnings);
  parts.basis = svd.matrixV().leftCols(rank);

  const auto inverse = parts.singular_values.head(rank).cwiseInverse().asDiagonal();
  Matrix q = Matrix::Zero(triangle.rows(), rank);
  q.topRows(width) = svd.matrixU().leftCols(rank);
  const Matrix c = triangle.rightCols(width) * parts.basis * inverse;
  parts.reduced_operator = c.transpose() * q;

  const auto first = std::find_if(several.begin(), several.end(),
                                  [&](const auto& run) { return run.size() >= options.delays; });
  const Matrix window = first->states().leftCols(options.delays);
  const Eigen::VectorX<Scalar> z = inverse * (parts.basis.transpose() * window.reshaped());
  fill_spectrum(parts, q, c, z);
  return HankelDmd<Scalar>(std::move(parts));
}

}  // namespace detail

/// Fits a Hankel-DMD to a trajectory or to several: whatever `runs` accepts, of float or double.
///
/// The windows of all runs stream through a tall-skinny QR, so memory does not grow with the count
/// of samples, no window straddles two runs, and nothing is squared: with n components, d delays
/// and the triangle \f$ R = (R_X \; *) = (* \; R_Y) \f$ of windows of d + 1 samples, the operator,
/// its eigenvalues and their residuals follow from \f$ R_X = U S V^\top \f$ and \f$ R_Y V S^{-1}
/// \f$.
///
/// Snapshot pairs that are no time series are two-sample runs with one delay.
///
/// Cost: \f$ 2 m (n(d+1))^2 \f$ flops for m samples, and a singular value decomposition of order
/// nd.
///
/// \throws InvalidArgument for options out of range, a rank above the numerical rank of the
/// windows,
///         too few samples, non-uniform or different time steps; DimensionMismatch for runs of
///         different dimension.
///
/// See HankelDmd for the model, and `warnings()` of the result for what is doubtful.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_hankel_dmd(const Data& data, const HankelDmdOptions& options = {}) {
  return detail::fit_hankel_dmd(runs(data), options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
