// SPDX-License-Identifier: BSD-3-Clause
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 thinks that its AVX-512 loads of short Eigen vectors are not masked.
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

#include "almagest/integrate/state.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "almagest/integrate/integrate.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "integrate/problems.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// Lorenz's equations without their dimension, so that the state keeps the type it was given.
struct Plain {
  template <typename State, typename Rate, typename Time>
  void operator()(const State& x, Rate& dxdt, Time) const {
    dxdt[0] = 10 * (x[1] - x[0]);
    dxdt[1] = x[0] * (28 - x[2]) - x[1];
    dxdt[2] = x[0] * x[1] - x[2] * 8 / 3;
  }
};

// A user's functor as written for Odeint, long before this library.
using state_type = std::vector<double>;
class harm_osc {
 public:
  explicit harm_osc(double gam) : m_gam(gam) {}
  void operator()(const state_type& x, state_type& dxdt, const double /* t */) const {
    dxdt[0] = x[1];
    dxdt[1] = -x[0] - m_gam * x[1];
  }

 private:
  double m_gam;
};

void harmonic(const std::array<double, 2>& x, std::array<double, 2>& dxdt, double) {
  dxdt = {x[1], -x[0]};
}

const TimeGrid one_turn = TimeGrid::uniform(0, std::acos(-1.0) / 4, 9);
const methods::DormandPrince54 accurate{1e-11, 1e-11};

template <typename Run>
void check_oscillation(const Run& run) {
  REQUIRE(run.size() == one_turn.size());
  for (Eigen::Index k = 0; k < run.size(); ++k)
    CHECK(distance(run[k], Oscillator<double>::exact(one_turn[k])) < 1e-9);
}

}  // namespace

// Where the dimension is known the state is static, whatever the initial one is.
using detail::StateOf;
static_assert(
    std::is_same_v<StateOf<systems::Lorenz63<>, std::vector<double>>, std::array<double, 3>>);
static_assert(std::is_same_v<StateOf<systems::Lorenz63<>, Eigen::VectorXf>, std::array<float, 3>>);
static_assert(std::is_same_v<StateOf<Plain, std::vector<double>>, std::vector<double>>);
static_assert(std::is_same_v<StateOf<Plain, Eigen::Vector3d>, Eigen::Vector3d>);
static_assert(
    std::is_same_v<StateOf<Plain, Eigen::Block<const Eigen::Matrix3Xd, 3, 1>>, Eigen::Vector3d>);
static_assert(std::derived_from<StateOf<Plain, Eigen::VectorXd>, Eigen::VectorXd>);
static_assert(std::is_same_v<detail::RealOf<std::vector<float>>, float>);
static_assert(std::is_same_v<detail::RealOf<std::array<Eigen::Array<float, 8, 1>, 3>>, float>);

TEMPLATE_TEST_CASE("Every kind of state gives the same trajectory", "", methods::Rk4,
                   methods::CashKarp54, methods::DormandPrince54, methods::Fehlberg78,
                   methods::BulirschStoer, methods::Rosenbrock4) {
  TestType method;
  if constexpr (methods::FixedStep<TestType>) method.step = 0.01;
  const TimeGrid times = TimeGrid::uniform(0, 0.05, 11);
  const std::array<double, 3> start{-8, 8, 27};
  const auto expected = integrate(Plain{}, start, times, method);
  const auto check = [&](const auto& x0) {
    const auto run = integrate(Plain{}, x0, times, method);
    // Compilers may contract sums of products differently for each.
    CHECK((run.states() - expected.states()).cwiseAbs().maxCoeff() < 1e-11);
  };
  check(std::vector<double>(start.begin(), start.end()));
  check(Eigen::Vector3d(-8, 8, 27));
  check(Eigen::VectorXd(Eigen::Vector3d(-8, 8, 27)));
  if constexpr (methods::FixedStep<TestType>) {  // which of these states they become is no method's concern
    check(Eigen::RowVector3d(-8, 8, 27));
    check(Eigen::Vector3d(-9, 7, 26) + Eigen::Vector3d::Ones());
    check(expected[0]);
  }

  const auto check_float = [&](const auto& x0) {
    TestType rough = method;
    if constexpr (methods::Controlled<TestType>) rough = {1e-5, 1e-5};
    const auto run = integrate(Plain{}, x0, times, rough);
    static_assert(std::is_same_v<decltype(run), const Trajectory<float>>);
    CHECK((run.states().template cast<double>() - expected.states()).cwiseAbs().maxCoeff() < 1e-2);
  };
  check_float(std::array<float, 3>{-8, 8, 27});
  check_float(std::vector<float>{-8, 8, 27});
  check_float(Eigen::Vector3f(-8, 8, 27));
  check_float(Eigen::VectorXf(Eigen::Vector3f(-8, 8, 27)));
}

TEST_CASE("A system of known dimension gives the same bits from any kind of initial state") {
  const systems::Lorenz63<> lorenz;
  const TimeGrid times = TimeGrid::uniform(0, 0.5, 21);
  const auto expected = integrate(lorenz, {-8, 8, 27}, times, accurate);
  CHECK(integrate(lorenz, std::vector<double>{-8, 8, 27}, times, accurate).states() ==
        expected.states());
  CHECK(integrate(lorenz, Eigen::Vector3d(-8, 8, 27), times, accurate).states() ==
        expected.states());
  CHECK(integrate(lorenz, Eigen::VectorXd(Eigen::Vector3d(-8, 8, 27)), times, accurate).states() ==
        expected.states());
}

