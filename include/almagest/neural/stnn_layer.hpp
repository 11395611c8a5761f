// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/dft_like.hpp"
#include "almagest/neural/layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How a structured layer is built.
struct StnnOptions {
  Eigen::Index copies = 10;
  int depth = 1;      ///< halvings in the DFT-like factor
  bool tied = true;   ///< whether all copies share their factors; see StnnLayer
  bool improved = false;     ///< the improved form: SmoothStnnLayer, a dense head, a learned scale
  Eigen::Index head = 64;    ///< units of the improved form's dense head
  bool scaled = true;        ///< whether the improved form has a learned scale
};

/// The plain structured network StNN: four sub-weights modelled on the factorization of a Hankel matrix,
/// \f$ H = \tilde J E^\top F^{-1}\,\mathrm{diag}(Fc)\,F E \f$, with what is fixed there learned here
/// (Aluvihare et al. 2025, https://arxiv.org/abs/2503.23697).
///
/// For a state of n components and p copies: \f$ h_1 = \tanh(F E x + b_1) \f$,
/// \f$ h_2 = \sigma(E^\top F \hat D h_1 + b_2) \f$, \f$ h_3 = \max(\tilde J h_2 + b_3, 0) \f$ for each copy,
/// \f$ y = \sum \check D h_3 + b_4 \f$. F is DftLike of size 2n, E pads with zeros, \f$ \tilde J \f$ reverses.
///
/// Parameters: \f$ n^2 + 5n + 4np \f$ tied, at depth 1. Tied copies differ by their biases alone, and these
/// begin at zero: trained without noise the copies stay equal for ever, so that p of them are no more than
/// one. Untied copies, each with factors of its own, do not.
template <typename Scalar>
class StnnLayer final : public Layer<Scalar> {
 public:
  using Base = Layer<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  /// \throws InvalidArgument for less than 1 copy, or 2n that cannot be halved `depth` times.
  StnnLayer(Eigen::Index dimension, const StnnOptions& options)
      : Base(dimension, dimension, count(dimension, options)),
        options_(options),
        n_(dimension),
        factor_(2 * dimension, options.depth) {}

  const StnnOptions& options() const { return options_; }
  const DftLike<Scalar>& factor() const { return factor_; }
  /// For each column: the padded input, what F keeps twice, h1, h2, h3 of every copy; and scratch.
  Eigen::Index kept() const override {
    return sets() * factor_.kept() + options_.copies * (2 * n_ + factor_.kept() + 2 * n_) + scratch_rows();
  }
  double flops() const override {
    const double p = double(options_.copies), n = double(n_);
    return double(sets()) * factor_.flops() + p * (factor_.flops() + 14 * n);
  }

  /// \f$ \hat D, D, \check D \f$ from the normal law, the core from it over \f$ \sqrt m \f$, no biases.
  void initialize(Gradient parameters, RandomStream& random) const override {
    parameters.setZero();
    const double core = std::sqrt(double(factor_.core()));
    for (Eigen::Index s = 0; s < sets(); ++s) {
      auto set = parameters.segment(s * set_size(), set_size());
      for (Eigen::Index k = 0; k < set.size(); ++k) set[k] = Scalar(random.normal());
      set.segment(factor_.size() - factor_.core(), factor_.core() * factor_.core()) /= Scalar(core);
    }
  }

  void forward(const Parameters& parameters, const In& x, Out y, Out kept) const override {
    const Eigen::Index r = 2 * n_;
    // Each copy goes through the same workspaces, so that equal copies give equal bits.
    auto scratch = kept.bottomRows(scratch_rows());
    auto padded = scratch.topRows(r), lifted = scratch.middleRows(r, r), scaled = scratch.middleRows(2 * r, r),
         lowered = scratch.middleRows(3 * r, r), h1 = scratch.middleRows(4 * r, r), h2 = scratch.middleRows(5 * r, n_),
         h3 = scratch.bottomRows(n_);
    padded.topRows(n_) = x;
    padded.bottomRows(n_).setZero();
    y.setZero();
    Eigen::Index at = 0;
    for (Eigen::Index c = 0; c < options_.copies; ++c) {
      const Eigen::Index s = options_.tied ? 0 : c;
      const Scalar* factor = parameters.data() + s * set_size();
      if (c == 0 || !options_.tied) {
        factor_.forward(factor, padded, lifted, kept.middleRows(at, factor_.kept()));
        at += factor_.kept();
      }
      const Parts part = parts(c);
      h1 = lifted.colwise() + parameters.segment(part.b1, r);
      detail::tanh(h1, h1);
      scaled = parameters.segment(part.spectrum, r).asDiagonal() * h1;
      factor_.forward(factor, scaled, lowered, kept.middleRows(at + r, factor_.kept()));
      h2 = (lowered.topRows(n_).colwise() + parameters.segment(part.b2, n_)).array().logistic();
      h3 = h2.colwise().reverse();
      h3 = (h3.colwise() + parameters.segment(part.b3, n_)).cwiseMax(Scalar(0));
      y += parameters.segment(part.output, n_).asDiagonal() * h3;
      kept.middleRows(at, r) = h1;
      kept.middleRows(at + r + factor_.kept(), n_) = h2;
      kept.middleRows(at + r + factor_.kept() + n_, n_) = h3;
      at += r + factor_.kept() + 2 * n_;
    }
    y.colwise() += parameters.tail(n_);
  }

