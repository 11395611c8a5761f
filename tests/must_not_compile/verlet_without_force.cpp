// expect: no matching function for call to .*integrate
// expect: SeparableHamiltonian
// expect: system.velocity\(half, rate\)
// SPDX-License-Identifier: BSD-3-Clause
// A right-hand side alone is not enough for a symplectic method.
#include <almagest/integrate.hpp>
#include <almagest/systems.hpp>

int main() {
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 11);
  almagest::integrate(almagest::systems::Duffing<>{}, {1, 0}, times, almagest::methods::Rk4{0.01});
  almagest::integrate(almagest::systems::Duffing<>{}, std::array{1.0, 0.0}, times,  // refused here
                      almagest::methods::Verlet{0.01});
}
