// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <memory>
#include <utility>

#include "almagest/neural/field_layer.hpp"
#include "almagest/neural/truncated_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// Whether a spectral convolution has a pointwise one beside it, computed in the same pass.
enum class Beside { nothing, pointwise };

/// The convolution of a neural operator: a matrix for each of the lowest Fourier modes,
/// \f[ y = F^{-1}\big( R_k\, (Fx)_k \big), \qquad R_k \in \mathbb{C}^{co \times ci}, \f]
/// and zero for the modes beyond. With `Beside::pointwise` a Fourier layer: \f$ + W x + b \f$ at every point.
///
/// Parameters: for each mode the real and the imaginary part of \f$ R_k \f$, column by column, in the order of
/// TruncatedTransform; then W and b. They do not depend on the grid: the same ones serve every number of points.
/// Batches are one product (or a loop of FFTs), one complex product of channels for each mode, and one product back.
///
/// Z. Li et al. 2021, https://arxiv.org/abs/2010.08895
template <typename Scalar>
class SpectralConvolution final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::VectorMap,
      typename Base::VectorView, typename Base::View;
  using Index = Eigen::Index;
  using Transform = TruncatedTransform<Scalar>;

  SpectralConvolution(std::shared_ptr<const Transform> transform, Index inputs, Index outputs,
                      Beside beside = Beside::nothing)
      : Base(inputs * transform->points(), outputs * transform->points(),
             2 * transform->modes() * inputs * outputs + (beside == Beside::pointwise ? outputs * (inputs + 1) : 0)),
        transform_(std::move(transform)), in_(inputs), out_(outputs), modes_(transform_->modes()),
        points_(transform_->points()), pointwise_(beside == Beside::pointwise) {}

  const Transform& transform() const { return *transform_; }
  /// The modes of x and of y, and the workspace of transforms.
  Index kept() const override { return 2 * modes_ * (in_ + out_) + transform_->scratch(); }
  double flops() const override {
    return transform_->flops() * double(in_ + out_) + 8.0 * double(modes_ * in_ * out_) +
           (pointwise_ ? 2.0 * double(in_ * out_ * points_) : 0);
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    const double deviation = 1 / std::sqrt(double(in_ + out_));
    for (Index k = 0; k < spectral(); ++k) parameters[k] = Scalar(deviation * random.normal());
    if (!pointwise_) return;
    detail::glorot(parameters.data() + spectral(), in_ * out_, in_, out_, random);
    parameters.tail(out_).setZero();
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    Scalar* X = kept;
    Scalar* Y = X + 2 * modes_ * in_ * batch;
    Scalar* scratch = Y + 2 * modes_ * out_ * batch;
    through(parameters, x, y, X, Y, scratch, batch, true);
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    Eigen::VectorX<Scalar> space(kept() * batch);
    Scalar* X = space.data();
    Scalar* Y = X + 2 * modes_ * in_ * batch;
    through(at.parameters, dx, dy, X, Y, Y + 2 * modes_ * out_ * batch, batch, false);
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    Eigen::VectorX<Scalar> space(kept() * batch);
    Scalar* dX = space.data();
    Scalar* dY = dX + 2 * modes_ * in_ * batch;
    Scalar* scratch = dY + 2 * modes_ * out_ * batch;
    transform_->analyse(dy, out_ * batch, dY, scratch);
    if (pointwise_) back_pointwise(at, dy, dY, dx, gradient + spectral(), batch);
    for (Index k = 0; k < modes_; ++k) {
      Map changes(dY + 2 * k * out_ * batch, out_, 2 * batch);
      changes *= transform_->scale()[k];
      const View modes(at.kept + 2 * k * in_ * batch, in_, 2 * batch);
      const View real(at.parameters + 2 * k * in_ * out_, out_, in_), imaginary(real.data() + in_ * out_, out_, in_);
      Map by_real(gradient + 2 * k * in_ * out_, out_, in_), by_imaginary(by_real.data() + in_ * out_, out_, in_);
      by_real.noalias() += changes * modes.transpose();
      by_imaginary.noalias() += changes.rightCols(batch) * modes.leftCols(batch).transpose();
      by_imaginary.noalias() -= changes.leftCols(batch) * modes.rightCols(batch).transpose();
      Map out(dX + 2 * k * in_ * batch, in_, 2 * batch);
      out.noalias() = real.transpose() * changes;
      out.leftCols(batch).noalias() += imaginary.transpose() * changes.rightCols(batch);
      out.rightCols(batch).noalias() -= imaginary.transpose() * changes.leftCols(batch);
    }
    transform_->expand(dX, in_ * batch, dx, pointwise_, scratch);
  }

 private:
  Index spectral() const { return 2 * modes_ * in_ * out_; }

  void through(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* X, Scalar* Y, Scalar* scratch, Index batch,
               bool biased) const {
    transform_->analyse(x, in_ * batch, X, scratch);
    for (Index k = 0; k < modes_; ++k) {
      const Scalar* R = parameters + 2 * k * in_ * out_;
      if (batch == 1)
        mix_one(R, X + 2 * k * in_, Y + 2 * k * out_, transform_->scale()[k]);
      else
        mix(R, X + 2 * k * in_ * batch, Y + 2 * k * out_ * batch, transform_->scale()[k], batch);
    }
    if (pointwise_) {
      const View W(parameters + spectral(), out_, in_);
      for (Index b = 0; b < batch; ++b)
        Map(y + b * out_ * points_, points_, out_).noalias() =
            View(x + b * in_ * points_, points_, in_) * W.transpose();
      // The mode 0 is the mean over the points; what is added to it is added to all of them.
      if (biased) Map(Y, out_, batch).colwise() += VectorView(parameters + spectral() + in_ * out_, out_);
    }
    transform_->expand(Y, out_ * batch, y, pointwise_, scratch);
  }

  void mix(const Scalar* R, const Scalar* X, Scalar* Y, Scalar scale, Index batch) const {
    const View real(R, out_, in_), imaginary(R + in_ * out_, out_, in_), modes(X, in_, 2 * batch);
    Map out(Y, out_, 2 * batch);
    out.noalias() = real * modes;
    out.leftCols(batch).noalias() -= imaginary * modes.rightCols(batch);
    out.rightCols(batch).noalias() += imaginary * modes.leftCols(batch);
    out *= scale;
  }

  /// A single vector: one pass over the matrix, some rows at a time in registers.
  void mix_one(const Scalar* R, const Scalar* X, Scalar* Y, Scalar scale) const {
    constexpr Index width = 16;
    Index row = 0;
    for (; row + width <= out_; row += width) rows_of<width>(R + row, X, Y + row, scale);
    for (; row < out_; ++row) rows_of<1>(R + row, X, Y + row, scale);
  }
  template <Index width>
  void rows_of(const Scalar* R, const Scalar* X, Scalar* Y, Scalar scale) const {
    using Piece = Eigen::Array<Scalar, width, 1>;
    Piece real = Piece::Zero(), imaginary = Piece::Zero();
    for (Index i = 0; i < in_; ++i) {
      const Piece a = Eigen::Map<const Piece>(R + i * out_), b = Eigen::Map<const Piece>(R + (in_ + i) * out_);
      real += a * X[i] - b * X[in_ + i];
      imaginary += a * X[in_ + i] + b * X[i];
    }
    Eigen::Map<Piece> to(Y), beside(Y + out_);
    to = scale * real;
    beside = scale * imaginary;
  }

  /// dx of the pointwise part, and the gradient of W and b; the mode 0 of dy is its sum over the points.
  void back_pointwise(const At& at, const Scalar* dy, const Scalar* dY, Scalar* dx, Scalar* gradient,
                      Index batch) const {
    const View W(at.parameters + spectral(), out_, in_);
    Map by_weights(gradient, out_, in_);
    for (Index b = 0; b < batch; ++b) {
      const View from(dy + b * out_ * points_, points_, out_);
      by_weights.noalias() += from.transpose() * View(at.x + b * in_ * points_, points_, in_);
      Map(dx + b * in_ * points_, points_, in_).noalias() = from * W;
    }
    VectorMap(gradient + in_ * out_, out_) += View(dY, out_, batch).rowwise().sum();
  }

  std::shared_ptr<const Transform> transform_;
  Index in_, out_, modes_, points_;
  bool pointwise_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT SpectralConvolution<float>;
extern template class ALMAGEST_EXPORT SpectralConvolution<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
