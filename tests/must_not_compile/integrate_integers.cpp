// expect: no matching function for call to .*integrate
// expect: floating_point
// SPDX-License-Identifier: BSD-3-Clause
// A state of integers would be integrated in integers.
#include <almagest/integrate.hpp>
#include <almagest/systems.hpp>

int main() {
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 11);
  almagest::integrate(almagest::systems::Lorenz63<>{}, std::vector{-8, 8, 27}, times,  // refused here
                      almagest::methods::Rk4{0.01});
}
