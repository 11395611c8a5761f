// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Layers from which right-hand sides are put together.

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// y = a x, entry by entry, with a fixed a: the unit of a rate.
template <typename Scalar>
class Stretch final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters,
      typename Base::Vector;

  explicit Stretch(Vector by) : Base(by.size(), by.size(), 0), by_(std::move(by)) {}

  double flops() const override { return double(by_.size()); }
  void initialize(Gradient, RandomStream&) const override {}
  void forward(const Parameters&, const In& x, Out y, Out) const override { y.noalias() = by_.asDiagonal() * x; }
  void backward(const Parameters&, const In&, const In&, const In&, const In& dy, Out dx, Gradient) const override {
    dx.noalias() = by_.asDiagonal() * dy;
  }
  void tangent(const Parameters&, const In&, const In&, const In&, const In& dx, Out dy) const override {
    dy.noalias() = by_.asDiagonal() * dx;
  }

 private:
  Vector by_;
};

/// Hamilton's equations: from the gradient \f$ (\partial_q H, \partial_p H) \f$ the rates
/// \f$ (c\,\partial_p H, -c\,\partial_q H) \f$ with a fixed c for each pair.
template <typename Scalar>
class SymplecticTurn final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters,
      typename Base::Vector;

  explicit SymplecticTurn(Vector by) : Base(2 * by.size(), 2 * by.size(), 0), by_(std::move(by)) {}

  double flops() const override { return 2.0 * double(by_.size()); }
  void initialize(Gradient, RandomStream&) const override {}
  void forward(const Parameters&, const In& x, Out y, Out) const override { turn(x, y, 1); }
  void backward(const Parameters&, const In&, const In&, const In&, const In& dy, Out dx, Gradient) const override {
    turn(dy, dx, -1);
  }
  void tangent(const Parameters&, const In&, const In&, const In&, const In& dx, Out dy) const override {
    turn(dx, dy, 1);
  }

 private:
  void turn(const In& in, Out out, int sign) const {
    const Eigen::Index n = by_.size();
    out.topRows(n).noalias() = (Scalar(sign) * by_).asDiagonal() * in.bottomRows(n);
    out.bottomRows(n).noalias() = (Scalar(-sign) * by_).asDiagonal() * in.topRows(n);
  }
  Vector by_;
};

/// Swish with a learned slope, \f$ x\,\sigma(x\,\mathrm{softplus}(\beta)) / 1.1 \f$ (Ramachandran et al. 2017,
/// https://arxiv.org/abs/1710.05941); \f$ \beta \f$ starts from 1/2.
template <typename Scalar>
class Swish final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  explicit Swish(Eigen::Index size) : Base(size, size, 1) {}

  double flops() const override { return 3.0 * double(this->inputs()); }
  void initialize(Gradient parameters, RandomStream&) const override { parameters[0] = Scalar(0.5); }
  /// Keeps the sigmoids.
  Eigen::Index kept() const override { return this->inputs(); }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    kept = (slope(parameters) * x.array()).logistic();
    y = x.array() * kept.array() / Scalar(1.1);
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    // d softplus(beta) / d beta is the sigmoid of beta.
    const Scalar rise = 1 / (1 + std::exp(-parameters[0]));
    gradient[0] += rise * (dy.array() * x.array().square() * kept.array() * (1 - kept.array())).sum() / Scalar(1.1);
    dx = dy.array() * derivative(parameters, x, kept);
  }
  void tangent(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dx,
               Out dy) const override {
    dy = dx.array() * derivative(parameters, x, kept);
  }

 private:
  static Scalar slope(const Parameters& parameters) { return std::log1p(std::exp(parameters[0])); }
  static auto derivative(const Parameters& parameters, const In& x, const In& s) {
    return (s.array() * (1 + slope(parameters) * x.array() * (1 - s.array()))) / Scalar(1.1);
  }
};

