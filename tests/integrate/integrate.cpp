// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/integrate.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "almagest/systems/henon_heiles.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "core/sentence.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// x' = 1: the state is the time that has passed.
struct Clock {
  template <typename State, typename Rate, typename Time>
  void operator()(const State&, Rate& dxdt, Time) const {
    dxdt[0] = 1;
  }
};

/// Times without any pattern, from -3 on.
TimeGrid scattered() {
  Eigen::VectorXd values(40);
  double t = -3;
  for (Eigen::Index k = 0; k < values.size(); ++k) {
    values[k] = t;
    t += 1e-3 + 0.37 * std::abs(std::sin(double(k * k)));
  }
  return TimeGrid(values);
}

}  // namespace

TEMPLATE_TEST_CASE("Every requested time is hit, the first and the last included", "", methods::Rk4,
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4) {
  TestType method;
  if constexpr (methods::FixedStep<TestType>) method.step = 0.013;
  const auto check = [&](const TimeGrid& times) {
    const auto clock = integrate(Clock{}, std::array{0.0}, times, method);
    const auto driven =
        integrate(Driven<double>{}, Driven<double>::exact(times.front()), times, method);
    CHECK(clock.times() == times);
    REQUIRE(clock.size() == times.size());
    const double tolerance = methods::Implicit<TestType> ? 1e-5 : 1e-7;
    for (Eigen::Index k = 0; k < times.size(); ++k) {
      CHECK(clock[k][0] == Approx(times[k] - times.front()).epsilon(1e-13).margin(1e-13));
      CHECK(distance(driven[k], Driven<double>::exact(times[k])) < tolerance);
    }
  };
  SECTION("uniform times, the step not dividing theirs") { check(TimeGrid::uniform(0, 0.1, 51)); }
  SECTION("a negative start") { check(TimeGrid::uniform(-7.5, 0.7, 20)); }
  SECTION("scattered times") { check(scattered()); }
  SECTION("intervals much longer than a step") { check(TimeGrid::uniform(0, 10, 2)); }
  SECTION("intervals much shorter than a step") { check(TimeGrid::uniform(0, 1e-4, 300)); }
  SECTION("a single time") { check(TimeGrid::uniform(2, 1, 1)); }
}

TEST_CASE("Symplectic methods hit every requested time too") {
  for (const TimeGrid& times : {TimeGrid::uniform(-1, 0.1, 51), scattered()}) {
    const auto start = Oscillator<double>::exact(times.front());
    const auto run = integrate(Oscillator<double>{}, start, times, methods::Symplectic4{0.013});
    for (Eigen::Index k = 0; k < times.size(); ++k)
      CHECK(distance(run[k], Oscillator<double>::exact(times[k])) < 1e-7);
  }
}

TEMPLATE_TEST_CASE("Single precision hits the requested times to its rounding", "", methods::Rk4,
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4) {
  TestType method;
  if constexpr (methods::FixedStep<TestType>)
    method.step = 0.013;
  else
    method = {1e-5, 1e-5};
  const TimeGrid times = scattered();
  const auto clock = integrate(Clock{}, std::array{0.0F}, times, method);
  for (Eigen::Index k = 0; k < times.size(); ++k)
    CHECK(double(clock[k][0]) == Approx(times[k] - times.front()).epsilon(1e-5).margin(1e-6));
}

TEST_CASE("The first sample is the initial state, bit for bit") {
  const std::array<double, 3> x0{1.0 / 3, -0.1, 20.000000000000004};
  const auto run =
      integrate(systems::Lorenz63<>{}, x0, TimeGrid::uniform(0, 0.1, 3), methods::Rk4{0.01});
  for (std::size_t i = 0; i < 3; ++i) CHECK(run[0][Eigen::Index(i)] == x0[i]);
}

TEST_CASE("The chaotic trajectory of Lorenz agrees with one in extended precision") {
  // The same beta for both, rounded to double.
  const systems::Lorenz63<> lorenz;
  const systems::Lorenz63<long double> fine_lorenz{10, 28, static_cast<long double>(lorenz.beta)};
  const TimeGrid times = TimeGrid::uniform(0, 1, 11);
  const std::array<long double, 3> fine_start{-8, 8, 27};
  const auto fine = integrate(fine_lorenz, fine_start, times, methods::Fehlberg78{1e-17, 1e-17});
  const auto worst = [&](const auto& method, Eigen::Index samples) {
    const auto run = integrate(lorenz, {-8, 8, 27}, times, method);
    double most = 0;
    for (Eigen::Index k = 0; k < samples; ++k) most = std::max(most, distance(run[k], fine[k]));
    return most;
  };
  // Errors grow as exp(0.9 t), that is 8000 times over ten units, from one of the size of the
  // tolerance.
  const double growth = std::exp(0.9056 * 10);
  CHECK(worst(methods::Fehlberg78{1e-12, 1e-12}, 11) < 100 * growth * 1e-12);
  CHECK(worst(methods::DormandPrince54{1e-12, 1e-12}, 11) < 100 * growth * 1e-12);
  CHECK(worst(methods::CashKarp54{1e-10, 1e-10}, 11) < 100 * growth * 1e-10);
  CHECK(worst(methods::BulirschStoer{1e-12, 1e-12}, 11) < 100 * growth * 1e-12);
  CHECK(worst(methods::Rosenbrock4{1e-9, 1e-9}, 11) < 100 * growth * 1e-9);
  CHECK(order_of(worst(methods::Rk4{0.002}, 11), worst(methods::Rk4{0.001}, 11)) > 3.8);
}

