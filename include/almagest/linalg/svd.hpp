// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Jacobi>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

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

namespace detail {

/// A Householder QR with column pivoting that stops where only rounding is left: \f$ A P = Q R \f$
/// with the k largest pivots. Holds R in the upper and the reflections in the lower triangle.
template <typename Scalar>
struct PivotedQr {
  using Matrix = Eigen::MatrixX<Scalar>;
  Matrix packed;
  Eigen::VectorX<Scalar> tau;
  std::vector<Eigen::Index> columns;  ///< column i of A P is column columns[i] of A
  Eigen::Index rank = 0;

  explicit PivotedQr(Matrix a) : packed(std::move(a)), columns(std::size_t(packed.cols())) {
    std::iota(columns.begin(), columns.end(), Eigen::Index(0));
    const Eigen::Index m = packed.rows(), n = packed.cols(), most = std::min(m, n);
    tau.setZero(most);
    Eigen::RowVectorX<Scalar> products(n);
    Scalar first = 0;
    for (; rank < most; ++rank) {
      const Eigen::Index rows = m - rank, rest = n - rank - 1;
      Eigen::Index pivot = 0;
      // Norms are computed afresh: downdating them would lose the digits that decide when to stop.
      const Scalar norm = std::sqrt(
          packed.bottomRightCorner(rows, rest + 1).colwise().squaredNorm().maxCoeff(&pivot));
      if (rank == 0) first = norm;
      if (!(norm > std::numeric_limits<Scalar>::epsilon() * first)) break;
      if (pivot != 0) {
        packed.col(rank).swap(packed.col(rank + pivot));
        std::swap(columns[std::size_t(rank)], columns[std::size_t(rank + pivot)]);
      }
      const Scalar head = packed(rank, rank), beta = head > 0 ? -norm : norm;
      auto tail = packed.col(rank).tail(rows - 1);
      tail /= head - beta;
      tau[rank] = (beta - head) / beta;
      packed(rank, rank) = beta;
      auto top = packed.row(rank).tail(rest);
      auto below = packed.bottomRightCorner(rows - 1, rest);
      auto w = products.head(rest);
      w.noalias() = tail.transpose() * below;
      w = tau[rank] * (w + top);
      top -= w;
      below.noalias() -= tail * w;
    }
  }

  /// R transposed, columns of A x k, lower trapezoidal.
  Matrix lower() const {
    return packed.topRows(rank).template triangularView<Eigen::Upper>().toDenseMatrix().transpose();
  }

  /// Q times a matrix of k rows.
  Matrix apply_q(const Matrix& x) const {
    Matrix y = Matrix::Zero(packed.rows(), x.cols());
    y.topRows(rank) = x;
    Eigen::RowVectorX<Scalar> w(x.cols());
    for (Eigen::Index i = rank - 1; i >= 0; --i) {
      const auto tail = packed.col(i).tail(packed.rows() - i - 1);
      auto below = y.bottomRows(tail.size());
      w.noalias() = tail.transpose() * below;
      w = tau[i] * (w + y.row(i));
      y.row(i) -= w;
      below.noalias() -= tail * w;
    }
    return y;
  }
};

/// One-sided Jacobi: rotates the columns of `g` until they are orthogonal; `rotations` becomes the
/// orthogonal matrix W with \f$ G_\text{before} W = G_\text{after} \f$.
template <typename Scalar>
void orthogonalize_columns(Eigen::MatrixX<Scalar>& g, Eigen::MatrixX<Scalar>& rotations) {
  const Eigen::Index n = g.cols();
  rotations.setIdentity(n, n);
  const Scalar tolerance = std::numeric_limits<Scalar>::epsilon() * std::sqrt(Scalar(g.rows()));
  constexpr int most_sweeps = 40;
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    bool done = true;
    Eigen::VectorX<Scalar> squared = g.colwise().squaredNorm();
    for (Eigen::Index p = 0; p + 1 < n; ++p)
      for (Eigen::Index q = p + 1; q < n; ++q) {
        const Scalar inner = g.col(p).dot(g.col(q));
        if (!(std::abs(inner) > tolerance * std::sqrt(squared[p]) * std::sqrt(squared[q])))
          continue;
        done = false;
        const Scalar zeta = (squared[q] - squared[p]) / (2 * inner);
        const Scalar t = std::copysign(1 / (std::abs(zeta) + std::sqrt(1 + zeta * zeta)), zeta);
        const Scalar c = 1 / std::sqrt(1 + t * t);
        const Eigen::JacobiRotation<Scalar> rotation(c, c * t);
        g.applyOnTheRight(p, q, rotation);
        rotations.applyOnTheRight(p, q, rotation);
        squared[p] = std::max(Scalar(0), squared[p] - t * inner);
        squared[q] += t * inner;
      }
    if (done) return;
  }
  throw ConvergenceFailure(almagest::detail::text("svd: ", n, " columns were not orthogonal after ",
                                                  most_sweeps,
                                                  " sweeps of rotations; scale the matrix."));
}

}  // namespace detail

/// The singular value decomposition of any matrix, by one-sided Jacobi rotations.
///
/// A pivoted QR concentrates the matrix in its first columns and drops what is rounding
/// (\f$ \varepsilon \f$ times the largest column); rotations then make the columns of the
/// transposed triangle orthogonal. Graded matrices, such as the factor of a Hankel matrix, converge
/// in a few sweeps and cost what their numerical rank demands, and small singular values keep their
/// digits.
///
/// Cost: \f$ 2 m n k + O(n k^2) \f$ flops, with numerical rank k, and some five sweeps in the
/// second term. Deterministic.
///
/// \throws NonFiniteData for a NaN or an infinity; ConvergenceFailure after 40 sweeps.
///
/// Reference: Z. Drmac, K. Veselic, New fast and accurate Jacobi SVD algorithm, SIAM J. Matrix
/// Anal. Appl. 29 (2008), https://doi.org/10.1137/050639193
template <typename Scalar>
Svd<Scalar> svd(const Eigen::MatrixX<Scalar>& a) {
  almagest::detail::check_finite("svd", "matrix", a);
  const Scalar scale = a.size() > 0 ? a.cwiseAbs().maxCoeff() : Scalar(0);
  if (!(scale > 0))
    return {Eigen::MatrixX<Scalar>(a.rows(), 0), {}, Eigen::MatrixX<Scalar>(a.cols(), 0)};
  const detail::PivotedQr<Scalar> qr(a / scale);
  Eigen::MatrixX<Scalar> g = qr.lower(), rotations;
  detail::orthogonalize_columns(g, rotations);

  const Eigen::VectorX<Scalar> norms = g.colwise().norm();
  std::vector<Eigen::Index> order(std::size_t(qr.rank));
  std::iota(order.begin(), order.end(), Eigen::Index(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index i, Eigen::Index j) { return norms[i] > norms[j]; });
  Svd<Scalar> result{qr.apply_q(rotations(Eigen::all, order)), scale * norms(order), g};
  for (Eigen::Index j = 0; j < qr.rank; ++j) {
    const Eigen::Index from = order[std::size_t(j)];
    for (Eigen::Index i = 0; i < g.rows(); ++i)
      result.v(qr.columns[std::size_t(i)], j) = g(i, from) / norms[from];
  }
  return result;
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg
