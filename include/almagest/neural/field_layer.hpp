// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "almagest/core/random.hpp"
#include "almagest/neural/layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A layer on fields. A field is a column: channel after channel, each of them all points, the last axis of the
/// grid fastest. That is a state of a Trajectory on a SpatialGrid, and the order of PyTorch's (batch, channels,
/// points). A batch is then one matrix of `points` rows and a column for every channel of every sample, so that
/// transforms along the grid are one matrix product, and products over channels one for each sample.
///
/// Derived classes see batches as contiguous memory.
template <typename Scalar>
class FieldLayer : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;
  using Base::Base;

  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const final {
    if (whole(x) && whole(y) && whole(kept)) return run(parameters.data(), x.data(), y.data(), kept.data(), x.cols());
    for (Eigen::Index b = 0; b < x.cols(); ++b)
      run(parameters.data(), x.col(b).data(), y.col(b).data(), kept.col(b).data(), 1);
  }
  void backward(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dy, Out dx,
                Gradient gradient) const final {
    if (whole(x) && whole(y) && whole(kept) && whole(dy) && whole(dx))
      return back({parameters.data(), x.data(), y.data(), kept.data()}, dy.data(), dx.data(), gradient.data(),
                  x.cols());
    for (Eigen::Index b = 0; b < x.cols(); ++b)
      back({parameters.data(), x.col(b).data(), y.col(b).data(), kept.col(b).data()}, dy.col(b).data(),
           dx.col(b).data(), gradient.data(), 1);
  }
  void tangent(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dx,
               Out dy) const final {
    if (whole(x) && whole(y) && whole(kept) && whole(dx) && whole(dy))
      return push({parameters.data(), x.data(), y.data(), kept.data()}, dx.data(), dy.data(), x.cols());
    for (Eigen::Index b = 0; b < x.cols(); ++b)
      push({parameters.data(), x.col(b).data(), y.col(b).data(), kept.col(b).data()}, dx.col(b).data(),
           dy.col(b).data(), 1);
  }

 protected:
  /// A pass that has been made.
  struct At {
    const Scalar *parameters, *x, *y, *kept;
  };
  virtual void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar* kept, Eigen::Index batch) const = 0;
  virtual void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Eigen::Index batch) const = 0;
  virtual void push(const At& at, const Scalar* dx, Scalar* dy, Eigen::Index batch) const = 0;

  using Map = Eigen::Map<Eigen::MatrixX<Scalar>>;
  using View = Eigen::Map<const Eigen::MatrixX<Scalar>>;
  using VectorMap = Eigen::Map<Eigen::VectorX<Scalar>>;
  using VectorView = Eigen::Map<const Eigen::VectorX<Scalar>>;

 private:
  template <typename M>
  static bool whole(const M& m) {
    return m.cols() <= 1 || m.rows() == 0 || m.outerStride() == m.rows();
  }
};

namespace detail {

/// Glorot's uniform law.
template <typename Scalar>
void glorot(Scalar* values, Eigen::Index count, Eigen::Index inputs, Eigen::Index outputs, RandomStream& random) {
  const double bound = std::sqrt(6.0 / double(inputs + outputs));
  for (Eigen::Index k = 0; k < count; ++k) values[k] = Scalar(random.uniform(-bound, bound));
}

}  // namespace detail

