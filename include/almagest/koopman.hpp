// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Learners that approximate the Koopman operator.

#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/compression.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dmd.hpp"
#include "almagest/koopman/dmd_accumulator.hpp"
#include "almagest/koopman/edmd.hpp"
#include "almagest/koopman/forcing.hpp"
#include "almagest/koopman/fourier_measure.hpp"
#include "almagest/koopman/generator_edmd.hpp"
#include "almagest/koopman/hankel_dmd.hpp"
#include "almagest/koopman/havok.hpp"
#include "almagest/koopman/kernel_edmd.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
#include "almagest/koopman/parametric_dmd.hpp"
#include "almagest/koopman/physics_informed_dmd.hpp"
#include "almagest/koopman/sparse_amplitudes.hpp"
#include "almagest/koopman/spectral_measure.hpp"
#include "almagest/koopman/stochastic_edmd.hpp"
