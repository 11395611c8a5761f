// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Partial differential equations from runs of fields. Apart from sindy.hpp, because derivatives on a
/// grid take Fourier transforms, and so FFTW.

#include "almagest/sindy.hpp"
#include "almagest/sindy/field_derivatives.hpp"
#include "almagest/sindy/pde_fit.hpp"
#include "almagest/sindy/pde_flow.hpp"
#include "almagest/sindy/pde_library.hpp"
#include "almagest/sindy/pde_model.hpp"
#include "almagest/sindy/weak_pde.hpp"
#include "almagest/sindy/weak_terms.hpp"
