// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Learners that approximate the Koopman operator.

#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/forcing.hpp"
#include "almagest/koopman/hankel_dmd.hpp"
#include "almagest/koopman/havok.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
