// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Neural operators and layers on fields. Apart from neural.hpp, since they transform along grids: who learns from
/// states alone carries neither FFTW's compile time nor its licence.

#include "almagest/neural/combinators.hpp"
#include "almagest/neural/deep_onet_layer.hpp"
#include "almagest/neural/field_layer.hpp"
#include "almagest/neural/gelu.hpp"
#include "almagest/neural/local_convolution.hpp"
#include "almagest/neural/operator_model.hpp"
#include "almagest/neural/operator_network.hpp"
#include "almagest/neural/score.hpp"
#include "almagest/neural/small_layers.hpp"
#include "almagest/neural/spectral_convolution.hpp"
#include "almagest/neural/toeplitz_layer.hpp"
#include "almagest/neural/training.hpp"
#include "almagest/neural/truncated_transform.hpp"