TEMPLATE_TEST_CASE("Rings of any number of cells, on any kind of state", "", std::vector<double>,
                   Eigen::VectorXd) {
  for (int cells : {4, 5, 36}) {
    const systems::Lorenz96<> ring{8, std::size_t(cells)};
    TestType x0(static_cast<detail::IndexOf<TestType>>(cells));
    for (int i = 0; i < cells; ++i)
      x0[static_cast<detail::IndexOf<TestType>>(i)] = 8 + 0.01 * std::sin(double(i * i));
    const auto run = integrate(ring, x0, TimeGrid::uniform(0, 0.0025, 401), accurate);
    REQUIRE(run.dimension() == cells);
    // Sum x_i^2 / 2 changes by F sum x_i - sum x_i^2 alone: integrated here by Simpson's rule.
    double gained = 0;
    for (Eigen::Index k = 0; k < 401; ++k) {
      const double weight = k == 0 || k == 400 ? 1 : k % 2 == 1 ? 4 : 2;
      gained += weight * 0.0025 / 3 * (8 * run[k].sum() - run[k].squaredNorm());
    }
    CHECK((run[400].squaredNorm() - run[0].squaredNorm()) / 2 ==
          Approx(gained).epsilon(1e-7).margin(1e-7));
  }
}

TEST_CASE("Systems written for Odeint work as they are") {
  SECTION("a class on std::vector") {
    check_oscillation(integrate(harm_osc(0), state_type{1, 0}, one_turn, accurate));
  }
  SECTION("a function") {
    check_oscillation(integrate(harmonic, std::array{1.0, 0.0}, one_turn, accurate));
    check_oscillation(integrate(&harmonic, std::array{1.0, 0.0}, one_turn, accurate));
  }
  SECTION("a lambda on std::array") {
    using State = std::array<double, 2>;
    const auto system = [](const State& x, State& dxdt, double) { dxdt = {x[1], -x[0]}; };
    check_oscillation(integrate(system, State{1, 0}, one_turn, accurate));
  }
  SECTION("a lambda on Eigen::VectorXd") {
    const Eigen::Matrix2d a = (Eigen::Matrix2d() << 0, 1, -1, 0).finished();
    const auto system = [&](const Eigen::VectorXd& x, Eigen::VectorXd& dxdt, double) {
      dxdt = a * x;
    };
    check_oscillation(
        integrate(system, Eigen::VectorXd(Eigen::Vector2d(1, 0)), one_turn, accurate));
  }
  SECTION("a lambda on Eigen::Vector2d") {
    const auto system = [](const Eigen::Vector2d& x, Eigen::Vector2d& dxdt, double) {
      dxdt << x[1], -x[0];
    };
    check_oscillation(integrate(system, Eigen::Vector2d(1, 0), one_turn, accurate));
  }
  SECTION("a lambda on Eigen::Ref") {
    const auto system = [](const Eigen::Ref<const Eigen::VectorXd>& x,
                           Eigen::Ref<Eigen::VectorXd> dxdt, double) {
      dxdt[0] = x[1];
      dxdt[1] = -x[0];
    };
    check_oscillation(
        integrate(system, Eigen::VectorXd(Eigen::Vector2d(1, 0)), one_turn, accurate));
    check_oscillation(integrate(system, Eigen::Vector2d(1, 0), one_turn, accurate));
  }
  SECTION("a generic lambda") {
    const auto system = [](const auto& x, auto& dxdt, auto) {
      dxdt[0] = x[1];
      dxdt[1] = -x[0];
    };
    check_oscillation(integrate(system, std::array{1.0, 0.0}, one_turn, accurate));
    check_oscillation(integrate(system, std::vector{1.0, 0.0}, one_turn, accurate));
    check_oscillation(
        integrate(system, Eigen::VectorXd(Eigen::Vector2d(1, 0)), one_turn, accurate));
    check_oscillation(
        integrate(system, Eigen::Vector2d(1, 0), one_turn, methods::Rosenbrock4{1e-11, 1e-11}));
  }
}

TEST_CASE("A state is within a bound where every number is; a NaN is not") {
  using detail::within;
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  CHECK(within(std::array{-3.0, 2.0}, 3));
  CHECK_FALSE(within(std::array{-3.0, 3.1}, 3));
  CHECK_FALSE(within(std::array{not_a_number, 0.0}, 1e300));
  CHECK_FALSE(within(Eigen::Vector3d(0, 0, not_a_number), 1e300));
  using Lanes = Eigen::Array<double, 8, 1>;
  std::array<Lanes, 2> lanes{Lanes::Zero(), Lanes::Zero()};
  CHECK(within(lanes, 1));
  lanes[1][5] = not_a_number;
  CHECK_FALSE(within(lanes, 1));
  lanes[1][5] = -2;
  CHECK_FALSE(within(lanes, 1));
}
