// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Dynamical systems as small templated structs: parameters, names, references and exact facts.
///
/// The scalar of the parameters is a template argument, the state's element any type that can be added
/// and multiplied: the same struct runs on numbers, on SIMD lanes (an ensemble side by side) and on
/// dual numbers (Jacobians and tangent dynamics).

#include "almagest/systems/damped_pendulum.hpp"
#include "almagest/systems/double_pendulum.hpp"
#include "almagest/systems/duffing.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "almagest/systems/lotka_volterra.hpp"
#include "almagest/systems/maps.hpp"
#include "almagest/systems/rossler.hpp"
#include "almagest/systems/van_der_pol.hpp"
