// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <tuple>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Stars in a galaxy's plane: \f$ H = (p_x^2 + p_y^2)/2 + (x^2 + y^2)/2 + \lambda(x^2 y - y^3/3) \f$.
///
/// State (x, y, px, py). Separable, so the symplectic methods apply; chaotic orbits appear from an
/// energy of about 1/12 on and fill most of the surface at 1/6, where orbits begin to escape.
/// M. Hénon & C. Heiles, Astron. J. 69 (1964), https://doi.org/10.1086/109234
template <typename Scalar = double>
struct HenonHeiles {
  Scalar lambda{1};

  static constexpr int dimension = 4;
  static constexpr std::array variables{"x", "y", "px", "py"};
  static constexpr std::array parameter_names{"lambda"};
  auto parameters() { return std::tie(lambda); }
  auto parameters() const { return std::tie(lambda); }
  template <typename Other>
  using rebind = HenonHeiles<Other>;

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    dxdt[0] = x[2];
    dxdt[1] = x[3];
    dxdt[2] = -x[0] - 2 * lambda * x[0] * x[1];
    dxdt[3] = -x[1] - lambda * (x[0] * x[0] - x[1] * x[1]);
  }
  /// \f$ \partial T/\partial p = p \f$
  template <typename Half>
  void velocity(const Half& p, Half& dqdt) const {
    dqdt = p;
  }
  /// \f$ -\partial V/\partial q \f$
  template <typename Half>
  void force(const Half& q, Half& dpdt) const {
    dpdt[0] = -q[0] - 2 * lambda * q[0] * q[1];
    dpdt[1] = -q[1] - lambda * (q[0] * q[0] - q[1] * q[1]);
  }

  /// Phase-space volume is conserved.
  Scalar divergence() const { return Scalar(0); }
  template <typename State>
  auto energy(const State& x) const {
    return (x[2] * x[2] + x[3] * x[3] + x[0] * x[0] + x[1] * x[1]) / 2 +
           lambda * (x[0] * x[0] * x[1] - x[1] * x[1] * x[1] / 3);
  }
  std::array<std::array<Scalar, 4>, 1> fixed_points() const { return {{{0, 0, 0, 0}}}; }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
