// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Rows i to i + Packets * width of Wx + b for one column x, in registers: two sums each, of even and odd columns.
template <int Packets, typename Packet, typename Scalar>
void affine_rows(const Packet&, const Scalar* W, const Scalar* b, const Scalar* x, Scalar* y, Eigen::Index rows,
                 Eigen::Index columns) {
  using namespace Eigen::internal;
  constexpr Eigen::Index width = Eigen::Index(sizeof(Packet) / sizeof(Scalar));
  Packet even[Packets], odd[Packets];
  for (int p = 0; p < Packets; ++p) even[p] = ploadu<Packet>(b + p * width), odd[p] = pset1<Packet>(Scalar(0));
  Eigen::Index j = 0;
  for (; j + 2 <= columns; j += 2) {
    const Packet first = pset1<Packet>(x[j]), second = pset1<Packet>(x[j + 1]);
    for (int p = 0; p < Packets; ++p) {
      even[p] = pmadd(ploadu<Packet>(W + j * rows + p * width), first, even[p]);
      odd[p] = pmadd(ploadu<Packet>(W + (j + 1) * rows + p * width), second, odd[p]);
    }
  }
  if (j < columns)
    for (int p = 0; p < Packets; ++p) even[p] = pmadd(ploadu<Packet>(W + j * rows + p * width), pset1<Packet>(x[j]), even[p]);
  for (int p = 0; p < Packets; ++p) pstoreu(y + p * width, padd(even[p], odd[p]));
}

/// y = Wx + b for one column, W column by column. Eigen's product of matrices of unknown size costs more than this
/// takes for a layer of tens of units.
template <typename Scalar>
void affine_column(const Scalar* W, const Scalar* b, const Scalar* x, Scalar* y, Eigen::Index rows, Eigen::Index columns) {
  typename Eigen::internal::packet_traits<Scalar>::type lanes{};
  constexpr Eigen::Index width = Eigen::Index(sizeof lanes / sizeof(Scalar));
  Eigen::Index i = 0;
  for (; i + 4 * width <= rows; i += 4 * width) affine_rows<4>(lanes, W + i, b + i, x, y + i, rows, columns);
  for (; i + width <= rows; i += width) affine_rows<1>(lanes, W + i, b + i, x, y + i, rows, columns);
  for (; i < rows; ++i) {
    Scalar sums[4] = {b[i], 0, 0, 0};
    const Eigen::Index fours = columns - columns % 4;
    for (Eigen::Index j = 0; j < fours; j += 4)
      for (Eigen::Index k = 0; k < 4; ++k) sums[k] += W[(j + k) * rows + i] * x[j + k];
    for (Eigen::Index k = 0; k < columns % 4; ++k) sums[k] += W[(fours + k) * rows + i] * x[fours + k];
    y[i] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
