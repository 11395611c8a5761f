// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/lorenz63.hpp"

#include "almagest/integrate/jacobian.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

TEST_CASE("Lorenz's system with its defaults") {
  const systems::Lorenz63<> lorenz;
  CHECK(lorenz.sigma == 10);
  CHECK(lorenz.rho == 28);
  CHECK(lorenz.beta == 8.0 / 3);
  CHECK(lorenz.divergence() == Approx(-41.0 / 3));
  CHECK(rate_of(lorenz, std::array{1.0, 2.0, 3.0}) == std::array<double, 3>{10, 23, 2 - 8.0});
}

TEST_CASE("Lorenz's system is symmetric under a half turn about z") {
  const systems::Lorenz63<> lorenz;
  const auto a = rate_of(lorenz, std::array{1.5, -2.0, 20.0}),
             b = rate_of(lorenz, std::array{-1.5, 2.0, 20.0});
  CHECK(b == std::array{-a[0], -a[1], a[2]});
}

TEST_CASE("Lorenz's wings lose stability at rho = sigma (sigma + beta + 3) / (sigma - beta - 1)") {
  const double sigma = 10, beta = 8.0 / 3;
  const double critical = sigma * (sigma + beta + 3) / (sigma - beta - 1);
  // At the Hopf bifurcation two eigenvalues are +-i w: the characteristic polynomial s^3 + a s^2 +
  // b s + c factors as (s + a)(s^2 + w^2), so a b = c.
  const auto excess = [&](double rho) {
    const systems::Lorenz63<> lorenz{sigma, rho, beta};
    Eigen::MatrixXd J;
    jacobian(lorenz, lorenz.fixed_points()[1], 0.0, J);
    const double a = -J.trace();
    const double b = J(0, 0) * J(1, 1) - J(0, 1) * J(1, 0) + J(0, 0) * J(2, 2) - J(0, 2) * J(2, 0) +
                     J(1, 1) * J(2, 2) - J(1, 2) * J(2, 1);
    const double c = -(J(0, 0) * (J(1, 1) * J(2, 2) - J(1, 2) * J(2, 1)) -
                       J(0, 1) * (J(1, 0) * J(2, 2) - J(1, 2) * J(2, 0)) +
                       J(0, 2) * (J(1, 0) * J(2, 1) - J(1, 1) * J(2, 0)));
    return a * b / c - 1;
  };
  CHECK(excess(critical) == Approx(0).margin(1e-12));
  CHECK(excess(critical - 1) > 0);
  CHECK(excess(critical + 1) < 0);
}
