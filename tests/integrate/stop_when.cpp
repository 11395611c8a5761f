// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/stop_when.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "almagest/integrate/integrate.hpp"
#include "almagest/systems/damped_pendulum.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

using namespace almagest;
using std::numbers::pi;

namespace {

const auto position = [](const auto& x, double) { return x[0]; };
const auto velocity = [](const auto& x, double) { return x[1]; };

/// cos t from (1, 0), until the event.
template <typename Method, typename Event>
Trajectory<double> swing(const Method& method, const Event& event, double end = 10,
                         Eigen::Index samples = 11) {
  return integrate(Oscillator<double>{}, std::array{1.0, 0.0},
                   TimeGrid::uniform(0, end / double(samples - 1), samples), method, event);
}

template <typename Method>
Method accurate() {
  if constexpr (methods::FixedStep<Method>)
    return {1e-3};
  else
    return {1e-12, 1e-12};
}

}  // namespace

TEMPLATE_TEST_CASE("An event is located to 1e-9", "", methods::Rk4, methods::CashKarp54,
                   methods::DormandPrince54, methods::Fehlberg78, methods::BulirschStoer,
                   methods::Rosenbrock4, methods::Symplectic4) {
  const auto run = swing(accurate<TestType>(), stop_when(position));
  // Samples at 0 and 1, then the event.
  REQUIRE(run.size() == 3);
  CHECK(run.times()[1] == 1);
  CHECK(std::abs(run.times().back() - pi / 2) < 1e-9);
  // The last state is that of the event's time.
  CHECK(std::abs(run[2][0]) < 1e-12);
  CHECK(std::abs(run[2][1] + 1) < 1e-9);
  CHECK(run.info().attributes.at("stopped").find("by the event at t = 1.5707963") == 0);
}

TEST_CASE("An event is a property of the method's solution, located to rounding") {
  // However coarse the step, the state at the event's time is on the crossing.
  const auto run = swing(methods::Rk4{0.5}, stop_when(position));
  CHECK(std::abs(run[run.size() - 1][0]) < 1e-15);
  CHECK(run.times().back() == Approx(pi / 2).margin(1e-2));
}

TEST_CASE("The direction of the crossing counts") {
  const methods::Fehlberg78 method{1e-12, 1e-12};
  const auto time_of = [&](Crossing crossing) {
    return swing(method, stop_when(position, crossing)).times().back();
  };
  CHECK(time_of(Crossing::any) == Approx(pi / 2).margin(1e-9));
  CHECK(time_of(Crossing::falling) == Approx(pi / 2).margin(1e-9));
  CHECK(time_of(Crossing::rising) == Approx(3 * pi / 2).margin(1e-9));
}

TEST_CASE("A start on the event is no crossing") {
  // The velocity is 0 at the start, falls, and is 0 again at pi.
  const methods::Fehlberg78 method{1e-12, 1e-12};
  CHECK(swing(method, stop_when(velocity)).times().back() == Approx(pi).margin(1e-9));
  CHECK(swing(method, stop_when(velocity, Crossing::falling)).times().back() ==
        Approx(2 * pi).margin(1e-9));
}

TEST_CASE("An event that does not happen changes nothing") {
  const methods::DormandPrince54 method{1e-10, 1e-10};
  const auto never = [](const auto& x, double) { return x[0] - 2; };
  const auto run = swing(method, stop_when(never));
  const auto plain =
      integrate(Oscillator<double>{}, std::array{1.0, 0.0}, TimeGrid::uniform(0, 1, 11), method);
  CHECK(run.states() == plain.states());
  CHECK(run.times() == plain.times());
  CHECK(run.info().attributes.count("stopped") == 0);
}

TEST_CASE("An event function must be finite, and limits must leave room") {
  const auto root = [](const auto& x, double) { return std::sqrt(x[0] - 0.5); };
  CHECK_THROWS_WITH(swing(methods::Rk4{0.01}, stop_when(root)), ContainsSubstring("not a number at t = 1.0"));
  const auto limited = [](double bound, long long max_steps) {
    IntegrateOptions options;
    options.bound = bound;
    options.max_steps = max_steps;
    integrate(Oscillator<double>{}, std::array{1.0, 0.0}, TimeGrid::uniform(0, 1, 11), methods::Rk4{0.01}, options);
  };
  CHECK_NOTHROW(limited(std::numeric_limits<double>::infinity(), 100));
  CHECK_THROWS_WITH(limited(std::nan(""), 100), ContainsSubstring("bound is nan"));
  CHECK_THROWS_WITH(limited(-1, 100), ContainsSubstring("bound is -1"));
  CHECK_THROWS_WITH(limited(1, 0), ContainsSubstring("max_steps is 0"));
}

