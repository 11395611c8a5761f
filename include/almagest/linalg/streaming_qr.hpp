// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

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
/// touches row j of R and the block, nothing else. A panel of reflections acts on the columns right
/// of it at once, \f$ I - V T^\top V^\top \f$ with \f$ V = [I; B_\text{panel}] \f$. Of many columns,
/// panels first act within a wide panel, which then acts on the rest as one matrix product.
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
    // Long columns pay for their reflection; a block should still lie in the second level cache, unless
    // there are enough columns for products that are blocked themselves.
    constexpr Eigen::Index cache = 512 * 1024 / Eigen::Index(sizeof(Scalar));
    wide_ = columns > 4 * wide_panel ? wide_panel : panel_width;
    const Eigen::Index least = wide_ > panel_width ? 384 : 128;
    block_.resize(std::clamp<Eigen::Index>(cache / columns / 16 * 16, least, 512), columns);
    panel_t_.setZero(wide_, wide_);
    products_.resize(wide_, columns);
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
  static constexpr Eigen::Index panel_width = 8, wide_panel = 32;

  /// Reduces [R; block] to a triangle, panel by panel.
  void absorb(Eigen::Index count);

  /// The reflections of `width` columns from `first` on, whose factor T lies at `at` in `panel_t_`, on the
  /// `rest` columns after them.
  void apply(Eigen::Index count, Eigen::Index first, Eigen::Index at, Eigen::Index width, Eigen::Index rest);

  /// Eliminates the columns of a panel, `at` columns into a wide one, from the block. Leaves their
  /// reflection vectors in the block and the factor T of the compact WY form in `panel_t_`.
  void reduce_panel(Eigen::Index count, Eigen::Index wide, Eigen::Index at, Eigen::Index width);

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
    x /= pivot - beta;
    const Scalar tau = (beta - pivot) / beta;
    pivot = beta;
    return tau;
  }

  Matrix triangle_, block_, panel_t_, products_;
  Eigen::Index wide_;
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
    block_.topRows(count) = rows.middleRows(first, count);
    absorb(count);
  }
  rows_ += rows.rows();
}

template <typename Scalar>
void StreamingQr<Scalar>::absorb(Eigen::Index count) {
  for (Eigen::Index first = 0; first < columns(); first += wide_) {
    const Eigen::Index width = std::min(wide_, columns() - first);
    for (Eigen::Index at = 0; at < width; at += panel_width) {
      const Eigen::Index narrow = std::min(panel_width, width - at);
      reduce_panel(count, first, at, narrow);
      apply(count, first + at, at, narrow, width - at - narrow);
    }
    apply(count, first, 0, width, columns() - first - width);
  }
}

template <typename Scalar>
void StreamingQr<Scalar>::apply(Eigen::Index count, Eigen::Index first, Eigen::Index at, Eigen::Index width,
                                Eigen::Index rest) {
  if (rest == 0) return;
  const Eigen::Index next = first + width;
  const auto t = panel_t_.block(at, at, width, width);
  const auto panel = block_.block(0, first, count, width);
  auto trailing = block_.block(0, next, count, rest);
  auto top = triangle_.block(first, next, width, rest);
  auto w = products_.topLeftCorner(width, rest);
  w.noalias() = panel.transpose() * trailing;
  w += top;
  if (width > panel_width) {
    w = t.transpose() * w;
  } else {
    // T^T is lower triangular: rows from the last one up can be overwritten in place.
    for (Eigen::Index i = width - 1; i >= 0; --i) {
      w.row(i) *= t(i, i);
      for (Eigen::Index k = 0; k < i; ++k) w.row(i) += t(k, i) * w.row(k);
    }
  }
  top -= w;
  trailing.noalias() -= panel * w;
}

template <typename Scalar>
void StreamingQr<Scalar>::reduce_panel(Eigen::Index count, Eigen::Index wide, Eigen::Index at, Eigen::Index width) {
  const Eigen::Index first = wide + at;
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
    for (Eigen::Index i = 0; i < j; ++i)
      products_(i, 0) = block_.col(first + i).head(count).dot(v);
    for (Eigen::Index i = 0; i < j; ++i) {
      Scalar sum = 0;
      for (Eigen::Index k = i; k < j; ++k) sum += panel_t_(at + i, at + k) * products_(k, 0);
      panel_t_(at + i, at + j) = -tau * sum;
    }
    panel_t_(at + j, at + j) = tau;
  }
  if (at == 0) return;
  // T of two panels one after the other: -T_1 (V_1^T V_2) T_2 beside their own.
  const auto before = block_.block(0, wide, count, at), panel = block_.block(0, first, count, width);
  auto both = products_.topLeftCorner(at, width);
  both.noalias() = before.transpose() * panel;
  panel_t_.block(0, at, at, width).noalias() =
      -(panel_t_.topLeftCorner(at, at) * both * panel_t_.block(at, at, width, width));
}

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT StreamingQr<float>;
extern template class ALMAGEST_EXPORT StreamingQr<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::linalg
