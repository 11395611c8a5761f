// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Libraries of features: what EDMD and SINDy learn from.

#include "almagest/features/composition.hpp"
#include "almagest/features/expression.hpp"
#include "almagest/features/expression_derivative.hpp"
#include "almagest/features/expression_text.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/features/harmonics.hpp"
#include "almagest/features/k_means.hpp"
#include "almagest/features/library.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/polynomial_features.hpp"
#include "almagest/features/polynomial_kernel.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/features/tensor_features.hpp"
