// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Lorenz's model of convection: \f$ \dot x = \sigma(y - x),\ \dot y = x(\rho - z) - y,\ \dot z = xy -
/// \beta z \f$.
///
/// Chaotic at the default parameters, with largest Lyapunov exponent 0.9056 per unit of time. The flow
/// contracts volume at the constant rate `divergence()`, which is the sum of the Lyapunov spectrum.
/// E. N. Lorenz, J. Atmos. Sci. 20 (1963), https://doi.org/10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2
template <typename Scalar = double>
struct Lorenz63 {
  Scalar sigma{10}, rho{28}, beta{Scalar(8) / Scalar(3)};

  static constexpr int dimension = 3;
  static constexpr std::array variables{"x", "y", "z"};
  static constexpr std::array parameter_names{"sigma", "rho", "beta"};
  auto parameters() { return std::tie(sigma, rho, beta); }
  auto parameters() const { return std::tie(sigma, rho, beta); }
  template <typename Other>
  using rebind = Lorenz63<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    dxdt[0] = sigma * (x[1] - x[0]);
    dxdt[1] = x[0] * (rho - x[2]) - x[1];
    dxdt[2] = x[0] * x[1] - beta * x[2];
  }

  /// \f$ \nabla\cdot f = -\sigma - 1 - \beta \f$, everywhere.
  Scalar divergence() const { return -sigma - 1 - beta; }
  /// The origin and, for \f$ \rho > 1 \f$, the centres of the two wings.
  std::array<std::array<Scalar, 3>, 3> fixed_points() const {
    const Scalar c = std::sqrt(beta * (rho - 1));
    return {{{0, 0, 0}, {c, c, rho - 1}, {-c, -c, rho - 1}}};
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
