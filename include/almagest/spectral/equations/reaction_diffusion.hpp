// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Fisher–KPP: \f$ u_t = D\,\Delta u + r\,u(1 - u) \f$. Fronts run at \f$ 2\sqrt{rD} \f$ or faster; one of speed
/// \f$ 5\sqrt{rD/6} \f$ is \f$ [1 + e^{(x - ct)\sqrt{r/6D}}]^{-2} \f$. R. A. Fisher, Ann. Eugenics 7 (1937),
/// https://doi.org/10.1111/j.1469-1809.1937.tb02153.x.
template <int axes_ = 1>
struct FisherKpp : PointwiseEquation<axes_> {
  static constexpr int axes = axes_, degree = 2;
  double diffusivity = 1, rate = 1;

  explicit FisherKpp(double d = 1, double r = 1) : diffusivity(d), rate(r) {}
  double symbol(const Wave<axes>& k) const { return rate - diffusivity * k.squared(); }
  void multiply(const double* u, double* p) const { p[0] = -rate * u[0] * u[0]; }
};

/// Gray–Scott: \f$ u_t = D_u\Delta u - uv^2 + F(1-u) \f$, \f$ v_t = D_v\Delta v + uv^2 - (F+k)v \f$.
/// J. E. Pearson, Science 261 (1993), https://doi.org/10.1126/science.261.5118.189.
template <int axes_ = 2>
struct GrayScott : PointwiseEquation<axes_, 2> {
  static constexpr int axes = axes_, degree = 3;
  double diffusivity_u = 2e-5, diffusivity_v = 1e-5, feed = 0.04, kill = 0.06;

  explicit GrayScott(double du = 2e-5, double dv = 1e-5, double f = 0.04, double k = 0.06)
      : diffusivity_u(du), diffusivity_v(dv), feed(f), kill(k) {}
  std::array<double, 2> symbol(const Wave<axes>& k) const {
    return {-diffusivity_u * k.squared() - feed, -diffusivity_v * k.squared() - feed - kill};
  }
  void multiply(const double* u, double* p) const {
    const double reaction = u[0] * u[1] * u[1];
    p[0] = feed - reaction;
    p[1] = reaction;
  }
};

/// FitzHugh–Nagumo: \f$ u_t = D_u\Delta u + u - u^3/3 - v + I \f$,
/// \f$ v_t = D_v\Delta v + \epsilon\,(u + a - b v) \f$. R. FitzHugh, Biophys. J. 1 (1961),
/// https://doi.org/10.1016/S0006-3495(61)86902-6; J. Nagumo et al., Proc. IRE 50 (1962),
/// https://doi.org/10.1109/JRPROC.1962.288235.
template <int axes_ = 2>
struct FitzHughNagumo : PointwiseEquation<axes_, 2> {
  static constexpr int axes = axes_, degree = 3;
  double diffusivity_u = 1, diffusivity_v = 0, epsilon = 0.08, a = 0.7, b = 0.8, current = 0.5;

  explicit FitzHughNagumo(double du = 1, double dv = 0, double ratio = 0.08, double offset = 0.7, double slope = 0.8,
                          double stimulus = 0.5)
      : diffusivity_u(du), diffusivity_v(dv), epsilon(ratio), a(offset), b(slope), current(stimulus) {}
  std::array<double, 2> symbol(const Wave<axes>& k) const {
    return {1 - diffusivity_u * k.squared(), -diffusivity_v * k.squared() - epsilon * b};
  }
  void multiply(const double* u, double* p) const {
    p[0] = current - u[1] - u[0] * u[0] * u[0] / 3;
    p[1] = epsilon * (u[0] + a);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
