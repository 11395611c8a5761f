// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The whole library. Including single modules costs less compile time.

#include "almagest/core.hpp"
#include "almagest/diagnostics.hpp"
#include "almagest/features.hpp"
#include "almagest/fft.hpp"
#include "almagest/integrate.hpp"
#include "almagest/io.hpp"
#include "almagest/koopman.hpp"
#include "almagest/linalg.hpp"
#include "almagest/neural.hpp"
#include "almagest/operators.hpp"
#include "almagest/pde.hpp"
#include "almagest/sindy.hpp"
#include "almagest/spectral.hpp"
#include "almagest/systems.hpp"
