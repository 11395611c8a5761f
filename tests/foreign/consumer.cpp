// SPDX-License-Identifier: BSD-3-Clause
#include <almagest/almagest.hpp>
#include <iostream>

int main() {
  const auto times = almagest::TimeGrid::uniform(0.0, 0.5, 3);
  const almagest::Trajectory<double> ramp(times, Eigen::MatrixXd::Constant(2, 3, 1.0));
  std::cout << "almagest " << ALMAGEST_VERSION << ": " << ramp.size() << " samples of dimension "
            << ramp.dimension() << '\n';
  return ramp.size() == 3 ? 0 : 1;
}
