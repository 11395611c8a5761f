// expect: no matching function for call to .*integrate
// expect: Differentiable
// SPDX-License-Identifier: BSD-3-Clause
// A lambda on numbers alone has no derivative; with `const auto& x, auto& dxdt` it would.
#include <almagest/integrate.hpp>

int main() {
  using State = std::array<double, 2>;
  const auto system = [](const State& x, State& dxdt, double) { dxdt = {x[1], -x[0]}; };
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 11);
  almagest::integrate(system, State{1, 0}, times, almagest::methods::DormandPrince54{});
  almagest::integrate(system, State{1, 0}, times, almagest::methods::Rosenbrock4{});  // refused here
}
