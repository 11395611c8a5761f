// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/dft_like.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/stnn_layer.hpp"
#include "almagest/neural/tanh.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The structured part of StNN's improved form, from its authors' published code:
/// \f$ h_0 = \tanh(F E x) \f$ once, then for each copy \f$ h_2 = \text{GELU}(E^\top F S (h_0 + b_1) + b_2) \f$ with
/// \f$ S = \text{softplus}(\hat D) + 10^{-4} \f$, \f$ h_3 = \text{SiLU}(\tilde J h_2 + b_3) \f$, and
/// \f$ y = \sum \check D h_3 + b_4 \f$. Parameters lie as those of StnnLayer do, and are as many.
template <typename Scalar>
class SmoothStnnLayer final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  /// \throws InvalidArgument as StnnLayer, and for copies that are not tied.
  SmoothStnnLayer(Eigen::Index dimension, const StnnOptions& options)
      : Base(dimension, dimension, StnnLayer<Scalar>(dimension, options).parameters()),
        n_(dimension),
        copies_(options.copies),
        factor_(2 * dimension, options.depth),
        gelu_(Activation::gelu, dimension),
        silu_(Activation::silu, dimension) {
    if (!options.tied)
      throw InvalidArgument("StNN: tied is false, but the improved form has tied copies; leave one of the two out.");
  }

  /// For each column what F keeps and h0; what F keeps, its result and what SiLU sees of every copy; and scratch.
  Eigen::Index kept() const override { return factor_.kept() + 2 * n_ + copies_ * (factor_.kept() + 2 * n_) + 8 * n_; }
  double flops() const override { return factor_.flops() + double(copies_) * (factor_.flops() + 14 * double(n_)); }

  void initialize(Gradient parameters, RandomStream& random) const override {
    parameters.setZero();
    for (Eigen::Index k = 0; k < factor_.parameters() + 3 * n_; ++k) parameters[k] = Scalar(random.normal());
    const Eigen::Index core = factor_.core();
    parameters.segment(factor_.size() - core, core * core) /= Scalar(std::sqrt(double(core)));
  }

  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    const Eigen::Index r = 2 * n_;
    auto scratch = kept.bottomRows(8 * n_);
    auto padded = scratch.topRows(r), lowered = scratch.middleRows(r, r), scaled = scratch.middleRows(2 * r, r);
    auto h2 = scratch.middleRows(3 * r, n_), h3 = scratch.bottomRows(n_);
    auto h0 = kept.middleRows(factor_.kept(), r);
    padded.topRows(n_) = x;
    padded.bottomRows(n_).setZero();
    factor_.forward(parameters.data(), padded, h0, kept.topRows(factor_.kept()));
    detail::tanh(h0, h0);
    auto spectrum = padded.col(0);  // it is free now
    spectrum = softplus(parameters).matrix();
    y.colwise() = parameters.tail(n_);
    for (Eigen::Index c = 0; c < copies_; ++c) {
      const Eigen::Index at = place(c), bias = biases(c);
      auto low = kept.middleRows(at + factor_.kept(), n_), seen = kept.middleRows(at + factor_.kept() + n_, n_);
      scaled = h0.colwise() + parameters.segment(bias, r);
      scaled = spectrum.asDiagonal() * scaled;
      factor_.forward(parameters.data(), scaled, lowered, kept.middleRows(at, factor_.kept()));
      low = lowered.topRows(n_).colwise() + parameters.segment(bias + r, n_);
      gelu_.forward(none_, low, h2, low.topRows(0));
      seen = h2.colwise().reverse();
      seen.colwise() += parameters.segment(bias + r + n_, n_);
      silu_.forward(none_, seen, h3, seen.topRows(0));
      y += parameters.segment(factor_.parameters() + r, n_).asDiagonal() * h3;
    }
  }

  void backward(const Parameters& parameters, const In&, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::Index r = 2 * n_, batch = dy.cols(), spectrum = factor_.parameters(), output = spectrum + r;
    const auto h0 = kept.middleRows(factor_.kept(), r);
    Matrix h(n_, batch), by_seen(n_, batch), by_low(n_, batch), padded = Matrix::Zero(r, batch), by_scaled(r, batch),
        by_h0 = Matrix::Zero(r, batch);
    Vector unused;
    gradient.tail(n_) += dy.rowwise().sum();
    for (Eigen::Index c = 0; c < copies_; ++c) {
      const Eigen::Index at = place(c), bias = biases(c);
      const auto low = kept.middleRows(at + factor_.kept(), n_), seen = kept.middleRows(at + factor_.kept() + n_, n_);
      silu_.forward(none_, seen, h, h.topRows(0));
      gradient.segment(output, n_) += dy.cwiseProduct(h).rowwise().sum();
      h = parameters.segment(output, n_).asDiagonal() * dy;
      silu_.backward(none_, seen, seen, seen, h, by_seen, unused);
      gradient.segment(bias + r + n_, n_) += by_seen.rowwise().sum();
      h = by_seen.colwise().reverse();
      gelu_.backward(none_, low, low, low, h, by_low, unused);
      gradient.segment(bias + r, n_) += by_low.rowwise().sum();
      padded.topRows(n_) = by_low;
      factor_.backward(parameters.data(), kept.middleRows(at, factor_.kept()), padded, by_scaled, gradient.data());
      const auto driven = (h0.colwise() + parameters.segment(bias, r)).eval();
      gradient.segment(spectrum, r).array() +=
          by_scaled.cwiseProduct(driven).rowwise().sum().array() * parameters.segment(spectrum, r).array().logistic();
      by_scaled.array().colwise() *= softplus(parameters);
      gradient.segment(bias, r) += by_scaled.rowwise().sum();
      by_h0 += by_scaled;
    }
    by_h0.array() *= 1 - h0.array().square();
    factor_.backward(parameters.data(), kept.topRows(factor_.kept()), by_h0, by_scaled, gradient.data());
    dx = by_scaled.topRows(n_);
  }

  void tangent(const Parameters& parameters, const In&, const In&, const In& kept, const In& dx,
               Out dy) const override {
    const Eigen::Index r = 2 * n_, batch = dx.cols();
    const auto h0 = kept.middleRows(factor_.kept(), r);
    Matrix padded = Matrix::Zero(r, batch), lifted(r, batch), lowered(r, batch), scratch, h(n_, batch),
           turned(n_, batch);
    padded.topRows(n_) = dx;
    factor_.apply(parameters.data(), padded, lifted, scratch);
    lifted.array() *= 1 - h0.array().square();
    lifted.array().colwise() *= softplus(parameters);
    factor_.apply(parameters.data(), lifted, lowered, scratch);
    dy.setZero();
    for (Eigen::Index c = 0; c < copies_; ++c) {
      const auto low = kept.middleRows(place(c) + factor_.kept(), n_),
                 seen = kept.middleRows(place(c) + factor_.kept() + n_, n_);
      gelu_.tangent(none_, low, low, low, lowered.topRows(n_), h);
      turned = h.colwise().reverse();
      silu_.tangent(none_, seen, seen, seen, turned, h);
      dy += parameters.segment(factor_.parameters() + r, n_).asDiagonal() * h;
    }
  }

 private:
  Eigen::Index place(Eigen::Index copy) const { return factor_.kept() + 2 * n_ + copy * (factor_.kept() + 2 * n_); }
  Eigen::Index biases(Eigen::Index copy) const { return factor_.parameters() + 3 * n_ + copy * 4 * n_; }
  auto softplus(const Parameters& parameters) const {
    const auto d = parameters.segment(factor_.parameters(), 2 * n_).array();
    return d.max(Scalar(0)) + (-d.abs()).exp().log1p() + Scalar(1e-4);
  }

  Eigen::Index n_, copies_;
  DftLike<Scalar> factor_;
  Pointwise<Scalar> gelu_, silu_;
  Vector none_;
};

