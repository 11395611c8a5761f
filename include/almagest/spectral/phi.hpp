// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// \f$ \varphi_0(z) = e^z, \dots, \varphi_4(z) \f$ with
/// \f$ \varphi_{k+1}(z) = (\varphi_k(z) - 1/k!)/z \f$, the functions that exponential integrators are made
/// of. Accurate to a few roundings for every z, real or complex: the recursion where |z| > 1, where it
/// cancels little, and the Taylor series elsewhere. (Contour integrals, Kassam & Trefethen 2005,
/// https://doi.org/10.1137/S1064827502410633, do the same for 32 times the exponentials.)
template <typename Scalar>
std::array<Scalar, 5> phi_functions(const Scalar& z) {
  std::array<Scalar, 5> phi;
  phi[0] = std::exp(z);
  constexpr std::array<double, 5> factorials{1, 1, 2, 6, 24};
  if (std::abs(z) > 1) {
    for (std::size_t k = 0; k < 4; ++k) phi[k + 1] = (phi[k] - Scalar(1 / factorials[k])) / z;
    return phi;
  }
  // phi_4 by its series, 1/4! + z/5! + ..., and the others from it: the recursion backwards is stable.
  Scalar term = Scalar(1.0 / 24), sum = term;
  for (int n = 5; n < 24; ++n) sum += term *= z / double(n);
  phi[4] = sum;
  for (std::size_t k = 3; k >= 1; --k) phi[k] = z * phi[k + 1] + Scalar(1 / factorials[k]);
  return phi;
}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
