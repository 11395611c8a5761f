// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/core/random.hpp"
#include "almagest/neural/affine.hpp"
#include "almagest/neural/tanh.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A function of a batch of columns with parameters that lie elsewhere, in one array for the whole
/// network. A layer has no state: what a pass leaves for its derivative is in the caller's `kept`.
///
/// Derivatives are written by hand; there is no tape. Forward passes of Dense and Pointwise allocate
/// nothing.
template <typename Scalar>
class Layer {
 public:
  using Matrix = Eigen::MatrixX<Scalar>;
  using In = Eigen::Ref<const Matrix>;
  using Out = Eigen::Ref<Matrix>;
  using Vector = Eigen::VectorX<Scalar>;
  using Parameters = Eigen::Ref<const Vector>;
  using Gradient = Eigen::Ref<Vector>;

  Layer(Eigen::Index inputs, Eigen::Index outputs, Eigen::Index parameters)
      : inputs_(inputs), outputs_(outputs), parameters_(parameters) {}
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  Eigen::Index inputs() const { return inputs_; }
  Eigen::Index outputs() const { return outputs_; }
  /// Count of its parameters.
  Eigen::Index parameters() const { return parameters_; }
  /// Rows that a pass keeps for its derivative, beside its input and output.
  virtual Eigen::Index kept() const { return 0; }
  /// Additions and multiplications for one column; functions such as tanh count as one.
  virtual double flops() const = 0;
  virtual void initialize(Gradient parameters, RandomStream& random) const = 0;

  /// y = f(x). `kept` is `kept() x batch`.
  virtual void forward(const Parameters& parameters, const In& x, Out y, Out kept) const = 0;
  /// The vector-Jacobian product: from `dy`, the gradient by y, writes that by x into `dx` and adds
  /// that by the parameters to `gradient`.
  virtual void backward(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dy, Out dx,
                        Gradient gradient) const = 0;
  /// The Jacobian-vector product: writes the change of y for the change `dx` of x into `dy`.
  virtual void tangent(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dx,
                       Out dy) const = 0;

 private:
  Eigen::Index inputs_, outputs_, parameters_;
};

/// y = Wx + b. Parameters: W column by column, then b. Starts from Glorot's uniform law.
template <typename Scalar>
class Dense final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  Dense(Eigen::Index inputs, Eigen::Index outputs) : Base(inputs, outputs, outputs * (inputs + 1)) {}

  double flops() const override { return 2.0 * double(this->inputs() * this->outputs()); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    const double bound = std::sqrt(6.0 / double(this->inputs() + this->outputs()));
    const Eigen::Index weights = this->inputs() * this->outputs();
    for (Eigen::Index k = 0; k < weights; ++k) parameters[k] = Scalar(random.uniform(-bound, bound));
    parameters.tail(this->outputs()).setZero();
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out) const override {
    if (x.cols() == 1)
      return detail::affine_column(parameters.data(), parameters.data() + this->inputs() * this->outputs(), x.data(),
                                   y.data(), this->outputs(), this->inputs());
    y.noalias() = weights(parameters) * x;
    y.colwise() += parameters.tail(this->outputs());
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In&, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::Index count = this->inputs() * this->outputs();
    Eigen::Map<Eigen::MatrixX<Scalar>>(gradient.data(), this->outputs(), this->inputs()).noalias() +=
        dy * x.transpose();
    gradient.segment(count, this->outputs()) += dy.rowwise().sum();
    dx.noalias() = weights(parameters).transpose() * dy;
  }
  void tangent(const Parameters& parameters, const In&, const In&, const In&, const In& dx, Out dy) const override {
    dy.noalias() = weights(parameters) * dx;
  }

 private:
  auto weights(const Parameters& parameters) const {
    return Eigen::Map<const Eigen::MatrixX<Scalar>>(parameters.data(), this->outputs(), this->inputs());
  }
};

/// The functions that a layer applies entry by entry.
enum class Activation { tanh, sigmoid, relu, gelu, silu, softplus };

