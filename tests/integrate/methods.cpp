// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/methods.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include "almagest/integrate/integrate.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "almagest/systems/lotka_volterra.hpp"
#include "core/sentence.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// Error at the end of [0, duration] with one step size or tolerance.
template <typename Problem, typename Method>
double error(const Method& method, double duration) {
  const auto run =
      integrate(Problem{}, Problem::start(), TimeGrid::uniform(0, duration, 2), method);
  return distance(run[1], Problem::exact(duration));
}

/// Error of a method that would control its step, held at steps of `h`.
template <typename Method, typename Problem>
double error_at_step(double h, double duration) {
  detail::Steps<Method, typename Problem::State> steps(Method{1e9, 1e9});
  auto x = Problem::start();
  const int count = int(std::lround(duration / h));
  for (int k = 0; k < count; ++k) {
    double t = h * k, tried = h;
    REQUIRE(steps.attempt(Problem{}, x, t, tried));
  }
  return distance(x, Problem::exact(duration));
}

/// H = sqrt(1 + p^2) + q^2/2, a relativistic oscillator: separable, but not quadratic in p.
struct Relativistic {
  template <typename Half>
  void velocity(const Half& p, Half& dqdt) const {
    dqdt[0] = p[0] / std::sqrt(1 + p[0] * p[0]);
  }
  template <typename Half>
  void force(const Half& q, Half& dpdt) const {
    dpdt[0] = -q[0];
  }
  template <typename X, typename Rate>
  void operator()(const X& x, Rate& dxdt, double) const {
    dxdt[0] = x[1] / std::sqrt(1 + x[1] * x[1]);
    dxdt[1] = -x[0];
  }
};

/// The method's distance from a far more accurate solution after 10 units of time.
template <typename System, typename State, typename Method>
double error_against_fine(const System& system, const State& x0, const Method& method) {
  const TimeGrid times = TimeGrid::uniform(0, 10, 2);
  const auto fine = integrate(system, x0, times, methods::Fehlberg78{1e-14, 1e-14});
  return distance(integrate(system, x0, times, method)[1], fine[1]);
}

/// The largest error of the energy within each of ten equal parts of a run.
template <typename Method>
Eigen::VectorXd energy_errors(const Method& method) {
  const systems::HenonHeiles<> galaxy;
  const std::array<double, 4> x0{0.1, -0.2, 0.3, 0.1};
  const Eigen::Index samples = 5001;
  const auto run = integrate(galaxy, x0, TimeGrid::uniform(0, 2, samples), method);
  Eigen::VectorXd worst = Eigen::VectorXd::Zero(10);
  for (Eigen::Index k = 1; k < samples; ++k) {
    double& of_part = worst[(k - 1) / 500];
    of_part = std::max(of_part, std::abs(galaxy.energy(run[k]) - galaxy.energy(x0)));
  }
  return worst;
}

}  // namespace

TEST_CASE("Rk4 converges with order 4") {
  const auto order = [](auto problem) {
    using Problem = decltype(problem);
    return order_of(error<Problem>(methods::Rk4{0.05}, 4), error<Problem>(methods::Rk4{0.025}, 4));
  };
  CHECK(order(Oscillator<double>{}) == Approx(4).margin(0.2));
  CHECK(order(Growth<double>{}) == Approx(4).margin(0.2));
  CHECK(order(Driven<double>{}) == Approx(4).margin(0.2));
}

TEST_CASE("Rk4 keeps the invariant of Lotka and Volterra to its order") {
  const systems::LotkaVolterra<> system;
  const std::array<double, 2> x0{10, 5};
  const auto drift = [&](double h) {
    const auto run = integrate(system, x0, TimeGrid::uniform(0, 20, 2), methods::Rk4{h});
    return std::abs(system.invariant(run[1]) - system.invariant(x0));
  };
  CHECK(order_of(drift(0.02), drift(0.01)) == Approx(4).margin(0.2));
}

