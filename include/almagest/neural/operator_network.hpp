// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"
#include "almagest/fft/shape.hpp"
#include "almagest/neural/field_layer.hpp"
#include "almagest/neural/gelu.hpp"
#include "almagest/neural/spectral_convolution.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A Fourier neural operator on one or two periodic axes: the field and the coordinates of its points (from 0 to 1
/// along each axis) are lifted to `width` channels; Fourier layers with GELU between them; a projection through
/// `projection` channels. Z. Li et al. 2021, https://arxiv.org/abs/2010.08895
///
/// Its parameters do not depend on the number of points.
struct Fno {
  std::vector<Eigen::Index> modes = {16};  ///< along each axis; one number serves both axes
  Eigen::Index width = 32;
  Eigen::Index layers = 4;
  Eigen::Index projection = 128;
};

/// The operators that files know.
using Operator = std::variant<Fno>;

namespace detail {

inline void at_least_one(const char* what, const char* named, Eigen::Index value) {
  if (value < 1) throw InvalidArgument(almagest::detail::text(what, ": ", named, " is ", value, "; give at least 1."));
}

/// One number for every axis.
inline std::vector<Eigen::Index> for_axes(std::vector<Eigen::Index> modes, std::size_t axes) {
  if (modes.size() == 1) modes.resize(axes, modes.front());
  return modes;
}

/// Where the points of a grid are, from 0 to 1 along each axis; a column for every axis.
template <typename Scalar>
Eigen::MatrixX<Scalar> unit_coordinates(const SpatialGrid& grid) {
  Eigen::MatrixX<Scalar> out(grid.size(), Eigen::Index(grid.axes().size()));
  Eigen::Index apart = grid.size();
  for (std::size_t a = 0; a < grid.axes().size(); ++a) {
    const Eigen::Index count = grid.axes()[a].count;
    apart /= count;
    for (Eigen::Index j = 0; j < grid.size(); ++j) out(j, Eigen::Index(a)) = Scalar(double(j / apart % count) / double(count));
  }
  return out;
}

template <typename Scalar>
Network<Scalar> layers_of(const Fno& fno, Eigen::Index channels, const SpatialGrid& grid) {
  at_least_one("Fno", "width", fno.width);
  at_least_one("Fno", "layers", fno.layers);
  at_least_one("Fno", "projection", fno.projection);
  const Eigen::Index points = grid.size(), width = fno.width;
  const auto transform = std::make_shared<const TruncatedTransform<Scalar>>(fft::Shape(grid), for_axes(fno.modes, grid.axes().size()));
  const auto coordinates = unit_coordinates<Scalar>(grid);
  std::vector<std::shared_ptr<const Layer<Scalar>>> out;
  const auto pointwise = [&](Eigen::Index from, Eigen::Index to) {
    out.push_back(std::make_shared<PointwiseConvolution<Scalar>>(from, to, points));
  };
  out.push_back(std::make_shared<GridChannels<Scalar>>(channels, coordinates));
  pointwise(channels + coordinates.cols(), width);
  for (Eigen::Index k = 0; k < fno.layers; ++k) {
    if (k > 0) out.push_back(std::make_shared<Gelu<Scalar>>(width * points));
    out.push_back(std::make_shared<SpectralConvolution<Scalar>>(transform, width, width, Beside::pointwise));
  }
  pointwise(width, fno.projection);
  out.push_back(std::make_shared<Gelu<Scalar>>(fno.projection * points));
  pointwise(fno.projection, channels);
  return Network<Scalar>(std::move(out));
}

}  // namespace detail

/// The layers of an operator on fields of some channels. \throws InvalidArgument for sizes of 0, or a grid with too few
/// points for the modes.
template <typename Scalar>
Network<Scalar> network(const Operator& architecture, Eigen::Index channels, const SpatialGrid& grid) {
  return std::visit([&](const auto& known) { return detail::layers_of<Scalar>(known, channels, grid); }, architecture);
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Network<float> network(const Operator&, Eigen::Index, const SpatialGrid&);
extern template ALMAGEST_EXPORT Network<double> network(const Operator&, Eigen::Index, const SpatialGrid&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural
