// expect: no matching function for call to|no viable conversion|cannot convert|could not convert|no known conversion|to non-scalar type
// SPDX-License-Identifier: BSD-3-Clause
// Runs of different precision never mix silently.
#include <almagest/core.hpp>

int main() {
  const almagest::Trajectory<float> rough(almagest::TimeGrid::uniform(0, 1, 3), Eigen::MatrixXf::Zero(2, 3));
  const almagest::TrajectoryView<float> fine = rough;
  const almagest::TrajectoryView<double> view = rough;  // refused here
}