TEST_CASE("Methods with step control have their order when the step is held") {
  const auto order = [](auto method, double h, auto problem) {
    using Method = decltype(method);
    using Problem = decltype(problem);
    return order_of(error_at_step<Method, Problem>(h, 4), error_at_step<Method, Problem>(h / 2, 4));
  };
  CHECK(order(methods::CashKarp54{}, 0.0625, Driven<double>{}) == Approx(5).margin(0.2));
  CHECK(order(methods::CashKarp54{}, 0.0625, Oscillator<double>{}) == Approx(5).margin(0.2));
  CHECK(order(methods::DormandPrince54{}, 0.0625, Driven<double>{}) == Approx(5).margin(0.2));
  CHECK(order(methods::DormandPrince54{}, 0.0625, Oscillator<double>{}) == Approx(5).margin(0.2));
  CHECK(order(methods::Fehlberg78{}, 0.5, Oscillator<double>{}) == Approx(8).margin(0.2));
  CHECK(order(methods::Rosenbrock4{}, 0.0625, Growth<double>{}) == Approx(4).margin(0.2));
  CHECK(order(methods::Rosenbrock4{}, 0.0625, Oscillator<double>{}) == Approx(4).margin(0.2));
  // Needs the derivative with respect to time; without it the order would be 2.
  CHECK(order(methods::Rosenbrock4{}, 0.0625, Driven<double>{}) > 3.8);
}

TEMPLATE_TEST_CASE("The error follows the tolerance", "", methods::CashKarp54,
                   methods::DormandPrince54, methods::Fehlberg78, methods::BulirschStoer,
                   methods::Rosenbrock4) {
  for (int digits = 3; digits <= 12; ++digits) {
    const double tolerance = std::pow(10.0, -digits);
    const TestType method{tolerance, tolerance};
    INFO("tolerance " << tolerance);
    CHECK(error<Oscillator<double>>(method, 10) < 30 * tolerance);
    CHECK(error<Growth<double>>(method, 10) < 30 * tolerance);
    CHECK(error<Driven<double>>(method, 10) < 30 * tolerance);
  }
  const double loose = error<Oscillator<double>>(TestType{1e-5, 1e-5}, 10);
  const double tight = error<Oscillator<double>>(TestType{1e-11, 1e-11}, 10);
  CHECK(std::log10(loose / tight) == Approx(6).margin(0.6));
}

TEMPLATE_TEST_CASE("Methods with step control work in single precision", "", methods::CashKarp54,
                   methods::DormandPrince54, methods::Fehlberg78, methods::BulirschStoer,
                   methods::Rosenbrock4) {
  const TestType method{1e-5, 1e-5};
  CHECK(error<Oscillator<float>>(method, 10) < 30 * 1e-5);
  CHECK(error<Growth<float>>(method, 10) < 30 * 1e-5);
  // Bulirsch and Stoer's long steps: see there.
  const double share = std::is_same_v<TestType, methods::BulirschStoer> ? 100 : 30;
  CHECK(error<Driven<float>>(method, 10) < share * 1e-5);
  // A tolerance below the rounding of the state costs steps, but ends, and as accurate as floats
  // are.
  CHECK(error<Growth<float>>(TestType{1e-9, 1e-9}, 10) < 1e-5);
}

TEST_CASE("Symplectic methods converge with their order, quadratic kinetic energy or not") {
  const auto order = [](auto method, const auto& system, const auto& x0) {
    using Method = decltype(method);
    return order_of(error_against_fine(system, x0, Method{0.05}),
                    error_against_fine(system, x0, Method{0.025}));
  };
  const std::array<double, 2> x0{1.2, 0.7};
  CHECK(order(methods::Verlet{}, Oscillator<double>{}, x0) == Approx(2).margin(0.1));
  CHECK(order(methods::Verlet{}, Relativistic{}, x0) == Approx(2).margin(0.1));
  CHECK(order(methods::Symplectic4{}, Oscillator<double>{}, x0) == Approx(4).margin(0.1));
  CHECK(order(methods::Symplectic4{}, Relativistic{}, x0) == Approx(4).margin(0.1));
  const std::array<double, 4> star{0.1, -0.2, 0.3, 0.1};
  CHECK(order(methods::Verlet{}, systems::HenonHeiles<>{}, star) == Approx(2).margin(0.1));
  CHECK(order(methods::Symplectic4{}, systems::HenonHeiles<>{}, star) == Approx(4).margin(0.1));
}

