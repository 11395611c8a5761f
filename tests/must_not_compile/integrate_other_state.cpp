// expect: no matching function for call to .*integrate
// expect: system\(x, dxdt, t\)
// SPDX-License-Identifier: BSD-3-Clause
// A system written for one kind of state does not take another.
#include <almagest/integrate.hpp>

int main() {
  using State = std::vector<double>;
  const auto system = [](const State& x, State& dxdt, double) { dxdt = x; };
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 11);
  almagest::integrate(system, std::array{1.0, 0.0}, times, almagest::methods::DormandPrince54{});  // refused here
}
