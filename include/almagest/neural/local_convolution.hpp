// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/neural/field_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// What the stencils of a local convolution may be: any, or with entries that sum to 0, as those of derivatives have.
enum class Stencil { any, zero_sum };

/// A convolution with a stencil of `width` points along each axis of a periodic grid:
/// \f$ y_{co}(j) = \sum_{o, ci} W^o_{co,ci}\, x_{ci}(j + o) + b_{co} \f$, with a matrix of channels for every offset o.
/// Parameters: the matrices, column by column, the last axis' offset fastest; then b, which zero-sum stencils lack.
///
/// \throws InvalidArgument for a width that is not odd, or wider than the grid.
template <typename Scalar>
class LocalConvolution final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::VectorMap,
      typename Base::VectorView, typename Base::View;
  using Index = Eigen::Index;

  LocalConvolution(const fft::Shape& shape, Index width, Index inputs, Index outputs, Stencil stencil = Stencil::any)
      : Base(inputs * shape.size(), outputs * shape.size(),
             offsets_in(shape, width) * inputs * outputs + (stencil == Stencil::any ? outputs : 0)),
        in_(inputs), out_(outputs), points_(shape.size()), zero_sum_(stencil == Stencil::zero_sum) {
    const std::size_t axes = shape.axes();
    std::vector<Index> offset(axes, -(width / 2)), at(axes);
    for (Index o = 0; o < offsets_in(shape, width); ++o) {
      std::vector<Index> from;
      for (Index j = 0; j < points_; ++j) {
        Index rest = j, there = 0, apart = 1;
        for (std::size_t a = axes; a-- > 0; rest /= shape[a]) {
          there += apart * ((rest % shape[a] + offset[a] + shape[a]) % shape[a]);
          apart *= shape[a];
        }
        from.push_back(there);
      }
      from_.push_back(std::move(from));
      for (std::size_t a = axes; a-- > 0;) {
        if (++offset[a] <= width / 2) break;
        offset[a] = -(width / 2);
      }
    }
  }

  /// A moved field, and where sums are 0 the mean of the moved ones.
  Index kept() const override { return (zero_sum_ ? 2 : 1) * in_ * points_; }
  double flops() const override { return 2.0 * double(Index(from_.size()) * in_ * out_ * points_); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    const Index count = Index(from_.size());
    detail::glorot(parameters.data(), count * in_ * out_, count * in_, count * out_, random);
    if (!zero_sum_) parameters.tail(out_).setZero();
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    convolve(parameters, x, y, kept, batch, !zero_sum_);
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    Eigen::VectorX<Scalar> space(kept());
    convolve(at.parameters, dx, dy, space.data(), batch, false);
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    Eigen::MatrixX<Scalar> moved(points_, in_), mean(points_, in_), change(points_, in_), all(points_, in_);
    const Index each = in_ * out_, count = Index(from_.size());
    for (Index b = 0; b < batch; ++b) {
      const View field(at.x + b * in_ * points_, points_, in_), by_y(dy + b * out_ * points_, points_, out_);
      Map by_x(dx + b * in_ * points_, points_, in_);
      by_x.setZero();
      if (zero_sum_) average(field, mean), all.setZero();
      for (Index o = 0; o < count; ++o) {
        move(field, o, moved);
        if (zero_sum_) moved -= mean;
        Map(gradient + o * each, out_, in_).noalias() += by_y.transpose() * moved;
        change.noalias() = by_y * View(at.parameters + o * each, out_, in_);
        if (zero_sum_) all += change;
        move_back(change, o, Scalar(1), by_x);
      }
      if (zero_sum_)
        for (Index o = 0; o < count; ++o) move_back(all, o, Scalar(-1) / Scalar(count), by_x);
      else
        VectorMap(gradient + count * each, out_) += by_y.colwise().sum().transpose();
    }
  }

 private:
  static Index offsets_in(const fft::Shape& shape, Index width) {
    Index all = 1;
    for (std::size_t a = 0; a < shape.axes(); ++a) {
      if (width < 1 || width % 2 == 0 || width > shape[a])
        throw InvalidArgument(almagest::detail::text("LocalConvolution: a stencil of ", width, " points on an axis of ",
                                                     shape[a], "; give an odd number up to that of the points."));
      all *= width;
    }
    return all;
  }
  template <typename Field, typename To>
  void move(const Field& field, Index offset, To& to) const {
    const auto& from = from_[std::size_t(offset)];
    for (Index c = 0; c < in_; ++c)
      for (Index j = 0; j < points_; ++j) to(j, c) = field(from[std::size_t(j)], c);
  }
  template <typename Field>
  void move_back(const Field& field, Index offset, Scalar factor, Map& to) const {
    const auto& from = from_[std::size_t(offset)];
    for (Index c = 0; c < in_; ++c)
      for (Index j = 0; j < points_; ++j) to(from[std::size_t(j)], c) += factor * field(j, c);
  }
  template <typename Field, typename To>
  void average(const Field& field, To& to) const {
    to.setZero();
    for (const auto& from : from_)
      for (Index c = 0; c < in_; ++c)
        for (Index j = 0; j < points_; ++j) to(j, c) += field(from[std::size_t(j)], c) / Scalar(from_.size());
  }
  void convolve(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* space, Index batch, bool biased) const {
    const Index each = in_ * out_, count = Index(from_.size());
    Map moved(space, points_, in_), mean(space + (zero_sum_ ? in_ * points_ : 0), points_, in_);
    for (Index b = 0; b < batch; ++b) {
      const View field(x + b * in_ * points_, points_, in_);
      Map to(y + b * out_ * points_, points_, out_);
      if (biased)
        to.rowwise() = VectorView(parameters + count * each, out_).transpose();
      else
        to.setZero();
      if (zero_sum_) average(field, mean);
      for (Index o = 0; o < count; ++o) {
        move(field, o, moved);
        if (zero_sum_) moved -= mean;
        to.noalias() += moved * View(parameters + o * each, out_, in_).transpose();
      }
    }
  }

  Index in_, out_, points_;
  bool zero_sum_;
  std::vector<std::vector<Index>> from_;  ///< for each offset, where a point's value comes from
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT LocalConvolution<float>;
extern template class ALMAGEST_EXPORT LocalConvolution<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
