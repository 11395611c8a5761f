// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/field_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// \f$ y = g \circ (x - \bar x) / \sqrt{\mathrm{var}(x) + 10^{-5}} + b \f$ over the entries of a column. Parameters: g,
/// b; starts from 1 and 0. J. L. Ba et al. 2016, https://arxiv.org/abs/1607.06450
template <typename Scalar>
class LayerNorm final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::VectorMap, typename Base::VectorView;
  using Index = Eigen::Index;

  explicit LayerNorm(Index size) : Base(size, size, 2 * size) {}

  /// What is scaled, and by what the deviation was.
  Index kept() const override { return this->inputs() + 1; }
  double flops() const override { return 7.0 * double(this->inputs()); }
  void initialize(Gradient parameters, RandomStream&) const override {
    parameters.head(this->inputs()).setOnes();
    parameters.tail(this->inputs()).setZero();
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Index batch) const override {
    const Index n = this->inputs();
    for (Index b = 0; b < batch; ++b) {
      const VectorView from(x + b * n, n);
      VectorMap unit(kept + b * (n + 1), n), to(y + b * n, n);
      unit = from.array() - from.mean();
      const Scalar inverse = 1 / std::sqrt(unit.squaredNorm() / Scalar(n) + Scalar(1e-5));
      unit *= inverse;
      kept[b * (n + 1) + n] = inverse;
      to = unit.cwiseProduct(VectorView(parameters, n)) + VectorView(parameters + n, n);
    }
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Index batch) const override {
    const Index n = this->inputs();
    for (Index b = 0; b < batch; ++b) {
      const VectorView unit(at.kept + b * (n + 1), n), from(dy + b * n, n);
      VectorMap(gradient, n) += from.cwiseProduct(unit);
      VectorMap(gradient + n, n) += from;
      VectorMap to(dx + b * n, n);
      to = from.cwiseProduct(VectorView(at.parameters, n));
      project(unit, at.kept[b * (n + 1) + n], to);
    }
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Index batch) const override {
    const Index n = this->inputs();
    for (Index b = 0; b < batch; ++b) {
      VectorMap to(dy + b * n, n);
      to = VectorView(dx + b * n, n);
      project(VectorView(at.kept + b * (n + 1), n), at.kept[b * (n + 1) + n], to);
      to = to.cwiseProduct(VectorView(at.parameters, n));
    }
  }

 private:
  /// The Jacobian of the scaling, which is symmetric.
  static void project(const VectorView& unit, Scalar inverse, VectorMap& change) {
    const Scalar mean = change.mean(), along = unit.dot(change) / Scalar(unit.size());
    change = inverse * (change.array() - mean - along * unit.array());
  }
};

/// From a window of samples, the oldest first, the last one, the one `stride` before it, and so on: `delays` of them.
///
/// \throws InvalidArgument for a window that is too short.
template <typename Scalar>
class DelayStack final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::View;
  using Index = Eigen::Index;

  DelayStack(Index dimension, Index window, Index delays, Index stride = 1)
      : Base(dimension * window, dimension * delays, 0),
        dimension_(dimension),
        window_(window),
        delays_(delays),
        stride_(stride) {
    if (dimension < 1 || delays < 1 || stride < 1 || window < (delays - 1) * stride + 1)
      throw InvalidArgument(almagest::detail::text("DelayStack: ", delays, " delays ", stride,
                                                   " apart do not fit a window of ", window, " samples of dimension ",
                                                   dimension, "; give a longer window."));
  }

  double flops() const override { return 0; }
  void initialize(Gradient, RandomStream&) const override {}

 protected:
  void run(const Scalar*, const Scalar* x, Scalar* y, Scalar*, Index batch) const override { select(x, y, batch); }
  void push(const At&, const Scalar* dx, Scalar* dy, Index batch) const override { select(dx, dy, batch); }
  void back(const At&, const Scalar* dy, Scalar* dx, Scalar*, Index batch) const override {
    Map to(dx, this->inputs(), batch);
    to.setZero();
    for (Index k = 0; k < delays_; ++k)
      to.middleRows(first(k), dimension_) = View(dy, this->outputs(), batch).middleRows(k * dimension_, dimension_);
  }

 private:
  Index first(Index delay) const { return (window_ - 1 - delay * stride_) * dimension_; }
  void select(const Scalar* x, Scalar* y, Index batch) const {
    for (Index k = 0; k < delays_; ++k)
      Map(y, this->outputs(), batch).middleRows(k * dimension_, dimension_) =
          View(x, this->inputs(), batch).middleRows(first(k), dimension_);
  }

  Index dimension_, window_, delays_, stride_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT LayerNorm<float>;
extern template class ALMAGEST_EXPORT LayerNorm<double>;
extern template class ALMAGEST_EXPORT DelayStack<float>;
extern template class ALMAGEST_EXPORT DelayStack<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
