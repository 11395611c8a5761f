// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/rossler.hpp"

#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

TEST_CASE("Rossler's system with its defaults") {
  const systems::Rossler<> rossler;
  const auto rate = rate_of(rossler, std::array{1.0, 2.0, 3.0});
  CHECK(rate[0] == -5);
  CHECK(rate[1] == Approx(1.4).epsilon(1e-15));
  CHECK(rate[2] == Approx(-13.9).epsilon(1e-15));
}

TEST_CASE("Rossler's fixed points are the roots of a z^2 - c z + b = 0") {
  const systems::Rossler<> rossler{0.1, 0.3, 9};
  const auto points = rossler.fixed_points();
  // Sum and product of the roots.
  CHECK(points[0][2] + points[1][2] == Approx(rossler.c / rossler.a));
  CHECK(points[0][2] * points[1][2] == Approx(rossler.b / rossler.a));
  CHECK(points[0][2] < points[1][2]);
}
