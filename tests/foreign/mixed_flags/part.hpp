// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// The body of both parts: builds, copies and frees trajectories of its own.
#include <almagest/core.hpp>

double PART() {
  double sum = 0;
  for (Eigen::Index samples = 2; samples < 40; ++samples) {
    const auto times = almagest::TimeGrid::uniform(0.0, 0.1, samples);
    const almagest::Trajectory<double> ones(times, Eigen::MatrixXd::Ones(3, samples));
    const auto copy = ones;
    sum += copy.states().sum();
  }
  return sum;
}
