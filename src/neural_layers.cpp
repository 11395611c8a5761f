// SPDX-License-Identifier: BSD-3-Clause
// Layers on fields, compiled once.
#include "almagest/neural/combinators.hpp"
#include "almagest/neural/deep_onet_layer.hpp"
#include "almagest/neural/gelu.hpp"
#include "almagest/neural/improved_stnn.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/local_convolution.hpp"
#include "almagest/neural/small_layers.hpp"
#include "almagest/neural/spectral_convolution.hpp"
#include "almagest/neural/stnn_layer.hpp"
#include "almagest/neural/toeplitz_layer.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

template class Dense<float>;
template class Dense<double>;
template class Pointwise<float>;
template class Pointwise<double>;
template class StnnLayer<float>;
template class StnnLayer<double>;
template class SmoothStnnLayer<float>;
template class SmoothStnnLayer<double>;
template class ResidualHead<float>;
template class ResidualHead<double>;
template class LearnedScale<float>;
template class LearnedScale<double>;
template class PointwiseConvolution<float>;
template class PointwiseConvolution<double>;
template class GridChannels<float>;
template class GridChannels<double>;
template class Gelu<float>;
template class Gelu<double>;
template class SpectralConvolution<float>;
template class SpectralConvolution<double>;
template class LocalConvolution<float>;
template class LocalConvolution<double>;
template class ToeplitzLayer<float>;
template class ToeplitzLayer<double>;
template class LayerNorm<float>;
template class LayerNorm<double>;
template class DelayStack<float>;
template class DelayStack<double>;
template class Composite<float>;
template class Composite<double>;
template class InPieces<float>;
template class InPieces<double>;
template class DeepOnetLayer<float>;
template class DeepOnetLayer<double>;

}  // namespace almagest::inline ALMAGEST_ABI::neural
