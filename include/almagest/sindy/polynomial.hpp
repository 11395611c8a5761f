// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "almagest/features/library.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/polynomial_features.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

using features::FeatureLibrary;
using features::Monomials;
using features::Polynomial;

}  // namespace almagest::inline ALMAGEST_ABI::sindy
