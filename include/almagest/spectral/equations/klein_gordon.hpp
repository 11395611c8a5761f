// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "almagest/spectral/mode.hpp"
#include "almagest/spectral/sine.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// \name Wave equations \f$ \phi_{tt} = \Delta\phi - U'(\phi) \f$
/// Conserved: energy \f$ \int \tfrac12\phi_t^2 + \tfrac12|\nabla\phi|^2 + U \f$ and momentum.
/// @{
namespace detail {

template <int axes>
constexpr auto wave_quantities() {
  if constexpr (axes == 1)
    return std::array{"energy", "momentum"};
  else if constexpr (axes == 2)
    return std::array{"energy", "momentum_x", "momentum_y"};
  else
    return std::array{"energy", "momentum_x", "momentum_y", "momentum_z"};
}

}  // namespace detail

/// \f$ U = \tfrac12 m^2\phi^2 \f$: every mode oscillates at \f$ \omega^2 = k^2 + m^2 \f$. With m = 0 the
/// wave equation. W. Gordon, Z. Phys. 40 (1926), https://doi.org/10.1007/BF01390840.
template <int axes_ = 1>
struct KleinGordon {
  static constexpr int axes = axes_;
  static constexpr auto quantities = detail::wave_quantities<axes>();
  double mass = 1;

  double stiffness(const Wave<axes>& k) const { return k.squared() + mass * mass; }
  static double force(double) { return 0; }
  static double potential(double) { return 0; }
};

/// \f$ U = \tfrac{\lambda}{4}(\phi^2 - v^2)^2 \f$ with `coupling` λ and `vacuum` v. Kinks
/// \f$ \pm v\tanh(\sqrt{\lambda/2}\,v\,x) \f$ of energy \f$ \tfrac{2\sqrt2}{3}\sqrt\lambda\,v^3 \f$ exist on a
/// periodic grid only as pairs.
template <int axes_ = 1>
struct Phi4 {
  static constexpr int axes = axes_;
  static constexpr auto quantities = detail::wave_quantities<axes>();
  double coupling = 1, vacuum = 1;

  static double stiffness(const Wave<axes>& k) { return k.squared(); }
  double force(double phi) const { return coupling * phi * (vacuum * vacuum - phi * phi); }
  double potential(double phi) const {
    const double gap = phi * phi - vacuum * vacuum;
    return 0.25 * coupling * gap * gap;
  }
};

/// \f$ U = 1 - \cos\phi \f$. Its breather at rest,
/// \f$ 4\arctan\bigl[\tfrac{\sqrt{1-\omega^2}}{\omega}\cos(\omega t)/\cosh(\sqrt{1-\omega^2}\,x)\bigr] \f$, has the
/// energy \f$ 16\sqrt{1-\omega^2} \f$.
template <int axes_ = 1>
struct SineGordon {
  static constexpr int axes = axes_;
  static constexpr auto quantities = detail::wave_quantities<axes>();

  static double stiffness(const Wave<axes>& k) { return k.squared(); }
  static double force(double phi) { return -sine(phi); }
  static double potential(double phi) {
    const double s = sine(0.5 * phi);
    return 2 * s * s;
  }
};
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
