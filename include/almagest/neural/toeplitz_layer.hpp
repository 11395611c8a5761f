// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/neural/field_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// y = Tx + b with a matrix that is constant along its diagonals, by the FFT in O(n log n); see
/// linalg::ToeplitzOperator. `circulant(n)` is the one whose diagonals go around.
///
/// Parameters: Toeplitz \f$ t_{-(columns-1)}, \dots, t_{rows-1} \f$ where \f$ T_{ij} = t_{i-j} \f$; circulant the first
/// column; then b.
///
/// \throws InvalidArgument for no rows or columns.
template <typename Scalar>
class ToeplitzLayer final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::VectorMap, typename Base::VectorView;
  using Index = Eigen::Index;
  using Complex = std::complex<Scalar>;

  ToeplitzLayer(Index rows, Index columns)
      : ToeplitzLayer(rows, columns, columns - 1, rows + columns - 1,
                      fft::good_size(std::max<Index>(rows + columns - 1, 1))) {}
  static ToeplitzLayer circulant(Index size) { return ToeplitzLayer(size, size, 0, size, size); }

  Index kept() const override { return 2 * transform_.modes() + room(); }
  double flops() const override {
    return 7.5 * double(circle_) * std::log2(double(circle_)) + 6.0 * double(transform_.modes());
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    detail::glorot(parameters.data(), diagonals_, this->inputs(), this->outputs(), random);
    parameters.tail(this->outputs()).setZero();
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    multiply(parameters, x, y, kept, batch, true);
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    Eigen::VectorX<Scalar> space(kept() * batch);
    multiply(at.parameters, dx, dy, space.data(), batch, false);
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    Eigen::VectorX<Scalar> space(room());
    const Workspace work = workspace(space.data());
    const Index modes = transform_.modes();
    using Modes = Eigen::Map<Eigen::ArrayX<Complex>>;
    using Kept = Eigen::Map<const Eigen::ArrayX<Complex>>;
    symbol(at.parameters, work);
    const Modes change(work.product, modes), matrix(work.matrix, modes);
    const Scalar scale = Scalar(1) / Scalar(circle_);
    Eigen::ArrayX<Complex> by_matrix = Eigen::ArrayX<Complex>::Zero(modes);
    for (Index b = 0; b < batch; ++b) {
      const VectorView by_y(dy + b * this->outputs(), this->outputs());
      transformed(by_y, work.line, work.product);
      by_matrix += Kept(reinterpret_cast<const Complex*>(at.kept) + b * modes, modes).conjugate() * change;
      Modes(work.product, modes) = (scale * matrix.conjugate() * change).eval();
      transform_.inverse(work.product, work.line);
      std::copy_n(work.line, this->inputs(), dx + b * this->inputs());
      VectorMap(gradient + diagonals_, this->outputs()) += by_y;
    }
    Modes(work.product, modes) = scale * by_matrix;
    transform_.inverse(work.product, work.line);
    for (Index k = 0; k < diagonals_; ++k) gradient[k] += work.line[place(k)];
  }

 private:
  ToeplitzLayer(Index rows, Index columns, Index before, Index diagonals, Index circle)
      : Base(columns, rows, diagonals + rows), before_(before), diagonals_(diagonals), circle_(circle),
        transform_({checked(rows, columns, circle)}, {.rigor = fft::Rigor::estimate}) {}

  static Index checked(Index rows, Index columns, Index circle) {
    if (rows < 1 || columns < 1)
      throw InvalidArgument(
          almagest::detail::text("ToeplitzLayer: ", rows, " rows and ", columns, " columns; give at least 1 of each."));
    return circle;
  }
  /// Where on the circle the parameter k is.
  Index place(Index k) const { return (k - before_ + circle_) % circle_; }
  static Index padded(Index count) { return (count + 15) / 16 * 16; }
  Index room() const { return padded(circle_) + 2 * padded(2 * transform_.modes()) + 16; }
  struct Workspace {
    Scalar* line;
    Complex *matrix, *product;
  };
  Workspace workspace(Scalar* space) const {
    const std::size_t at = reinterpret_cast<std::size_t>(space) / sizeof(Scalar) % 16;
    Scalar* line = space + (16 - at) % 16;
    Scalar* matrix = line + padded(circle_);
    return {line, reinterpret_cast<Complex*>(matrix),
            reinterpret_cast<Complex*>(matrix + padded(2 * transform_.modes()))};
  }
  template <typename Values>
  void transformed(const Values& values, Scalar* line, Complex* out) const {
    std::fill_n(line, circle_, Scalar(0));
    std::copy_n(values.data(), values.size(), line);
    transform_.forward(line, out);
  }
  void symbol(const Scalar* parameters, const Workspace& work) const {
    std::fill_n(work.line, circle_, Scalar(0));
    for (Index k = 0; k < diagonals_; ++k) work.line[place(k)] = parameters[k];
    transform_.forward(work.line, work.matrix);
  }
  void multiply(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch, bool biased) const {
    const Index modes = transform_.modes();
    const Workspace work = workspace(kept + 2 * modes * batch);
    symbol(parameters, work);
    using Modes = Eigen::Map<Eigen::ArrayX<Complex>>;
    for (Index b = 0; b < batch; ++b) {
      transformed(VectorView(x + b * this->inputs(), this->inputs()), work.line, work.product);
      Modes seen(reinterpret_cast<Complex*>(kept) + b * modes, modes), product(work.product, modes);
      seen = product;
      product *= Scalar(1) / Scalar(circle_) * Modes(work.matrix, modes);
      transform_.inverse(work.product, work.line);
      VectorMap to(y + b * this->outputs(), this->outputs());
      to = VectorView(work.line, this->outputs());
      if (biased) to += VectorView(parameters + diagonals_, this->outputs());
    }
  }

  Index before_, diagonals_, circle_;
  fft::RealTransform<Scalar> transform_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT ToeplitzLayer<float>;
extern template class ALMAGEST_EXPORT ToeplitzLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
