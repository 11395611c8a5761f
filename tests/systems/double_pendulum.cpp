// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/double_pendulum.hpp"

#include <cmath>

#include "almagest/integrate/jacobian.hpp"
#include "almagest/systems/damped_pendulum.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

namespace {
const systems::DoublePendulum<> uneven{1.5, 0.7, 1.2, 0.8, 9.81};
}

TEST_CASE("The energy of the double pendulum is constant, even where it is chaotic") {
  const std::array<double, 4> wild{2.5, -2.0, 1.0, 3.0};
  CHECK(relative_change(uneven, wild, 20, [](const auto& x) { return uneven.energy(x); }) < 1e-10);
  CHECK(relative_change(systems::DoublePendulum<>{}, wild, 20, [](const auto& x) {
          return systems::DoublePendulum<>{}.energy(x);
        }) < 1e-10);
}

TEST_CASE("The equations of motion are Lagrange's") {
  // M(x) (theta1'', theta2'') = r(x), written out from the Lagrangian with other signs than the
  // code.
  RandomStream random(1);
  const auto& p = uneven;
  for (int k = 0; k < 20; ++k) {
    const auto x = random_state<double, 4>(random, 2);
    const auto rate = rate_of(p, x);
    const double c = std::cos(x[0] - x[1]), s = std::sin(x[0] - x[1]), total = p.mass1 + p.mass2;
    CHECK(rate[0] == x[2]);
    CHECK(rate[1] == x[3]);
    const double first = total * p.length1 * p.length1 * rate[2] +
                         p.mass2 * p.length1 * p.length2 * c * rate[3] +
                         p.mass2 * p.length1 * p.length2 * s * x[3] * x[3] +
                         total * p.gravity * p.length1 * std::sin(x[0]);
    const double second = p.mass2 * p.length2 * p.length2 * rate[3] +
                          p.mass2 * p.length1 * p.length2 * c * rate[2] -
                          p.mass2 * p.length1 * p.length2 * s * x[2] * x[2] +
                          p.mass2 * p.gravity * p.length2 * std::sin(x[1]);
    CHECK(std::abs(first) < 1e-11);
    CHECK(std::abs(second) < 1e-11);
  }
}

TEST_CASE("Small swings have the normal frequencies") {
  // Equal masses and lengths: omega^2 = (2 -+ sqrt 2) g / l, modes theta2 = +-sqrt 2 theta1.
  const systems::DoublePendulum<> equal;
  Eigen::MatrixXd J;
  jacobian(equal, std::array<double, 4>{0, 0, 0, 0}, 0.0, J);
  for (double sign : {-1.0, 1.0}) {
    const Eigen::Vector2d mode(1, -sign * std::sqrt(2.0));
    const Eigen::Vector2d acceleration = J.bottomLeftCorner<2, 2>() * mode;
    CHECK((acceleration + (2 + sign * std::sqrt(2.0)) * 9.81 * mode).norm() < 1e-12);
  }
}

TEST_CASE("Without a lower mass the upper one is a simple pendulum") {
  const systems::DoublePendulum<> light{1, 0, 1.3, 0.5, 9.81};
  const systems::DampedPendulum<> simple{9.81, 1.3, 0};
  const auto rate = rate_of(light, std::array{0.8, -1.0, 0.3, 2.0});
  CHECK(rate[2] == Approx(rate_of(simple, std::array{0.8, 0.3})[1]).epsilon(1e-14));
}
