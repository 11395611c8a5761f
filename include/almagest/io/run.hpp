// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>

#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// What can be written as one run: a Trajectory, a Forecast or a view of either.
template <typename T>
concept Run = requires(const T& run) {
  TrajectoryView(run);
};

/// A run of `float` or `double` samples.
template <typename T>
concept RealRun = Run<T> && std::floating_point<typename T::Matrix::Scalar>;

}  // namespace almagest::inline ALMAGEST_ABI::io
