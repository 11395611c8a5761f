// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// Least squares without negative entries: \f$ \min_{x \ge 0} \|Ax - b\| \f$.
///
/// The active set method of Lawson & Hanson 1974 (https://doi.org/10.1137/1.9781611971217, ch. 23).
/// \throws ConvergenceFailure after 10 n exchanges.
template <typename Scalar>
Eigen::VectorX<Scalar> nonnegative_least_squares(const Eigen::MatrixX<Scalar>& A,
                                                 const Eigen::VectorX<Scalar>& b) {
  using Vector = Eigen::VectorX<Scalar>;
  const Eigen::Index n = A.cols();
  const Vector lengths = A.colwise().norm();
  const Scalar tolerance = 100 * std::numeric_limits<Scalar>::epsilon() * b.norm();
  Vector x = Vector::Zero(n);
  std::vector<Eigen::Index> free;
  for (Eigen::Index exchanges = 0;;) {
    const Vector pull = A.transpose() * (b - A * x);
    Eigen::Index enters = -1;
    Scalar strongest = 1;
    for (Eigen::Index j = 0; j < n; ++j) {
      if (std::find(free.begin(), free.end(), j) != free.end() || lengths[j] == 0) continue;
      const Scalar strength = pull[j] / (tolerance * lengths[j] + std::numeric_limits<Scalar>::min());
      if (strength > strongest) strongest = strength, enters = j;
    }
    if (enters < 0) return x;
    free.push_back(enters);
    for (;;) {
      if (++exchanges > 10 * n + 10)
        throw ConvergenceFailure(almagest::detail::text(
            "nonnegative_least_squares: ", exchanges, " exchanges of active columns did not suffice."));
      const Vector solution =
          Eigen::ColPivHouseholderQR<Eigen::MatrixX<Scalar>>(A(Eigen::indexing::all, free)).solve(b);
      if (solution.minCoeff() > 0) {
        x.setZero();
        for (std::size_t k = 0; k < free.size(); ++k) x[free[k]] = solution[Eigen::Index(k)];
        break;
      }
      // Go as far as no entry turns negative; those that reach 0 leave.
      Scalar step = 1;
      for (std::size_t k = 0; k < free.size(); ++k)
        if (const Scalar now = x[free[k]], then = solution[Eigen::Index(k)]; then <= 0)
          step = std::min(step, now / (now - then));
      std::vector<Eigen::Index> kept;
      for (std::size_t k = 0; k < free.size(); ++k) {
        Scalar& entry = x[free[k]];
        entry += step * (solution[Eigen::Index(k)] - entry);
        if (entry > 8 * std::numeric_limits<Scalar>::epsilon() * solution.cwiseAbs().maxCoeff())
          kept.push_back(free[k]);
        else
          entry = 0;
      }
      free = std::move(kept);
      if (free.empty()) break;
    }
  }
}

/// \f$ Cx = d \f$ and \f$ Gx \ge h \f$. Either may have no rows.
template <typename Scalar>
struct LinearConstraints {
  Eigen::MatrixX<Scalar> C = {};
  Eigen::VectorX<Scalar> d = {};
  Eigen::MatrixX<Scalar> G = {};
  Eigen::VectorX<Scalar> h = {};
};

/// Least squares under linear constraints: \f$ \min \|Ax - b\| \f$ with \f$ Cx = d, Gx \ge h \f$.
///
/// Equalities are eliminated by an orthonormal basis of their null space; what is left is a problem
/// of least distance and goes to nonnegative_least_squares (Lawson & Hanson, ch. 20-23). A needs
/// full column rank on the null space of C. Cost \f$ O(m n^2) \f$ and a few exchanges for each
/// inequality that is active.
///
/// \throws InvalidArgument for constraints that contradict each other, or an A that leaves directions
///         open; ConvergenceFailure as nonnegative_least_squares does.
template <typename Scalar>
Eigen::VectorX<Scalar> constrained_least_squares(const Eigen::MatrixX<Scalar>& A,
                                                 const Eigen::VectorX<Scalar>& b,
                                                 const LinearConstraints<Scalar>& constraints) {
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  const Scalar epsilon = std::numeric_limits<Scalar>::epsilon();
  const Eigen::Index n = A.cols();
  const char* contradiction =
      "constrained_least_squares: the constraints contradict each other; no x satisfies them all. "
      "Leave some out.";
  Vector particular = Vector::Zero(n);
  Matrix basis = Matrix::Identity(n, n);
  if (constraints.C.rows() > 0) {
    Eigen::CompleteOrthogonalDecomposition<Matrix> rows(constraints.C);
    rows.setThreshold(Scalar(1e3) * epsilon);
    rows.compute(constraints.C);
    particular = rows.solve(constraints.d);
    const Scalar missed = (constraints.C * particular - constraints.d).norm();
    if (missed > 1e4 * epsilon * (constraints.d.norm() + constraints.C.norm() * particular.norm()))
      throw InvalidArgument(contradiction);
    Eigen::ColPivHouseholderQR<Matrix> transposed(n, constraints.C.rows());
    transposed.setThreshold(Scalar(1e3) * epsilon);
    transposed.compute(constraints.C.transpose());
    const Matrix q = transposed.householderQ() * Matrix::Identity(n, n);
    basis = q.rightCols(n - transposed.rank());
  }
  if (basis.cols() == 0) return particular;

  Eigen::ColPivHouseholderQR<Matrix> qr(A.rows(), basis.cols());
  qr.setThreshold(Scalar(1e3) * epsilon);
  qr.compute(A * basis);
  if (qr.rank() < basis.cols())
    throw InvalidArgument(almagest::detail::text(
        "constrained_least_squares: the matrix and the equalities leave ", basis.cols() - qr.rank(),
        " directions open; add rows or a ridge."));
  const Vector free = qr.solve(b - A * particular);
  const Vector x = particular + basis * free;
  if (constraints.G.rows() == 0) return x;

  // The nearest point to `free` in the norm of A: z = R P^T (y - free), |z| least with E z >= f.
  const Matrix reached = constraints.G * basis;
  const Vector f = constraints.h - constraints.G * x;
  if (f.maxCoeff() <= 0) return x;
  Matrix E = (reached * qr.colsPermutation()).transpose();
  const auto triangle = qr.matrixR().topRows(basis.cols()).template triangularView<Eigen::Upper>();
  triangle.transpose().solveInPlace(E);  // E^T = R^-T P^T (G basis)^T
  Matrix stacked(E.rows() + 1, E.cols());
  stacked << E, f.transpose();
  Vector last = Vector::Zero(E.rows() + 1);
  last[E.rows()] = 1;
  const Vector u = nonnegative_least_squares<Scalar>(stacked, last);
  const Vector residual = last - stacked * u;
  if (!(residual.norm() > 1e3 * epsilon)) throw InvalidArgument(contradiction);
  const Vector z = -residual.head(E.rows()) / residual[E.rows()];
  return x + basis * (qr.colsPermutation() * triangle.solve(z));
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg
