// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "almagest/neural/training.hpp"

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
    Rule rule{Scalar(rate * unbias), Scalar(square_unbias), Scalar(coupled ? 1 : 1 - rate * decay), Scalar(coupled ? decay : 0)};
    if (optimizer == Optimizer::radam) {
      // The variance of the adaptive rate is known from the fifth step on.
      const double longest = 2 / (1 - beta2) - 1, power = std::pow(beta2, t), length = longest - 2 * t * power / (1 - power);
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

  /// One loop, so that equal parameters with equal gradients stay equal to the last bit.
  template <bool Adaptive>
  void advance(Scalar* x, const Scalar* gradient, Eigen::Index size, const Rule& rule) {
    Scalar *m = mean.data(), *v = square.data();
    for (Eigen::Index k = 0; k < size; ++k) {
      const Scalar g = gradient[k] + rule.decay * x[k];
      m[k] += Scalar(1 - beta1) * (g - m[k]);
      v[k] += Scalar(1 - beta2) * (g * g - v[k]);
      const Scalar size_of = Adaptive ? std::sqrt(rule.unbias * v[k]) + Scalar(1e-8) : Scalar(1);
      x[k] = rule.kept * x[k] - rule.rate * m[k] / size_of;
    }
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
