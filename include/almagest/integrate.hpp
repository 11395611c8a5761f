// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Integration of ordinary differential equations and maps, one by one and in ensembles.

#include "almagest/integrate/ensemble.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/integrate/jacobian.hpp"
#include "almagest/integrate/maps.hpp"
#include "almagest/integrate/methods.hpp"
#include "almagest/integrate/stop_when.hpp"
