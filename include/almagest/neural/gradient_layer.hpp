// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The gradient \f$ \nabla H(x) \f$ of a scalar perceptron
/// \f$ H(x) = w^\top \sigma(W_L \cdots \sigma(W_1 x + b_1) \cdots + b_L) \f$.
///
/// A pass costs one forward and one backward pass of H. Its own derivatives are products with the Hessian of
/// H: by the state \f$ H_{xx} v \f$, by the parameters \f$ \partial_\theta (v^\top \nabla H) \f$, both from the
/// tangent, along v, of the backward pass (Pearlmutter 1994, https://doi.org/10.1162/neco.1994.6.1.147).
///
/// Parameters: W and b of each hidden layer, then w. The activation has to be smooth: tanh, sigmoid, silu or
/// softplus.
///
/// \throws InvalidArgument for another activation, no hidden layer or one without units.
template <typename Scalar>
class GradientLayer final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Matrix, typename Base::Out,
      typename Base::Parameters, typename Base::Vector;

  GradientLayer(Eigen::Index size, const std::vector<Eigen::Index>& hidden, Activation activation)
      : Base(size, size, check(size, hidden, activation)), activation_(activation) {
    Eigen::Index width = size, parameter = 0;
    for (const Eigen::Index units : hidden) {
      parts_.push_back({width, units, parameter, kept_});
      parameter += units * (width + 1);
      kept_ += 3 * units;
      width = units;
    }
  }

  /// For each hidden layer its argument z, the gradient a of H by its output, and the output or the gradient by z.
  Eigen::Index kept() const override { return kept_; }
  double flops() const override {
    double all = 0;
    for (const Part& p : parts_) all += 4.0 * double(p.inputs * p.units) + 5.0 * double(p.units);
    return all;
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    for (const Part& p : parts_) {
      const double bound = std::sqrt(6.0 / double(p.inputs + p.units));
      for (Eigen::Index k = 0; k < p.inputs * p.units; ++k)
        parameters[p.parameter + k] = Scalar(random.uniform(-bound, bound));
      parameters.segment(p.parameter + p.inputs * p.units, p.units).setZero();
    }
    const double bound = std::sqrt(6.0 / double(last().units + 1));
    for (Eigen::Index k = 0; k < last().units; ++k)
      parameters[parameters.size() - last().units + k] = Scalar(random.uniform(-bound, bound));
  }

  /// H itself, for each column.
  Eigen::RowVectorX<Scalar> value(const Parameters& parameters, const In& x) const {
    Matrix h = x, z;
    for (const Part& p : parts_) {
      z.noalias() = weights(parameters, p) * h;
      z.colwise() += bias(parameters, p);
      h = function(z);
    }
    return parameters.tail(last().units).transpose() * h;
  }

  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    const auto rows = [&kept](const Part& p, Eigen::Index which) {
      return kept.middleRows(p.kept + which * p.units, p.units);
    };
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const Part& p = parts_[k];
      auto z = rows(p, 0);
      if (k == 0)
        z.noalias() = weights(parameters, p) * x;
      else
        z.noalias() = weights(parameters, p) * rows(parts_[k - 1], 2);
      z.colwise() += bias(parameters, p);
      function(z, rows(p, 2));
    }
    rows(last(), 1).colwise() = parameters.tail(last().units);
    for (std::size_t k = parts_.size(); k-- > 0;) {
      const Part& p = parts_[k];
      auto g = rows(p, 2);
      first(rows(p, 0), g);
      g.array() *= rows(p, 1).array();
      if (k == 0)
        y.noalias() = weights(parameters, p).transpose() * g;
      else
        rows(parts_[k - 1], 1).noalias() = weights(parameters, p).transpose() * g;
    }
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    second(parameters, x, kept, dy, dx, &gradient);
  }
  void tangent(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dx,
               Out dy) const override {
    second(parameters, x, kept, dx, dy, nullptr);
  }

 private:
  struct Part {
    Eigen::Index inputs, units, parameter, kept;
  };

  static Eigen::Index check(Eigen::Index size, const std::vector<Eigen::Index>& hidden, Activation activation) {
    using almagest::detail::text;
    if (activation == Activation::relu || activation == Activation::gelu)
      throw InvalidArgument(
          "GradientLayer: training through the gradient of a network takes second derivatives of its activation; "
          "choose "
          "tanh, sigmoid, silu or softplus.");
    if (hidden.empty()) throw InvalidArgument("GradientLayer: hidden is empty; give at least 1 layer, as {64}.");
    Eigen::Index width = size, all = 0;
    for (const Eigen::Index units : hidden) {
      if (units < 1)
        throw InvalidArgument(text("GradientLayer: a hidden layer has ", units, " units; give at least 1."));
      all += units * (width + 1);
      width = units;
    }
    return all + width;
  }

  const Part& last() const { return parts_.back(); }
  static auto weights(const Parameters& parameters, const Part& p) {
    return Eigen::Map<const Matrix>(parameters.data() + p.parameter, p.units, p.inputs);
  }
  static auto bias(const Parameters& parameters, const Part& p) {
    return parameters.segment(p.parameter + p.inputs * p.units, p.units);
  }
  void function(const In& z, Out out) const {
    switch (activation_) {
      case Activation::tanh: out = z.array().tanh(); break;
      case Activation::silu: out = z.array() * z.array().logistic(); break;
      case Activation::softplus: out = z.array().max(Scalar(0)) + (-z.array().abs()).exp().log1p(); break;
      default: out = z.array().logistic();
    }
  }
  Matrix function(const In& z) const {
    Matrix out(z.rows(), z.cols());
    function(z, out);
    return out;
  }
  void first(const In& z, Out out) const {
    if (activation_ == Activation::tanh) {
      out = 1 - z.array().tanh().square();
      return;
    }
    out = z.array().logistic();
    auto s = out.array();
    if (activation_ == Activation::silu)
      s *= 1 + z.array() * (1 - s);
    else if (activation_ != Activation::softplus)
      s *= 1 - s;
  }
  Matrix first(const In& z) const {
    Matrix out(z.rows(), z.cols());
    first(z, out);
    return out;
  }
  Matrix twice(const In& z) const {
    if (activation_ == Activation::tanh) {
      const Eigen::ArrayXX<Scalar> t = z.array().tanh();
      return -2 * t * (1 - t.square());
    }
    const Eigen::ArrayXX<Scalar> s = z.array().logistic();
    if (activation_ == Activation::softplus) return s * (1 - s);
    if (activation_ == Activation::silu) return s * (1 - s) * (2 + z.array() * (1 - 2 * s));
    return s * (1 - s) * (1 - 2 * s);
  }

  /// The product of the Hessian with v; adds the gradient of \f$ v^\top \nabla H \f$ by the parameters.
  void second(const Parameters& parameters, const In& x, const In& kept, const In& v, Out product,
              Gradient* gradient) const {
    const std::size_t layers = parts_.size();
    std::vector<Matrix> slope(layers), dz(layers);
    Matrix dh = v;
    for (std::size_t k = 0; k < layers; ++k) {
      slope[k] = first(kept.middleRows(parts_[k].kept, parts_[k].units));
      dz[k].noalias() = weights(parameters, parts_[k]) * dh;
      dh = slope[k].cwiseProduct(dz[k]);
    }
    if (gradient) gradient->tail(last().units) += dh.rowwise().sum();
    Matrix dg, da;  // tangents of the gradients by z and by the output of a layer
    for (std::size_t k = layers; k-- > 0;) {
      const Part& p = parts_[k];
      const auto z = kept.middleRows(p.kept, p.units), a = kept.middleRows(p.kept + p.units, p.units);
      dg = twice(z).cwiseProduct(dz[k]).cwiseProduct(a);
      if (k + 1 < layers) dg += slope[k].cwiseProduct(da);
      if (gradient) {
        Eigen::Map<Matrix> by_weights(gradient->data() + p.parameter, p.units, p.inputs);
        const Matrix g = slope[k].cwiseProduct(a);
        if (k == 0) {
          by_weights.noalias() += dg * x.transpose();
          by_weights.noalias() += g * v.transpose();
        } else {
          by_weights.noalias() += dg * function(kept.middleRows(parts_[k - 1].kept, p.inputs)).transpose();
          by_weights.noalias() += g * slope[k - 1].cwiseProduct(dz[k - 1]).transpose();
        }
        gradient->segment(p.parameter + p.inputs * p.units, p.units) += dg.rowwise().sum();
      }
      if (k == 0)
        product.noalias() = weights(parameters, p).transpose() * dg;
      else
        da.noalias() = weights(parameters, p).transpose() * dg;
    }
  }

  Activation activation_;
  std::vector<Part> parts_;
  Eigen::Index kept_ = 0;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT GradientLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
