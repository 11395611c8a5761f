// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Allen–Cahn: \f$ u_t = D\,\Delta u + u - u^3 \f$. Fronts \f$ \tanh(x/\sqrt{2D}) \f$ are at rest. S. M. Allen,
/// J. W. Cahn, Acta Metall. 27 (1979), https://doi.org/10.1016/0001-6160(79)90196-2.
template <int axes_ = 1>
struct AllenCahn : PointwiseEquation<axes_> {
  static constexpr int axes = axes_, degree = 3;
  double diffusivity = 1e-2;

  explicit AllenCahn(double d = 1e-2) : diffusivity(d) {}
  double symbol(const Wave<axes>& k) const { return 1 - diffusivity * k.squared(); }
  static void multiply(const double* u, double* p) { p[0] = -u[0] * u[0] * u[0]; }
};

/// Cahn–Hilliard: \f$ u_t = \Delta(u^3 - u - \gamma\,\Delta u) \f$. Conserved: the mass. J. W. Cahn,
/// J. E. Hilliard, J. Chem. Phys. 28 (1958), https://doi.org/10.1063/1.1744102.
template <int axes_ = 1>
struct CahnHilliard : PointwiseEquation<axes_> {
  static constexpr int axes = axes_, degree = 3;
  static constexpr std::array quantities{"mass"};
  double interface = 1e-2;  ///< γ

  explicit CahnHilliard(double gamma = 1e-2) : interface(gamma) {}
  double symbol(const Wave<axes>& k) const { return k.squared() * (1 - interface * k.squared()); }
  static void multiply(const double* u, double* p) { p[0] = u[0] * u[0] * u[0]; }
  static void to_rates(const Wave<axes>& k, const Mode<double>* p, Mode<double>* r) { r[0] = -k.squared() * p[0]; }
  static void densities(const double* u, const double*, const double*, double* q) { q[0] = u[0]; }
};

/// Swift–Hohenberg: \f$ u_t = r u - (1 + \Delta)^2 u + g u^2 - u^3 \f$. J. Swift, P. C. Hohenberg, Phys. Rev. A
/// 15 (1977), https://doi.org/10.1103/PhysRevA.15.319.
template <int axes_ = 1>
struct SwiftHohenberg : PointwiseEquation<axes_> {
  static constexpr int axes = axes_, degree = 3;
  double reaction = 0.2, quadratic = 0;  ///< r and g

  explicit SwiftHohenberg(double r = 0.2, double g = 0) : reaction(r), quadratic(g) {}
  double symbol(const Wave<axes>& k) const {
    const double gap = 1 - k.squared();
    return reaction - gap * gap;
  }
  void multiply(const double* u, double* p) const { p[0] = u[0] * u[0] * (quadratic - u[0]); }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
