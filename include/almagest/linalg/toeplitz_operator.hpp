// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <complex>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "almagest/linalg/padded_spectrum.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// \f$ C_{ij} = c_{(i-j) \bmod n} \f$: every column is the one before it, moved down by one.
///
/// Never formed: multiplied by the discrete Fourier transform, which diagonalizes it, of exactly
/// n points. Cost: \f$ 5 n \log_2 n \f$ flops a vector, O(n) memory.
///
/// \throws InvalidArgument for an empty column, NonFiniteData for a NaN or an infinity.
///
/// Reference: G. Golub, C. Van Loan, Matrix Computations, 4th ed. (2013), section 4.8.
template <typename Scalar_ = double>
class CirculantOperator {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  explicit CirculantOperator(const Vector& first_column)
      : size_(checked(first_column).size()),
        transform_({size_}, {.rigor = fft::Rigor::estimate}),
        spectrum_(transform_.modes()) {
    fft::Buffer<Scalar> line(size_);
    detail::write_spectrum<Scalar>(transform_, first_column / Scalar(size_), line,
                                   spectrum_.data());
  }

  Eigen::Index rows() const { return size_; }
  Eigen::Index cols() const { return size_; }
  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const { multiply<false>(x, y); }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const {
    multiply<true>(y, x);
  }

 private:
  static const Vector& checked(const Vector& first_column) {
    if (first_column.size() == 0)
      throw InvalidArgument(
          "CirculantOperator: first_column has 0 entries; give at least 1.");
    almagest::detail::check_finite("CirculantOperator", "first_column", first_column.transpose());
    return first_column;
  }

  template <bool adjoint>
  void multiply(const Eigen::Ref<const Matrix>& in, Eigen::Ref<Matrix>& out) const {
    fft::Buffer<Scalar> line(size_);
    fft::Buffer<std::complex<Scalar>> modes(transform_.modes());
    const Eigen::Map<const Eigen::ArrayX<std::complex<Scalar>>> c(spectrum_.data(), modes.size());
    detail::Modes<Scalar> product(modes.data(), modes.size());
    for (Eigen::Index k = 0; k < in.cols(); ++k) {
      detail::write_spectrum<Scalar>(transform_, in.col(k), line, modes.data());
      if constexpr (adjoint)
        product *= c.conjugate();
      else
        product *= c;
      transform_.inverse(modes.data(), line.data());
      out.col(k) = Eigen::Map<const Vector>(line.data(), size_);
    }
  }

  Eigen::Index size_;
  fft::RealTransform<Scalar> transform_;
  fft::Buffer<std::complex<Scalar>> spectrum_;
};

static_assert(LinearOperator<CirculantOperator<double>>);

/// \f$ T_{ij} = t_{i-j} \f$, constant along its diagonals, `rows x columns`.
///
/// Never formed: a corner of a circulant matrix of a size that transforms are fast for. Cost: two
/// transforms of about rows + columns points a vector, O(rows + columns) memory.
///
/// \throws InvalidArgument for an empty column or row, or where the two disagree in their corner;
///         NonFiniteData for a NaN or an infinity.
template <typename Scalar_ = double>
class ToeplitzOperator {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;

  ToeplitzOperator(const Vector& first_column, const Vector& first_row)
      : rows_(first_column.size()),
        cols_(first_row.size()),
        circulant_(embedded(first_column, first_row)) {}

  Eigen::Index rows() const { return rows_; }
  Eigen::Index cols() const { return cols_; }
  void apply(const Eigen::Ref<const Matrix>& x, Eigen::Ref<Matrix> y) const {
    through_circle(x, y, [this](const Matrix& in, Matrix& out) { circulant_.apply(in, out); });
  }
  void apply_adjoint(const Eigen::Ref<const Matrix>& y, Eigen::Ref<Matrix> x) const {
    through_circle(y, x, [this](const Matrix& in, Matrix& out) { circulant_.apply_adjoint(in, out); });
  }

 private:
  /// A vector at a time, continued by zeros, and what of its image belongs to the corner.
  template <typename Multiply>
  void through_circle(const Eigen::Ref<const Matrix>& in, Eigen::Ref<Matrix>& out, const Multiply& multiply) const {
    Matrix padded = Matrix::Zero(circulant_.cols(), 1), image(circulant_.rows(), 1);
    for (Eigen::Index k = 0; k < in.cols(); ++k) {
      padded.topRows(in.rows()) = in.col(k);
      multiply(padded, image);
      out.col(k) = image.topRows(out.rows());
    }
  }
  static Vector embedded(const Vector& column, const Vector& row) {
    using almagest::detail::text;
    if (column.size() == 0 || row.size() == 0)
      throw InvalidArgument(text("ToeplitzOperator: first_column has ", column.size(),
                                 " entries and first_row ", row.size(),
                                 "; give at least 1 of each."));
    almagest::detail::check_finite("ToeplitzOperator", "first_column", column.transpose());
    almagest::detail::check_finite("ToeplitzOperator", "first_row", row.transpose());
    if (column[0] != row[0])
      throw InvalidArgument(text("ToeplitzOperator: first_column begins with ", column[0],
                                 " and first_row with ", row[0],
                                 ", but both name the same entry; let them agree."));
    Vector around = Vector::Zero(fft::good_size(column.size() + row.size() - 1));
    around.head(column.size()) = column;
    around.tail(row.size() - 1) = row.tail(row.size() - 1).reverse();
    return around;
  }

  Eigen::Index rows_, cols_;
  CirculantOperator<Scalar> circulant_;
};

static_assert(LinearOperator<ToeplitzOperator<double>>);

}  // namespace almagest::inline ALMAGEST_ABI::linalg
