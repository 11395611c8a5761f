// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Incompressible Navier–Stokes on three axes, as velocity:
/// \f$ u_t + \nabla\cdot(u\,u) = -\nabla p + \nu\,\Delta u \f$, \f$ \nabla\cdot u = 0 \f$.
///
/// The pressure is removed by the projection \f$ 1 - kk^\top/|k|^2 \f$, which also takes the trace of u u:
/// five products instead of six, eight transforms a stage. Give an initial field without divergence; what
/// divergence it has stays and decays. Momentum is conserved, and energy where \f$ \nu = 0 \f$.
struct NavierStokes3D {
  using Value = double;
  static constexpr int axes = 3, components = 3, fields = 3, products = 5, degree = 2;
  static constexpr std::array quantities{"momentum_x", "momentum_y", "momentum_z", "energy"};
  double viscosity = 1e-2;

  explicit NavierStokes3D(double nu = 1e-2) : viscosity(nu) {}

  double symbol(const Wave<3>& k) const { return -viscosity * k.squared(); }
  static void to_fields(const Wave<3>&, const Mode<double>* u, Mode<double>* f) {
    for (int c = 0; c < 3; ++c) f[c] = u[c];
  }
  static void multiply(const double* f, double* p) {
    const double u = f[0], v = f[1], w = f[2];
    p[0] = u * u - w * w;
    p[1] = v * v - w * w;
    p[2] = u * v;
    p[3] = u * w;
    p[4] = v * w;
  }
  static void to_rates(const Wave<3>& k, const Mode<double>* p, Mode<double>* r) {
    const Mode<double> x = k[0] * p[0] + k[1] * p[2] + k[2] * p[3], y = k[0] * p[2] + k[1] * p[1] + k[2] * p[4],
                       z = k[0] * p[3] + k[1] * p[4];
    // The mode 0 has no pressure; the tiny number keeps 0/0 out without a branch.
    const Mode<double> pressure = (1 / (k.squared() + 1e-300)) * (k[0] * x + k[1] * y + k[2] * z);
    r[0] = i_times(-1.0, x - k[0] * pressure);
    r[1] = i_times(-1.0, y - k[1] * pressure);
    r[2] = i_times(-1.0, z - k[2] * pressure);
  }
  static void densities(const double* u, const double*, const double*, double* q) {
    for (int c = 0; c < 3; ++c) q[c] = u[c];
    q[3] = 0.5 * (u[0] * u[0] + u[1] * u[1] + u[2] * u[2]);
  }
  int invariants() const { return viscosity != 0 ? 3 : 4; }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
