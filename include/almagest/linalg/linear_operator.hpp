// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <concepts>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// A matrix that is known by its products only.
///
/// `apply(x, y)` writes \f$ Y = A X \f$ for a block of vectors (`cols() x k` to `rows() x k`),
/// `apply_adjoint(y, x)` writes \f$ X = A^\top Y \f$. Both overwrite their second argument, are
/// `const` and may run in several threads. The two must be adjoint to rounding: nothing that is
/// built on them can notice if they are not.
template <typename Operator>
concept LinearOperator =
    requires(const Operator& a, const Eigen::MatrixX<typename Operator::Scalar>& in,
             Eigen::Ref<Eigen::MatrixX<typename Operator::Scalar>> out) {
      { a.rows() } -> std::convertible_to<Eigen::Index>;
      { a.cols() } -> std::convertible_to<Eigen::Index>;
      a.apply(in, out);
      a.apply_adjoint(in, out);
    };

/// A matrix as a linear operator. Refers to it: the matrix must outlive the operator.
template <typename Scalar_>
class DenseOperator {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit DenseOperator(const Matrix& matrix) : matrix_(matrix) {
    almagest::detail::check_finite("DenseOperator", "matrix", matrix);
  }
  DenseOperator(Matrix&&) = delete;
  Eigen::Index rows() const { return matrix_.rows(); }
  Eigen::Index cols() const { return matrix_.cols(); }
  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const {
    y.noalias() = matrix_ * x;
  }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const {
    x.noalias() = matrix_.transpose() * y;
  }

 private:
  const Matrix& matrix_;
};

static_assert(LinearOperator<DenseOperator<double>>);

/// \f$ A X \f$ of any operator as a new matrix, with its input checked.
///
/// \throws DimensionMismatch for columns of another length, NonFiniteData for a NaN or an infinity.
template <LinearOperator Operator>
auto product(const Operator& a, const Eigen::MatrixX<typename Operator::Scalar>& x) {
  if (x.rows() != a.cols())
    throw DimensionMismatch(almagest::detail::text("product: x has ", x.rows(),
                                                   " rows, but the operator has ", a.cols(),
                                                   " columns; the two must agree."));
  almagest::detail::check_finite("product", "x", x);
  Eigen::MatrixX<typename Operator::Scalar> y(a.rows(), x.cols());
  a.apply(x, y);
  return y;
}

/// \f$ A^\top Y \f$ of any operator as a new matrix, with its input checked.
///
/// \throws DimensionMismatch for columns of another length, NonFiniteData for a NaN or an infinity.
template <LinearOperator Operator>
auto adjoint_product(const Operator& a, const Eigen::MatrixX<typename Operator::Scalar>& y) {
  if (y.rows() != a.rows())
    throw DimensionMismatch(almagest::detail::text("adjoint_product: y has ", y.rows(),
                                                   " rows, but the operator has ", a.rows(),
                                                   "; the two must agree."));
  almagest::detail::check_finite("adjoint_product", "y", y);
  Eigen::MatrixX<typename Operator::Scalar> x(a.cols(), y.cols());
  a.apply_adjoint(y, x);
  return x;
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg
