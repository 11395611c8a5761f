// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <complex>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// Complex Ginzburg–Landau: \f$ A_t = A + (1 + ib)\,\Delta A - (1 + ic)\,|A|^2 A \f$. Plane waves
/// \f$ \sqrt{1-q^2}\,e^{i(qx - \omega t)} \f$, \f$ \omega = c + (b - c)q^2 \f$, are exact. I. S. Aranson,
/// L. Kramer, Rev. Mod. Phys. 74 (2002), https://doi.org/10.1103/RevModPhys.74.99.
template <int axes_ = 1>
struct GinzburgLandau : PointwiseEquation<axes_, 1, std::complex<double>> {
  static constexpr int axes = axes_, degree = 3;
  double b = 0, c = 0;

  explicit GinzburgLandau(double linear = 0, double nonlinear = 0) : b(linear), c(nonlinear) {}
  std::complex<double> symbol(const Wave<axes>& k) const { return {1 - k.squared(), -b * k.squared()}; }
  void multiply(const Mode<double>* u, Mode<double>* p) const {
    p[0] = Mode<double>(-1, -c) * (u[0].squared_modulus() * u[0]);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
