// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/maps.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "almagest/systems/maps.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;

TEMPLATE_TEST_CASE("Iterating a map gives the start and its images, at times 0, 1, 2, ...", "",
                   float, double) {
  const auto doubling = [](const auto& x, auto& next) { next[0] = 2 * x[0]; };
  const auto run = iterate(doubling, std::array<TestType, 1>{1}, 20);
  CHECK(run.times() == TimeGrid::uniform(0, 1, 21));
  for (Eigen::Index k = 0; k <= 20; ++k) CHECK(run[k][0] == TestType(1 << k));
  CHECK(iterate(doubling, std::array<TestType, 1>{3}, 0).size() == 1);
}

TEST_CASE("Maps work on every kind of state") {
  const systems::Henon<> henon;
  const auto expected = iterate(henon, std::array{0.1, 0.2}, 50);
  CHECK(iterate(henon, std::vector{0.1, 0.2}, 50).states() == expected.states());
  CHECK(iterate(henon, Eigen::Vector2d(0.1, 0.2), 50).states() == expected.states());
  CHECK(iterate(henon, Eigen::VectorXd(Eigen::Vector2d(0.1, 0.2)), 50).states() ==
        expected.states());
  CHECK(iterate(henon, expected[10], 40).states() == expected.states().rightCols(41));
  CHECK(expected.info().names == std::vector<std::string>{"x", "y"});
  CHECK(expected.info().parameters.at("a") == 1.4);
}

TEST_CASE("A map that runs off is stopped, with component and iteration") {
  const systems::Henon<> henon;
  CHECK_THAT(sentence<IntegrationDiverged>([&] {
               iterate(henon, std::array{5.0, 0.0}, 100);
             }),
             ContainsSubstring("iterate: component 0 (x)") && ContainsSubstring("at t = 4") &&
                 ContainsSubstring("bound of 1e+12"));
  const auto root = [](const auto& x, auto& next) { next[0] = std::sqrt(x[0]) - 0.5; };
  CHECK_THAT(sentence<IntegrationDiverged>([&] { iterate(root, std::array{0.5}, 100); }),
             ContainsSubstring("component 0 reached nan"));
}

TEST_CASE("Iterations that make no sense are refused") {
  const systems::Henon<> henon;
  CHECK_THAT(sentence<InvalidArgument>([&] {
               iterate(henon, std::array{0.0, 0.0}, -1);
             }),
             ContainsSubstring("steps is -1") && ContainsSubstring("0 or more"));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               iterate(henon, std::array{0.0, 0.0, 0.0}, 1);
             }),
             ContainsSubstring("iterate: x0 has 3") && ContainsSubstring("dimension 2"));
  CHECK_THAT(sentence<NonFiniteData>([&] {
               iterate(henon, std::array{0.0, std::numeric_limits<double>::infinity()}, 1);
             }),
             ContainsSubstring("x0[1] is not finite"));
}

TEST_CASE("Iterations report progress and can be cancelled") {
  IntegrateOptions options;
  options.progress = [](double fraction) { return fraction < 0.25; };
  CHECK_THAT(
      sentence<Cancelled>([&] { iterate(systems::Logistic<>{}, std::array{0.3}, 1000, options); }),
      ContainsSubstring("iterate: cancelled"));
}
