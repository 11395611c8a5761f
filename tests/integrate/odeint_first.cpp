// SPDX-License-Identifier: BSD-3-Clause
// As odeint.cpp, with the headers in the other order.
#include <boost/numeric/odeint.hpp>
#include <boost/numeric/odeint/external/eigen/eigen.hpp>

#include "almagest/integrate.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

TEST_CASE("Odeint's own headers may come first") {
  const auto system = [](const Eigen::VectorXd& x, Eigen::VectorXd& dxdt, double) { dxdt = -x; };
  const Eigen::VectorXd start = Eigen::VectorXd::Constant(5, 2);
  const auto run = almagest::integrate(system, start, almagest::TimeGrid::uniform(0, 0.5, 3),
                                       almagest::methods::Fehlberg78{1e-12, 1e-12});
  CHECK(distance(run[2], Eigen::VectorXd(2 * std::exp(-1.0) * Eigen::VectorXd::Ones(5))) < 1e-11);
}
