// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// How often this program has called malloc so far, as new and Eigen do. Always 0 under a sanitizer that
/// has a malloc of its own, and where the C library is not glibc.
long allocations();
