// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <complex>
#include <cstddef>

#include "almagest/spectral/equation.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// \name Linear equations
/// Every exponential stepper solves them exactly, in one step of any length. Conserved: the mean.
/// @{
namespace detail {

template <int axes_>
struct LinearEquation {
  using Value = double;
  static constexpr int axes = axes_, components = 1, fields = 0, products = 0, degree = 1;
  static constexpr std::array quantities{"mass"};
  static void to_fields(const Wave<axes>&, const Mode<double>*, Mode<double>*) {}
  static void multiply(const double*, double*) {}
  static void to_rates(const Wave<axes>&, const Mode<double>*, Mode<double>* r) { r[0] = 0.0; }
  static void densities(const double* u, const double*, const double*, double* q) { q[0] = u[0]; }
};

}  // namespace detail

/// \f$ u_t + c\cdot\nabla u = \nu\,\Delta u \f$
template <int axes = 1>
struct AdvectionDiffusion : detail::LinearEquation<axes> {
  std::array<double, std::size_t(axes)> velocity{};
  double diffusivity = 0;

  explicit AdvectionDiffusion(const std::array<double, std::size_t(axes)>& c = {}, double nu = 0)
      : velocity(c), diffusivity(nu) {}
  std::complex<double> symbol(const Wave<axes>& k) const {
    double phase = 0;
    for (int a = 0; a < axes; ++a) phase += velocity[std::size_t(a)] * k[a];
    return {-diffusivity * k.squared(), -phase};
  }
};

/// \f$ u_t = \xi \sum_a \partial_a^3 u \f$
template <int axes = 1>
struct Dispersion : detail::LinearEquation<axes> {
  double dispersivity = 1;

  explicit Dispersion(double xi = 1) : dispersivity(xi) {}
  std::complex<double> symbol(const Wave<axes>& k) const {
    double cubes = 0;
    for (int a = 0; a < axes; ++a) cubes += k[a] * k[a] * k[a];
    return {0, -dispersivity * cubes};
  }
};

/// \f$ u_t = -\zeta\,\Delta^2 u \f$
template <int axes = 1>
struct HyperDiffusion : detail::LinearEquation<axes> {
  double diffusivity = 1;

  explicit HyperDiffusion(double zeta = 1) : diffusivity(zeta) {}
  double symbol(const Wave<axes>& k) const { return -diffusivity * k.squared() * k.squared(); }
};
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