/// Layers one after the other as one layer.
template <typename Scalar>
class Chain final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Matrix, typename Base::Out,
      typename Base::Parameters;
  using Layers = std::vector<std::shared_ptr<const Base>>;

  explicit Chain(Layers layers)
      : Base(layers.front()->inputs(), layers.back()->outputs(), count(layers)), layers_(std::move(layers)) {
    Eigen::Index parameter = 0;
    for (const auto& layer : layers_) {
      places_.push_back({parameter, kept_, kept_ + layer->outputs()});
      parameter += layer->parameters();
      kept_ += layer->outputs() + layer->kept();
    }
  }

  const Layers& layers() const { return layers_; }
  /// Where the parameters of layer k begin.
  Eigen::Index first_parameter(std::size_t k) const { return places_[k].parameter; }
  Eigen::Index kept() const override { return kept_; }
  double flops() const override {
    double all = 0;
    for (const auto& layer : layers_) all += layer->flops();
    return all;
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    for (std::size_t k = 0; k < layers_.size(); ++k) layers_[k]->initialize(part(parameters, k), random);
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    for (std::size_t k = 0; k < layers_.size(); ++k)
      layers_[k]->forward(part(parameters, k), input(k, x, kept),
                          kept.middleRows(places_[k].output, layers_[k]->outputs()),
                          kept.middleRows(places_[k].kept, layers_[k]->kept()));
    y = kept.middleRows(places_.back().output, this->outputs());
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    Matrix out = dy, in;
    for (std::size_t k = layers_.size(); k-- > 0;) {
      in.resize(layers_[k]->inputs(), dy.cols());
      layers_[k]->backward(part(parameters, k), input(k, x, kept), output(k, kept), inner(k, kept), out, in,
                           part(gradient, k));
      out.swap(in);
    }
    dx = out;
  }
  void tangent(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dx,
               Out dy) const override {
    Matrix in = dx, out;
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      out.resize(layers_[k]->outputs(), dx.cols());
      layers_[k]->tangent(part(parameters, k), input(k, x, kept), output(k, kept), inner(k, kept), in, out);
      in.swap(out);
    }
    dy = in;
  }

 private:
  struct Place {
    Eigen::Index parameter, output, kept;
  };
  static Eigen::Index count(const Layers& layers) {
    Eigen::Index all = 0;
    for (const auto& layer : layers) all += layer->parameters();
    return all;
  }
  template <typename All>
  auto part(All&& all, std::size_t k) const {
    return all.segment(places_[k].parameter, layers_[k]->parameters());
  }
  In output(std::size_t k, const In& kept) const { return kept.middleRows(places_[k].output, layers_[k]->outputs()); }
  In inner(std::size_t k, const In& kept) const { return kept.middleRows(places_[k].kept, layers_[k]->kept()); }
  In input(std::size_t k, const In& x, const In& kept) const {
    if (k == 0) return x;
    return output(k - 1, kept);
  }

  Layers layers_;
  std::vector<Place> places_;
  Eigen::Index kept_ = 0;
};

/// Two layers on two halves of the rows: \f$ (x_1, x_2) \mapsto (f(x_1), g(x_2)) \f$. Parameters: f's, then g's.
template <typename Scalar>
class SideBySide final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;
  using Part = std::shared_ptr<const Base>;

  SideBySide(Part top, Part bottom)
      : Base(top->inputs() + bottom->inputs(), top->outputs() + bottom->outputs(),
             top->parameters() + bottom->parameters()),
        top_(std::move(top)),
        bottom_(std::move(bottom)) {}

  Eigen::Index kept() const override { return top_->kept() + bottom_->kept(); }
  double flops() const override { return top_->flops() + bottom_->flops(); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    top_->initialize(parameters.head(top_->parameters()), random);
    bottom_->initialize(parameters.tail(bottom_->parameters()), random);
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    top_->forward(parameters.head(top_->parameters()), x.topRows(top_->inputs()), y.topRows(top_->outputs()),
                  kept.topRows(top_->kept()));
    bottom_->forward(parameters.tail(bottom_->parameters()), x.bottomRows(bottom_->inputs()),
                     y.bottomRows(bottom_->outputs()), kept.bottomRows(bottom_->kept()));
  }
  void backward(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    top_->backward(parameters.head(top_->parameters()), x.topRows(top_->inputs()), y.topRows(top_->outputs()),
                   kept.topRows(top_->kept()), dy.topRows(top_->outputs()), dx.topRows(top_->inputs()),
                   gradient.head(top_->parameters()));
    bottom_->backward(parameters.tail(bottom_->parameters()), x.bottomRows(bottom_->inputs()),
                      y.bottomRows(bottom_->outputs()), kept.bottomRows(bottom_->kept()),
                      dy.bottomRows(bottom_->outputs()), dx.bottomRows(bottom_->inputs()),
                      gradient.tail(bottom_->parameters()));
  }
  void tangent(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dx,
               Out dy) const override {
    top_->tangent(parameters.head(top_->parameters()), x.topRows(top_->inputs()), y.topRows(top_->outputs()),
                  kept.topRows(top_->kept()), dx.topRows(top_->inputs()), dy.topRows(top_->outputs()));
    bottom_->tangent(parameters.tail(bottom_->parameters()), x.bottomRows(bottom_->inputs()),
                     y.bottomRows(bottom_->outputs()), kept.bottomRows(bottom_->kept()),
                     dx.bottomRows(bottom_->inputs()), dy.bottomRows(bottom_->outputs()));
  }

 private:
  Part top_, bottom_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural
