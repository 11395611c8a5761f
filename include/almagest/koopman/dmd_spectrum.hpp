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

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// Eigenvalues of a Koopman operator with what belongs to each. Conjugate pairs stand together, the
/// member in the upper half plane first; largest amplitude first.
template <typename Scalar = double>
struct DmdSpectrum {
  Eigen::VectorX<std::complex<Scalar>> eigenvalues;  ///< r, a time step each
  Eigen::MatrixX<std::complex<Scalar>> modes;        ///< n x r, of unit length, largest component real
  Eigen::VectorX<std::complex<Scalar>> amplitudes;   ///< r, of the first training run
  /// r: \f$ \| (\mathcal{K} - \lambda_j) \varphi_j \| / \| \varphi_j \| \f$ in the mean over the training
  Eigen::VectorX<Scalar> residuals;

  friend bool operator==(const DmdSpectrum&, const DmdSpectrum&) = default;
};

namespace detail {

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
    warnings.push_back(almagest::detail::text(
        "eigenvectors are nearly parallel (to ", almagest::detail::rounded(double(parallel), 2),
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
};

/// The modes, each pair as two neighbours, sorted by amplitude.
template <typename Scalar>
DmdSpectrum<Scalar> assemble(std::vector<KoopmanMode<Scalar>> found, Eigen::Index dimension, Eigen::Index rank) {
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::abs(a.amplitude) > std::abs(b.amplitude);
  });
  DmdSpectrum<Scalar> spectrum;
  spectrum.eigenvalues.resize(rank);
  spectrum.modes.resize(dimension, rank);
  spectrum.amplitudes.resize(rank);
  spectrum.residuals.resize(rank);
  Eigen::Index j = 0;
  const auto put = [&](const auto& eigenvalue, const auto& mode, const auto& amplitude,
                       Scalar residual) {
    spectrum.eigenvalues[j] = eigenvalue;
    spectrum.modes.col(j) = mode;
    spectrum.amplitudes[j] = amplitude;
    spectrum.residuals[j++] = residual;
  };
  for (const auto& one : found) {
    put(one.eigenvalue, one.mode, one.amplitude, one.residual);
    if (one.eigenvalue.imag() != 0)
      put(std::conj(one.eigenvalue), one.mode.conjugate(), std::conj(one.amplitude), one.residual);
  }
  return spectrum;
}

/// What a spectrum is taken from. With r coordinates z of an n-component state:
template <typename Scalar>
struct LinearMap {
  const Eigen::MatrixX<Scalar>& step;     ///< r x r: z of the next sample is `step * z`
  const Eigen::MatrixX<Scalar>& q;        ///< coordinates of all samples, one a row, as far as inner products tell
  const Eigen::MatrixX<Scalar>& c;        ///< coordinates of their successors
  const Eigen::MatrixX<Scalar>& observe;  ///< n x r: from coordinates to the state
  const Eigen::VectorX<Scalar>& first;    ///< r: coordinates of the first sample
};

/// The spectrum of a linear map. An eigenfunction y solves \f$ A^\top y = \lambda y \f$ and has the
/// residual \f$ |C y - \lambda Q y| / |Q y| \f$.
///
/// All in real arithmetic, a conjugate pair \f$ u \pm iv \f$ as the two columns u, v of P; so pairs
/// are exact.
///
/// \throws ConvergenceFailure where the eigenvalues do not converge.
template <typename Scalar>
DmdSpectrum<Scalar> dmd_spectrum(const LinearMap<Scalar>& map, const char* what, std::vector<std::string>& warnings) {
  using Matrix = Eigen::MatrixX<Scalar>;
  using Complex = std::complex<Scalar>;
  const Eigen::EigenSolver<Matrix> solver(Matrix(map.step.transpose()));
  if (solver.info() != Eigen::Success)
    throw ConvergenceFailure(almagest::detail::text(what, ": the eigenvalues of the reduced operator of rank ",
                                                    map.step.cols(), " did not converge; try a lower rank."));
  const auto& lambda = solver.eigenvalues();
  const auto is_pair = [&](Eigen::Index j) { return lambda[j].imag() != 0; };
  Matrix p = solver.pseudoEigenvectors();
  for (Eigen::Index j = 0; j < p.cols(); j += is_pair(j) ? 2 : 1) {
    auto columns = p.middleCols(j, is_pair(j) ? 2 : 1);
    columns /= columns.norm();
  }
  const Matrix size = map.q * p;
  const Matrix defect = map.c * p - size * solver.pseudoEigenvalueMatrix();
  const Matrix modes = map.observe * dual_basis(p, warnings);
  const Eigen::VectorX<Scalar> amplitudes = p.transpose() * map.first;

  std::vector<KoopmanMode<Scalar>> found;
  for (Eigen::Index j = 0; j < p.cols(); j += is_pair(j) ? 2 : 1) {
    const Eigen::Index width = is_pair(j) ? 2 : 1;
    // Nothing is known of an eigenfunction that vanishes on all samples.
    const Scalar length = size.middleCols(j, width).norm();
    const Scalar residual = length > 0 ? defect.middleCols(j, width).norm() / length
                                       : std::numeric_limits<Scalar>::infinity();
    KoopmanMode<Scalar> one{lambda[j], amplitudes[j], modes.col(j).template cast<Complex>(), residual};
    if (is_pair(j)) {
      one.amplitude += Complex(0, amplitudes[j + 1]);
      one.mode = (one.mode - Complex(0, 1) * modes.col(j + 1).template cast<Complex>()) / Scalar(2);
    }
    one.amplitude *= normalize_mode(one.mode);
    found.push_back(std::move(one));
  }
  return assemble(std::move(found), map.observe.rows(), map.step.cols());
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT DmdSpectrum<double> dmd_spectrum(const LinearMap<double>&, const char*,
                                                                 std::vector<std::string>&);
#endif

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::koopman