TEMPLATE_TEST_CASE("Symplectic methods retrace their steps when momenta are reversed", "",
                   methods::Verlet, methods::Symplectic4) {
  const systems::HenonHeiles<> galaxy;
  const Eigen::Vector4d x0(0.1, -0.2, 0.3, 0.1);
  const auto turned = [](Eigen::Vector4d x) {
    x.tail<2>() *= -1;
    return x;
  };
  const TimeGrid times = TimeGrid::uniform(0, 50, 2);
  const auto there = integrate(galaxy, x0, times, TestType{0.1});
  const auto back = integrate(galaxy, turned(there[1]), times, TestType{0.1});
  CHECK(distance(turned(back[1]), x0) < 1e-13);
  // Far from exact along the way: retracing is a property of the method, not of small errors.
  CHECK(error_against_fine(galaxy, x0, TestType{0.1}) > 1e-8);
}

TEST_CASE("Symplectic methods bound the error of the energy, where Rk4 lets it drift") {
  const Eigen::VectorXd verlet = energy_errors(methods::Verlet{0.1});
  const Eigen::VectorXd fourth = energy_errors(methods::Symplectic4{0.1});
  const Eigen::VectorXd rk4 = energy_errors(methods::Rk4{0.1});
  // 100 000 steps: the last tenth is no worse than the first.
  CHECK(verlet[9] < 1.2 * verlet[0]);
  CHECK(fourth[9] < 1.2 * fourth[0]);
  CHECK(fourth.maxCoeff() < 0.01 * verlet.maxCoeff());
  // A drift grows with time.
  CHECK(rk4[9] > 8 * rk4[0]);
}

TEST_CASE("Steps and tolerances that make no sense are refused") {
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto refused = [](const auto& method) {
    return sentence<InvalidArgument>([&] {
      integrate(Oscillator<double>{}, std::array{1.0, 0.0}, TimeGrid::uniform(0, 1, 2), method);
    });
  };
  CHECK_THAT(refused(methods::Rk4{}),
             ContainsSubstring("step is 0") && ContainsSubstring("positive, finite"));
  CHECK_THAT(refused(methods::Rk4{-0.1}), ContainsSubstring("step is -0.1"));
  CHECK_THAT(refused(methods::Rk4{not_a_number}), ContainsSubstring("step is nan"));
  CHECK_THAT(refused(methods::Verlet{0}), ContainsSubstring("step is 0"));
  CHECK_THAT(refused(methods::Symplectic4{infinity}), ContainsSubstring("step is inf"));
  CHECK_THAT(refused(methods::CashKarp54{-1e-6, 1e-6}), ContainsSubstring("relative = -1e-06") &&
                                                            ContainsSubstring("absolute = 1e-06") &&
                                                            ContainsSubstring("not negative"));
  CHECK_THAT(refused(methods::DormandPrince54{0, 0}), ContainsSubstring("not both zero"));
  CHECK_THAT(refused(methods::Fehlberg78{1e-6, not_a_number}), ContainsSubstring("absolute = nan"));
  CHECK_THAT(refused(methods::BulirschStoer{1e-6, infinity}), ContainsSubstring("absolute = inf"));
  CHECK_THAT(refused(methods::Rosenbrock4{0, -1}), ContainsSubstring("absolute = -1"));
  // One of the two may be zero.
  CHECK_NOTHROW(integrate(Oscillator<double>{}, std::array{1.0, 0.5}, TimeGrid::uniform(0, 1, 2),
                          methods::DormandPrince54{0, 1e-6}));
}
