// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>

#include "almagest/core/random.hpp"
#include "almagest/neural/layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

namespace detail {

/// The diagonal of a random positive definite matrix over its largest eigenvalue: decay rates between 0
/// and 1 from which piecewise-linear networks start.
/// (A template so that including it costs next to nothing; Real is double.)
template <std::same_as<double> Real = double>
Eigen::VectorX<Real> decay_rates(Eigen::Index n, RandomStream& random) {
  using Matrix = Eigen::MatrixX<Real>;
  const Matrix R = Matrix::NullaryExpr(n, n, [&] { return random.normal(); });
  Matrix K = R.transpose() * R / Real(n);
  K.diagonal().array() += 1;
  Eigen::VectorX<Real> v = Eigen::VectorX<Real>::Ones(n);
  Real largest = 1;
  for (int k = 0; k < 100; ++k) {
    v = (K * v).normalized().eval();
    largest = (K * v).norm();
  }
  return K.diagonal() / largest;
}

template <typename Scalar>
using ConstColumns = Eigen::Map<const Eigen::MatrixX<Scalar>>;
template <typename Scalar>
using Columns = Eigen::Map<Eigen::MatrixX<Scalar>>;

}  // namespace detail

/// A step of an almost-linear recurrent network: \f$ z' = a \circ z + W\phi(z) + h \f$, in which
/// \f$ \phi \f$ rectifies the last `rectified` units and leaves the others as they are.
///
/// In each of its at most \f$ 2^P \f$ regions it is linear. Parameters: a, W column by column, h.
/// Reference: M. Brenner et al., NeurIPS 2024, https://arxiv.org/abs/2410.14240
template <typename Scalar>
class AlrnnLayer final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  AlrnnLayer(Eigen::Index units, Eigen::Index rectified)
      : Base(units, units, units * (units + 2)), rectified_(rectified) {}

  Eigen::Index rectified() const { return rectified_; }
  Eigen::Index kept() const override { return size(); }
  double flops() const override { return 2.0 * double(size() * size()) + 3.0 * double(size()); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    parameters.head(size()) = detail::decay_rates(size(), random).template cast<Scalar>();
    for (Eigen::Index k = size(); k < this->parameters() - size(); ++k) parameters[k] = Scalar(0.01 * random.normal());
    parameters.tail(size()).setZero();
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    kept = x;
    kept.bottomRows(rectified_) = x.bottomRows(rectified_).cwiseMax(Scalar(0));
    y.noalias() = weights(parameters) * kept;
    y.array() += x.array().colwise() * parameters.head(size()).array();
    y.colwise() += parameters.tail(size());
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    gradient.head(size()) += dy.cwiseProduct(x).rowwise().sum();
    detail::Columns<Scalar>(gradient.data() + size(), size(), size()).noalias() += dy * kept.transpose();
    gradient.tail(size()) += dy.rowwise().sum();
    dx.noalias() = weights(parameters).transpose() * dy;
    mask(x, dx);
    dx.array() += dy.array().colwise() * parameters.head(size()).array();
  }
  void tangent(const Parameters& parameters, const In& x, const In&, const In&, const In& dx, Out dy) const override {
    Eigen::MatrixX<Scalar> open = dx;
    mask(x, open);
    dy.noalias() = weights(parameters) * open;
    dy.array() += dx.array().colwise() * parameters.head(size()).array();
  }

 private:
  Eigen::Index size() const { return this->inputs(); }
  auto weights(const Parameters& parameters) const {
    return detail::ConstColumns<Scalar>(parameters.data() + size(), size(), size());
  }
  void mask(const In& x, Out change) const {
    change.bottomRows(rectified_) =
        (x.bottomRows(rectified_).array() > Scalar(0)).select(change.bottomRows(rectified_), Scalar(0));
  }

  Eigen::Index rectified_;
};

