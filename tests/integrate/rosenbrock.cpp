// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/rosenbrock.hpp"

#include <cmath>

#include "almagest/integrate/integrate.hpp"
#include "almagest/systems/van_der_pol.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// Robertson's chemical kinetics, stiff over eleven decades of time: Hairer & Wanner, Solving
/// Ordinary Differential Equations II, IV.10 (ROBER).
struct Robertson {
  static constexpr int dimension = 3;
  template <typename State, typename Rate, typename Time>
  void operator()(const State& x, Rate& dxdt, Time) const {
    // Named by its type: an expression would be evaluated once for each use.
    using Value = std::remove_cvref_t<decltype(dxdt[0])>;
    const Value first = 0.04 * x[0], second = 3e7 * x[1] * x[1], third = 1e4 * x[1] * x[2];
    dxdt[0] = third - first;
    dxdt[1] = first - third - second;
    dxdt[2] = second;
  }
};

/// Counts its evaluations.
template <typename System>
struct Counted {
  System system;
  long* calls;
  template <typename State, typename Rate, typename Time>
  void operator()(const State& x, Rate& dxdt, Time t) const {
    ++*calls;
    system(x, dxdt, t);
  }
};

}  // namespace

TEST_CASE("Robertson's kinetics at t = 40 and on to 1e11") {
  const Eigen::Vector3d start(1, 0, 0);
  for (double tolerance : {1e-6, 1e-9}) {
    // y2 is a hundred thousand times smaller than the others.
    const methods::Rosenbrock4 method{tolerance, 1e-6 * tolerance};
    const auto run = integrate(Robertson{}, start, TimeGrid::uniform(0, 40, 2), method);
    // Printed by robertson_reference.py.
    const Eigen::Vector3d known(0.7158270687194, 9.185534764558e-6, 0.2841637457458);
    for (Eigen::Index i = 0; i < 3; ++i)
      CHECK(std::abs(run[1][i] - known[i]) < 10 * tolerance * known[i]);
  }
  Eigen::VectorXd decades(13);
  decades << 0,
      Eigen::VectorXd::LinSpaced(12, 0, 11).unaryExpr([](double k) { return std::pow(10.0, k); });
  const auto run =
      integrate(Robertson{}, start, TimeGrid(decades), methods::Rosenbrock4{1e-6, 1e-12});
  for (Eigen::Index k = 0; k < run.size(); ++k) {
    // Mass is conserved by every step, not just to the tolerance.
    CHECK(std::abs(run[k].sum() - 1) < 1e-11);
    if (k > 0) CHECK(run[k][0] < run[k - 1][0]);
  }
  // Published with the test set at t = 1e11.
  CHECK(run[12][0] == Approx(0.2083340149701255e-7).epsilon(1e-3));
}

TEST_CASE("Van der Pol's oscillator with mu = 1000") {
  const systems::VanDerPol<> stiff{1000};
  const Eigen::Vector2d start(2, 0);
  const TimeGrid times = TimeGrid::uniform(0, 500, 5);
  const auto fine = integrate(stiff, start, times, methods::Rosenbrock4{1e-11, 1e-11});
  const auto run = integrate(stiff, start, times, methods::Rosenbrock4{1e-6, 1e-6});
  for (Eigen::Index k = 1; k < 5; ++k) CHECK(distance(run[k], fine[k]) < 1e-3);
  // On the slow branch ln|x| - x^2/2 grows as t/mu, up to 1/mu^2: f(x) = ln 2 - 2 at the start.
  const auto slow = [](double x) { return std::log(std::abs(x)) - x * x / 2; };
  CHECK(slow(fine[1][0]) - slow(2) == Approx(0.5).margin(1e-4));

  SECTION("costs little, where an explicit method must follow the fast decay") {
    long implicit = 0, explicit_ = 0;
    using System = Counted<systems::VanDerPol<>>;
    const TimeGrid slow_part = TimeGrid::uniform(0, 100, 2);
    integrate(System{stiff, &implicit}, start, slow_part, methods::Rosenbrock4{1e-6, 1e-6});
    integrate(System{stiff, &explicit_}, start, slow_part, methods::DormandPrince54{1e-6, 1e-6});
    CHECK(100 * implicit < explicit_);
  }
}

TEMPLATE_TEST_CASE("A stiff system that is driven in time", "", float, double) {
  const double tolerance = std::is_same_v<TestType, float> ? 1e-4 : 1e-8;
  using Problem = StiffDriven<TestType>;
  const TimeGrid times = TimeGrid::uniform(0, 0.25, 9);
  const auto run =
      integrate(Problem{}, Problem::start(), times, methods::Rosenbrock4{tolerance, tolerance});
  for (Eigen::Index k = 1; k < run.size(); ++k)
    CHECK(distance(run[k], Problem::exact(times[k])) < 10 * tolerance);
}

TEST_CASE("A driven stiff system costs few steps once its fast part is gone") {
  long implicit = 0, explicit_ = 0;
  using Problem = StiffDriven<double>;
  const TimeGrid times = TimeGrid::uniform(0, 10, 2);
  integrate(Counted<Problem>{{}, &implicit}, Problem::start(), times,
            methods::Rosenbrock4{1e-6, 1e-6});
  integrate(Counted<Problem>{{}, &explicit_}, Problem::start(), times,
            methods::DormandPrince54{1e-6, 1e-6});
  CHECK(4 * implicit < explicit_);
}