template <typename Scalar>
class Pointwise final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  Pointwise(Activation function, Eigen::Index size) : Base(size, size, 0), function_(function) {}

  Activation function() const { return function_; }
  double flops() const override { return double(this->inputs()); }
  void initialize(Gradient, RandomStream&) const override {}
  void forward(const Parameters&, const In& x, Out y, Out) const override {
    switch (function_) {
      case Activation::tanh:
        detail::tanh(x, y);
        break;
      case Activation::sigmoid:
        y = x.array().logistic();
        break;
      case Activation::relu:
        y = x.cwiseMax(Scalar(0));
        break;
      case Activation::gelu:  // x Phi(x), by the tangent of Hendrycks & Gimpel 2016
        y = inner(x);
        detail::tanh(y, y);
        y.array() = Scalar(0.5) * x.array() * (1 + y.array());
        break;
      case Activation::silu:
        y = x.array() * x.array().logistic();
        break;
      case Activation::softplus:
        y = x.array().max(Scalar(0)) + (-x.array().abs()).exp().log1p();
        break;
    }
  }
  void backward(const Parameters&, const In& x, const In& y, const In&, const In& dy, Out dx, Gradient) const override {
    slope(x, y, dx);
    dx.array() *= dy.array();
  }
  void tangent(const Parameters&, const In& x, const In& y, const In&, const In& dx, Out dy) const override {
    slope(x, y, dy);
    dy.array() *= dx.array();
  }

 private:
  static constexpr Scalar gelu_a = Scalar(0.7978845608028654), gelu_b = Scalar(0.044715);
  static auto inner(const In& x) { return gelu_a * (x.array() + gelu_b * x.array().cube()); }

  void slope(const In& x, const In& y, Out out) const {
    switch (function_) {
      case Activation::tanh:
        out = 1 - y.array().square();
        break;
      case Activation::sigmoid:
        out = y.array() * (1 - y.array());
        break;
      case Activation::relu:
        out = (x.array() > Scalar(0)).template cast<Scalar>();
        break;
      case Activation::gelu: {
        Eigen::ArrayXX<Scalar> t = inner(x);
        detail::tanh(t, t);
        out = Scalar(0.5) * (1 + t) +
              Scalar(0.5) * x.array() * (1 - t.square()) * gelu_a * (1 + 3 * gelu_b * x.array().square());
        break;
      }
      case Activation::silu: {
        const Eigen::ArrayXX<Scalar> s = x.array().logistic();
        out = s * (1 + x.array() * (1 - s));
        break;
      }
      case Activation::softplus:
        out = x.array().logistic();
        break;
    }
  }

  Activation function_;
};

/// Layers one after the other, with the workspaces of their passes.
///
/// Copies cost O(1): layers are shared. Parameters of all layers lie in one array, layer by layer.
template <typename Scalar>
class Network {
 public:
  using L = Layer<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Parameters = typename L::Parameters;
  using Gradient = typename L::Gradient;

  explicit Network(std::vector<std::shared_ptr<const L>> layers) : layers_(std::move(layers)) {
    for (const auto& layer : layers_) {
      offsets_.push_back(parameters_);
      parameters_ += layer->parameters();
    }
  }

  Eigen::Index inputs() const { return layers_.front()->inputs(); }
  Eigen::Index outputs() const { return layers_.back()->outputs(); }
  Eigen::Index parameters() const { return parameters_; }
  double flops() const {
    double all = 0;
    for (const auto& layer : layers_) all += layer->flops();
    return all;
  }
  const std::vector<std::shared_ptr<const L>>& layers() const { return layers_; }

  Vector initial(RandomStream& random) const {
    Vector out(parameters_);
    for (std::size_t k = 0; k < layers_.size(); ++k)
      layers_[k]->initialize(out.segment(offsets_[k], layers_[k]->parameters()), random);
    return out;
  }

  /// What a pass over a batch leaves for its derivatives: the output of every layer, and what it
  /// keeps.
  struct Pass {
    std::vector<Matrix> outputs, kept, gradients;
    const Matrix& result() const { return outputs.back(); }
  };
  Pass pass(Eigen::Index batch) const {
    Pass out;
    for (const auto& layer : layers_) {
      out.outputs.emplace_back(layer->outputs(), batch);
      out.kept.emplace_back(layer->kept(), batch);
      out.gradients.emplace_back(layer->inputs(), batch);
    }
    return out;
  }

  void forward(const Parameters& parameters, const Matrix& x, Pass& pass) const {
    const Matrix* in = &x;
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      layers_[k]->forward(part(parameters, k), *in, pass.outputs[k], pass.kept[k]);
      in = &pass.outputs[k];
    }
  }
  /// Adds the gradient by the parameters to `gradient`; returns that by x.
  const Matrix& backward(const Parameters& parameters, const Matrix& x, Pass& pass, const Matrix& dy,
                         Gradient gradient) const {
    const Matrix* out = &dy;
    for (std::size_t k = layers_.size(); k-- > 0;) {
      const Matrix& in = k == 0 ? x : pass.outputs[k - 1];
      layers_[k]->backward(part(parameters, k), in, pass.outputs[k], pass.kept[k], *out, pass.gradients[k],
                           gradient.segment(offsets_[k], layers_[k]->parameters()));
      out = &pass.gradients[k];
    }
    return *out;
  }
  /// The change of the result for a change of x, after a forward pass at x.
  Matrix tangent(const Parameters& parameters, const Matrix& x, const Pass& pass, const Matrix& dx) const {
    Matrix change = dx;
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      Matrix next(layers_[k]->outputs(), dx.cols());
      layers_[k]->tangent(part(parameters, k), k == 0 ? x : pass.outputs[k - 1], pass.outputs[k], pass.kept[k], change,
                          next);
      change = std::move(next);
    }
    return change;
  }

 private:
  auto part(const Parameters& parameters, std::size_t k) const {
    return parameters.segment(offsets_[k], layers_[k]->parameters());
  }

  std::vector<std::shared_ptr<const L>> layers_;
  std::vector<Eigen::Index> offsets_;
  Eigen::Index parameters_ = 0;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT Dense<float>;
extern template class ALMAGEST_EXPORT Dense<double>;
extern template class ALMAGEST_EXPORT Pointwise<float>;
extern template class ALMAGEST_EXPORT Pointwise<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
