// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Duffing's oscillator, free or forced: \f$ \dot x = v,\ \dot v = -\delta v - \alpha x - \beta x^3 +
/// \gamma\cos\omega t \f$.
///
/// The default is the double well with damping 0.5 and no forcing. For \f$ \delta = \gamma = 0 \f$ the
/// `energy` is constant. G. Duffing, Erzwungene Schwingungen (1918); I. Kovacic & M. J. Brennan, The
/// Duffing Equation (2011), https://doi.org/10.1002/9780470977859
template <typename Scalar = double>
struct Duffing {
  Scalar alpha{-1}, beta{1}, delta{Scalar(0.5)}, gamma{0}, omega{1};

  static constexpr int dimension = 2;
  static constexpr std::array variables{"x", "v"};
  static constexpr std::array parameter_names{"alpha", "beta", "delta", "gamma", "omega"};
  auto parameters() { return std::tie(alpha, beta, delta, gamma, omega); }
  auto parameters() const { return std::tie(alpha, beta, delta, gamma, omega); }
  template <typename Other>
  using rebind = Duffing<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time t) const {
    using std::cos;
    dxdt[0] = x[1];
    dxdt[1] = gamma * cos(omega * t) - delta * x[1] - x[0] * (alpha + beta * x[0] * x[0]);
  }

  /// \f$ \nabla\cdot f = -\delta \f$, everywhere.
  Scalar divergence() const { return -delta; }
  /// \f$ H = v^2/2 + \alpha x^2/2 + \beta x^4/4 \f$.
  template <typename State>
  auto energy(const State& x) const {
    return (x[1] * x[1] + x[0] * x[0] * (alpha + beta * x[0] * x[0] / 2)) / 2;
  }
  /// Of the unforced double well (\f$ \alpha\beta < 0 \f$): the hilltop and the two bottoms.
  std::array<std::array<Scalar, 2>, 3> fixed_points() const {
    const Scalar well = std::sqrt(-alpha / beta);
    return {{{0, 0}, {well, 0}, {-well, 0}}};
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