TEST_CASE("A system tells its names and parameters to the trajectory") {
  const systems::Lorenz63<> lorenz{10, 99.5, 2};
  const auto run = integrate(lorenz, {1, 1, 1}, TimeGrid::uniform(0, 0.1, 2), methods::Rk4{0.01});
  CHECK(run.info().names == std::vector<std::string>{"x", "y", "z"});
  CHECK(run.info().parameters ==
        std::map<std::string, double>{{"sigma", 10}, {"rho", 99.5}, {"beta", 2}});
  const auto nameless =
      integrate(Clock{}, std::array{0.0}, TimeGrid::uniform(0, 0.1, 2), methods::Rk4{0.01});
  CHECK(nameless.info().names.empty());
  CHECK(nameless.info().parameters.empty());
}

TEST_CASE("A run may be continued from its last sample") {
  const systems::Lorenz63<> lorenz;
  const methods::Rk4 method{0.01};
  const auto whole = integrate(lorenz, {-8, 8, 27}, TimeGrid::uniform(0, 0.1, 21), method);
  const auto first = integrate(lorenz, {-8, 8, 27}, TimeGrid::uniform(0, 0.1, 11), method);
  const auto second = integrate(lorenz, first[10], TimeGrid::uniform(1, 0.1, 11), method);
  CHECK(second.states() == whole.states().rightCols(11));
}

TEST_CASE("Progress is told about a hundred times and can cancel") {
  int calls = 0;
  double last = 0;
  IntegrateOptions options;
  options.progress = [&](double fraction) {
    ++calls;
    CHECK(fraction >= last);
    CHECK(fraction <= 1);
    last = fraction;
    return fraction < 0.5;
  };
  const auto work = [&] {
    integrate(Clock{}, std::array{0.0}, TimeGrid::uniform(0, 1, 10'001), methods::Rk4{1}, options);
  };
  CHECK_THAT(sentence<Cancelled>(work),
             ContainsSubstring("integrate: cancelled") && ContainsSubstring("50"));
  CHECK(calls >= 45);
  CHECK(calls <= 55);
  CHECK(last == Approx(0.5).margin(0.01));
}

TEMPLATE_TEST_CASE("Progress is told inside a single interval and can cancel", "", methods::Rk4,
                   methods::DormandPrince54) {
  TestType method;
  if constexpr (methods::FixedStep<TestType>) method.step = 1e-3;
  int calls = 0;
  double last = 0;
  IntegrateOptions options;
  options.progress = [&](double fraction) {
    ++calls;
    last = fraction;
    return fraction < 0.5;
  };
  const TimeGrid times = TimeGrid::uniform(0, 3000, 2);
  const auto work = [&] { integrate(Oscillator<double>{}, std::array{1.0, 0.0}, times, method, options); };
  CHECK_THAT(sentence<Cancelled>(work), ContainsSubstring("integrate: cancelled"));
  CHECK(last == Approx(0.5).margin(0.02));
  CHECK(calls >= 30);
}

TEST_CASE("A run that gets nowhere can be cancelled") {
  // Dormand and Prince's steps on so stiff a problem are a millionth of a millionth.
  const auto stiff = [](const auto& x, auto& dxdt, auto) { dxdt[0] = 1e12 * (1 - x[0]); };
  IntegrateOptions options;
  options.max_steps = 1'000'000'000;
  options.progress = [](double) { return false; };
  const auto work = [&] {
    integrate(stiff, std::array{0.0}, TimeGrid::uniform(0, 1, 2), methods::DormandPrince54{}, options);
  };
  CHECK_THAT(sentence<Cancelled>(work), ContainsSubstring("cancelled"));
}

TEST_CASE("Initial states that do not fit are refused before any work") {
  const TimeGrid times = TimeGrid::uniform(0, 0.1, 3);
  const methods::Rk4 method{0.01};
  const systems::Lorenz63<> lorenz;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               integrate(lorenz, std::vector<double>{1, 2}, times, method);
             }),
             ContainsSubstring("x0 has 2") && ContainsSubstring("dimension 3"));
  CHECK_THAT(sentence<DimensionMismatch>(
                 [&] { integrate(lorenz, Eigen::Vector4d::Zero(), times, method); }),
             ContainsSubstring("x0 has 4") && ContainsSubstring("dimension 3"));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               integrate(systems::Lorenz96<>{8, 40}, std::vector<double>(36, 1.0), times, method);
             }),
             ContainsSubstring("x0 has 36") && ContainsSubstring("dimension 40"));
  CHECK_THAT(
      sentence<InvalidArgument>([&] { integrate(Clock{}, std::vector<double>{}, times, method); }),
      ContainsSubstring("x0 is empty") && ContainsSubstring("one value for each component"));
  CHECK_THAT(sentence<NonFiniteData>([&] {
               integrate(lorenz, {1, infinity, 0}, times, method);
             }),
             ContainsSubstring("x0[1] is not finite"));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               integrate(Oscillator<double>{}, Eigen::VectorXd::Ones(3), times,
                         methods::Verlet{0.1});
             }),
             ContainsSubstring("x0 has 3") && ContainsSubstring("even"));
}
