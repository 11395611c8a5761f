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
#include <numeric>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/koopman/compression.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// Eigenvalues with all that belongs to them, smallest residual first and conjugate pairs together.
/// For k eigenvalues of an operator on r functions, all of them unless fewer were asked for, and n components
/// of the state:
template <typename Real = double>
struct Spectrum {
  Eigen::VectorX<std::complex<Real>> eigenvalues;  ///< k
  Eigen::VectorX<Real> residuals;                  ///< k; see Compression
  Eigen::MatrixX<std::complex<Real>> functions;    ///< r x k: eigenfunctions, of unit norm
  /// n x k: the sum of modes times eigenfunctions is the state or, of fewer than r, comes nearest to it.
  Eigen::MatrixX<std::complex<Real>> modes;
};

namespace detail {

/// Eigenvalues and their vectors, the latter in real columns: u and v for the pair \f$ u \pm iv
/// \f$, together of unit length.
template <typename Real>
struct RealEigenvectors {
  Eigen::VectorX<std::complex<Real>> eigenvalues;
  Eigen::MatrixX<Real> columns;
};

template <typename Real>
RealEigenvectors<Real> real_eigenvectors(const Eigen::MatrixX<Real>& a, const char* what) {
  const Eigen::EigenSolver<Eigen::MatrixX<Real>> solver(a);
  if (solver.info() != Eigen::Success)
    throw ConvergenceFailure(almagest::detail::text(what, ": the eigenvalues of a matrix of order ",
                                                    a.rows(),
                                                    " did not converge; use fewer functions."));
  RealEigenvectors<Real> out{solver.eigenvalues(), solver.pseudoEigenvectors()};
  for (Eigen::Index j = 0; j < a.cols();) {
    const Eigen::Index width = out.eigenvalues[j].imag() != 0 ? 2 : 1;
    auto columns = out.columns.middleCols(j, width);
    columns /= columns.norm();
    j += width;
  }
  return out;
}

/// Of an orthogonal matrix: its real Schur form is block diagonal, so its vectors are orthogonal
/// and its eigenvalues keep modulus 1 to rounding.
template <typename Real>
RealEigenvectors<Real> orthogonal_eigenvectors(const Eigen::MatrixX<Real>& q, const char* what) {
  const Eigen::RealSchur<Eigen::MatrixX<Real>> schur(q);
  if (schur.info() != Eigen::Success)
    throw ConvergenceFailure(almagest::detail::text(what, ": the Schur form of a matrix of order ",
                                                    q.rows(),
                                                    " did not converge; use fewer functions."));
  const auto& t = schur.matrixT();
  RealEigenvectors<Real> out{Eigen::VectorX<std::complex<Real>>(q.cols()), schur.matrixU()};
  for (Eigen::Index j = 0; j < q.cols();) {
    if (j + 1 == q.cols() || t(j + 1, j) == 0) {
      out.eigenvalues[j] = t(j, j), ++j;
      continue;
    }
    // The block (c s; -s c) maps u + iv, its columns' sum, to (c + is)(u + iv).
    const Real c = (t(j, j) + t(j + 1, j + 1)) / 2, s = (t(j, j + 1) - t(j + 1, j)) / 2;
    out.eigenvalues[j] = {c, s}, out.eigenvalues[j + 1] = {c, -s};
    out.columns.middleCols(j, 2) /= std::sqrt(Real(2));
    j += 2;
  }
  return out;
}

/// Residuals of eigenvectors of unit length: the two of a pair share one, from real products alone.
template <typename Real>
Eigen::VectorX<Real> pair_residuals(const Compression<Real>& compression, const RealEigenvectors<Real>& found) {
  const auto& p = found.columns;
  Eigen::MatrixX<Real> within = compression.matrix() * p;
  const Eigen::MatrixX<Real> beyond = compression.leak() * p;
  Eigen::VectorX<Real> out(p.cols());
  for (Eigen::Index j = 0; j < p.cols();) {
    const Real growth = found.eigenvalues[j].real(), turn = found.eigenvalues[j].imag();
    const Eigen::Index width = turn != 0 ? 2 : 1;
    auto rest = within.middleCols(j, width);
    rest -= growth * p.middleCols(j, width);
    if (turn != 0) {
      rest.col(0) += turn * p.col(j + 1);
      rest.col(1) -= turn * p.col(j);
    }
    out.segment(j, width).setConstant(std::hypot(rest.norm(), beyond.middleCols(j, width).norm()));
    j += width;
  }
  return out;
}

/// The spectrum from eigenvectors P: residuals by the compression, modes by \f$ P X = B \f$ in least squares,
/// where the state is \f$ \hat\psi B \f$. The solution of least norm stays finite at a Jordan block.
template <typename Real>
Spectrum<Real> spectrum(const Compression<Real>& compression, const RealEigenvectors<Real>& found,
                        const Eigen::MatrixX<Real>& observation,
                        std::vector<std::string>& warnings) {
  using Complex = std::complex<Real>;
  const auto& p = found.columns;
  const auto& lambda = found.eigenvalues;
  const Eigen::Index count = p.cols();
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixX<Real>> solver(p);
  const auto pivots = solver.matrixQTZ().diagonal().cwiseAbs();
  const Real parallel = solver.rank() < count ? Real(0) : pivots.minCoeff() / pivots.maxCoeff();
  if (parallel < 100 * std::sqrt(std::numeric_limits<Real>::epsilon()))
    warnings.push_back(almagest::detail::text(
        "eigenvectors are nearly parallel (to ", almagest::detail::rounded(double(parallel), 2),
        "), as for a repeated eigenvalue: modes have lost digits; forecasts do not use them."));
  const Eigen::MatrixX<Real> dual = solver.solve(observation);

  Spectrum<Real> all;
  all.eigenvalues = lambda;
  all.residuals = pair_residuals(compression, found);
  all.functions.resize(p.rows(), count);
  all.modes.resize(observation.cols(), count);
  for (Eigen::Index j = 0; j < count; ++j) {
    all.functions.col(j) = p.col(j).template cast<Complex>();
    all.modes.col(j) = dual.row(j).transpose().template cast<Complex>();
    if (lambda[j].imag() == 0) continue;
    all.functions.col(j) += Complex(0, 1) * p.col(j + 1).template cast<Complex>();
    all.modes.col(j) -= Complex(0, 1) * dual.row(j + 1).transpose().template cast<Complex>();
    all.modes.col(j) /= Real(2);
    all.functions.col(j + 1) = all.functions.col(j).conjugate();
    all.modes.col(j + 1) = all.modes.col(j).conjugate();
    ++j;
  }
  // The two of a pair have equal residuals, and so stay together.
  std::vector<Eigen::Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Eigen::Index(0));
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return all.residuals[a] < all.residuals[b];
  });
  Spectrum<Real> sorted = all;
  for (Eigen::Index j = 0; j < count; ++j) {
    const Eigen::Index from = order[std::size_t(j)];
    sorted.eigenvalues[j] = all.eigenvalues[from];
    sorted.residuals[j] = all.residuals[from];
    sorted.functions.col(j) = all.functions.col(from);
    sorted.modes.col(j) = all.modes.col(from);
  }
  return sorted;
}

