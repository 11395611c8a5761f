// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Rows i to i + width times the count of P of Wx + b for one column x, in registers: two sums each, of even and odd
/// columns. P numbers the registers in the text of the program, so that they are registers at -O2 too, where the
/// compiler keeps a loop over an array of them, and the array in memory.
template <typename Scalar, typename Packet, Eigen::Index... P>
void affine_rows(const Packet&, std::integer_sequence<Eigen::Index, P...>, const Scalar* W, const Scalar* b,
                 const Scalar* x, Scalar* y, Eigen::Index rows, Eigen::Index columns) {
  using namespace Eigen::internal;
  constexpr Eigen::Index width = Eigen::Index(sizeof(Packet) / sizeof(Scalar));
  Packet even[] = {ploadu<Packet>(b + P * width)...}, odd[] = {(void(P), pset1<Packet>(Scalar(0)))...};
  Eigen::Index j = 0;
  for (; j + 2 <= columns; j += 2) {
    const Packet first = pset1<Packet>(x[j]), second = pset1<Packet>(x[j + 1]);
    const Scalar *left = W + j * rows, *right = left + rows;
    ((even[P] = pmadd(ploadu<Packet>(left + P * width), first, even[P]),
      odd[P] = pmadd(ploadu<Packet>(right + P * width), second, odd[P])),
     ...);
  }
  if (j < columns) {
    const Packet last = pset1<Packet>(x[j]);
    ((even[P] = pmadd(ploadu<Packet>(W + j * rows + P * width), last, even[P])), ...);
  }
  (pstoreu(y + P * width, padd(even[P], odd[P])), ...);
}

/// The last rows, fewer than a packet, of Wx + b: of the shortest packet that holds them. What it reads beyond them are
/// rows of the next column, which nobody sees; of the last columns, behind which W ends, it reads just the rows.
template <typename Scalar, typename Packet>
void affine_rest(const Packet&, const Scalar* W, const Scalar* b, const Scalar* x, Scalar* y, Eigen::Index rows,
                 Eigen::Index columns, Eigen::Index rest) {
  using namespace Eigen::internal;
  constexpr Eigen::Index width = Eigen::Index(sizeof(Packet) / sizeof(Scalar));
  using Half = typename unpacket_traits<Packet>::half;
  if constexpr (sizeof(Half) < sizeof(Packet))
    if (rest <= width / 2) return affine_rest(Half{}, W, b, x, y, rows, columns, rest);
  const auto part = [rest](const Scalar* from) {
    Packet out = pset1<Packet>(Scalar(0));
    std::memcpy(&out, from, std::size_t(rest) * sizeof(Scalar));
    return out;
  };
  const Eigen::Index whole = std::max<Eigen::Index>(0, columns - (width - rest + rows - 1) / rows);
  const auto zero = pset1<Packet>(Scalar(0));
  Packet first = part(b), second = zero, third = zero, fourth = zero;
  Eigen::Index j = 0;
  for (; j + 4 <= whole; j += 4) {
    const Scalar* from = W + j * rows;
    first = pmadd(ploadu<Packet>(from), pset1<Packet>(x[j]), first);
    second = pmadd(ploadu<Packet>(from + rows), pset1<Packet>(x[j + 1]), second);
    third = pmadd(ploadu<Packet>(from + 2 * rows), pset1<Packet>(x[j + 2]), third);
    fourth = pmadd(ploadu<Packet>(from + 3 * rows), pset1<Packet>(x[j + 3]), fourth);
  }
  for (; j < columns; ++j) second = pmadd(part(W + j * rows), pset1<Packet>(x[j]), second);
  first = padd(padd(first, second), padd(third, fourth));
  std::memcpy(y, &first, std::size_t(rest) * sizeof(Scalar));
}

/// y = Wx + b for one column, W column by column. Eigen's product of matrices of unknown size costs more than this
/// takes for a layer of tens of units.
template <typename Scalar>
void affine_column(const Scalar* W, const Scalar* b, const Scalar* x, Scalar* y, Eigen::Index rows,
                   Eigen::Index columns) {
  typename Eigen::internal::packet_traits<Scalar>::type lanes{};
  constexpr Eigen::Index width = Eigen::Index(sizeof lanes / sizeof(Scalar));
  Eigen::Index i = 0;
  constexpr std::make_integer_sequence<Eigen::Index, 4> four{};
  constexpr std::make_integer_sequence<Eigen::Index, 1> one{};
  for (; i + 4 * width <= rows; i += 4 * width) affine_rows(lanes, four, W + i, b + i, x, y + i, rows, columns);
  for (; i + width <= rows; i += width) affine_rows(lanes, one, W + i, b + i, x, y + i, rows, columns);
  if (i < rows) affine_rest(lanes, W + i, b + i, x, y + i, rows, columns, rows - i);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
