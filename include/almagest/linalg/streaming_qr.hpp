// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// The triangular factor of a tall matrix whose rows arrive in pieces.
///
/// For \f$ A \in \mathbb{R}^{m \times n} \f$ the class keeps the upper triangle
/// \f$ R \in \mathbb{R}^{n \times n} \f$ with \f$ R^\top R = A^\top A \f$, hence \f$ A = QR \f$ for
/// some Q with orthonormal columns that is never formed. Singular values and right singular vectors
/// of A are those of R, and least squares against the columns of A is back substitution in R. Each
/// block of rows is stacked under the triangle and reduced by Householder reflections \f$ H_j = I -
/// \tau_j v_j v_j^\top \f$. Above the block, \f$ v_j \f$ is the j-th unit vector, so a reflection
/// touches row j of R and the block, nothing else. A panel of eight reflections acts on the columns right
/// of it at once, \f$ I - V T^\top V^\top \f$ with \f$ V = [I; B_\text{panel}] \f$: two columns at a time, which
/// stay in the first level cache meanwhile, by sums that stay in registers. Nothing is packed, as for a matrix product.
///
/// A Gram matrix would be as short and as fast, but it squares the singular values: what lies below
/// \f$ \sqrt{\varepsilon}\,\sigma_1 \f$ is lost there and kept here, down to
/// \f$ \varepsilon\,\sigma_1 \f$.
///
/// Cost: \f$ 2 m n^2 \f$ flops, \f$ O(n^2) \f$ memory whatever m. The result is deterministic; a
/// different division into updates changes it by rounding only. Signs of the rows of R are
/// arbitrary, and with fewer than n rows so far the last rows of R
/// are zero to rounding.
///
/// Factors merge: `a.merge(b)` continues a as if it had seen the rows of b (threads, files, ranks).
///
/// \throws InvalidArgument for less than 1 column, DimensionMismatch for rows of another length,
///         NonFiniteData for a NaN or an infinity; the factor then is what it was before the call.
///
/// Reference: J. Demmel, L. Grigori, M. Hoemmen, J. Langou, Communication-optimal parallel and
/// sequential QR and LU factorizations, SIAM J. Sci. Comput. 34 (2012),
/// https://doi.org/10.1137/080731992
template <typename Scalar_ = double>
class StreamingQr {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit StreamingQr(Eigen::Index columns) {
    if (columns < 1)
      throw InvalidArgument(
          almagest::detail::text("StreamingQr: columns is ", columns, "; give at least 1 column."));
    triangle_.setZero(columns, columns);
    block_.setZero(rows_at_once, columns + 1);
  }

  /// Absorbs further rows of the tall matrix, `rows x columns()`.
  void update(const Eigen::Ref<const Matrix>& rows);

  /// Continues as if the rows that `other` has seen had come here.
  void merge(const StreamingQr& other) {
    // Copies, because `other` may be this factor.
    const Matrix theirs = other.triangle_;
    const Eigen::Index total = rows_ + other.rows_;
    update(theirs);
    rows_ = total;
  }

  /// R, `columns x columns`, upper triangular with zeros below.
  const Matrix& triangle() const { return triangle_; }
  Eigen::Index columns() const { return triangle_.cols(); }
  /// How many rows at a time cost least.
  Eigen::Index block_rows() const { return block_.rows(); }
  /// How many rows were absorbed.
  Eigen::Index rows() const { return rows_; }

 private:
  static constexpr Eigen::Index panel = 8;
  /// Long columns pay for their reflection; a panel and two columns should still lie in the first level cache.
  static constexpr Eigen::Index rows_at_once = 384;
  using Lanes = typename Eigen::internal::packet_traits<Scalar>::type;
  static constexpr Eigen::Index lanes = Eigen::Index(sizeof(Lanes) / sizeof(Scalar));
  /// Columns of a panel whose sums with two others are all in registers, with what they are made from.
  static constexpr Eigen::Index in_registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS > 16 ? 8 : 4;
  static_assert(rows_at_once % lanes == 0, "the rows of a block are so many packets");

  /// Two columns that a panel acts on.
  struct Two {
    Scalar *x, *y;
  };

