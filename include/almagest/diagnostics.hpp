// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// How good a forecast is, how chaotic a system, how its energy is spread over frequencies.

#include "almagest/diagnostics/fixed_points.hpp"
#include "almagest/diagnostics/forecast_errors.hpp"
#include "almagest/diagnostics/growth.hpp"
#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/diagnostics/power_spectrum.hpp"
#include "almagest/diagnostics/spectrum_distance.hpp"
#include "almagest/diagnostics/state_space_divergence.hpp"
#include "almagest/diagnostics/surrogate_lyapunov.hpp"