/// A step of a shallow piecewise-linear recurrent network with one hidden layer,
/// \f$ z' = a \circ z + W_1 [W_2 z + h_2]_+ + h_1 \f$, or clipped,
/// \f$ z' = a \circ z + W_1 ([W_2 z + h_2]_+ - [W_2 z]_+) + h_1 \f$, whose orbits are bounded where
/// every |a| is below 1.
///
/// Parameters: a, W1 and W2 column by column, h1, h2.
/// Reference: F. Hess et al., ICML 2023, https://arxiv.org/abs/2306.04406
template <typename Scalar>
class ShallowPlrnnLayer final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  ShallowPlrnnLayer(Eigen::Index units, Eigen::Index hidden, bool clipped)
      : Base(units, units, 2 * units * hidden + 2 * units + hidden), hidden_(hidden), clipped_(clipped) {}

  Eigen::Index hidden() const { return hidden_; }
  bool clipped() const { return clipped_; }
  /// The arguments of the rectifiers without h2, and what W1 acts on.
  Eigen::Index kept() const override { return 2 * hidden_; }
  double flops() const override {
    return 4.0 * double(size() * hidden_) + 3.0 * double(size()) + (clipped_ ? 4.0 : 2.0) * double(hidden_);
  }
  void initialize(Gradient parameters, RandomStream& random) const override {
    const double first = 1 / std::sqrt(double(hidden_)), second = 1 / std::sqrt(double(size()));
    parameters.setZero();
    parameters.head(size()) = detail::decay_rates(size(), random).template cast<Scalar>();
    const Eigen::Index count = size() * hidden_;
    for (Eigen::Index k = 0; k < count; ++k) parameters[size() + k] = Scalar(random.uniform(-first, first));
    for (Eigen::Index k = 0; k < count; ++k) parameters[size() + count + k] = Scalar(random.uniform(-second, second));
    if (clipped_)
      for (Scalar& one : parameters.tail(hidden_)) one = Scalar(random.uniform(-first, first));
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    kept.topRows(hidden_).noalias() = second(parameters) * x;
    kept.bottomRows(hidden_) = (kept.topRows(hidden_).colwise() + parameters.tail(hidden_)).cwiseMax(Scalar(0));
    if (clipped_) kept.bottomRows(hidden_) -= kept.topRows(hidden_).cwiseMax(Scalar(0));
    y.noalias() = first(parameters) * kept.bottomRows(hidden_);
    y.array() += x.array().colwise() * parameters.head(size()).array();
    y.colwise() += shift(parameters);
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::Index count = size() * hidden_;
    gradient.head(size()) += dy.cwiseProduct(x).rowwise().sum();
    detail::Columns<Scalar>(gradient.data() + size(), size(), hidden_).noalias() +=
        dy * kept.bottomRows(hidden_).transpose();
    gradient.segment(size() + 2 * count, size()) += dy.rowwise().sum();
    Eigen::MatrixX<Scalar> back = first(parameters).transpose() * dy;
    gradient.tail(hidden_) += (open(parameters, kept) * back.array()).rowwise().sum().matrix();
    back.array() *= slope(parameters, kept);
    detail::Columns<Scalar>(gradient.data() + size() + count, hidden_, size()).noalias() += back * x.transpose();
    dx.noalias() = second(parameters).transpose() * back;
    dx.array() += dy.array().colwise() * parameters.head(size()).array();
  }
  void tangent(const Parameters& parameters, const In&, const In&, const In& kept, const In& dx,
               Out dy) const override {
    Eigen::MatrixX<Scalar> inner = second(parameters) * dx;
    inner.array() *= slope(parameters, kept);
    dy.noalias() = first(parameters) * inner;
    dy.array() += dx.array().colwise() * parameters.head(size()).array();
  }

 private:
  Eigen::Index size() const { return this->inputs(); }
  auto first(const Parameters& parameters) const {
    return detail::ConstColumns<Scalar>(parameters.data() + size(), size(), hidden_);
  }
  auto second(const Parameters& parameters) const {
    return detail::ConstColumns<Scalar>(parameters.data() + size() * (1 + hidden_), hidden_, size());
  }
  auto shift(const Parameters& parameters) const { return parameters.segment(size() * (1 + 2 * hidden_), size()); }
  /// Where [W2 z + h2]_+ rises.
  Eigen::ArrayXX<Scalar> open(const Parameters& parameters, const In& kept) const {
    return ((kept.topRows(hidden_).colwise() + parameters.tail(hidden_)).array() > Scalar(0)).template cast<Scalar>();
  }
  /// The derivative of the difference by W2 z.
  Eigen::ArrayXX<Scalar> slope(const Parameters& parameters, const In& kept) const {
    Eigen::ArrayXX<Scalar> out = open(parameters, kept);
    if (clipped_) out -= (kept.topRows(hidden_).array() > Scalar(0)).template cast<Scalar>();
    return out;
  }

  Eigen::Index hidden_;
  bool clipped_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT AlrnnLayer<double>;
extern template class ALMAGEST_EXPORT ShallowPlrnnLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