  /// Reduces [R; block] to a triangle, panel by panel.
  void absorb(Eigen::Index count);

  /// Eliminates the columns of a panel from the block. Leaves their reflection vectors in the block and the
  /// transpose of the factor T of the compact WY form in `t_`.
  void reduce_panel(Eigen::Index count, Eigen::Index first, Eigen::Index width);

  /// The reflections of a whole panel on two columns of the block and those of R above them.
  void reflect(Eigen::Index count, const Scalar* v, const Two& block, const Two& top) const;

  /// Products of the columns v, v + stride, ... with two others, added to what stands above those.
  template <Eigen::Index... I>
  static void dot(std::integer_sequence<Eigen::Index, I...>, Eigen::Index count, const Scalar* v, Eigen::Index stride,
                  const Two& columns, const Two& above, const Two& products);
  /// Takes the columns v, v + stride, ..., times their weights, from two others.
  template <Eigen::Index... I>
  static void take(std::integer_sequence<Eigen::Index, I...>, Eigen::Index count, const Scalar* v, Eigen::Index stride,
                   const Two& weights, const Two& columns);

  /// Turns (pivot, x) into (its norm, 0): overwrites x by v, pivot by the new diagonal entry.
  template <typename Column>
  static Scalar make_reflection(Column&& x, Scalar& pivot) {
    using std::abs, std::hypot;
    const Scalar squared = x.squaredNorm();
    // Squares that under- or overflow would pass for zero or infinity.
    constexpr Scalar tiny =
        std::numeric_limits<Scalar>::min() / std::numeric_limits<Scalar>::epsilon();
    const bool safe = squared > tiny && squared < 1 / tiny;
    const Scalar length = safe ? Eigen::numext::sqrt(squared) : x.stableNorm();
    if (length == 0) return 0;
    const Scalar norm = hypot(pivot, length);
    const Scalar beta = pivot > 0 ? -norm : norm;
    if (safe)
      x *= 1 / (pivot - beta);
    else
      x /= pivot - beta;
    const Scalar tau = (beta - pivot) / beta;
    pivot = beta;
    return tau;
  }

  Matrix triangle_;
  Matrix block_;  ///< with a column of zeros behind the others
  Eigen::Matrix<Scalar, panel, panel> t_ = Eigen::Matrix<Scalar, panel, panel>::Zero();
  Eigen::Index rows_ = 0;
};

template <typename Scalar>
void StreamingQr<Scalar>::update(const Eigen::Ref<const Matrix>& rows) {
  if (rows.cols() != columns())
    throw DimensionMismatch(almagest::detail::text("StreamingQr: rows has ", rows.cols(),
                                                   " columns, but the factor has ", columns(),
                                                   "; give rows of that length."));
  // A finite sum has finite terms; only where it is not do we look for the culprit.
  if (!Eigen::numext::isfinite(rows.sum()))
    almagest::detail::check_finite("StreamingQr", "rows", rows.transpose());
  for (Eigen::Index first = 0; first < rows.rows(); first += block_.rows()) {
    const Eigen::Index count = std::min(block_.rows(), rows.rows() - first);
    const Eigen::Index whole = (count + lanes - 1) / lanes * lanes;
    block_.topLeftCorner(count, columns()) = rows.middleRows(first, count);
    block_.block(count, 0, whole - count, columns()).setZero();
    absorb(whole);
  }
  rows_ += rows.rows();
}

template <typename Scalar>
void StreamingQr<Scalar>::absorb(Eigen::Index count) {
  const Eigen::Index n = columns();
  for (Eigen::Index first = 0; first < n; first += panel) {
    reduce_panel(count, first, std::min(panel, n - first));
    const Scalar* v = block_.col(first).data();
    Eigen::Matrix<Scalar, panel, 1> nothing = Eigen::Matrix<Scalar, panel, 1>::Zero();
    for (Eigen::Index j = first + panel; j < n; j += 2)
      reflect(count, v, {block_.col(j).data(), block_.col(j + 1).data()},
              {&triangle_(first, j), j + 1 < n ? &triangle_(first, j + 1) : nothing.data()});
  }
}

