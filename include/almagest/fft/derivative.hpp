// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <numbers>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/fft/buffer.hpp"
#include "almagest/fft/real_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// The mode numbers of an axis of n points in the order of a full transform: 0, 1, ..., -2, -1. The highest
/// of an even n is counted as +n/2.
inline Eigen::VectorXd mode_numbers(Eigen::Index n) {
  return Eigen::VectorXd::NullaryExpr(n, [n](Eigen::Index i) { return double(mode_number(i, n)); });
}

/// The wavenumbers of an axis, in radians per unit of length, in the order of a full transform.
inline Eigen::VectorXd wavenumbers(const SpatialGrid& grid, std::size_t axis) {
  return 2 * std::numbers::pi / grid.axes().at(axis).length * mode_numbers(grid.axes()[axis].count);
}

/// The derivative of a field along one axis of its grid, exact for every mode below the highest one; the
/// highest mode of an even axis has no derivative of odd order on the grid, and gets none.
///
/// `u` is the flattened field. Two transforms of it. \throws InvalidArgument for an axis that the grid lacks
/// or a negative order, DimensionMismatch for a field of another size.
template <typename Derived>
Eigen::VectorX<typename Derived::Scalar> derivative(const Eigen::MatrixBase<Derived>& u, const SpatialGrid& grid,
                                                    std::size_t axis = 0, int order = 1) {
  using Scalar = typename Derived::Scalar;
  using almagest::detail::text;
  almagest::detail::check_lengths("fft::derivative", "u", u.size(), "the grid", grid.size());
  if (axis >= grid.axes().size())
    throw InvalidArgument(
        text("fft::derivative: axis is ", axis, ", but the grid has ", grid.axes().size(), "; axes count from 0."));
  if (order < 0) throw InvalidArgument(text("fft::derivative: order is ", order, "; give 0 or more."));
  const RealTransform<Scalar> transform(Shape(grid), {.rigor = Rigor::estimate});
  const Eigen::VectorX<Scalar> field = u;
  Buffer<std::complex<Scalar>> modes(transform.modes());
  transform.forward(field.data(), modes.data());

  const Shape spectrum = transform.shape().spectrum();
  Eigen::Index stride = 1;
  for (std::size_t a = spectrum.axes(); a-- > axis + 1;) stride *= spectrum[a];
  const Eigen::VectorXd k = wavenumbers(grid, axis);
  const Eigen::Index n = grid.axes()[axis].count;
  const std::complex<double> turn =
      std::array<std::complex<double>, 4>{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}}[std::size_t(order % 4)];
  for (Eigen::Index s = 0; s < modes.size(); ++s) {
    const Eigen::Index i = s / stride % spectrum[axis];
    const bool none = order % 2 == 1 && 2 * i == n;
    modes[s] *= std::complex<Scalar>(none ? 0.0 : turn * std::pow(k[i], order) / double(grid.size()));
  }
  Eigen::VectorX<Scalar> result(u.size());
  transform.inverse(modes.data(), result.data());
  return result;
}

}  // namespace almagest::inline ALMAGEST_ABI::fft
