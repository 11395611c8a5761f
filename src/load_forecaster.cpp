// SPDX-License-Identifier: BSD-3-Clause
// A model of any kind from its file, compiled once.
#include "almagest/io/load_forecaster.hpp"
