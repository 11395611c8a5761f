// expect: no matching function for call to .*integrate
// expect: system\(x, dxdt, t\)
// SPDX-License-Identifier: BSD-3-Clause
#include <almagest/integrate.hpp>

int main() {
  using State = std::array<double, 2>;
  const auto system = [](const State& x, double) { return State{x[1], -x[0]}; };
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 11);
  almagest::integrate(system, State{1, 0}, times, almagest::methods::Rk4{0.01});  // refused here
}
