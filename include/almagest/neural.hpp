// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Small neural surrogates, trained in process and linked without a runtime.

#include "almagest/neural/dft_like.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/readout.hpp"
#include "almagest/neural/reservoir.hpp"
#include "almagest/neural/rollout.hpp"
#include "almagest/neural/score.hpp"
#include "almagest/neural/separable.hpp"
#include "almagest/neural/stnn_layer.hpp"
#include "almagest/neural/training.hpp"
