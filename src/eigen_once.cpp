// SPDX-License-Identifier: BSD-3-Clause
#define ALMAGEST_EIGEN_ONCE
#include "eigen_once.hpp"
