// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Burgers: \f$ u_t + (u\cdot\nabla) u = \nu\,\Delta u \f$, one component an axis.
///
/// On one axis in conservation form, where the mass \f$ \int u \f$ is conserved. J. M. Burgers, Adv. Appl.
/// Mech. 1 (1948), https://doi.org/10.1016/S0065-2156(08)70100-5.
template <int axes_ = 1>
struct Burgers {
  using Value = double;
  static constexpr int axes = axes_, components = axes_, fields = axes_ + axes_ * axes_, products = axes_, degree = 2;
  double viscosity = 0.01;

  explicit Burgers(double nu = 0.01) : viscosity(nu) {}

  double symbol(const Wave<axes>& k) const { return -viscosity * k.squared(); }
  static void to_fields(const Wave<axes>& k, const Mode<double>* u, Mode<double>* f) {
    for (int c = 0; c < axes; ++c) {
      f[c] = u[c];
      for (int a = 0; a < axes; ++a) f[axes + c * axes + a] = i_times(k[a], u[c]);
    }
  }
  static void multiply(const double* f, double* p) {
    for (int c = 0; c < axes; ++c) {
      double sum = 0;
      for (int a = 0; a < axes; ++a) sum += f[a] * f[axes + c * axes + a];
      p[c] = -sum;
    }
  }
  static void to_rates(const Wave<axes>&, const Mode<double>* p, Mode<double>* r) {
    for (int c = 0; c < axes; ++c) r[c] = p[c];
  }
};

template <>
struct Burgers<1> : PointwiseEquation<1> {
  static constexpr int degree = 2;
  static constexpr std::array quantities{"mass"};
  double viscosity = 0.01;

  explicit Burgers(double nu = 0.01) : viscosity(nu) {}

  double symbol(const Wave<1>& k) const { return -viscosity * k.squared(); }
  static void multiply(const double* u, double* p) { p[0] = u[0] * u[0]; }
  static void to_rates(const Wave<1>& k, const Mode<double>* p, Mode<double>* r) { r[0] = i_times(-0.5 * k[0], p[0]); }
  static void densities(const double* u, const double*, const double*, double* q) { q[0] = u[0]; }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
