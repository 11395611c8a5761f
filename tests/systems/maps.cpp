// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/maps.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "almagest/core/random.hpp"
#include "almagest/integrate/maps.hpp"
#include "almagest/integrate/tangent.hpp"
#include "support/catch.hpp"

using namespace almagest;

TEST_CASE("The logistic map at r = 4 is the tent map in disguise") {
  // x_n = sin^2(2^n arcsin sqrt x_0); errors double at each step.
  const systems::Logistic<> logistic;
  for (double x0 : {0.1, 0.3, 0.77}) {
    const auto run = iterate(logistic, std::array{x0}, 20);
    const double angle = std::asin(std::sqrt(x0));
    for (Eigen::Index n = 0; n <= 20; ++n) {
      const double s = std::sin(std::ldexp(angle, int(n)));
      CHECK(std::abs(run[n][0] - s * s) < std::ldexp(4e-16, int(n)));
    }
  }
}

TEST_CASE("The logistic map at r = 4 spends its time as 1/(pi sqrt(x (1 - x)))") {
  const auto run = iterate(systems::Logistic<>{}, std::array{0.123}, 200'000);
  for (double bound : {0.1, 0.25, 0.5, 0.9}) {
    const double below = double((run.states().array() < bound).count()) / double(run.size());
    CHECK(below == Approx(2 / std::numbers::pi * std::asin(std::sqrt(bound))).margin(0.005));
  }
}

TEST_CASE(
    "The logistic map doubles its period at r = 3 and has period two at r = 1 + sqrt 5 "
    "superstably") {
  const systems::Logistic<> system{1 + std::sqrt(5.0)};
  const auto run = iterate(system, std::array{0.5}, 2);
  CHECK(run[2][0] == Approx(0.5).epsilon(1e-14));
  CHECK(std::abs(run[1][0] - 0.5) > 0.1);
}

TEST_CASE("Henon's map contracts areas by b at every point, and turns them over") {
  const systems::Henon<> henon{1.3, 0.4};
  using Tangent = detail::Tangent<std::array<double, 2>, 2>;
  RandomStream random(1);
  for (int k = 0; k < 10; ++k) {
    auto state = Tangent::join({random.normal(), random.normal()}, Eigen::Matrix2d::Identity()),
         next = state;
    henon(state, next);
    const Eigen::Matrix2d J = Tangent::get(next, 2);
    CHECK(J(0, 0) * J(1, 1) - J(0, 1) * J(1, 0) == Approx(henon.determinant()).epsilon(1e-15));
  }
}

TEST_CASE("Henon's map has an inverse") {
  const systems::Henon<> henon;
  const std::array<double, 2> x{0.3, -0.2};
  std::array<double, 2> next{};
  henon(x, next);
  const double back_x = next[1] / henon.b;
  CHECK(back_x == Approx(x[0]).epsilon(1e-15));
  CHECK(next[0] - 1 + henon.a * back_x * back_x == Approx(x[1]).epsilon(1e-14));
}
