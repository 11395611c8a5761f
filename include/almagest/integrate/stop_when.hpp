// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// Which way an event function must pass through zero.
enum class Crossing { any, rising, falling };

/// An event that ends an integration: `g(x, t)` passes through zero.
template <typename Function>
struct StopWhen {
  Function g;
  Crossing crossing = Crossing::any;

  bool crossed(double before, double after) const {
    const bool rose = before < 0 && after >= 0, fell = before > 0 && after <= 0;
    return (rose && crossing != Crossing::falling) || (fell && crossing != Crossing::rising);
  }
};

/// Ends an integration where `g(x, t)` passes through zero in the given direction. The crossing is
/// located to the rounding of time by bisection on the method itself. A pair of crossings within one
/// step goes unseen: bound the step, or choose g without such pairs. A start on g = 0 is no crossing.
template <typename Function>
StopWhen<Function> stop_when(Function g, Crossing crossing = Crossing::any) {
  return {std::move(g), crossing};
}

}  // namespace almagest::inline ALMAGEST_ABI
