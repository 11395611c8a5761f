// SPDX-License-Identifier: BSD-3-Clause
#define PART baseline
#include "part.hpp"
