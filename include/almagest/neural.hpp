// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Small neural surrogates, trained in process and linked without a runtime. Networks with memory are apart, in
/// `neural/sequence_model.hpp`: they need Fourier transforms.

#include "almagest/neural/affine.hpp"
#include "almagest/neural/checkpoint.hpp"
#include "almagest/neural/dft_like.hpp"
#include "almagest/neural/improved_stnn.hpp"
#include "almagest/neural/koopman_autoencoder.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/objective.hpp"
#include "almagest/neural/optimizers.hpp"
#include "almagest/neural/plrnn_layer.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/readout.hpp"
#include "almagest/neural/reservoir.hpp"
#include "almagest/neural/rollout.hpp"
#include "almagest/neural/schedule.hpp"
#include "almagest/neural/score.hpp"
#include "almagest/neural/separable.hpp"
#include "almagest/neural/stnn_layer.hpp"
#include "almagest/neural/tanh.hpp"
#include "almagest/neural/teacher_forcing.hpp"
#include "almagest/neural/training.hpp"
