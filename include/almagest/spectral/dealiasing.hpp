// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// What happens to the modes that a product cannot resolve. A product of degree p of modes up to K has
/// modes up to pK; on n points those above n/2 fold back onto lower ones.
enum class Dealiasing {
  /// The state keeps \f$ |k| < n/(p+1) \f$ (the 2/3 rule for quadratic, the 1/2 rule for cubic products):
  /// what folds back then lands on modes that are not kept. Applied before the product.
  truncate,
  /// All modes below n/2 are kept, and products are taken on (p+1)/2 as many points along each axis (the
  /// 3/2 rule for quadratic ones). As right, with more modes for the same grid; 1.5 to 8 times the work.
  pad,
  /// Products fold back. For comparison with codes that do so.
  none,
};

namespace detail {

/// Along one axis of n points: on how many points the products are taken, and how many modes
/// \f$ 0 \le k < \text{kept} \f$ the state has.
struct AxisModes {
  Eigen::Index points, kept;
};

inline AxisModes axis_modes(Eigen::Index n, int degree, Dealiasing rule) {
  // A single point has the mode 0 alone, whatever the rule. A linear equation keeps the highest mode of
  // an even axis, which products cannot: it has no derivative of odd order.
  if (degree <= 1 || n == 1) return {n, n / 2 + 1};
  switch (rule) {
    case Dealiasing::truncate: return {n, (n + degree) / (degree + 1)};
    case Dealiasing::none: return {n, (n + 1) / 2};
    case Dealiasing::pad: {
      const Eigen::Index kept = (n + 1) / 2;
      Eigen::Index points = (n * (degree + 1) + 1) / 2;
      return {points + points % 2, kept};
    }
  }
  return {n, n};
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
