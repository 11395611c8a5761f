// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Small neural surrogates, trained in process and linked without a runtime.

#include "almagest/neural/adjoint.hpp"
#include "almagest/neural/dft_like.hpp"
#include "almagest/neural/environments.hpp"
#include "almagest/neural/field_layers.hpp"
#include "almagest/neural/gradient_layer.hpp"
#include "almagest/neural/hamiltonian.hpp"
#include "almagest/neural/integral_equation.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/leads.hpp"
#include "almagest/neural/leads_objective.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/ode_model.hpp"
#include "almagest/neural/ode_objective.hpp"
#include "almagest/neural/pod.hpp"
#include "almagest/neural/rates_objective.hpp"
#include "almagest/neural/readout.hpp"
#include "almagest/neural/reduced_ode.hpp"
#include "almagest/neural/reservoir.hpp"
#include "almagest/neural/rollout.hpp"
#include "almagest/neural/score.hpp"
#include "almagest/neural/splitting.hpp"
#include "almagest/neural/step_map.hpp"
#include "almagest/neural/stnn_layer.hpp"
#include "almagest/neural/training.hpp"
