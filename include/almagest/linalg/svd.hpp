// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <limits>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// Singular values above rounding, decreasing, with their vectors: \f$ A = U S V^\top \f$ to
/// rounding.
template <typename Scalar>
struct Svd {
  Eigen::MatrixX<Scalar> u;                ///< rows of A x k, orthonormal columns
  Eigen::VectorX<Scalar> singular_values;  ///< k, all positive
  Eigen::MatrixX<Scalar> v;                ///< columns of A x k, orthonormal columns
};

/// The singular value decomposition of any matrix: Eigen's pivoted QR, then its Jacobi rotations.
///
/// The pivoted QR concentrates the matrix in its first columns and drops what is rounding
/// (\f$ \varepsilon \f$ times the largest pivot), so that the rotations cost what the numerical
/// rank k demands. Rotations rather than bidiagonalization, because they keep the digits of small
/// singular values in graded matrices, such as the factor of a Hankel matrix.
///
/// Cost: \f$ 2 m n k + O(n k^2) \f$ flops and some sweeps of \f$ O(k^3) \f$. Deterministic.
///
/// \throws NonFiniteData for a NaN or an infinity.
///
/// Reference: Z. Drmac, K. Veselic, New fast and accurate Jacobi SVD algorithm, SIAM J. Matrix
/// Anal. Appl. 29 (2008), https://doi.org/10.1137/050639193
template <typename Scalar>
Svd<Scalar> svd(const Eigen::MatrixX<Scalar>& a) {
  using Matrix = Eigen::MatrixX<Scalar>;
  almagest::detail::check_finite("svd", "matrix", a);
  const Scalar scale = a.size() > 0 ? a.cwiseAbs().maxCoeff() : Scalar(0);
  if (!(scale > 0)) return {Matrix(a.rows(), 0), {}, Matrix(a.cols(), 0)};
  Eigen::ColPivHouseholderQR<Matrix> qr(a / scale);
  qr.setThreshold(std::numeric_limits<Scalar>::epsilon());
  const Eigen::Index k = qr.rank();
  const Matrix upper = qr.matrixR().topRows(k).template triangularView<Eigen::Upper>();
  const Eigen::JacobiSVD<Matrix, Eigen::HouseholderQRPreconditioner> core(
      upper.transpose(), Eigen::ComputeThinU | Eigen::ComputeThinV);
  // A P = Q R and R^T = X S Y^T, hence A = (Q Y) S (P X)^T.
  Matrix u = Matrix::Zero(a.rows(), k);
  u.topRows(k) = core.matrixV();
  u.applyOnTheLeft(qr.householderQ());
  return {std::move(u), scale * core.singularValues(), qr.colsPermutation() * core.matrixU()};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Svd<float> svd(const Eigen::MatrixX<float>&);
extern template ALMAGEST_EXPORT Svd<double> svd(const Eigen::MatrixX<double>&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::linalg
