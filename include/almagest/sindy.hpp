// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sparse identification of nonlinear dynamics: laws of motion from samples.

#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/equations.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/flow.hpp"
#include "almagest/sindy/law.hpp"
#include "almagest/sindy/model.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/series.hpp"
#include "almagest/sindy/stlsq.hpp"
#include "almagest/sindy/weak_fit.hpp"
#include "almagest/sindy/weak_form.hpp"
