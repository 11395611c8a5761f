// SPDX-License-Identifier: BSD-3-Clause
// A user's program may use Odeint itself beside the library, its support of Eigen included: no
// clash of definitions, and neither changes what the other does.
#include "almagest/integrate/odeint.hpp"

#include <boost/numeric/odeint.hpp>
#include <boost/numeric/odeint/external/eigen/eigen.hpp>

#include "almagest/integrate.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

TEST_CASE("Odeint and the library take the same steps") {
  namespace odeint = boost::numeric::odeint;
  const auto system = [](const Eigen::VectorXd& x, Eigen::VectorXd& dxdt, double) {
    dxdt.resize(2);
    dxdt << x[1], -x[0];
  };
  const Eigen::VectorXd start = Eigen::Vector2d(1, 0);
  const auto times = almagest::TimeGrid::uniform(0, 0.1, 51);

  odeint::runge_kutta4<Eigen::VectorXd, double, Eigen::VectorXd, double,
                       odeint::vector_space_algebra>
      stepper;
  Eigen::VectorXd x = start;
  odeint::integrate_n_steps(stepper, system, x, 0.0, 0.05, 100);
  const auto run = almagest::integrate(system, start, times, almagest::methods::Rk4{0.05});
  CHECK(distance(run[50], x) < 1e-14);

  Eigen::VectorXd y = start;
  odeint::integrate_adaptive(
      odeint::make_controlled<odeint::runge_kutta_dopri5<Eigen::VectorXd, double, Eigen::VectorXd,
                                                         double, odeint::vector_space_algebra>>(
          1e-10, 1e-10),
      system, y, 0.0, 5.0, 0.1);
  const auto controlled =
      almagest::integrate(system, start, times, almagest::methods::DormandPrince54{1e-10, 1e-10});
  CHECK(distance(controlled[50], y) < 1e-8);

  std::array<double, 2> z{1, 0};
  odeint::integrate_const(odeint::runge_kutta4<std::array<double, 2>>(), Oscillator<double>{}, z,
                          0.0, 5.0, 0.05);
  CHECK(distance(run[50], z) < 1e-14);
}

TEST_CASE("The sum that closes a step is exact where its terms are") {
  using Sum = almagest::detail::Operations::scale_sum5<double>;
  double out = 0;
  Sum(1.0, 0.5, 0.25, 0.25, 0.5)(out, 1.0, 2.0, 4.0, 8.0, 16.0);
  CHECK(out == 1 + 0.5 * 2 + 0.25 * 4 + 0.25 * 8 + 0.5 * 16);
  // Other weights take the general path.
  Sum(2.0, 0.5, 0.25, 0.125, 1.0)(out, 1.0, 2.0, 4.0, 8.0, 16.0);
  CHECK(out == 2 + 0.5 * 2 + 0.25 * 4 + 0.125 * 8 + 16);
}

TEST_CASE("The norm of a state with a NaN is one, wherever it stands") {
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  using almagest::detail::IndexAlgebra;
  CHECK(IndexAlgebra::norm_inf(std::array{1.0, -3.0, 2.0}) == 3);
  for (std::size_t place = 0; place < 3; ++place) {
    std::array<double, 3> x{1, 2, 3};
    x[place] = not_a_number;
    CHECK(std::isnan(IndexAlgebra::norm_inf(x)));
  }
}
