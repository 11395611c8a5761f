// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "almagest/neural/objective.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Adam, AdamW and RAdam: what they remember, and their step.
template <typename Scalar>
struct Moments {
  using Vector = Eigen::VectorX<Scalar>;

  explicit Moments(Eigen::Index size) : mean(Vector::Zero(size)), square(Vector::Zero(size)) {}

  void step(Optimizer optimizer, Vector& parameters, const Vector& gradient, double rate, double decay) {
    ++count;
    const double t = double(count), unbias = 1 / (1 - std::pow(beta1, t)), square_unbias = 1 / (1 - std::pow(beta2, t));
    const bool coupled = optimizer == Optimizer::adam;
    Rule rule{Scalar(rate * unbias), Scalar(square_unbias), Scalar(coupled ? 1 : 1 - rate * decay),
              Scalar(coupled ? decay : 0)};
    if (optimizer == Optimizer::radam) {
      // The variance of the adaptive rate is known from the fifth step on.
      const double longest = 2 / (1 - beta2) - 1, power = std::pow(beta2, t),
                   length = longest - 2 * t * power / (1 - power);
      if (length <= 5) return advance<false>(parameters.data(), gradient.data(), parameters.size(), rule);
      rule.rate *= Scalar(std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)));
    }
    advance<true>(parameters.data(), gradient.data(), parameters.size(), rule);
  }

  Vector mean, square;
  std::int64_t count = 0;

 private:
  static constexpr double beta1 = 0.9, beta2 = 0.999;
  struct Rule {
    Scalar rate, unbias, kept, decay;
  };

  /// By packets, and the rest as a packet too: equal parameters with equal gradients stay equal to the last bit.
  template <bool Adaptive>
  void advance(Scalar* x, const Scalar* gradient, Eigen::Index size, const Rule& rule) {
    using Packet = typename Eigen::internal::packet_traits<Scalar>::type;
    constexpr Eigen::Index width = Eigen::Index(sizeof(Packet) / sizeof(Scalar));
    Eigen::Index k = 0;
    for (; k + width <= size; k += width)
      advance<Adaptive, Packet>(x + k, gradient + k, mean.data() + k, square.data() + k, rule);
    if (k == size) return;
    const std::size_t rest = std::size_t(size - k);
    std::array<Scalar, width> end{}, slope{}, m{}, v{};
    std::copy_n(x + k, rest, end.data()), std::copy_n(gradient + k, rest, slope.data());
    std::copy_n(mean.data() + k, rest, m.data()), std::copy_n(square.data() + k, rest, v.data());
    advance<Adaptive, Packet>(end.data(), slope.data(), m.data(), v.data(), rule);
    std::copy_n(end.data(), rest, x + k);
    std::copy_n(m.data(), rest, mean.data() + k), std::copy_n(v.data(), rest, square.data() + k);
  }

  template <bool Adaptive, typename Packet>
  static void advance(Scalar* x, const Scalar* gradient, Scalar* mean, Scalar* square, const Rule& rule) {
    using namespace Eigen::internal;
    const auto number = [](auto value) { return pset1<Packet>(Scalar(value)); };
    const Packet at = ploadu<Packet>(x), g = pmadd(number(rule.decay), at, ploadu<Packet>(gradient));
    const Packet before = ploadu<Packet>(mean), squares = ploadu<Packet>(square);
    const Packet m = pmadd(number(1 - beta1), psub(g, before), before);
    const Packet v = pmadd(number(1 - beta2), psub(pmul(g, g), squares), squares);
    Packet step = pmul(number(rule.rate), m);
    if constexpr (Adaptive) step = pdiv(step, padd(psqrt(pmul(number(rule.unbias), v)), number(1e-8)));
    pstoreu(mean, m), pstoreu(square, v);
    pstoreu(x, psub(pmul(number(rule.kept), at), step));
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