/// The orthogonal matrix next to a square one: the isometry that EDMD becomes when it is held to
/// keep the measure.
template <typename Real>
Eigen::MatrixX<Real> orthogonal_factor(const Eigen::MatrixX<Real>& a) {
  const Eigen::JacobiSVD<Eigen::MatrixX<Real>, Eigen::NoQRPreconditioner> svd(
      a, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const Eigen::MatrixX<Real> q = svd.matrixU() * svd.matrixV().transpose();
  // Many rotations leave some rounding; a step of Newton and Schulz takes it away.
  return Real(0.5) * q *
         (3 * Eigen::MatrixX<Real>::Identity(a.rows(), a.cols()) - q.transpose() * q);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT RealEigenvectors<double> real_eigenvectors(const Eigen::MatrixXd&,
                                                                           const char*);
extern template ALMAGEST_EXPORT RealEigenvectors<double> orthogonal_eigenvectors(
    const Eigen::MatrixXd&, const char*);
extern template ALMAGEST_EXPORT Spectrum<double> spectrum(const Compression<double>&,
                                                          const RealEigenvectors<double>&,
                                                          const Eigen::MatrixXd&,
                                                          std::vector<std::string>&);
extern template ALMAGEST_EXPORT Eigen::MatrixXd orthogonal_factor(const Eigen::MatrixXd&);
#endif

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::koopman
