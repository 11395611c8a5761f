// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "almagest/core/random.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/plrnn_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A layer with memory. A batch is a batch of sequences of `length` samples that begin at rest, the first
/// samples of all sequences before the second ones; `step` goes on from a state, a column.
template <typename Scalar>
class RecurrentLayer : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  RecurrentLayer(Eigen::Index inputs, Eigen::Index outputs, Eigen::Index parameters, Eigen::Index length)
      : Base(inputs, outputs, parameters), length_(length) {}

  Eigen::Index length() const { return length_; }
  /// Numbers in a state.
  virtual Eigen::Index states() const = 0;
  /// Rows that `step` works on.
  virtual Eigen::Index scratch() const { return 0; }
  /// Replaces the state by that after x, and writes the output; allocates nothing.
  virtual void step(const Parameters& parameters, const In& x, Out state, Out y, Out scratch) const = 0;
  /// The same for changes: `state` is the state before the step, and the columns of `change` are changes of it,
  /// which are replaced by those after.
  virtual void step_tangent(const Parameters& parameters, const In& x, const In& state, const In& dx, Out change,
                            Out dy) const = 0;

 private:
  Eigen::Index length_;
};

/// A gated recurrent unit in the form and order of PyTorch's:
/// \f$ r = \sigma(W_r x + b_r + U_r h + c_r) \f$, z likewise,
/// \f$ n = \tanh(W_n x + b_n + r \circ (U_n h + c_n)) \f$, \f$ h' = (1 - z) \circ n + z \circ h \f$.
///
/// Parameters: W (3 units x inputs) column by column, U (3 units x units), b, c; rows r, z, n. Starts uniform
/// up to \f$ 1/\sqrt{\text{units}} \f$. Reference: K. Cho et al., EMNLP 2014, https://arxiv.org/abs/1406.1078
template <typename Scalar>
class GruLayer final : public RecurrentLayer<Scalar> {
 public:
  using Base = RecurrentLayer<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  GruLayer(Eigen::Index inputs, Eigen::Index units, Eigen::Index length)
      : Base(inputs, units, 3 * units * (inputs + units + 2), length), n_(units) {}

