// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>
#include <type_traits>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Two point masses on massless rods, one below the other: state \f$ (\theta_1, \theta_2, \omega_1,
/// \omega_2) \f$, angles in radians from the downward vertical.
///
/// Chaotic at large energy; the `energy` is constant. T. Shinbrot et al., Am. J. Phys. 60 (1992),
/// https://doi.org/10.1119/1.16860
template <typename Scalar = double>
struct DoublePendulum {
  Scalar mass1{1}, mass2{1}, length1{1}, length2{1}, gravity{Scalar(9.81)};

  static constexpr int dimension = 4;
  static constexpr std::array variables{"theta1", "theta2", "omega1", "omega2"};
  static constexpr std::array parameter_names{"mass1", "mass2", "length1", "length2", "gravity"};
  auto parameters() { return std::tie(mass1, mass2, length1, length2, gravity); }
  auto parameters() const { return std::tie(mass1, mass2, length1, length2, gravity); }
  template <typename Other>
  using rebind = DoublePendulum<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    using std::cos, std::sin;
    // Named values, not expressions: an expression template would be evaluated once for each use.
    using Value = std::remove_cvref_t<decltype(dxdt[0])>;
    const Value delta = x[0] - x[1];
    const Value s = sin(delta), c = cos(delta);
    const Scalar total = mass1 + mass2;
    const Value w1 = x[2] * x[2], w2 = x[3] * x[3];
    // The equations of motion M (theta'') = r, with M symmetric and positive definite.
    const Value m12 = mass2 * length2 * c;
    const Value r1 = -mass2 * length2 * w2 * s - total * gravity * sin(x[0]);
    const Value r2 = length1 * w1 * s - gravity * sin(x[1]);
    const Value determinant = length1 * (total - mass2 * c * c);
    dxdt[0] = x[2];
    dxdt[1] = x[3];
    dxdt[2] = (r1 - m12 * r2 / length2) / determinant;
    dxdt[3] = (total * r2 - c * r1) / (length2 * (total - mass2 * c * c));
  }

  template <typename State>
  auto energy(const State& x) const {
    using std::cos;
    const auto v1 = length1 * x[2], v2 = length2 * x[3];
    const auto kinetic = (mass1 + mass2) * v1 * v1 / 2 + mass2 * v2 * v2 / 2 + mass2 * v1 * v2 * cos(x[0] - x[1]);
    const auto potential = -(mass1 + mass2) * gravity * length1 * cos(x[0]) - mass2 * gravity * length2 * cos(x[1]);
    return kinetic + potential;
  }
  /// Both hanging down.
  std::array<std::array<Scalar, 4>, 1> fixed_points() const { return {{{0, 0, 0, 0}}}; }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