/// y = x + W_b SiLU(W_a x + a) + b, the dense end of the improved form.
template <typename Scalar>
class ResidualHead final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  ResidualHead(Eigen::Index size, Eigen::Index hidden)
      : Base(size, size, (2 * size + 1) * hidden + size),
        up_(size, hidden),
        between_(Activation::silu, hidden),
        down_(hidden, size) {}

  Eigen::Index kept() const override { return 2 * up_.outputs(); }
  double flops() const override { return up_.flops() + between_.flops() + down_.flops() + double(this->inputs()); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    up_.initialize(parameters.head(up_.parameters()), random);
    down_.initialize(parameters.tail(down_.parameters()), random);
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    auto lifted = kept.topRows(up_.outputs()), bent = kept.bottomRows(up_.outputs());
    up_.forward(parameters.head(up_.parameters()), x, lifted, lifted.topRows(0));
    between_.forward(parameters.head(0), lifted, bent, bent.topRows(0));
    down_.forward(parameters.tail(down_.parameters()), bent, y, bent.topRows(0));
    y += x;
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    const auto lifted = kept.topRows(up_.outputs()), bent = kept.bottomRows(up_.outputs());
    Matrix by_bent(up_.outputs(), dy.cols()), by_lifted(up_.outputs(), dy.cols());
    down_.backward(parameters.tail(down_.parameters()), bent, dy, bent, dy, by_bent, gradient.tail(down_.parameters()));
    between_.backward(parameters.head(0), lifted, bent, bent, by_bent, by_lifted, gradient.head(0));
    up_.backward(parameters.head(up_.parameters()), x, lifted, lifted, by_lifted, dx, gradient.head(up_.parameters()));
    dx += dy;
  }
  void tangent(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dx,
               Out dy) const override {
    const auto lifted = kept.topRows(up_.outputs()), bent = kept.bottomRows(up_.outputs());
    Matrix up(up_.outputs(), dx.cols()), across(up_.outputs(), dx.cols());
    up_.tangent(parameters.head(up_.parameters()), x, y, kept, dx, up);
    between_.tangent(parameters.head(0), lifted, bent, bent, up, across);
    down_.tangent(parameters.tail(down_.parameters()), bent, y, kept, across, dy);
    dy += dx;
  }

 private:
  Dense<Scalar> up_;
  Pointwise<Scalar> between_;
  Dense<Scalar> down_;
};

