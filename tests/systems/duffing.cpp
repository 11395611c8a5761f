// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/duffing.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

TEST_CASE("Duffing's oscillator is forced by gamma cos(omega t)") {
  const systems::Duffing<> system{-1, 1, 0.3, 0.5, 1.2};
  const std::array<double, 2> x{0.4, -0.7};
  CHECK(rate_of(system, x, 2.5)[0] == -0.7);
  CHECK(rate_of(system, x, 2.5)[1] == Approx(0.5 * std::cos(3.0) + 0.3 * 0.7 + 0.4 - 0.064));
}

TEST_CASE(
    "Duffing's energy is constant without damping and forcing, and is lost to damping otherwise") {
  const systems::Duffing<> free{-1, 1, 0, 0, 1};
  const std::array<double, 2> x{1.5, 0.3};
  CHECK(relative_change(free, x, 50, [&](const auto& y) { return free.energy(y); }) < 1e-10);

  // dH/dt = -delta v^2, at any state.
  const systems::Duffing<> damped;
  RandomStream random(1);
  for (int k = 0; k < 10; ++k) {
    const auto y = random_state<double, 2>(random);
    const auto rate = rate_of(damped, y);
    const double h = 1e-6;
    const auto at = [&](double s) {
      return damped.energy(std::array{y[0] + s * rate[0], y[1] + s * rate[1]});
    };
    CHECK((at(h) - at(-h)) / (2 * h) ==
          Approx(-damped.delta * y[1] * y[1]).epsilon(1e-7).margin(1e-9));
  }
}

TEST_CASE("A damped double well ends in one of its wells") {
  const systems::Duffing<> system;
  for (double start : {-2.0, 0.1, 3.0}) {
    const auto run = integrate(system, std::array{start, 0.0}, TimeGrid::uniform(0, 100, 2),
                               methods::DormandPrince54{});
    CHECK(std::abs(run[1][0]) == Approx(system.fixed_points()[1][0]).epsilon(1e-8));
    CHECK(std::abs(run[1][1]) < 1e-8);
  }
}
