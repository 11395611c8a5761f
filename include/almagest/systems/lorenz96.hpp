// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <tuple>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::systems {

/// Lorenz's ring of N cells: \f$ \dot x_i = (x_{i+1} - x_{i-2})\,x_{i-1} - x_i + F \f$, indices modulo N.
///
/// The quadratic terms conserve \f$ \sum x_i^2 \f$; the divergence is -N everywhere. Chaotic for F = 8
/// and N of a few dozen. E. N. Lorenz, Predictability: a problem partly solved (1996), reprinted 2006,
/// https://doi.org/10.1017/CBO9780511617652.004
template <typename Scalar = double>
struct Lorenz96 {
  Scalar forcing{8};
  std::size_t cells = 40;  ///< at least 4

  static constexpr std::array parameter_names{"forcing"};
  auto parameters() { return std::tie(forcing); }
  auto parameters() const { return std::tie(forcing); }
  template <typename Other>
  using rebind = Lorenz96<Other>;
  /// \throws InvalidArgument for a ring of less than 4 cells.
  std::size_t size() const {
    if (cells < 4)
      throw InvalidArgument(almagest::detail::text("Lorenz96: cells is ", cells, "; give at least 4."));
    return cells;
  }

  template <typename State, typename Derivative, typename Time>
  void operator()(const State& x, Derivative& dxdt, Time) const {
    // Works on any index type: std containers count unsigned, Eigen signed.
    const auto n = x.size();
    using Index = decltype(x.size());
    const auto rate = [&](Index i, Index next, Index back, Index back2) {
      dxdt[i] = (x[next] - x[back2]) * x[back] - x[i] + forcing;
    };
    rate(0, 1, n - 1, n - 2);
    rate(1, 2, 0, n - 1);
    for (Index i = 2; i + 1 < n; ++i) rate(i, i + 1, i - 1, i - 2);
    rate(n - 1, 0, n - 2, n - 3);
  }

  /// \f$ \nabla\cdot f = -N \f$, everywhere.
  Scalar divergence() const { return -Scalar(double(cells)); }
  /// Every cell at F: a fixed point of any ring.
  Scalar fixed_point() const { return forcing; }
};

}  // namespace almagest::inline ALMAGEST_ABI::systems
