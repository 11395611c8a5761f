// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <complex>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/complex_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// A field on another grid of the same domain, by its Fourier series: exact for every mode that both grids
/// hold; modes that the new grid lacks are left out. The highest mode of an even axis is shared between
/// \f$ \pm n/2 \f$, so that a real field stays real.
///
/// \throws DimensionMismatch for a field or a grid of another size or count of axes; InvalidArgument for
///         another domain.
template <typename Derived>
Eigen::VectorX<typename Derived::Scalar> interpolate(const Eigen::MatrixBase<Derived>& u, const SpatialGrid& from,
                                                     const SpatialGrid& to) {
  using Scalar = typename Derived::Scalar;
  using Real = typename Eigen::NumTraits<Scalar>::Real;
  using almagest::detail::text;
  almagest::detail::check_lengths("fft::interpolate", "u", u.size(), "the grid", from.size());
  almagest::detail::check_lengths("fft::interpolate", "the new grid (axes)", Eigen::Index(to.axes().size()), "the grid",
                                  Eigen::Index(from.axes().size()));
  for (std::size_t a = 0; a < from.axes().size(); ++a)
    if (from.axes()[a].length != to.axes()[a].length || from.axes()[a].lower != to.axes()[a].lower)
      throw InvalidArgument(text("fft::interpolate: axis ", a, " begins at ", from.axes()[a].lower, " with length ",
                                 from.axes()[a].length, " on one grid and at ", to.axes()[a].lower, " with length ",
                                 to.axes()[a].length, " on the other; give grids of one domain."));
  const Shape mine(from), theirs(to);
  const ComplexTransform<Real> there(mine, {.rigor = Rigor::estimate}), back(theirs, {.rigor = Rigor::estimate});
  Buffer<std::complex<Real>> modes(mine.size()), moved(theirs.size());
  for (Eigen::Index j = 0; j < mine.size(); ++j) modes[j] = std::complex<Real>(u.derived()(j));
  there.forward(modes.data());

  // One axis after the other: place and weight of a mode on the new grid; a highest mode has two places.
  const auto spread = [&](auto&& self, std::size_t a, Eigen::Index rest, Eigen::Index stride, Eigen::Index place,
                          Real weight, std::complex<Real> mode) -> void {
    if (a == mine.axes()) {
      moved[place] += weight * mode;
      return;
    }
    const std::size_t axis = mine.axes() - 1 - a;
    const Eigen::Index n = mine[axis], m = theirs[axis], i = rest % n, k = mode_number(i, n);
    const auto put = [&](Eigen::Index number, Real share) {
      if (2 * std::abs(number) > m) return;
      // On a coarser even axis both signs of its highest mode are one place.
      const Eigen::Index at = (number % m + m) % m;
      self(self, a + 1, rest / n, stride * m, place + stride * at, weight * share, mode);
    };
    if (2 * i == n && m > n) {
      put(k, Real(0.5));
      put(-k, Real(0.5));
    } else {
      put(k, Real(1));
    }
  };
  for (Eigen::Index j = 0; j < mine.size(); ++j) spread(spread, 0, j, 1, 0, Real(1) / Real(mine.size()), modes[j]);
  back.inverse(moved.data());
  Eigen::VectorX<Scalar> result(theirs.size());
  for (Eigen::Index j = 0; j < result.size(); ++j) {
    if constexpr (Eigen::NumTraits<Scalar>::IsComplex)
      result[j] = moved[j];
    else
      result[j] = moved[j].real();
  }
  return result;
}

}  // namespace almagest::inline ALMAGEST_ABI::fft
