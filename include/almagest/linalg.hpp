// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Linear algebra that the learners share.

#include "almagest/linalg/hankel_operator.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "almagest/linalg/operator_svd.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/sliding_qr.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"
#include "almagest/linalg/toeplitz_operator.hpp"
