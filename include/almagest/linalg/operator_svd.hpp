// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/linalg/lanczos.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

struct OperatorSvdOptions {
  /// Residuals \f$ |A^\top u - \sigma v| \le \f$ `tolerance` \f$ \sigma \f$; 0 means
  /// \f$ \varepsilon^{2/3} \f$. A value errs by the square of that over its gap.
  double tolerance = 0;
  Eigen::Index most_steps = 0;    ///< bound of Lanczos steps or randomized rounds; 0 chooses one
  Eigen::Index oversampling = 10; ///< columns of a randomized block beyond the rank
  std::uint64_t seed = 0;         ///< of the start vectors
};

/// Leading singular triples of an operator, \f$ A v_i = \sigma_i u_i \f$, values decreasing. Fewer
/// than asked for where the others are rounding.
template <typename Scalar>
struct OperatorSvd : Svd<Scalar> {
  Eigen::VectorX<Scalar> residuals;  ///< \f$ |A^\top u_i - \sigma_i v_i| \f$ or \f$ |A v_i - \sigma_i u_i| \f$
  /// Up to four values behind the last; lower bounds of what they are.
  Eigen::VectorX<Scalar> next;
  Eigen::Index steps = 0;  ///< Lanczos steps or randomized rounds taken
  bool converged = true;   ///< every residual met the tolerance, or rounding
};

namespace detail {

inline void check_request(const char* what, Eigen::Index rows, Eigen::Index cols, Eigen::Index rank,
                          const OperatorSvdOptions& options) {
  using almagest::detail::text;
  if (rank < 1)
    throw InvalidArgument(text(what, ": rank is ", rank, "; ask for at least 1 singular triple."));
  if (rank > std::min(rows, cols))
    throw InvalidArgument(text(what, ": rank is ", rank, ", but a ", rows, " x ", cols,
                               " operator has ", std::min(rows, cols),
                               " singular values; ask for that many or less."));
  if (!(options.tolerance >= 0 && options.tolerance < 1))
    throw InvalidArgument(text(what, ": tolerance is ", options.tolerance,
                               "; give a number in (0, 1), or 0 for the default."));
  if (options.most_steps < 0)
    throw InvalidArgument(text(what, ": most_steps is ", options.most_steps,
                               "; give a positive count, or 0 for the default."));
  if (options.oversampling < 0)
    throw InvalidArgument(text(what, ": oversampling is ", options.oversampling,
                               "; give 0 or more columns."));
}

template <typename Scalar>
Scalar tolerance_of(const OperatorSvdOptions& options) {
  if (options.tolerance > 0) return Scalar(options.tolerance);
  return std::pow(std::numeric_limits<Scalar>::epsilon(), Scalar(2) / 3);
}

/// The operator with rows and columns exchanged.
template <typename Operator>
struct Transposed {
  using Scalar = typename Operator::Scalar;
  using Matrix = Eigen::MatrixX<Scalar>;
  const Operator& a;
  Eigen::Index rows() const { return a.cols(); }
  Eigen::Index cols() const { return a.rows(); }
  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const { a.apply_adjoint(x, y); }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const { a.apply(y, x); }
};

/// Indices of the `rank` largest, in decreasing order.
template <typename Vector>
std::vector<Eigen::Index> leading(const Vector& values, Eigen::Index rank) {
  std::vector<Eigen::Index> order(std::size_t(values.size()));
  std::iota(order.begin(), order.end(), Eigen::Index(0));
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index i, Eigen::Index j) { return values[i] > values[j]; });
  order.resize(std::min(order.size(), std::size_t(rank)));
  return order;
}

template <typename Operator>
auto lanczos_tall(const Operator& a, Eigen::Index rank, const OperatorSvdOptions& options) {
  using Scalar = typename Operator::Scalar;
  GolubKahan<Operator> process(a, options.seed);
  const Eigen::Index most = options.most_steps > 0 ? std::max(options.most_steps, rank)
                                                   : std::max<Eigen::Index>(20 * rank, 400);
  const auto lead = detail::lead<Scalar>(process, rank, tolerance_of<Scalar>(options),
                                         std::min(most, a.cols()));
  const auto order = leading(process.locked_values(), rank);
  OperatorSvd<Scalar> result;
  result.u = process.u()(Eigen::indexing::all, order);
  result.v = process.v()(Eigen::indexing::all, order);
  result.singular_values = process.locked_values()(order);
  result.residuals = lead.residuals(order);
  result.next = lead.next;
  result.steps = lead.steps;
  result.converged = lead.converged;
  return result;
}

/// An orthonormal basis of the columns of a tall matrix.
template <typename Scalar>
Eigen::MatrixX<Scalar> orthonormal_basis(const Eigen::MatrixX<Scalar>& columns) {
  const Eigen::HouseholderQR<Eigen::MatrixX<Scalar>> qr(columns);
  return qr.householderQ() * Eigen::MatrixX<Scalar>::Identity(columns.rows(), columns.cols());
}

}  // namespace detail

