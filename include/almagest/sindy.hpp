// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sparse identification of nonlinear dynamics: laws of motion from samples.

#include "almagest/sindy/best_subset.hpp"
#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/constrained_sr3.hpp"
#include "almagest/sindy/criterion.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/ensemble.hpp"
#include "almagest/sindy/equations.hpp"
#include "almagest/sindy/evidence.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/fit_map.hpp"
#include "almagest/sindy/flow.hpp"
#include "almagest/sindy/forecast_band.hpp"
#include "almagest/sindy/implicit.hpp"
#include "almagest/sindy/lasso.hpp"
#include "almagest/sindy/law.hpp"
#include "almagest/sindy/law_accumulator.hpp"
#include "almagest/sindy/map_model.hpp"
#include "almagest/sindy/model.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/series.hpp"
#include "almagest/sindy/sr3.hpp"
#include "almagest/sindy/stepwise.hpp"
#include "almagest/sindy/stlsq.hpp"
#include "almagest/sindy/trapping_region.hpp"
#include "almagest/sindy/trapping_sr3.hpp"