/// \f$ y = e^s x \f$ with a learned s, 0 at first.
template <typename Scalar>
class LearnedScale final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  explicit LearnedScale(Eigen::Index size) : Base(size, size, 1) {}

  double flops() const override { return double(this->inputs()); }
  void initialize(Gradient parameters, RandomStream&) const override { parameters.setZero(); }
  void forward(const Parameters& parameters, const In& x, Out y, Out) const override {
    y = std::exp(parameters[0]) * x;
  }
  void backward(const Parameters& parameters, const In&, const In& y, const In&, const In& dy, Out dx,
                Gradient gradient) const override {
    gradient[0] += dy.cwiseProduct(y).sum();
    dx = std::exp(parameters[0]) * dy;
  }
  void tangent(const Parameters& parameters, const In&, const In&, const In&, const In& dx, Out dy) const override {
    dy = std::exp(parameters[0]) * dx;
  }
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT SmoothStnnLayer<float>;
extern template class ALMAGEST_EXPORT SmoothStnnLayer<double>;
extern template class ALMAGEST_EXPORT ResidualHead<float>;
extern template class ALMAGEST_EXPORT ResidualHead<double>;
extern template class ALMAGEST_EXPORT LearnedScale<float>;
extern template class ALMAGEST_EXPORT LearnedScale<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