/// The leading singular triples of an operator by Golub-Kahan-Lanczos bidiagonalization with full
/// reorthogonalization.
///
/// Nothing is squared: values err by a few \f$ \varepsilon \sigma_1 \f$, the small ones too, hence
/// relatively by \f$ \varepsilon \sigma_1 / \sigma_i \f$, as with a dense decomposition; bases are
/// orthonormal to rounding. Repeated values, which one vector's Krylov space holds once, are looked
/// for in further rounds outside of what was found.
///
/// Cost: k steps of two products and \f$ 4 (m + n) k \f$ flops, k from 2 rank for values that fall
/// fast to many times that; \f$ (m + n) k \f$ numbers of memory. Deterministic for a seed.
///
/// \throws InvalidArgument for a rank or an option out of range. Where `most_steps` did not suffice,
///         `converged` is false and `residuals` say by how much.
///
/// Reference: H. Simon, H. Zha, Low-rank matrix approximation using the Lanczos bidiagonalization
/// process with applications, SIAM J. Sci. Comput. 21 (2000),
/// https://doi.org/10.1137/S1064827597327309
template <LinearOperator Operator>
OperatorSvd<typename Operator::Scalar> lanczos_svd(const Operator& a, Eigen::Index rank,
                                                   const OperatorSvdOptions& options = {}) {
  detail::check_request("lanczos_svd", a.rows(), a.cols(), rank, options);
  if (a.rows() >= a.cols()) return detail::lanczos_tall(a, rank, options);
  auto result = detail::lanczos_tall(detail::Transposed<Operator>{a}, rank, options);
  std::swap(result.u, result.v);
  return result;
}

/// The leading singular triples of an operator by subspace iteration on a random block,
/// orthonormalized after every product.
///
/// Converges by \f$ (\sigma_{r+p+1} / \sigma_r)^2 \f$ a round, r the rank and p the oversampling:
/// two or three rounds where values fall by a factor of ten, hundreds where they hardly fall; then
/// use `lanczos_svd`. Repeated values are no difficulty. Accuracy as there, memory for
/// \f$ 2 (m + n)(r + p) \f$ numbers, whatever the count of rounds. Deterministic for a seed.
///
/// \throws InvalidArgument for a rank or an option out of range. Where `most_steps` rounds (60 by
///         default) did not suffice, `converged` is false and `residuals` say by how much.
///
/// Reference: N. Halko, P. Martinsson, J. Tropp, Finding structure with randomness, SIAM Rev. 53
/// (2011), https://doi.org/10.1137/090771806
template <LinearOperator Operator>
OperatorSvd<typename Operator::Scalar> randomized_svd(const Operator& a, Eigen::Index rank,
                                                      const OperatorSvdOptions& options = {}) {
  using Scalar = typename Operator::Scalar;
  using Matrix = Eigen::MatrixX<Scalar>;
  detail::check_request("randomized_svd", a.rows(), a.cols(), rank, options);
  const Eigen::Index width = std::min({rank + options.oversampling, a.rows(), a.cols()});
  const Eigen::Index most = options.most_steps > 0 ? options.most_steps : 60;
  const Scalar tolerance = detail::tolerance_of<Scalar>(options);
  RandomStream random(options.seed);
  Matrix v = Matrix::NullaryExpr(a.cols(), width, [&] { return Scalar(random.normal()); });
  Matrix y(a.rows(), width), x(a.cols(), width);
  OperatorSvd<Scalar> result;
  for (;;) {
    a.apply(v, y);
    if (result.steps > 0) {
      const Eigen::Index count = std::min(rank, result.singular_values.size());
      const auto s = result.singular_values.head(count);
      result.residuals = (y.leftCols(count) - result.u.leftCols(count) * s.asDiagonal()).colwise().norm();
      const Scalar floor = 8 * std::numeric_limits<Scalar>::epsilon() * (count > 0 ? s[0] : Scalar(0));
      result.converged = (result.residuals.array() <= (tolerance * s.array()).max(floor)).all();
      if (result.converged || result.steps >= most) break;
    }
    const Matrix q = detail::orthonormal_basis<Scalar>(y);
    x.resize(a.cols(), q.cols());
    a.apply_adjoint(q, x);
    // A^T Q = V S W^T, hence Q^T A = W S V^T.
    Svd<Scalar> small = svd<Scalar>(x);
    if (small.singular_values.size() == 0) break;
    result.u = q * small.v;
    result.singular_values = small.singular_values;
    result.v = small.u;
    v = result.v;
    y.resize(a.rows(), v.cols());
    ++result.steps;
  }
  const Eigen::Index count = std::min(rank, result.singular_values.size());
  result.next = result.singular_values.segment(
      count, std::min<Eigen::Index>(4, result.singular_values.size() - count));
  result.u = Matrix(result.u.leftCols(count));
  result.v = Matrix(result.v.leftCols(count));
  result.singular_values.conservativeResize(count);
  return result;
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg
