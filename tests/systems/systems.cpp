// SPDX-License-Identifier: BSD-3-Clause
// What holds for every system.
#include "almagest/systems.hpp"

#include <limits>
#include <string>
#include <tuple>

#include "almagest/integrate/ensemble.hpp"
#include "almagest/integrate/jacobian.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;
using namespace almagest::systems;

namespace {

template <typename System>
using StateOf =
    std::array<std::remove_cvref_t<std::tuple_element_t<0, decltype(System{}.parameters())>>,
               std::size_t(System::dimension)>;

template <typename System, typename State>
auto divergence_of(const System& system, const State& x) {
  if constexpr (requires { system.divergence(x); })
    return system.divergence(x);
  else
    return system.divergence();
}

}  // namespace

#define ALL_FLOWS(Scalar)                                                                       \
  Lorenz63<Scalar>, Rossler<Scalar>, LotkaVolterra<Scalar>, VanDerPol<Scalar>, Duffing<Scalar>, \
      DampedPendulum<Scalar>, DoublePendulum<Scalar>, HenonHeiles<Scalar>

TEMPLATE_TEST_CASE("Every flow is a vector field on numbers, lanes and dual numbers", "",
                   ALL_FLOWS(float), ALL_FLOWS(double)) {
  using State = StateOf<TestType>;
  using Scalar = typename State::value_type;
  using Lane = detail::Lanes<Scalar>;
  STATIC_REQUIRE(VectorField<TestType, State, Scalar>);
  STATIC_REQUIRE(VectorField<TestType, Eigen::VectorX<Scalar>, Scalar>);
  STATIC_REQUIRE(VectorField<TestType, std::array<Lane, std::tuple_size_v<State>>, Scalar>);
  STATIC_REQUIRE(VectorField<typename TestType::template rebind<Lane>,
                             std::array<Lane, std::tuple_size_v<State>>, Scalar>);
  STATIC_REQUIRE(Differentiable<TestType, State>);
  STATIC_REQUIRE(detail::Packable<TestType>);
}

TEMPLATE_TEST_CASE("Every system names its variables and parameters", "", ALL_FLOWS(double),
                   Logistic<double>, Henon<double>) {
  TestType system;
  STATIC_REQUIRE(TestType::variables.size() == std::size_t(TestType::dimension));
  STATIC_REQUIRE(TestType::parameter_names.size() ==
                 std::tuple_size_v<decltype(system.parameters())>);
  const TrajectoryInfo info = detail::describe(system, std::size_t(TestType::dimension));
  CHECK(info.names.size() == std::size_t(TestType::dimension));
  CHECK(info.parameters.size() == TestType::parameter_names.size());
  // The tuple refers to the parameters themselves.
  std::get<0>(system.parameters()) = 123;
  CHECK(detail::describe(system, 0).parameters.at(TestType::parameter_names[0]) == 123);
}

TEMPLATE_TEST_CASE("Fixed points of flows are zeros of the right-hand side", "", ALL_FLOWS(float),
                   ALL_FLOWS(double)) {
  using State = StateOf<TestType>;
  using Scalar = typename State::value_type;
  const TestType system;
  for (const State& point : system.fixed_points()) {
    const State rate = rate_of(system, point);
    double size = 0;
    for (Scalar value : point) size = std::max(size, std::abs(double(value)));
    for (Scalar value : rate)
      CHECK(std::abs(double(value)) <=
            20 * double(std::numeric_limits<Scalar>::epsilon()) * (1 + size * size));
  }
}

TEMPLATE_TEST_CASE("The divergence is the trace of the Jacobian", "", Lorenz63<float>,
                   Lorenz63<double>, Rossler<float>, Rossler<double>, VanDerPol<float>,
                   VanDerPol<double>, Duffing<double>, DampedPendulum<double>,
                   HenonHeiles<double>) {
  using State = StateOf<TestType>;
  using Scalar = typename State::value_type;
  TestType system;
  RandomStream random(1);
  for (int k = 0; k < 20; ++k) {
    // Parameters other than the defaults show which of them enter.
    std::apply([&](auto&... parameter) { ((parameter = Scalar(random.uniform(0.5, 3))), ...); },
               system.parameters());
    const State x = random_state<Scalar, std::tuple_size_v<State>>(random, 3);
    Eigen::MatrixX<Scalar> J;
    jacobian(system, x, Scalar(random.uniform()), J);
    CHECK(double(J.trace()) == Approx(double(divergence_of(system, x)))
                                   .epsilon(20 * double(std::numeric_limits<Scalar>::epsilon()))
                                   .margin(1e-14));
  }
}

TEMPLATE_TEST_CASE("Fixed points of maps stay where they are", "", Logistic<float>,
                   Logistic<double>, Henon<float>, Henon<double>) {
  const TestType map;
  using Scalar = typename StateOf<TestType>::value_type;
  for (const auto& point : map.fixed_points()) {
    auto next = point;
    map(point, next);
    for (std::size_t i = 0; i < point.size(); ++i)
      CHECK(std::abs(double(next[i]) - double(point[i])) <=
            20 * double(std::numeric_limits<Scalar>::epsilon()));
  }
}
