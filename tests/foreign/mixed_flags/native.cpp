// SPDX-License-Identifier: BSD-3-Clause
#define PART native
#include "part.hpp"
