// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "almagest/integrate/integrate.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// Iterates a map `map(x, next)`: x0 and its `steps` images, at times 0, 1, 2, ...
///
/// \throws InvalidArgument for steps < 0, and as `integrate` for a bad x0; IntegrationDiverged when a
///         component leaves `options.bound`, naming it and the iteration; Cancelled
template <typename Map, typename Given>
  requires StateMap<Map, typename detail::StateFor<Given>::type>
auto iterate(const Map& map, const Given& x0, Eigen::Index steps, const IntegrateOptions& options = {}) {
  using State = typename detail::StateFor<Given>::type;
  using Scalar = detail::RealOf<State>;
  if (steps < 0) throw InvalidArgument(detail::text("iterate: steps is ", steps, "; give 0 or more."));
  detail::check_start(x0, detail::dimension_of(map), "iterate");
  State x = detail::make_state<State>(x0), next = x;
  TrajectoryInfo info = detail::describe(map, std::size_t(x.size()));
  typename Trajectory<Scalar>::Matrix states(Eigen::Index(x.size()), steps + 1);
  const detail::Limits limits = detail::limits_of(options.bound, options.max_steps, "iterate");
  const Eigen::Index stride = std::max<Eigen::Index>(1, steps / 100);
  for (Eigen::Index k = 0;; ++k) {
    for (std::size_t i = 0; i < std::size_t(x.size()); ++i) states(Eigen::Index(i), k) = detail::element(x, i);
    if (k == steps) break;
    map(x, next);
    std::swap(x, next);
    if (!detail::within(x, options.bound)) detail::fail(detail::diverged_at(x, double(k + 1)), limits, info, "iterate");
    if (k % stride == 0) detail::report(options.progress, double(k + 1) / double(steps), "iterate");
  }
  return Trajectory<Scalar>(TimeGrid::uniform(0, 1, steps + 1), std::move(states), std::move(info));
}

}  // namespace almagest::inline ALMAGEST_ABI
