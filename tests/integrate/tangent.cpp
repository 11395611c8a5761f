// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/tangent.hpp"

#include <Eigen/LU>
#include <cmath>

#include "almagest/systems/henon_heiles.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "almagest/systems/maps.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// The tangent matrix, the identity at first, after `duration` along the flow from x.
template <typename State, int columns, typename Method, typename System>
Eigen::MatrixXd carried(const System& system, const State& x, double duration,
                        const Method& method) {
  using Tangent = detail::Tangent<State, columns>;
  const auto n = Eigen::Index(x.size());
  auto state = Tangent::join(x, Eigen::MatrixXd::Identity(n, n));
  detail::Propagator<Method, typename Tangent::Dual> propagator(method);
  propagator.restart(0.01);
  REQUIRE(propagator.advance(system, state, 0, duration));
  return Tangent::get(state, n);
}

/// The derivative of the flow by central differences.
template <typename State, typename System>
Eigen::MatrixXd differences(const System& system, const State& x, double duration) {
  constexpr double h = 1e-5;
  const TimeGrid times = TimeGrid::uniform(0, duration, 2);
  const methods::Fehlberg78 method{1e-13, 1e-13};
  Eigen::MatrixXd v(Eigen::Index(x.size()), Eigen::Index(x.size()));
  for (std::size_t j = 0; j < std::size_t(x.size()); ++j) {
    State upper = x, lower = x;
    upper[j] += h;
    lower[j] -= h;
    v.col(Eigen::Index(j)) =
        (integrate(system, upper, times, method)[1] - integrate(system, lower, times, method)[1]) /
        (2 * h);
  }
  return v;
}

}  // namespace

TEST_CASE("Dual numbers carry the derivative of the flow") {
  const systems::Lorenz63<> lorenz;
  const std::array<double, 3> x{-8, 8, 27};
  const Eigen::MatrixXd expected = differences(lorenz, x, 1);
  const auto close = [&](const Eigen::MatrixXd& v) {
    return (v - expected).norm() < 1e-6 * expected.norm();
  };
  CHECK(close(carried<std::array<double, 3>, 3>(lorenz, x, 1, methods::Rk4{1e-3})));
  CHECK(close(
      carried<std::array<double, 3>, 3>(lorenz, x, 1, methods::DormandPrince54{1e-10, 1e-10})));
  CHECK(close(carried<std::array<double, 3>, 3>(lorenz, x, 1, methods::Fehlberg78{1e-10, 1e-10})));
  // The determinant shrinks at the rate of the divergence.
  const Eigen::Matrix3d v =
      carried<std::array<double, 3>, 3>(lorenz, x, 1, methods::Fehlberg78{1e-12, 1e-12});
  CHECK(v.determinant() == Approx(std::exp(lorenz.divergence())).epsilon(1e-3));
}

TEST_CASE("States of any size carry tangents") {
  const systems::Lorenz96<> ring{8, 6};
  const std::vector<double> x{1, 2, 3, 4, 5, 6};
  const Eigen::MatrixXd expected = differences(ring, x, 0.5);
  const Eigen::MatrixXd v = carried<std::vector<double>, Eigen::Dynamic>(
      ring, x, 0.5, methods::DormandPrince54{1e-10, 1e-10});
  CHECK((v - expected).norm() < 1e-6 * expected.norm());
}

TEST_CASE("A Hamiltonian flow carries tangents symplectically") {
  const systems::HenonHeiles<> galaxy;
  const Eigen::Matrix4d v = carried<Eigen::Vector4d, 4>(
      galaxy, Eigen::Vector4d(0.1, -0.2, 0.3, 0.1), 10, methods::Fehlberg78{1e-12, 1e-12});
  Eigen::Matrix4d form = Eigen::Matrix4d::Zero();
  form.topRightCorner<2, 2>().setIdentity();
  form.bottomLeftCorner<2, 2>() = -Eigen::Matrix2d::Identity();
  CHECK((v.transpose() * form * v - form).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("A map carries tangents by its Jacobian") {
  const systems::Henon<> henon;
  using Tangent = detail::Tangent<std::array<double, 2>, 2>;
  auto state = Tangent::join({0.3, 0.1}, Eigen::Matrix2d::Identity()), next = state;
  henon(state, next);
  const Eigen::Matrix2d expected = (Eigen::Matrix2d() << -2 * 1.4 * 0.3, 1, 0.3, 0).finished();
  CHECK((Tangent::get(next, 2) - expected).cwiseAbs().maxCoeff() < 1e-15);
}
