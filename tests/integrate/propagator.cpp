// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/propagator.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "almagest/integrate/integrate.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "core/sentence.hpp"
#include "integrate/problems.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// x' = x^2 from 1: x = 1/(1 - t) is gone at t = 1.
const auto explosion = [](const auto& x, auto& dxdt, auto) { dxdt[0] = x[0] * x[0]; };
/// x' = -1/x from 1: x = sqrt(1 - 2t) has an infinite slope at t = 1/2.
const auto wall = [](const auto& x, auto& dxdt, auto) { dxdt[0] = -1 / x[0]; };

/// Named, and with a second component that is no number after t = 1/2.
struct Ends {
  static constexpr int dimension = 2;
  static constexpr std::array variables{"good", "bad"};
  template <typename State, typename Rate, typename Time>
  void operator()(const State& x, Rate& dxdt, Time t) const {
    using std::sqrt;
    dxdt[0] = -x[0];
    dxdt[1] = x[0] * sqrt(0.5 - t);
  }
};

/// When a run is said to diverge; a failure where it is not.
template <typename Method>
double divergence_time(const Method& method, const TimeGrid& times,
                       const IntegrateOptions& options = {}) {
  try {
    integrate(explosion, std::array{1.0}, times, method, options);
  } catch (const IntegrationDiverged& error) {
    return error.time();
  }
  return std::numeric_limits<double>::quiet_NaN();
}

template <typename Method>
Method precise() {
  if constexpr (methods::FixedStep<Method>)
    return {1e-3};
  else
    return {};
}

}  // namespace

TEMPLATE_TEST_CASE("A solution that runs off to infinity is caught when it does", "", methods::Rk4,
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4) {
  const TestType method = precise<TestType>();
  const double tolerance = methods::FixedStep<TestType> ? 2e-3 : 1e-6;
  CHECK(divergence_time(method, TimeGrid::uniform(0, 2, 2)) == Approx(1).margin(tolerance));
  CHECK(divergence_time(method, TimeGrid::uniform(0, 0.01, 201)) == Approx(1).margin(tolerance));
  // With a lower bound it is caught where 1/(1 - t) passes that.
  IntegrateOptions options;
  options.bound = 10;
  const double at_bound = divergence_time(method, TimeGrid::uniform(0, 2, 2), options);
  CHECK(at_bound >= 0.9 - 1e-9);
  CHECK(at_bound < 0.96);
}

TEST_CASE("The guard names component, value, time, bound and remedies") {
  const methods::Rk4 method{1e-3};
  const TimeGrid times = TimeGrid::uniform(0, 2, 2);
  CHECK_THAT(
      sentence<IntegrationDiverged>([&] { integrate(explosion, std::array{1.0}, times, method); }),
      ContainsSubstring("component 0 reached ") && ContainsSubstring("at t = 1.00") &&
          ContainsSubstring("bound of 1e+12") && ContainsSubstring("smaller step or tolerance"));
  CHECK_THAT(
      sentence<IntegrationDiverged>([&] {
        integrate(Ends{}, {1, 0}, times, method);
      }),
      ContainsSubstring("component 1 (bad) reached nan") && ContainsSubstring("at t = 0.501"));
}

TEST_CASE("The guard finds the step in a long interval") {
  // One interval of 2 000 steps; the guard looks every 256 of them.
  for (double step : {1e-3, 1e-4}) {
    const double time = divergence_time(methods::Rk4{step}, TimeGrid::uniform(0, 2, 2));
    CHECK(time == Approx(1).margin(2 * step));
    CHECK(time / step == Approx(std::round(time / step)).margin(1e-6));
  }
}

TEMPLATE_TEST_CASE("A right-hand side that becomes a NaN ends the run with a sentence", "",
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4) {
  // The controller retreats before the NaN as from a singularity.
  CHECK_THAT(sentence<ConvergenceFailure>([] {
               integrate(Ends{}, {1, 0}, TimeGrid::uniform(0, 1, 2), TestType{});
             }),
             ContainsSubstring("no progress beyond t = 0.4999999") ||
                 ContainsSubstring("no progress beyond t = 0.5"));
  const auto never = [](const auto& x, auto& dxdt, auto) {
    dxdt[0] = x[0] * std::numeric_limits<double>::quiet_NaN();
  };
  CHECK_THAT(sentence<ConvergenceFailure>([&] {
               integrate(never, std::array{1.0}, TimeGrid::uniform(0, 1, 2), TestType{});
             }),
             ContainsSubstring("no progress beyond t = 0:"));
}

