// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// The grid that a flattened field lives on: one to three axes of equally spaced points.
///
/// Axis `a` has points \f$ x_j = \mathrm{lower}_a + j\,\mathrm{length}_a / \mathrm{count}_a \f$,
/// \f$ j = 0 \dots \mathrm{count}_a - 1 \f$: the periodic convention, the upper end being the lower one.
/// The last axis varies fastest in the flattened state. Lengths carry the unit of the user's data.
///
/// \throws InvalidArgument for no or more than three axes, an axis without points, or a length that
///         is not positive and finite.
class SpatialGrid {
 public:
  struct Axis {
    Eigen::Index count;
    double length;
    double lower = 0;
    friend bool operator==(const Axis&, const Axis&) = default;
  };

  explicit SpatialGrid(std::vector<Axis> axes) : axes_(std::move(axes)) {
    if (axes_.empty() || axes_.size() > 3)
      throw InvalidArgument(detail::text("SpatialGrid: ", axes_.size(), " axes; a grid has 1 to 3."));
    for (const Axis& axis : axes_)
      if (axis.count < 1 || !(axis.length > 0) || !std::isfinite(axis.length) || !std::isfinite(axis.lower))
        throw InvalidArgument(detail::text("SpatialGrid: an axis of ", axis.count, " points and length ", axis.length,
                                           " from ", axis.lower, "; give at least 1 point and a positive length."));
  }

  /// One axis of `count` points from `start` to `end`, the upper end being the lower one.
  static SpatialGrid periodic(Eigen::Index count, double start, double end) {
    return SpatialGrid({{count, end - start, start}});
  }

  const std::vector<Axis>& axes() const { return axes_; }
  Eigen::Index size() const {
    Eigen::Index points = 1;
    for (const Axis& axis : axes_) points *= axis.count;
    return points;
  }
  /// Distance of neighbouring points along axis `a`.
  double spacing(std::size_t a) const { return axes_.at(a).length / double(axes_.at(a).count); }
  /// The points of axis `a`.
  Eigen::VectorXd points(std::size_t a) const {
    const double h = spacing(a), lower = axes_.at(a).lower;
    return Eigen::VectorXd::NullaryExpr(axes_.at(a).count, [=](Eigen::Index j) { return lower + h * double(j); });
  }

  friend bool operator==(const SpatialGrid&, const SpatialGrid&) = default;

 private:
  std::vector<Axis> axes_;
};

}  // namespace almagest::inline ALMAGEST_ABI
