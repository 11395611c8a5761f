// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// A pendulum with friction: \f$ \dot\theta = \omega,\ \dot\omega = -(g/l)\sin\theta - c\,\omega \f$.
///
/// Angle in radians, times in units of which `gravity / length` is per square. Without damping the
/// `energy` is constant and small swings have period \f$ 2\pi\sqrt{l/g} \f$.
/// H. Goldstein, Classical Mechanics, 3rd ed. (2002)
template <typename Scalar = double>
struct DampedPendulum {
  Scalar gravity{Scalar(9.81)}, length{1}, damping{Scalar(0.1)};

  static constexpr int dimension = 2;
  static constexpr std::array variables{"theta", "omega"};
  static constexpr std::array parameter_names{"gravity", "length", "damping"};
  auto parameters() { return std::tie(gravity, length, damping); }
  auto parameters() const { return std::tie(gravity, length, damping); }
  template <typename Other>
  using rebind = DampedPendulum<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    using std::sin;
    dxdt[0] = x[1];
    dxdt[1] = -(gravity / length) * sin(x[0]) - damping * x[1];
  }

  /// \f$ \nabla\cdot f = -c \f$, everywhere.
  Scalar divergence() const { return -damping; }
  /// \f$ H = \omega^2/2 - (g/l)\cos\theta \f$, per moment of inertia.
  template <typename State>
  auto energy(const State& x) const {
    using std::cos;
    return x[1] * x[1] / 2 - gravity / length * cos(x[0]);
  }
  /// Hanging down, and standing up.
  std::array<std::array<Scalar, 2>, 2> fixed_points() const { return {{{0, 0}, {Scalar(3.14159265358979323846L), 0}}}; }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
