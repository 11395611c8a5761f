// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Kuramoto–Sivashinsky in its derivative form, one axis:
/// \f$ u_t + u u_x + u_{xx} + u_{xxxx} = 0 \f$. Conserved: the mean of u.
///
/// Y. Kuramoto, T. Tsuzuki, Prog. Theor. Phys. 55 (1976), https://doi.org/10.1143/PTP.55.356;
/// G. I. Sivashinsky, Acta Astronaut. 4 (1977), https://doi.org/10.1016/0094-5765(77)90096-0.
template <int axes_ = 1>
struct KuramotoSivashinsky;

template <>
struct KuramotoSivashinsky<1> : PointwiseEquation<1> {
  static constexpr int degree = 2;
  static constexpr std::array quantities{"mass"};

  double symbol(const Wave<1>& k) const { return k[0] * k[0] * (1 - k[0] * k[0]); }
  void multiply(const double* u, double* p) const { p[0] = u[0] * u[0]; }
  void to_rates(const Wave<1>& k, const Mode<double>* p, Mode<double>* r) const { r[0] = i_times(-0.5 * k[0], p[0]); }
  void densities(const double* u, const double*, const double*, double* q) const { q[0] = u[0]; }
};

/// Kuramoto–Sivashinsky in its integral form, two or three axes:
/// \f$ u_t + \tfrac12 |\nabla u|^2 + \Delta u + \Delta^2 u = 0 \f$. The mean of u drifts, and what one
/// looks at is the gradient, or u without its mean.
template <int axes_>
  requires(axes_ > 1)
struct KuramotoSivashinsky<axes_> {
  using Value = double;
  static constexpr int axes = axes_, components = 1, fields = axes_, products = 1, degree = 2;

  double symbol(const Wave<axes>& k) const { return k.squared() * (1 - k.squared()); }
  void to_fields(const Wave<axes>& k, const Mode<double>* u, Mode<double>* f) const {
    for (int a = 0; a < axes; ++a) f[a] = i_times(k[a], u[0]);
  }
  void multiply(const double* f, double* p) const {
    double sum = 0;
    for (int a = 0; a < axes; ++a) sum += f[a] * f[a];
    p[0] = sum;
  }
  void to_rates(const Wave<axes>&, const Mode<double>* p, Mode<double>* r) const { r[0] = -0.5 * p[0]; }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
