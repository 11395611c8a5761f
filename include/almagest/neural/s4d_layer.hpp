// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <numbers>

#include "almagest/core/random.hpp"
#include "almagest/fft/real_transform.hpp"
#include "almagest/neural/recurrent_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// Where the poles of a diagonal state-space layer start, of N = 2 pairs states, n from 0:
/// linear \f$ -\tfrac12 + i\pi n \f$; inverse \f$ -\tfrac12 + i\tfrac N\pi(\tfrac N{2n + 1} - 1) \f$.
enum class S4dStart { linear, inverse };

/// A diagonal state-space layer: every channel u by itself goes through
/// \f[ \dot s_n = A_n s_n + u, \quad y = 2\,\mathrm{Re} \sum_n C_n s_n + D u, \f]
/// held constant over a time step \f$ \Delta \f$ of its own, with poles
/// \f$ A_n = -e^{a_n} + i\omega_n \f$ that never grow.
///
/// Over a sequence it is a convolution with the kernel \f$ 2\,\mathrm{Re}\sum_n \bar C_n \bar A_n^l \f$,
/// \f$ \bar A = e^{\Delta A} \f$, \f$ \bar C = C(e^{\Delta A} - 1)/A \f$, done by Fourier transform:
/// \f$ O(\text{channels}\,T(\text{pairs} + \log T)) \f$; sample by sample it is a recurrence, to the same
/// numbers. Parameters, channel after channel: \f$ \ln\Delta \f$, a, ω, Re C, Im C, D.
///
/// Reference: A. Gu et al., NeurIPS 2022, https://arxiv.org/abs/2206.11893
template <typename Scalar>
class S4dLayer final : public RecurrentLayer<Scalar> {
 public:
  using Base = RecurrentLayer<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using Complex = std::complex<Scalar>;
  using Modes = Eigen::VectorX<Complex>;
  using typename Base::Gradient, typename Base::In, typename Base::Out, typename Base::Parameters;

  S4dLayer(Eigen::Index channels, Eigen::Index pairs, S4dStart start, Eigen::Index length)
      : Base(channels, channels, channels * (4 * pairs + 2), length),
        pairs_(pairs),
        start_(start),
        transform_({2 * length}, {.rigor = fft::Rigor::estimate}) {}

  Eigen::Index pairs() const { return pairs_; }
  Eigen::Index states() const override { return 2 * pairs_ * this->inputs(); }
  /// Of a step of the recurrence.
  double flops() const override { return double(this->inputs()) * (12.0 * double(pairs_) + 2.0); }
  void initialize(Gradient parameters, RandomStream& random) const override {
    const double states = 2 * double(pairs_);
    for (Eigen::Index k = 0; k < this->inputs(); ++k) {
      auto own = parameters.segment(k * block(), block());
      own[0] = Scalar(random.uniform(std::log(1e-3), std::log(1e-1)));
      for (Eigen::Index n = 0; n < pairs_; ++n) {
        own[1 + n] = Scalar(std::log(0.5));
        own[1 + pairs_ + n] = Scalar(start_ == S4dStart::linear
                                         ? std::numbers::pi * double(n)
                                         : states / std::numbers::pi * (states / (2 * double(n) + 1) - 1));
        own[1 + 2 * pairs_ + n] = Scalar(std::sqrt(0.5) * random.normal());
        own[1 + 3 * pairs_ + n] = Scalar(std::sqrt(0.5) * random.normal());
      }
      own[block() - 1] = Scalar(random.normal());
    }
  }

  /// The response of a channel to an impulse, without D u.
  Vector kernel(const Parameters& parameters, Eigen::Index channel) const {
    const Discrete d = discrete(parameters, channel);
    Vector out(this->length());
    Modes power = d.C;
    for (Eigen::Index l = 0; l < this->length(); ++l) {
      out[l] = 2 * power.real().sum();
      power.array() *= d.A.array();
    }
    return out;
  }

  void forward(const Parameters& parameters, const In& x, Out y, Out) const override {
    each_channel(parameters, x, [&](Eigen::Index k, Eigen::Index b, const Modes& response, Modes& modes, Vector& line) {
      load(x, k, b, line), transform_.forward(line.data(), modes.data());
      modes.array() *= response.array();
      transform_.inverse(modes.data(), line.data());
      store(line, k, b, y);
    });
    for (Eigen::Index k = 0; k < this->inputs(); ++k) y.row(k) += skip(parameters, k) * x.row(k);
  }
  void backward(const Parameters& parameters, const In& x, const In&, const In&, const In& dy, Out dx,
                Gradient gradient) const override {
    const Eigen::Index batch = x.cols() / this->length();
    Modes other(transform_.modes()), product = other;
    Vector by_kernel(2 * this->length()), sum = Vector::Zero(this->length());
    each_channel(parameters, x, [&](Eigen::Index k, Eigen::Index b, const Modes& response, Modes& modes, Vector& line) {
      load(dy, k, b, line), transform_.forward(line.data(), modes.data());
      load(x, k, b, line), transform_.forward(line.data(), other.data());
      product = modes.cwiseProduct(other.conjugate());
      transform_.inverse(product.data(), by_kernel.data());
      sum += by_kernel.head(this->length()) / Scalar(2 * this->length());
      modes.array() *= response.conjugate().array();
      transform_.inverse(modes.data(), line.data());
      store(line, k, b, dx);
      if (b + 1 < batch) return;
      kernel_gradient(parameters, k, sum, gradient.segment(k * block(), block()));
      sum.setZero();
    });
    for (Eigen::Index k = 0; k < this->inputs(); ++k) {
      gradient[(k + 1) * block() - 1] += dy.row(k).dot(x.row(k));
      dx.row(k) += skip(parameters, k) * dy.row(k);
    }
  }
  void tangent(const Parameters& parameters, const In&, const In&, const In&, const In& dx, Out dy) const override {
    Matrix none;
    forward(parameters, dx, dy, none);
  }
  void step(const Parameters& parameters, const In& x, Out state, Out y, Out) const override {
    step_tangent(parameters, x, x, x, state, y);
  }
  /// The layer is linear: changes go as states do.
  void step_tangent(const Parameters& parameters, const In&, const In&, const In& dx, Out change,
                    Out dy) const override {
    for (Eigen::Index k = 0; k < this->inputs(); ++k) {
      const Parameters own = parameters.segment(k * block(), block());
      dy.row(k) = skip(parameters, k) * dx.row(k);
      for (Eigen::Index n = 0; n < pairs_; ++n) {
        const Held held = this->held(own, n);
        for (Eigen::Index c = 0; c < dx.cols(); ++c) {
          Scalar* const s = &change(2 * (pairs_ * k + n), c);
          const Complex next = held.A * Complex(s[0], s[1]) + dx(k, c);
          s[0] = next.real();
          s[1] = next.imag();
          dy(k, c) += 2 * (held.C * next).real();
        }
      }
    }
  }

