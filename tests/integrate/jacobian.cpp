// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/integrate/jacobian.hpp"

#include <cmath>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/systems/double_pendulum.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lorenz96.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

/// By central differences, correct to about 1e-9.
template <typename System>
Eigen::MatrixXd by_differences(const System& system, const Eigen::VectorXd& x, double t) {
  constexpr double h = 1e-5;
  Eigen::MatrixXd J(x.size(), x.size());
  Eigen::VectorXd upper(x.size()), lower(x.size());
  for (Eigen::Index j = 0; j < x.size(); ++j) {
    Eigen::VectorXd point = x;
    point[j] = x[j] + h;
    system(point, upper, t);
    point[j] = x[j] - h;
    system(point, lower, t);
    J.col(j) = (upper - lower) / (2 * h);
  }
  return J;
}

/// x' = -x^3 on std::vector only, with a derivative of its own.
struct Cubic {
  void operator()(const std::vector<double>& x, std::vector<double>& dxdt, double) const {
    dxdt[0] = -x[0] * x[0] * x[0];
  }
  void jacobian(const std::vector<double>& x, Eigen::MatrixXd& J, double) const {
    J(0, 0) = -3 * x[0] * x[0];
  }
};

const auto concrete = [](const std::array<double, 2>& x, std::array<double, 2>& dxdt, double) {
  dxdt = x;
};
const auto generic = [](const auto& x, auto& dxdt, auto) { dxdt[0] = x[0] * x[0]; };

static_assert(Differentiable<Cubic, std::vector<double>>);
static_assert(Differentiable<decltype(generic), std::array<double, 1>>);
static_assert(Differentiable<systems::Lorenz63<>, Eigen::Vector3f>);
static_assert(!Differentiable<decltype(concrete), std::array<double, 2>>);

}  // namespace

TEMPLATE_TEST_CASE("The Jacobian of Lorenz's system is the analytic one", "", float, double) {
  const systems::Lorenz63<TestType> lorenz;
  const TestType x = TestType(-3.5), y = TestType(2.25), z = 17;
  Eigen::Matrix3<TestType> expected;
  expected << -lorenz.sigma, lorenz.sigma, 0, lorenz.rho - z, -1, -x, y, x, -lorenz.beta;
  Eigen::MatrixX<TestType> J;
  jacobian(lorenz, std::array<TestType, 3>{x, y, z}, TestType(0), J);
  CHECK(J == expected);
  jacobian(lorenz, Eigen::Vector3<TestType>(x, y, z), TestType(0), J);
  CHECK(J == expected);
  jacobian(lorenz, std::vector<TestType>{x, y, z}, TestType(0), J);
  CHECK(J == expected);
}

TEST_CASE("The Jacobian of a ring of cells has four entries a row") {
  for (int cells : {4, 7, 40}) {
    const systems::Lorenz96<> ring{8, std::size_t(cells)};
    RandomStream random(3);
    const Eigen::VectorXd x = Eigen::VectorXd::NullaryExpr(cells, [&] { return random.normal(); });
    Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(cells, cells), J;
    for (int i = 0; i < cells; ++i) {
      const int next = (i + 1) % cells, back = (i + cells - 1) % cells,
                back2 = (i + cells - 2) % cells;
      expected(i, i) -= 1;
      expected(i, next) += x[back];
      expected(i, back2) -= x[back];
      expected(i, back) += x[next] - x[back2];
    }
    jacobian(ring, x, 0.0, J);
    CHECK((J - expected).cwiseAbs().maxCoeff() < 1e-15);
    jacobian(ring, std::vector<double>(x.data(), x.data() + cells), 0.0, J);
    CHECK((J - expected).cwiseAbs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("The Jacobian of the double pendulum agrees with differences") {
  const systems::DoublePendulum<> pendulum{1.5, 0.7, 1.2, 0.8, 9.81};
  RandomStream random(4);
  for (int k = 0; k < 20; ++k) {
    const Eigen::Vector4d x = 2 * Eigen::Vector4d::NullaryExpr([&] { return random.normal(); });
    Eigen::MatrixXd J;
    jacobian(pendulum, x, 0.0, J);
    const Eigen::MatrixXd expected = by_differences(pendulum, x, 0);
    CHECK((J - expected).cwiseAbs().maxCoeff() < 1e-7 * (1 + expected.cwiseAbs().maxCoeff()));
  }
}

TEST_CASE("Time reaches the Jacobian") {
  const auto system = [](const auto& x, auto& dxdt, auto t) { dxdt[0] = t * x[0] * x[0]; };
  Eigen::MatrixXd J;
  jacobian(system, std::array{3.0}, 2.0, J);
  CHECK(J(0, 0) == 12);
}

TEST_CASE("A rate that depends on no component has a row of zeros") {
  const auto system = [](const auto& x, auto& dxdt, auto) {
    dxdt[0] = 1;
    dxdt[1] = x[0];
  };
  Eigen::MatrixXd J;
  const Eigen::Matrix2d expected = (Eigen::Matrix2d() << 0, 0, 1, 0).finished();
  jacobian(system, Eigen::Vector2d(3, 4), 0.0, J);
  CHECK(J == expected);
  jacobian(system, std::vector{3.0, 4.0}, 0.0, J);
  CHECK(J == expected);
}

TEST_CASE("A system's own Jacobian is used") {
  Eigen::MatrixXd J;
  jacobian(Cubic{}, std::vector{2.0}, 0.0, J);
  CHECK(J(0, 0) == -12);
  const auto run = integrate(Cubic{}, std::vector{1.0}, TimeGrid::uniform(0, 1, 5),
                             methods::Rosenbrock4{1e-9, 1e-9});
  for (Eigen::Index k = 0; k < 5; ++k)
    CHECK(run[k][0] == Approx(1 / std::sqrt(1 + 2.0 * double(k))).epsilon(1e-7));
}
