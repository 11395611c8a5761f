// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/henon_heiles.hpp"

#include <cmath>

#include "almagest/core/concepts.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

static_assert(SeparableHamiltonian<systems::HenonHeiles<>, std::array<double, 2>>);
static_assert(SeparableHamiltonian<systems::HenonHeiles<float>, Eigen::Vector2f>);

TEMPLATE_TEST_CASE("Velocity and force are the two halves of the right-hand side", "", float,
                   double) {
  const systems::HenonHeiles<TestType> galaxy{TestType(0.8)};
  RandomStream random(1);
  for (int k = 0; k < 10; ++k) {
    const auto x = random_state<TestType, 4>(random);
    const auto rate = rate_of(galaxy, x);
    std::array<TestType, 2> velocity{}, force{};
    galaxy.velocity(std::array{x[2], x[3]}, velocity);
    galaxy.force(std::array{x[0], x[1]}, force);
    CHECK(rate == std::array{velocity[0], velocity[1], force[0], force[1]});
  }
}

TEST_CASE("The right-hand side is Hamilton's") {
  const systems::HenonHeiles<> galaxy{0.8};
  RandomStream random(2);
  constexpr double h = 1e-5;
  for (int k = 0; k < 10; ++k) {
    const auto x = random_state<double, 4>(random);
    const auto rate = rate_of(galaxy, x);
    const auto slope = [&](std::size_t i) {
      auto upper = x, lower = x;
      upper[i] += h;
      lower[i] -= h;
      return (galaxy.energy(upper) - galaxy.energy(lower)) / (2 * h);
    };
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(rate[i] == Approx(slope(i + 2)).margin(1e-8));
      CHECK(rate[i + 2] == Approx(-slope(i)).margin(1e-8));
    }
  }
}

TEST_CASE("The energy is constant, and 1/6 at the three saddles") {
  const systems::HenonHeiles<> galaxy;
  CHECK(relative_change(galaxy, std::array{0.1, -0.2, 0.3, 0.1}, 100,
                        [&](const auto& x) { return galaxy.energy(x); }) < 1e-10);
  for (const auto& [x, y] :
       {std::pair{0.0, 1.0}, {std::sqrt(0.75), -0.5}, {-std::sqrt(0.75), -0.5}}) {
    const std::array<double, 4> saddle{x, y, 0, 0};
    CHECK(galaxy.energy(saddle) == Approx(1.0 / 6).epsilon(1e-14));
    for (double rate : rate_of(galaxy, saddle)) CHECK(std::abs(rate) < 1e-15);
  }
}