TEMPLATE_TEST_CASE("A step that shrinks to nothing ends the run with a sentence", "",
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4) {
  const auto work = [] {
    integrate(wall, std::array{1.0}, TimeGrid::uniform(0, 1, 2), TestType{});
  };
  CHECK_THAT(sentence<ConvergenceFailure>(work), ContainsSubstring("step shrank to nothing") &&
                                                     ContainsSubstring("try Rosenbrock4") &&
                                                     ContainsSubstring("singularity"));
  CHECK_THAT(sentence<ConvergenceFailure>(work), ContainsSubstring("beyond t = 0.4999999") ||
                                                     ContainsSubstring("beyond t = 0.5000000"));
}

TEMPLATE_TEST_CASE("A run that takes too many steps is ended", "", methods::Rk4,
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4, methods::Verlet) {
  IntegrateOptions options;
  options.max_steps = 50;
  CHECK_THAT(sentence<ConvergenceFailure>([&] {
               integrate(Oscillator<double>{}, std::array{1.0, 0.0}, TimeGrid::uniform(0, 1e6, 2),
                         precise<TestType>(), options);
             }),
             ContainsSubstring("max_steps = 50") && ContainsSubstring("max_steps raised"));
}

TEST_CASE("Allocations are counted where they can be") {
  const long before = allocations();
  Eigen::VectorXd of_eigen(100);
  of_eigen.setZero();
  const std::vector<double> of_the_library(100, of_eigen[0]);
  // Clang leaves out what nobody could have looked at.
  [[maybe_unused]] const double* const volatile seen[] = {of_eigen.data(), of_the_library.data()};
  const long made = allocations() - before;
  CHECK((made == 2 || allocations() == 0));
  CHECK(of_the_library.size() == 100);
}

// Not so Bulirsch-Stoer, whose stepper in Odeint makes two short vectors a step.
TEMPLATE_TEST_CASE("Advancing a static state allocates nothing", "", methods::Rk4,
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::Rosenbrock4, methods::Verlet, methods::Symplectic4) {
  const systems::HenonHeiles<> galaxy;
  const auto count = [&](auto x, double interval) {
    detail::Propagator<TestType, decltype(x)> propagator(precise<TestType>());
    propagator.restart(0.01);
    propagator.advance(galaxy, x, 0, interval);  // a first time, in which work space may be made
    const long before = allocations();
    for (int k = 1; k < 100; ++k) propagator.advance(galaxy, x, interval * k, interval);
    const long made = allocations() - before;
    CHECK(std::abs(galaxy.energy(x) - galaxy.energy(std::array{0.1, -0.2, 0.3, 0.1})) < 1e-4);
    return made;
  };
  CHECK(count(std::array<double, 4>{0.1, -0.2, 0.3, 0.1}, 0.1) == 0);
  CHECK(count(Eigen::Vector4d(0.1, -0.2, 0.3, 0.1), 0.1) == 0);
}

TEMPLATE_TEST_CASE("A restarted propagator forgets what it did before", "", methods::CashKarp54,
                   methods::DormandPrince54, methods::Fehlberg78, methods::BulirschStoer,
                   methods::Rosenbrock4) {
  const systems::Lorenz63<> lorenz;
  using State = std::array<double, 3>;
  detail::Propagator<TestType, State> used(TestType{}), fresh(TestType{});
  State elsewhere{20, -20, 5}, a{-8, 8, 27}, b = a;
  used.advance(lorenz, elsewhere, 0, 1);
  used.restart(0.01);
  fresh.restart(0.01);
  used.advance(lorenz, a, 0, 0.5);
  fresh.advance(lorenz, b, 0, 0.5);
  CHECK(a == b);
}