  void backward(const Parameters& parameters, const In&, const In&, const In& kept, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::Index batch = dy.cols(), r = 2 * n_;
    Matrix by_padded(r, batch), by_lifted = Matrix::Zero(r, batch), by_lowered(r, batch), by_scaled(r, batch),
        by_h(n_, batch), by_h1(r, batch), h1, h2, h3;
    Vector sum;
    dx.setZero();
    gradient.tail(n_) += dy.rowwise().sum();
    Eigen::Index at = 0, first = 0;
    for (Eigen::Index c = 0; c < options_.copies; ++c) {
      const Eigen::Index s = options_.tied ? 0 : c;
      const Scalar* factor = parameters.data() + s * set_size();
      Scalar* factor_gradient = gradient.data() + s * set_size();
      if (c == 0 || !options_.tied) first = at, at += factor_.kept();
      const Parts part = parts(c);
      const auto f = kept.middleRows(at + r, factor_.kept());
      h1 = kept.middleRows(at, r);
      h2 = kept.middleRows(at + r + factor_.kept(), n_);
      h3 = kept.middleRows(at + r + factor_.kept() + n_, n_);
      at += r + factor_.kept() + 2 * n_;
      gradient.segment(part.output, n_) += dy.cwiseProduct(h3).rowwise().sum();
      by_h = parameters.segment(part.output, n_).asDiagonal() * dy;
      by_h.array() *= (h3.array() > Scalar(0)).template cast<Scalar>();
      sum = by_h.rowwise().sum();
      gradient.segment(part.b3, n_) += sum;
      by_h = by_h.colwise().reverse().eval();
      by_h.array() *= h2.array() * (1 - h2.array());
      sum = by_h.rowwise().sum();
      gradient.segment(part.b2, n_) += sum;
      by_lowered.setZero();
      by_lowered.topRows(n_) = by_h;
      factor_.backward(factor, f, by_lowered, by_scaled, factor_gradient);
      gradient.segment(part.spectrum, r) += by_scaled.cwiseProduct(h1).rowwise().sum();
      by_h1 = parameters.segment(part.spectrum, r).asDiagonal() * by_scaled;
      by_h1.array() *= 1 - h1.array().square();
      sum = by_h1.rowwise().sum();
      gradient.segment(part.b1, r) += sum;
      by_lifted += by_h1;
      if (options_.tied && c + 1 < options_.copies) continue;
      factor_.backward(factor, kept.middleRows(first, factor_.kept()), by_lifted, by_padded, factor_gradient);
      dx += by_padded.topRows(n_);
      by_lifted.setZero();
    }
  }

  void tangent(const Parameters& parameters, const In&, const In&, const In& kept, const In& dx,
               Out dy) const override {
    const Eigen::Index batch = dx.cols(), r = 2 * n_;
    Matrix padded = Matrix::Zero(r, batch), lifted(r, batch), scaled(r, batch), lowered(r, batch), scratch;
    padded.topRows(n_) = dx;
    dy.setZero();
    Eigen::Index at = 0;
    for (Eigen::Index c = 0; c < options_.copies; ++c) {
      const Scalar* factor = parameters.data() + (options_.tied ? 0 : c) * set_size();
      if (c == 0 || !options_.tied) {
        factor_.apply(factor, padded, lifted, scratch);
        at += factor_.kept();
      }
      const Parts part = parts(c);
      const auto h1 = kept.middleRows(at, r), h2 = kept.middleRows(at + r + factor_.kept(), n_),
                 h3 = kept.middleRows(at + r + factor_.kept() + n_, n_);
      at += r + factor_.kept() + 2 * n_;
      scaled =
          parameters.segment(part.spectrum, r).asDiagonal() * (lifted.array() * (1 - h1.array().square())).matrix();
      factor_.apply(factor, scaled, lowered, scratch);
      const Matrix turned = (lowered.topRows(n_).array() * h2.array() * (1 - h2.array())).colwise().reverse();
      dy += parameters.segment(part.output, n_).asDiagonal() *
            (turned.array() * (h3.array() > Scalar(0)).template cast<Scalar>()).matrix();
    }
  }

 private:
  /// Where the parameters of a copy begin.
  struct Parts {
    Eigen::Index spectrum, output, b1, b2, b3;
  };

  static Eigen::Index count(Eigen::Index n, const StnnOptions& options) {
    using almagest::detail::text;
    if (options.copies < 1) throw InvalidArgument(text("StNN: copies is ", options.copies, "; give at least 1."));
    if (n < 1) throw InvalidArgument(text("StNN: the dimension is ", n, "; give at least 1."));
    const DftLike<Scalar> factor(2 * n, options.depth);
    const Eigen::Index set = factor.parameters() + 3 * n;
    return (options.tied ? 1 : options.copies) * set + options.copies * 4 * n + n;
  }

  /// Sets of factors: F, the spectrum and the output scaling.
  Eigen::Index scratch_rows() const { return 12 * n_; }
  Eigen::Index sets() const { return options_.tied ? 1 : options_.copies; }
  Eigen::Index set_size() const { return factor_.parameters() + 3 * n_; }
  Parts parts(Eigen::Index copy) const {
    const Eigen::Index set = (options_.tied ? 0 : copy) * set_size() + factor_.parameters();
    const Eigen::Index bias = sets() * set_size() + copy * 4 * n_;
    return {set, set + 2 * n_, bias, bias + 2 * n_, bias + 3 * n_};
  }

  StnnOptions options_;
  Eigen::Index n_;
  DftLike<Scalar> factor_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT StnnLayer<float>;
extern template class ALMAGEST_EXPORT StnnLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