template <typename Scalar>
void StreamingQr<Scalar>::reflect(Eigen::Index count, const Scalar* v, const Two& block, const Two& top) const {
  const Eigen::Index stride = block_.rows();
  Eigen::Matrix<Scalar, panel, 2> products, weights;
  constexpr std::make_integer_sequence<Eigen::Index, in_registers> some{};
  for (Eigen::Index i = 0; i < panel; i += in_registers)
    dot(some, count, v + i * stride, stride, block, {top.x + i, top.y + i}, {&products(i, 0), &products(i, 1)});
  weights.noalias() = t_.lazyProduct(products);
  Eigen::Map<Eigen::Matrix<Scalar, panel, 1>>(top.x) -= weights.col(0);
  Eigen::Map<Eigen::Matrix<Scalar, panel, 1>>(top.y) -= weights.col(1);
  for (Eigen::Index i = 0; i < panel; i += in_registers)
    take(some, count, v + i * stride, stride, {&weights(i, 0), &weights(i, 1)}, block);
}

template <typename Scalar>
template <Eigen::Index... I>
void StreamingQr<Scalar>::dot(std::integer_sequence<Eigen::Index, I...>, Eigen::Index count, const Scalar* v,
                              Eigen::Index stride, const Two& columns, const Two& above, const Two& products) {
  using namespace Eigen::internal;
  Lanes by_x[] = {(void(I), pset1<Lanes>(Scalar(0)))...}, by_y[] = {(void(I), pset1<Lanes>(Scalar(0)))...};
  for (Eigen::Index k = 0; k < count; k += lanes) {
    const Lanes x = ploadu<Lanes>(columns.x + k), y = ploadu<Lanes>(columns.y + k);
    const Lanes from[] = {ploadu<Lanes>(v + I * stride + k)...};
    ((by_x[I] = pmadd(from[I], x, by_x[I]), by_y[I] = pmadd(from[I], y, by_y[I])), ...);
  }
  ((products.x[I] = above.x[I] + predux(by_x[I]), products.y[I] = above.y[I] + predux(by_y[I])), ...);
}

template <typename Scalar>
template <Eigen::Index... I>
void StreamingQr<Scalar>::take(std::integer_sequence<Eigen::Index, I...>, Eigen::Index count, const Scalar* v,
                               Eigen::Index stride, const Two& weights, const Two& columns) {
  using namespace Eigen::internal;
  const Lanes by_x[] = {pset1<Lanes>(-weights.x[I])...}, by_y[] = {pset1<Lanes>(-weights.y[I])...};
  for (Eigen::Index k = 0; k < count; k += lanes) {
    Lanes x = ploadu<Lanes>(columns.x + k), y = ploadu<Lanes>(columns.y + k);
    const Lanes from[] = {ploadu<Lanes>(v + I * stride + k)...};
    ((x = pmadd(from[I], by_x[I], x), y = pmadd(from[I], by_y[I], y)), ...);
    pstoreu(columns.x + k, x);
    pstoreu(columns.y + k, y);
  }
}

template <typename Scalar>
void StreamingQr<Scalar>::reduce_panel(Eigen::Index count, Eigen::Index first, Eigen::Index width) {
  Eigen::Matrix<Scalar, panel, 1> before;
  for (Eigen::Index j = 0; j < width; ++j) {
    const Eigen::Index column = first + j;
    auto v = block_.col(column).head(count);
    const Scalar tau = make_reflection(v, triangle_(column, column));
    for (Eigen::Index k = column + 1; k < first + width; ++k) {
      auto x = block_.col(k).head(count);
      const Scalar w = tau * (triangle_(column, k) + v.dot(x));
      triangle_(column, k) -= w;
      x -= w * v;
    }
    for (Eigen::Index i = 0; i < j; ++i) before[i] = block_.col(first + i).head(count).dot(v);
    for (Eigen::Index i = 0; i < j; ++i) {
      Scalar sum = 0;
      for (Eigen::Index k = i; k < j; ++k) sum += t_(k, i) * before[k];
      t_(j, i) = -tau * sum;
    }
    t_(j, j) = tau;
  }
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT StreamingQr<float>;
extern template class ALMAGEST_EXPORT StreamingQr<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::linalg
