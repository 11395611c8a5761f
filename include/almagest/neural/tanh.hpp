// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// The hyperbolic tangent of a packet of doubles, to 2 units in the last place: near zero the rational function of
/// Moshier's Cephes library, else by the exponential. Eigen 3.4 has none for doubles.
template <typename Packet>
Packet tanh_of(const Packet& x) {
  using namespace Eigen::internal;
  const auto number = [](double value) { return pset1<Packet>(value); };
  const Packet size = pabs(x), square = pmul(x, x);
  Packet top = pmadd(number(-9.64399179425052238628e-1), square, number(-9.92877231001918586564e1));
  top = pmadd(top, square, number(-1.61468768441708447952e3));
  Packet bottom = padd(square, number(1.12811678491632931402e2));
  bottom = pmadd(bottom, square, number(2.23548839060100448583e3));
  bottom = pmadd(bottom, square, number(4.84406305325125486048e3));
  const Packet grown = pexp(padd(size, size)), one = number(1);
  // x + x (x^2 top / bottom), or 1 - 1 (2 / (grown + 1)) with the sign of x: one division, of which there are few a
  // cycle.
  const Packet small = pcmp_lt(size, number(0.625));
  const Packet ratio = pdiv(pselect(small, pmul(square, top), number(-2)), pselect(small, bottom, padd(grown, one)));
  const Packet unit = pselect(small, x, pselect(pcmp_lt(x, number(0)), number(-1), one));
  const Packet result = pmadd(unit, ratio, unit);
  return pselect(pcmp_eq(x, x), result, x);  // what is not a number stays so
}

/// By packets, and the rest as a packet too: bits do not depend on where an entry lies.
inline void tanh_by_packets(const double* x, double* y, Eigen::Index count) {
  Eigen::internal::packet_traits<double>::type lanes{};
  constexpr Eigen::Index width = Eigen::Index(sizeof lanes / sizeof(double));
  Eigen::Index k = 0;
  for (; k + width <= count; k += width) {
    std::memcpy(&lanes, x + k, sizeof lanes);
    lanes = tanh_of(lanes);
    std::memcpy(y + k, &lanes, sizeof lanes);
  }
  const std::size_t rest = sizeof(double) * std::size_t(count - k);
  if (rest == 0) return;
  std::memcpy(&lanes, x + k, rest);
  lanes = tanh_of(lanes);
  std::memcpy(y + k, &lanes, rest);
}

/// y = tanh(x), entry by entry; the two may be one.
template <typename Scalar>
void tanh(const Scalar* x, Scalar* y, Eigen::Index count) {
  if constexpr (std::is_same_v<Scalar, double>)
    tanh_by_packets(x, y, count);
  else
    Eigen::Map<Eigen::ArrayX<Scalar>>(y, count) = Eigen::Map<const Eigen::ArrayX<Scalar>>(x, count).tanh();
}

/// The same for matrices of whose columns the entries lie together.
template <typename In, typename Out>
void tanh(const In& x, Out&& y) {
  if (x.outerStride() == x.rows() && y.outerStride() == y.rows()) return detail::tanh(x.data(), y.data(), x.size());
  for (Eigen::Index b = 0; b < x.cols(); ++b) detail::tanh(x.col(b).data(), y.col(b).data(), x.rows());
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
