// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// Called by long work with the fraction done, in [0, 1]; return false to cancel.
///
/// It is called from the thread that called the library, never inside a time step, and not more often
/// than a person could read it where that can be arranged.
using Progress = std::function<bool(double fraction)>;

namespace detail {

/// Reports progress; throws Cancelled when the callback asks to stop.
inline void report(const Progress& progress, double fraction, const char* work) {
  if (progress && !progress(fraction))
    throw Cancelled(text(work, ": cancelled by the progress callback after ", rounded(100 * fraction, 3), " %."));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI
