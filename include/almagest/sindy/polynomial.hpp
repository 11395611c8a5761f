// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "almagest/features/polynomial.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

using features::Monomials;
using features::Polynomial;

}  // namespace almagest::inline ALMAGEST_ABI::sindy
