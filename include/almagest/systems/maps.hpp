// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// The logistic map \f$ x \mapsto r\,x(1 - x) \f$ on [0, 1].
///
/// At r = 4 its Lyapunov exponent is ln 2 and its invariant density \f$ 1/(\pi\sqrt{x(1 - x)}) \f$.
/// R. M. May, Nature 261 (1976), https://doi.org/10.1038/261459a0
template <typename Scalar = double>
struct Logistic {
  Scalar r{4};

  static constexpr int dimension = 1;
  static constexpr std::array variables{"x"};
  static constexpr std::array parameter_names{"r"};
  auto parameters() { return std::tie(r); }
  auto parameters() const { return std::tie(r); }
  template <typename Other>
  using rebind = Logistic<Other>;

  template <typename State, typename Next>
  void operator()(const State& x, Next& next) const {
    next[0] = r * x[0] * (1 - x[0]);
  }
  std::array<std::array<Scalar, 1>, 2> fixed_points() const { return {{{0}, {1 - 1 / r}}}; }
};

/// Hénon's map \f$ (x, y) \mapsto (1 - ax^2 + y,\ bx) \f$.
///
/// It contracts areas by exactly |b|, so its Lyapunov exponents sum to ln |b|; the largest is about
/// 0.419 at the defaults. M. Hénon, Commun. Math. Phys. 50 (1976), https://doi.org/10.1007/BF01608556
template <typename Scalar = double>
struct Henon {
  Scalar a{Scalar(1.4)}, b{Scalar(0.3)};

  static constexpr int dimension = 2;
  static constexpr std::array variables{"x", "y"};
  static constexpr std::array parameter_names{"a", "b"};
  auto parameters() { return std::tie(a, b); }
  auto parameters() const { return std::tie(a, b); }
  template <typename Other>
  using rebind = Henon<Other>;

  template <typename State, typename Next>
  void operator()(const State& x, Next& next) const {
    next[0] = 1 - a * x[0] * x[0] + x[1];
    next[1] = b * x[0];
  }
  /// Determinant of the Jacobian, everywhere.
  Scalar determinant() const { return -b; }
  std::array<std::array<Scalar, 2>, 2> fixed_points() const {
    const Scalar root = std::sqrt((1 - b) * (1 - b) + 4 * a);
    const auto point = [&](Scalar x) { return std::array<Scalar, 2>{x, b * x}; };
    return {point((b - 1 + root) / (2 * a)), point((b - 1 - root) / (2 * a))};
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
