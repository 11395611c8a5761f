// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Van der Pol's oscillator: \f$ \dot x = v,\ \dot v = \mu(1 - x^2)v - x \f$; stiff for large \f$ \mu \f$.
///
/// B. van der Pol, Phil. Mag. 2 (1926), https://doi.org/10.1080/14786442608564127. The period is
/// \f$ 2\pi(1 + \mu^2/16) + O(\mu^4) \f$ for small and \f$ (3 - 2\ln 2)\mu + O(\mu^{-1/3}) \f$ for large
/// \f$ \mu \f$.
template <typename Scalar = double>
struct VanDerPol {
  Scalar mu{1};

  static constexpr int dimension = 2;
  static constexpr std::array variables{"x", "v"};
  static constexpr std::array parameter_names{"mu"};
  auto parameters() { return std::tie(mu); }
  auto parameters() const { return std::tie(mu); }
  template <typename Other>
  using rebind = VanDerPol<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    dxdt[0] = x[1];
    dxdt[1] = mu * (1 - x[0] * x[0]) * x[1] - x[0];
  }

  /// \f$ \nabla\cdot f = \mu(1 - x^2) \f$.
  template <typename State>
  auto divergence(const State& x) const {
    return mu * (1 - x[0] * x[0]);
  }
  std::array<std::array<Scalar, 2>, 1> fixed_points() const { return {{{0, 0}}}; }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
