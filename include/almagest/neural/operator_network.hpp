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
#include "almagest/neural/combinators.hpp"
#include "almagest/neural/deep_onet_layer.hpp"
#include "almagest/neural/field_layer.hpp"
#include "almagest/neural/gelu.hpp"
#include "almagest/neural/local_convolution.hpp"
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

/// A neural operator with local-global mixing: lifted to `width` channels, the field c goes through layers
/// \f[ c \leftarrow c + \mathrm{sigmoid}(\lambda)\, \mathrm{GELU}\big( L c + Z c + A\,(F c \circ G c) \big) \f]
/// with local convolutions L and G, Z one whose stencils sum to 0, F a spectral convolution of `modes`, A a matrix of
/// channels; then a weighted sum of channels at every point. The product of a global and a local term is the quadratic
/// nonlinearity of transport. The update of DyMixOp, without its branch of parallel sums and its history of inputs.
struct DyMixOp {
  std::vector<Eigen::Index> modes = {12};
  Eigen::Index width = 24;
  Eigen::Index layers = 4;
  Eigen::Index stencil = 3;  ///< points along each axis, an odd number
};

/// A deep operator network: the branch sees the field at all points, the trunk a point, as the cosine and sine of its
/// coordinates, which are periodic; each is a perceptron with tanh, and the field is the sum of `terms` products of
/// theirs.
///
/// Its branch has as many inputs as the training's grid has points, so that it forecasts on that grid only.
struct DeepOnet {
  std::vector<Eigen::Index> branch = {64, 64};
  std::vector<Eigen::Index> trunk = {64, 64};
  Eigen::Index terms = 32;
};

/// The operators that files know.
using Operator = std::variant<Fno, DyMixOp, DeepOnet>;

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
    for (Eigen::Index j = 0; j < grid.size(); ++j)
      out(j, Eigen::Index(a)) = Scalar(double(j / apart % count) / double(count));
  }
  return out;
}

/// One after the other, a few samples at a time.
template <typename Scalar>
Network<Scalar> in_pieces(std::vector<std::shared_ptr<const Layer<Scalar>>> layers) {
  auto chain = std::make_shared<Composite<Scalar>>(Combination::chain, std::move(layers));
  return Network<Scalar>({std::make_shared<InPieces<Scalar>>(std::move(chain))});
}

template <typename Scalar>
Network<Scalar> layers_of(const Fno& fno, Eigen::Index channels, const SpatialGrid& grid) {
  at_least_one("Fno", "width", fno.width);
  at_least_one("Fno", "layers", fno.layers);
  at_least_one("Fno", "projection", fno.projection);
  const Eigen::Index points = grid.size(), width = fno.width;
  const auto transform =
      std::make_shared<const TruncatedTransform<Scalar>>(fft::Shape(grid), for_axes(fno.modes, grid.axes().size()));
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
  return in_pieces(std::move(out));
}

template <typename Scalar>
std::shared_ptr<const Layer<Scalar>> local_global(const DyMixOp& mixing,
                                                  const std::shared_ptr<const TruncatedTransform<Scalar>>& transform,
                                                  const fft::Shape& shape) {
  using Part = std::shared_ptr<const Layer<Scalar>>;
  const Eigen::Index width = mixing.width;
  const auto local = [&](Stencil stencil) {
    return Part(std::make_shared<LocalConvolution<Scalar>>(shape, mixing.stencil, width, width, stencil));
  };
  const auto put = [](Combination how, std::vector<Part> parts) {
    return Part(std::make_shared<Composite<Scalar>>(how, std::move(parts)));
  };
  const Part product =
      put(Combination::product,
          {std::make_shared<SpectralConvolution<Scalar>>(transform, width, width), local(Stencil::any)});
  const Part mixed =
      put(Combination::chain, {product, std::make_shared<PointwiseConvolution<Scalar>>(width, width, shape.size())});
  const Part rate = put(Combination::sum, {local(Stencil::any), local(Stencil::zero_sum), mixed});
  return put(Combination::residual,
             {put(Combination::chain, {rate, std::make_shared<Gelu<Scalar>>(width * shape.size())})});
}

template <typename Scalar>
Network<Scalar> layers_of(const DyMixOp& mixing, Eigen::Index channels, const SpatialGrid& grid) {
  at_least_one("DyMixOp", "width", mixing.width);
  at_least_one("DyMixOp", "layers", mixing.layers);
  const fft::Shape shape(grid);
  const auto transform =
      std::make_shared<const TruncatedTransform<Scalar>>(shape, for_axes(mixing.modes, shape.axes()));
  std::vector<std::shared_ptr<const Layer<Scalar>>> out;
  out.push_back(std::make_shared<PointwiseConvolution<Scalar>>(channels, mixing.width, shape.size()));
  for (Eigen::Index k = 0; k < mixing.layers; ++k) out.push_back(local_global<Scalar>(mixing, transform, shape));
  out.push_back(std::make_shared<PointwiseConvolution<Scalar>>(mixing.width, channels, shape.size()));
  return in_pieces(std::move(out));
}

/// Dense layers with tanh between them, as one.
template <typename Scalar>
std::shared_ptr<const Layer<Scalar>> perceptron(Eigen::Index inputs, const std::vector<Eigen::Index>& hidden,
                                                Eigen::Index outputs) {
  std::vector<std::shared_ptr<const Layer<Scalar>>> parts;
  for (const Eigen::Index units : hidden) {
    at_least_one("DeepOnet", "a hidden layer", units);
    parts.push_back(std::make_shared<Dense<Scalar>>(inputs, units));
    parts.push_back(std::make_shared<Pointwise<Scalar>>(Activation::tanh, units));
    inputs = units;
  }
  parts.push_back(std::make_shared<Dense<Scalar>>(inputs, outputs));
  return std::make_shared<Composite<Scalar>>(Combination::chain, std::move(parts));
}

template <typename Scalar>
Network<Scalar> layers_of(const DeepOnet& onet, Eigen::Index channels, const SpatialGrid& grid) {
  at_least_one("DeepOnet", "terms", onet.terms);
  const Eigen::MatrixX<Scalar> angles = Scalar(6.28318530717958648) * unit_coordinates<Scalar>(grid);
  Eigen::MatrixX<Scalar> coordinates(angles.rows(), 2 * angles.cols());
  coordinates << angles.array().cos().matrix(), angles.array().sin().matrix();
  return Network<Scalar>({std::make_shared<DeepOnetLayer<Scalar>>(
      perceptron<Scalar>(channels * grid.size(), onet.branch, channels * onet.terms),
      perceptron<Scalar>(coordinates.cols(), onet.trunk, onet.terms), coordinates)});
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
