// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The types that every module shares.

#include "almagest/core/concepts.hpp"
#include "almagest/core/config.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"
