// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/koopman/reduction.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman::detail {

/// A step \f$ z_{k+1} = A z_k + B u_k \f$ in the coordinates of a reduction.
template <typename Scalar>
struct ReducedStep {
  Eigen::MatrixX<Scalar> a, b;
};

/// Least squares of C on Q and on the inputs, with a warning where the inputs depend on the state.
template <typename Scalar>
ReducedStep<Scalar> least_squares(const Reduction<Scalar>& reduced, const Eigen::MatrixX<Scalar>& inputs,
                                  std::vector<std::string>& warnings) {
  const Eigen::Index rank = reduced.q.cols();
  // Columns of Q are orthonormal.
  if (inputs.cols() == 0) return {reduced.c.transpose() * reduced.q, Eigen::MatrixX<Scalar>(rank, 0)};
  // Those of the inputs are made of unit length too, so that their unit does not decide on the rank.
  const Eigen::VectorX<Scalar> length =
      inputs.colwise().norm().transpose().unaryExpr([](Scalar one) { return one > 0 ? one : Scalar(1); });
  Eigen::MatrixX<Scalar> both(reduced.q.rows(), rank + inputs.cols());
  both << reduced.q, inputs * length.cwiseInverse().asDiagonal();
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixX<Scalar>> factors(both.rows(), both.cols());
  factors.setThreshold(Scalar(64) * std::numeric_limits<Scalar>::epsilon() * std::sqrt(Scalar(both.rows())));
  factors.compute(both);
  if (factors.rank() < both.cols()) warnings.emplace_back(inputs_that_follow);
  const Eigen::MatrixX<Scalar> found = factors.solve(reduced.c);
  return {found.topRows(rank).transpose(),
          (length.cwiseInverse().asDiagonal() * found.bottomRows(inputs.cols())).transpose()};
}

/// The root of M whose eigenvalues lie nearest to those of A, which is close to a root. A principal
/// root would turn round whatever moves by more than a quarter of a turn in a step.
///
/// Returns nothing where the root is not real: an eigenvalue of M is negative, so that no frequency
/// fits both A and M.
template <typename Scalar>
Eigen::MatrixX<Scalar> nearest_root(const Eigen::MatrixX<Scalar>& m, const Eigen::MatrixX<Scalar>& a) {
  using Complex = std::complex<Scalar>;
  const Eigen::EigenSolver<Eigen::MatrixX<Scalar>> solver(m);
  if (solver.info() != Eigen::Success) return {};
  const Eigen::MatrixX<Complex> p = solver.eigenvectors();
  const Eigen::PartialPivLU<Eigen::MatrixX<Complex>> lu(p);
  const Eigen::MatrixX<Complex> inside = lu.solve(a.template cast<Complex>() * p);
  Eigen::VectorX<Complex> roots(m.rows());
  for (Eigen::Index j = 0; j < m.rows(); ++j) {
    roots[j] = std::sqrt(solver.eigenvalues()[j]);
    if (std::abs(inside(j, j) + roots[j]) < std::abs(inside(j, j) - roots[j])) roots[j] = -roots[j];
  }
  const Eigen::MatrixX<Complex> root = p * roots.asDiagonal() * lu.inverse();
  const Scalar size = root.norm();
  if (!(root.imag().norm() <= std::sqrt(std::numeric_limits<Scalar>::epsilon()) * size)) return {};
  return root.real();
}

/// \f$ (A_f A_b^{-1})^{1/2} \f$ with the map forward \f$ A_f \f$ and the map backward \f$ A_b \f$:
/// noise biases the two alike, and the bias falls out.
///
/// Reference: S. Dawson, M. Hemati, M. Williams, C. Rowley, Characterizing and correcting for the
/// effect of sensor noise in the dynamic mode decomposition, Exp. Fluids 57 (2016),
/// https://doi.org/10.1007/s00348-016-2127-7
template <typename Scalar>
ReducedStep<Scalar> forward_backward(const Reduction<Scalar>& reduced, std::vector<std::string>& warnings) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Matrix forward = reduced.c.transpose() * reduced.q;
  const Matrix back =
      Eigen::CompleteOrthogonalDecomposition<Matrix>(reduced.c).solve(reduced.q).transpose();
  const Eigen::FullPivLU<Matrix> lu(back);
  Matrix root;
  if (lu.isInvertible()) root = nearest_root<Scalar>(forward * lu.inverse(), forward);
  if (root.size() == 0) {
    warnings.emplace_back(
        "the maps forward and backward have no common root in real numbers (a coordinate is noise or "
        "vanishes in a step); the map forward is used. Lower the rank.");
    root = forward;
  }
  return {std::move(root), Matrix(forward.rows(), 0)};
}

/// The step by the regression asked for. Pairs were projected already where squares are to be total.
template <typename Scalar>
ReducedStep<Scalar> regress(const Reduction<Scalar>& reduced, const Eigen::MatrixX<Scalar>& inputs,
                            Regression regression, std::vector<std::string>& warnings) {
  return regression == Regression::forward_backward ? forward_backward(reduced, warnings)
                                                    : least_squares(reduced, inputs, warnings);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman::detail
