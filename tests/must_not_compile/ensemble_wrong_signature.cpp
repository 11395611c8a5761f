// expect: no matching function for call to .*integrate_ensemble
// expect: Integrable
// SPDX-License-Identifier: BSD-3-Clause
#include <almagest/integrate.hpp>

int main() {
  const auto system = [](const Eigen::VectorXd& x, double) { return x; };
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 11);
  almagest::integrate_ensemble(system, Eigen::MatrixXd::Ones(2, 5), times,  // refused here
                               almagest::methods::Rk4{0.01});
}
