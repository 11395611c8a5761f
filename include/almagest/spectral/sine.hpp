// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// \f$ \sin x \f$ in arithmetic that compilers turn into vector instructions, which a call of the standard
/// library is not. Error below 1.5 units in the last place of 1 for \f$ |x| < 10^5 \f$; a NaN or an
/// infinity gives a NaN.
///
/// x is reduced by the nearest multiple of \f$ \pi \f$, held in three parts (W. J. Cody, W. Waite, Software
/// Manual for the Elementary Functions, 1980), and the rest expanded at 0.
[[gnu::always_inline]] inline double sine(double x) {
  constexpr double to_integer = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  const double shifted = x * 0.31830988618379067154 + to_integer;
  const double turns = shifted - to_integer;
  double r = x - turns * 3.1415926218032836914;
  r -= turns * 3.1786509424591713469e-08;
  r -= turns * 1.2246467864107188502e-16;
  const double s = r * r;
  double p = -8.2206352466243297e-18;  // -1/19!
  p = p * s + 2.8114572543455206e-15;
  p = p * s - 7.6471637318198164e-13;
  p = p * s + 1.6059043836821613e-10;
  p = p * s - 2.5052108385441719e-08;
  p = p * s + 2.7557319223985893e-06;
  p = p * s - 1.9841269841269841e-04;
  p = p * s + 8.3333333333333333e-03;
  p = p * s - 1.6666666666666666e-01;
  const double value = r + r * (s * p);
  // An odd number of half turns changes the sign; the integer's last bit is that of the shifted number.
  const std::uint64_t sign = std::bit_cast<std::uint64_t>(shifted) << 63;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ sign);
}

/// \f$ \cos x \f$, likewise.
[[gnu::always_inline]] inline double cosine(double x) { return sine(x + 1.57079632679489661923); }

}  // namespace almagest::inline ALMAGEST_ABI::spectral