/// The same matrix at every point: \f$ y_{co}(j) = \sum_{ci} W_{co,ci}\, x_{ci}(j) + b_{co} \f$, a 1 x 1 convolution.
/// Parameters: W column by column, then b. Starts from Glorot's uniform law.
template <typename Scalar>
class PointwiseConvolution final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::VectorMap,
      typename Base::VectorView, typename Base::View;

  PointwiseConvolution(Eigen::Index inputs, Eigen::Index outputs, Eigen::Index points)
      : Base(inputs * points, outputs * points, outputs * (inputs + 1)), in_(inputs), out_(outputs), points_(points) {}

  double flops() const override { return 2.0 * double(in_ * out_ * points_); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    detail::glorot(parameters.data(), in_ * out_, in_, out_, random);
    parameters.tail(out_).setZero();
  }

 protected:
  void run(const Scalar* parameters, const Scalar* x, Scalar* y, Scalar*, Eigen::Index batch) const override {
    const VectorView bias(parameters + in_ * out_, out_);
    for (Eigen::Index b = 0; b < batch; ++b) {
      Map to(y + b * out_ * points_, points_, out_);
      multiply(parameters, x + b * in_ * points_, to);
      to.rowwise() += bias.transpose();
    }
  }
  void back(const At& at, const Scalar* dy, Scalar* dx, Scalar* gradient, Eigen::Index batch) const override {
    const View W(at.parameters, out_, in_);
    Map dW(gradient, out_, in_);
    VectorMap bias(gradient + in_ * out_, out_);
    for (Eigen::Index b = 0; b < batch; ++b) {
      const View from(dy + b * out_ * points_, points_, out_), x(at.x + b * in_ * points_, points_, in_);
      dW.noalias() += from.transpose() * x;
      bias += from.colwise().sum().transpose();
      Map(dx + b * in_ * points_, points_, in_).noalias() = from * W;
    }
  }
  void push(const At& at, const Scalar* dx, Scalar* dy, Eigen::Index batch) const override {
    for (Eigen::Index b = 0; b < batch; ++b) {
      Map to(dy + b * out_ * points_, points_, out_);
      multiply(at.parameters, dx + b * in_ * points_, to);
    }
  }

 private:
  void multiply(const Scalar* parameters, const Scalar* x, Map& y) const {
    const View from(x, points_, in_), W(parameters, out_, in_);
    if (in_ < 8)
      y.noalias() = from.lazyProduct(W.transpose());
    else
      y.noalias() = from * W.transpose();
  }

  Eigen::Index in_, out_, points_;
};

/// The fields of x and after them the coordinates of the grid, as more channels that no sample changes.
template <typename Scalar>
class GridChannels final : public FieldLayer<Scalar> {
 public:
  using Base = FieldLayer<Scalar>;
  using typename Base::At, typename Base::Gradient, typename Base::Map, typename Base::View;

  /// A column of `coordinates` for every channel, a row for every point.
  GridChannels(Eigen::Index inputs, Eigen::MatrixX<Scalar> coordinates)
      : Base(inputs * coordinates.rows(), inputs * coordinates.rows() + coordinates.size(), 0),
        coordinates_(std::move(coordinates)) {}

  double flops() const override { return 0; }
  void initialize(Gradient, RandomStream&) const override {}

 protected:
  void run(const Scalar*, const Scalar* x, Scalar* y, Scalar*, Eigen::Index batch) const override {
    Map to(y, this->outputs(), batch);
    to.topRows(this->inputs()) = View(x, this->inputs(), batch);
    to.bottomRows(coordinates_.size()).colwise() = coordinates_.reshaped();
  }
  void back(const At&, const Scalar* dy, Scalar* dx, Scalar*, Eigen::Index batch) const override {
    Map(dx, this->inputs(), batch) = View(dy, this->outputs(), batch).topRows(this->inputs());
  }
  void push(const At&, const Scalar* dx, Scalar* dy, Eigen::Index batch) const override {
    Map to(dy, this->outputs(), batch);
    to.topRows(this->inputs()) = View(dx, this->inputs(), batch);
    to.bottomRows(coordinates_.size()).setZero();
  }

 private:
  Eigen::MatrixX<Scalar> coordinates_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT PointwiseConvolution<float>;
extern template class ALMAGEST_EXPORT PointwiseConvolution<double>;
extern template class ALMAGEST_EXPORT GridChannels<float>;
extern template class ALMAGEST_EXPORT GridChannels<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