TEST_CASE("Output times do not decide which steps are nothing") {
  const auto robertson = [](const auto& x, auto& dxdt, auto) {
    dxdt[0] = -0.04 * x[0] + 1e4 * x[1] * x[2];
    dxdt[2] = 3e7 * x[1] * x[1];
    dxdt[1] = -dxdt[0] - dxdt[2];
  };
  const auto run = integrate(robertson, std::array{1.0, 0.0, 0.0}, TimeGrid(Eigen::VectorXd(Eigen::Vector2d(0, 1e11))),
                             methods::Rosenbrock4{1e-8, 1e-14});
  CHECK(run[1][0] == Approx(0.2083340149701255e-7).epsilon(1e-3));  // Mazzia & Magherini, Test Set for IVP Solvers
  CHECK(run[1].sum() == Approx(1).epsilon(1e-9));
  const auto decay = [](const auto& x, auto& dxdt, double) { dxdt[0] = -x[0]; };
  const auto fine = integrate(decay, std::array{1.0}, TimeGrid(Eigen::VectorXd(Eigen::Vector3d(0, 1e-15, 1))),
                              methods::DormandPrince54{1e-10, 1e-10});
  CHECK(fine[2][0] == Approx(std::exp(-1.0)).epsilon(1e-8));
}

TEST_CASE("An event may depend on time alone") {
  const auto run =
      swing(methods::Rk4{0.01}, stop_when([](const auto&, double t) { return t - 2.34567; }));
  CHECK(run.size() == 4);
  CHECK(run.times().back() == Approx(2.34567).margin(1e-14));
  CHECK(run[3][0] == Approx(std::cos(2.34567)).margin(1e-9));
}

TEST_CASE("An event in the first step leaves the start and the event") {
  for (double early : {1e-3, 1e-9}) {
    const auto run =
        swing(methods::Rk4{0.1}, stop_when([=](const auto&, double t) { return t - early; }));
    REQUIRE(run.size() == 2);
    CHECK(run.times().front() == 0);
    CHECK(std::abs(run.times().back() - early) < 1e-18);
    CHECK(run[1][0] == Approx(std::cos(early)).margin(1e-12));
  }
}

TEST_CASE("An event at a requested time ends there") {
  const auto run = swing(methods::Rk4{0.1}, stop_when([](const auto&, double t) { return t - 3; }));
  REQUIRE(run.size() == 4);
  CHECK(run.times().back() == Approx(3).margin(1e-14));
}

TEST_CASE("Steps much longer than the interval between samples find the event too") {
  const auto run = swing(methods::Fehlberg78{1e-12, 1e-12}, stop_when(position), 10, 10'001);
  CHECK(run.times().back() == Approx(pi / 2).margin(1e-9));
  CHECK(run.size() == 1572);
}

TEST_CASE("Events end runs of named systems and symplectic methods") {
  const systems::DampedPendulum<> pendulum;
  const auto bottom = integrate(pendulum, std::array{0.5, 0.0}, TimeGrid::uniform(0, 0.1, 51),
                                methods::Fehlberg78{1e-12, 1e-12}, stop_when(position));
  CHECK(bottom.info().names == std::vector<std::string>{"theta", "omega"});
  CHECK(std::abs(bottom[bottom.size() - 1][0]) < 1e-12);

  const systems::HenonHeiles<> galaxy;
  const auto section =
      integrate(galaxy, std::array{0.1, -0.2, 0.3, 0.1}, TimeGrid::uniform(0, 1, 101),
                methods::Symplectic4{0.01}, stop_when(position, Crossing::rising));
  CHECK(std::abs(section[section.size() - 1][0]) < 1e-13);
  CHECK(section[section.size() - 1][2] > 0);
}

TEST_CASE("Single precision locates events to its rounding") {
  const auto run =
      integrate(Oscillator<float>{}, std::array{1.0F, 0.0F}, TimeGrid::uniform(0, 1, 11),
                methods::DormandPrince54{1e-5, 1e-5}, stop_when(position));
  CHECK(run.times().back() == Approx(pi / 2).margin(1e-4));
  CHECK(std::abs(run[run.size() - 1][0]) < 1e-6F);
}
