// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <complex>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Korteweg–de Vries: \f$ u_t + \varepsilon u u_x + \mu u_{xxx} = 0 \f$.
///
/// Conserved: mass \f$ \int u \f$, momentum \f$ \int u^2 \f$, energy
/// \f$ \int \tfrac{\varepsilon}{2} u^3 - \tfrac{3\mu}{2} u_x^2 \f$. Its soliton is `soliton` in
/// initial_conditions.hpp. D. J. Korteweg, G. de Vries, Phil. Mag. 39 (1895),
/// https://doi.org/10.1080/14786449508620739.
struct KortewegDeVries : PointwiseEquation<1> {
  double epsilon = 6, mu = 1;
  static constexpr int degree = 2;
  static constexpr std::array quantities{"mass", "momentum", "energy"};

  KortewegDeVries(double steepening = 6, double dispersion = 1) : epsilon(steepening), mu(dispersion) {}

  std::complex<double> symbol(const Wave<1>& k) const { return {0, mu * k[0] * k[0] * k[0]}; }
  void multiply(const double* u, double* p) const { p[0] = u[0] * u[0]; }
  void to_rates(const Wave<1>& k, const Mode<double>* p, Mode<double>* r) const {
    r[0] = i_times(-0.5 * epsilon * k[0], p[0]);
  }
  void densities(const double* u, const double* gradient, const double*, double* q) const {
    q[0] = u[0];
    q[1] = u[0] * u[0];
    q[2] = 0.5 * epsilon * u[0] * u[0] * u[0] - 1.5 * mu * gradient[0] * gradient[0];
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
