// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <limits>

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

/// Reports from inside long work, a count of parts: at each further hundredth, and where a hundredth takes
/// longer, about ten times a second.
class Pulse {
 public:
  /// `done` of the parts were done before.
  Pulse(const Progress& progress, const char* work, double parts, double done = 0)
      : progress_(progress),
        work_(work),
        parts_(parts),
        told_at_(now()),
        next_(progress ? done + little() : never),
        done_(done) {}

  /// Where there is nobody to tell, whoever does the work need not count.
  explicit operator bool() const { return bool(progress_); }

  /// So many parts are done; costs a comparison.
  void reached(double parts) {
    done_ = parts;
    if (parts >= next_) tell(parts);
  }
  /// A fraction of the next part is done; looks at the clock.
  void beat(double fraction) {
    const double parts = done_ + fraction;
    if (parts >= next_ || std::abs(now() - told_at_) >= 0.1) tell(parts);
  }

 private:
  static constexpr double never = std::numeric_limits<double>::infinity();

  /// Seconds since some moment. `<chrono>` would cost every user compile time.
  static double now() {
    std::timespec time{};
    std::timespec_get(&time, TIME_UTC);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
  }
  /// A hundredth, less what sums of it may be rounded by.
  double little() const { return (0.01 - 1e-12) * parts_; }
  void tell(double parts) {
    next_ = parts < parts_ ? std::min(parts + little(), parts_) : never;
    report(progress_, parts / parts_, work_);
    told_at_ = now();
  }

  const Progress& progress_;
  const char* work_;
  double parts_, told_at_, next_, done_;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI
