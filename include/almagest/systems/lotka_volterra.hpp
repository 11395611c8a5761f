// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Prey x and predator y: \f$ \dot x = \alpha x - \beta xy,\ \dot y = \delta xy - \gamma y \f$.
///
/// Every orbit with x, y > 0 is closed: `invariant` is constant along it. The defaults are a textbook
/// choice; time is in years where parameters are per year.
/// A. J. Lotka, J. Am. Chem. Soc. 42 (1920), https://doi.org/10.1021/ja01453a010; V. Volterra, Nature
/// 118 (1926), https://doi.org/10.1038/118558a0
template <typename Scalar = double>
struct LotkaVolterra {
  Scalar alpha{Scalar(1.1)}, beta{Scalar(0.4)}, delta{Scalar(0.1)}, gamma{Scalar(0.4)};

  static constexpr int dimension = 2;
  static constexpr std::array variables{"x", "y"};
  static constexpr std::array parameter_names{"alpha", "beta", "delta", "gamma"};
  auto parameters() { return std::tie(alpha, beta, delta, gamma); }
  auto parameters() const { return std::tie(alpha, beta, delta, gamma); }
  template <typename Other>
  using rebind = LotkaVolterra<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    dxdt[0] = alpha * x[0] - beta * x[0] * x[1];
    dxdt[1] = delta * x[0] * x[1] - gamma * x[1];
  }

  /// \f$ V = \delta x - \gamma\ln x + \beta y - \alpha\ln y \f$, constant along orbits.
  template <typename State>
  auto invariant(const State& x) const {
    using std::log;
    return delta * x[0] - gamma * log(x[0]) + beta * x[1] - alpha * log(x[1]);
  }
  /// Extinction, and coexistence.
  std::array<std::array<Scalar, 2>, 2> fixed_points() const { return {{{0, 0}, {gamma / delta, alpha / beta}}}; }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
