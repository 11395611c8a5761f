// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pseudo-spectral partial differential equations on periodic grids.

#include "almagest/spectral/equations.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
