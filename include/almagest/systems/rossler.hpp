// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Rössler's single-scroll attractor: \f$ \dot x = -y - z,\ \dot y = x + ay,\ \dot z = b + z(x - c) \f$.
///
/// O. E. Rössler, Phys. Lett. A 57 (1976), https://doi.org/10.1016/0375-9601(76)90101-8. Largest
/// Lyapunov exponent at the defaults about 0.071 (Sprott 2003, Chaos and Time-Series Analysis).
template <typename Scalar = double>
struct Rossler {
  Scalar a{Scalar(0.2)}, b{Scalar(0.2)}, c{Scalar(5.7)};

  static constexpr int dimension = 3;
  static constexpr std::array variables{"x", "y", "z"};
  static constexpr std::array parameter_names{"a", "b", "c"};
  auto parameters() { return std::tie(a, b, c); }
  auto parameters() const { return std::tie(a, b, c); }
  template <typename Other>
  using rebind = Rossler<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    dxdt[0] = -x[1] - x[2];
    dxdt[1] = x[0] + a * x[1];
    dxdt[2] = b + x[2] * (x[0] - c);
  }

  /// \f$ \nabla\cdot f = a + x - c \f$.
  template <typename State>
  auto divergence(const State& x) const {
    return a + x[0] - c;
  }
  /// The inner and the outer one; they exist for \f$ c^2 \ge 4ab \f$.
  std::array<std::array<Scalar, 3>, 2> fixed_points() const {
    const Scalar root = std::sqrt(c * c - 4 * a * b);
    const auto point = [&](Scalar z) { return std::array<Scalar, 3>{a * z, -z, z}; };
    return {point((c - root) / (2 * a)), point((c + root) / (2 * a))};
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
