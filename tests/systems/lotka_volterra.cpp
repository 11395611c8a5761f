// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/lotka_volterra.hpp"

#include <numbers>

#include "almagest/integrate/stop_when.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

TEST_CASE("Prey and predator with their defaults") {
  const systems::LotkaVolterra<> system;
  CHECK(rate_of(system, std::array{10.0, 5.0})[0] == Approx(1.1 * 10 - 0.4 * 50));
  CHECK(rate_of(system, std::array{10.0, 5.0})[1] == Approx(0.1 * 50 - 0.4 * 5));
}

TEST_CASE("The invariant of Lotka and Volterra is constant along every orbit") {
  const systems::LotkaVolterra<> system{0.7, 0.3, 0.2, 0.5};
  RandomStream random(1);
  for (int k = 0; k < 5; ++k) {
    const std::array<double, 2> x{random.uniform(0.5, 10), random.uniform(0.5, 10)};
    CHECK(relative_change(system, x, 40, [&](const auto& y) { return system.invariant(y); }) <
          1e-10);
  }
}

TEST_CASE("Small orbits about coexistence have period 2 pi / sqrt(alpha gamma)") {
  const systems::LotkaVolterra<> system;
  const auto centre = system.fixed_points()[1];
  const double start = 1e-3;
  const auto above =
      stop_when([&](const auto& x, double) { return x[1] - centre[1]; }, Crossing::rising);
  // From prey just above its mean, where predators begin to rise, to the next such passage.
  const auto run = integrate(system, std::array{centre[0] + start, centre[1]},
                             TimeGrid::uniform(0, 1, 21), methods::Fehlberg78{1e-13, 1e-13}, above);
  const double period = 2 * std::numbers::pi / std::sqrt(system.alpha * system.gamma);
  CHECK(run.times().back() == Approx(period).epsilon(1e-6));
}