  Eigen::Index states() const override { return n_; }
  /// r, z, n and U_n h + c_n.
  Eigen::Index kept() const override { return 4 * n_; }
  double flops() const override { return 6.0 * double(n_ * (this->inputs() + n_)) + 15.0 * double(n_); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    const double bound = 1 / std::sqrt(double(n_));
    for (Scalar& one : parameters) one = Scalar(random.uniform(-bound, bound));
  }
  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    const Eigen::Index batch = x.cols() / this->length();
    Matrix h = Matrix::Zero(n_, batch), driven = input(parameters) * x;
    driven.colwise() += input_bias(parameters);
    Matrix gates(3 * n_, batch);
    for (Eigen::Index t = 0; t < this->length(); ++t) {
      advance(parameters, driven.middleCols(t * batch, batch), h, gates, kept.middleCols(t * batch, batch));
      y.middleCols(t * batch, batch) = h;
    }
  }
  void backward(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::Index batch = x.cols() / this->length(), wide = 3 * n_;
    Matrix by_input(wide, x.cols()), by_state(wide, x.cols()), before = Matrix::Zero(n_, x.cols()),
        carry = Matrix::Zero(n_, batch);
    before.rightCols(x.cols() - batch) = y.leftCols(x.cols() - batch);
    for (Eigen::Index t = this->length(); t-- > 0;) {
      const auto at = [&](const auto& all) { return all.middleCols(t * batch, batch).array(); };
      const Eigen::ArrayXX<Scalar> r = at(kept.topRows(n_)), z = at(kept.middleRows(n_, n_)),
                                   n = at(kept.middleRows(2 * n_, n_)), q = at(kept.bottomRows(n_)),
                                   dh = at(dy) + carry.array();
      const Eigen::ArrayXX<Scalar> by_n = dh * (1 - z) * (1 - n.square());
      auto ix = by_input.middleCols(t * batch, batch);
      auto ih = by_state.middleCols(t * batch, batch);
      ix.topRows(n_) = (by_n * q * r * (1 - r)).matrix();
      ix.middleRows(n_, n_) = (dh * (at(before) - n) * z * (1 - z)).matrix();
      ix.bottomRows(n_) = by_n.matrix();
      ih = ix;
      ih.bottomRows(n_) = (by_n * r).matrix();
      carry = (dh * z).matrix();
      carry.noalias() += recurrent(parameters).transpose() * ih;
    }
    const Eigen::Index w = wide * this->inputs(), u = wide * n_;
    detail::Columns<Scalar>(gradient.data(), wide, this->inputs()).noalias() += by_input * x.transpose();
    detail::Columns<Scalar>(gradient.data() + w, wide, n_).noalias() += by_state * before.transpose();
    gradient.segment(w + u, wide) += by_input.rowwise().sum();
    gradient.tail(wide) += by_state.rowwise().sum();
    dx.noalias() = input(parameters).transpose() * by_input;
  }
  void tangent(const Parameters& parameters, const In& x, const In& y, const In& kept, const In& dx,
               Out dy) const override {
    const Eigen::Index batch = x.cols() / this->length();
    const Matrix driven = input(parameters) * dx;
    Matrix before = Matrix::Zero(n_, batch), change = before;
    for (Eigen::Index t = 0; t < this->length(); ++t) {
      const Matrix gates = kept.middleCols(t * batch, batch), turned = recurrent(parameters) * change;
      through(gates, before, driven.middleCols(t * batch, batch), turned, change);
      dy.middleCols(t * batch, batch) = change;
      before = y.middleCols(t * batch, batch);
    }
  }
  Eigen::Index scratch() const override { return 10 * n_; }
  void step(const Parameters& parameters, const In& x, Out state, Out y, Out scratch) const override {
    auto driven = scratch.topRows(3 * n_);
    driven.noalias() = input(parameters) * x;
    driven.colwise() += input_bias(parameters);
    advance(parameters, driven, state, scratch.middleRows(3 * n_, 3 * n_), scratch.bottomRows(4 * n_));
    y = state;
  }
  void step_tangent(const Parameters& parameters, const In& x, const In& state, const In& dx, Out change,
                    Out dy) const override {
    Matrix h = state, driven = input(parameters) * x, gates(3 * n_, 1), kept(4 * n_, 1);
    driven.colwise() += input_bias(parameters);
    advance(parameters, driven, h, gates, kept);
    const Matrix by_input = input(parameters) * dx, by_state = recurrent(parameters) * change;
    Matrix after = change;
    through(kept.replicate(1, dx.cols()), state.replicate(1, dx.cols()), by_input, by_state, after);
    change = after;
    dy = after;
  }

 private:
  auto input(const Parameters& parameters) const {
    return detail::ConstColumns<Scalar>(parameters.data(), 3 * n_, this->inputs());
  }
  auto recurrent(const Parameters& parameters) const {
    return detail::ConstColumns<Scalar>(parameters.data() + 3 * n_ * this->inputs(), 3 * n_, n_);
  }
  auto input_bias(const Parameters& parameters) const {
    return parameters.segment(3 * n_ * (this->inputs() + n_), 3 * n_);
  }

  /// h to the next one; `driven` is W x + b.
  void advance(const Parameters& parameters, const In& driven, Out h, Out gates, Out kept) const {
    gates.noalias() = recurrent(parameters) * h;
    gates.colwise() += parameters.tail(3 * n_);
    kept.bottomRows(n_) = gates.bottomRows(n_);
    kept.topRows(2 * n_) = (gates.topRows(2 * n_) + driven.topRows(2 * n_)).array().logistic();
    const auto r = kept.topRows(n_).array(), z = kept.middleRows(n_, n_).array();
    kept.middleRows(2 * n_, n_) = (driven.bottomRows(n_).array() + r * gates.bottomRows(n_).array()).tanh();
    h = ((1 - z) * kept.middleRows(2 * n_, n_).array() + z * h.array()).matrix();
  }
  /// The change of h after a step; by_input is W dx, by_state is U dh.
  void through(const Matrix& kept, const Matrix& before, const In& by_input, const Matrix& by_state,
               Matrix& change) const {
    const auto r = kept.topRows(n_).array(), z = kept.middleRows(n_, n_).array(),
               n = kept.middleRows(2 * n_, n_).array(), q = kept.bottomRows(n_).array();
    const Eigen::ArrayXX<Scalar> dr = r * (1 - r) * (by_input.topRows(n_) + by_state.topRows(n_)).array(),
                                 dz = z * (1 - z) * (by_input.middleRows(n_, n_) + by_state.middleRows(n_, n_)).array(),
                                 dn = (1 - n.square()) *
                                      (by_input.bottomRows(n_).array() + dr * q + r * by_state.bottomRows(n_).array());
    change = ((1 - z) * dn + dz * (before.array() - n) + z * change.array()).matrix();
  }

  Eigen::Index n_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT GruLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