 private:
  /// A pair over a time step with the input held.
  struct Held {
    Complex A, C;
  };
  struct Discrete {
    Modes A, C;
  };

  Eigen::Index block() const { return 4 * pairs_ + 2; }
  Scalar skip(const Parameters& parameters, Eigen::Index channel) const {
    return parameters[(channel + 1) * block() - 1];
  }
  Complex pole(const Parameters& own, Eigen::Index n) const { return {-std::exp(own[1 + n]), own[1 + pairs_ + n]}; }
  Complex weight(const Parameters& own, Eigen::Index n) const {
    return {own[1 + 2 * pairs_ + n], own[1 + 3 * pairs_ + n]};
  }

  Held held(const Parameters& own, Eigen::Index n) const {
    const Complex A = pole(own, n), after = std::exp(std::exp(own[0]) * A);
    return {after, weight(own, n) * (after - Scalar(1)) / A};
  }
  Discrete discrete(const Parameters& parameters, Eigen::Index channel) const {
    const Parameters own = parameters.segment(channel * block(), block());
    Discrete out{Modes(pairs_), Modes(pairs_)};
    for (Eigen::Index n = 0; n < pairs_; ++n) {
      const Held pair = held(own, n);
      out.A[n] = pair.A;
      out.C[n] = pair.C;
    }
    return out;
  }

  /// From the gradient by the kernel to that by a channel's parameters.
  void kernel_gradient(const Parameters& parameters, Eigen::Index channel, const Vector& by_kernel,
                       Gradient gradient) const {
    const Parameters own = parameters.segment(channel * block(), block());
    const Discrete d = discrete(parameters, channel);
    const Scalar step = std::exp(own[0]);
    for (Eigen::Index n = 0; n < pairs_; ++n) {
      Complex power = 1, by_C = 0, by_A = 0;  // sums of g_l A^l and of g_l l A^(l - 1)
      for (Eigen::Index l = 0; l < this->length(); ++l) {
        by_C += by_kernel[l] * power;
        if (l + 1 < this->length()) by_A += by_kernel[l + 1] * Scalar(l + 1) * power;
        power *= d.A[n];
      }
      const Complex A = pole(own, n), C = weight(own, n), held = (d.A[n] - Scalar(1)) / A;
      const Complex through = Scalar(2) * (C * (step * d.A[n] - held) / A * by_C + step * d.A[n] * d.C[n] * by_A);
      gradient[0] += step * (Scalar(2) * (C * d.A[n] * by_C + A * d.A[n] * d.C[n] * by_A)).real();
      gradient[1 + n] -= std::exp(own[1 + n]) * through.real();
      gradient[1 + pairs_ + n] -= through.imag();
      gradient[1 + 2 * pairs_ + n] += 2 * (held * by_C).real();
      gradient[1 + 3 * pairs_ + n] -= 2 * (held * by_C).imag();
    }
  }

  /// A channel of one sequence, and zeros behind it; back again, over the length of the transform.
  void load(const In& x, Eigen::Index channel, Eigen::Index sequence, Vector& line) const {
    const Eigen::Index batch = x.cols() / this->length();
    line.tail(this->length()).setZero();
    for (Eigen::Index t = 0; t < this->length(); ++t) line[t] = x(channel, t * batch + sequence);
  }
  void store(const Vector& line, Eigen::Index channel, Eigen::Index sequence, Out y) const {
    const Eigen::Index batch = y.cols() / this->length();
    for (Eigen::Index t = 0; t < this->length(); ++t)
      y(channel, t * batch + sequence) = line[t] / Scalar(2 * this->length());
  }
  /// Calls `work` for each channel and sequence with the transform of the channel's kernel.
  template <typename Work>
  void each_channel(const Parameters& parameters, const In& x, const Work& work) const {
    const Eigen::Index batch = x.cols() / this->length();
    Modes response(transform_.modes()), modes = response;
    Vector line(2 * this->length());
    for (Eigen::Index k = 0; k < this->inputs(); ++k) {
      line.head(this->length()) = kernel(parameters, k);
      line.tail(this->length()).setZero();
      transform_.forward(line.data(), response.data());
      for (Eigen::Index b = 0; b < batch; ++b) work(k, b, response, modes, line);
    }
  }

  Eigen::Index pairs_;
  S4dStart start_;
  fft::RealTransform<Scalar> transform_;
};

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT S4dLayer<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
