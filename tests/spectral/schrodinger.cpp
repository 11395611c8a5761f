// SPDX-License-Identifier: BSD-3-Clause
// Schrödinger equations: barriers, free packets, absorbers, solitons.
#include "almagest/spectral/equations/schrodinger.hpp"

#include <cmath>
#include <numbers>

#include "almagest/core/random.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const auto wide = SpatialGrid::periodic(2048, -30, 30);

double probability(const SpatialGrid& grid, const Eigen::VectorXcd& psi, double from, double to) {
  double sum = 0;
  const Eigen::VectorXd x = grid.points(0);
  for (Eigen::Index j = 0; j < x.size(); ++j)
    if (x[j] >= from && x[j] < to) sum += std::norm(psi[j]) * grid.spacing(0);
  return sum;
}

/// \f$ \int \rho x^2 - (\int \rho x)^2 \f$
double variance(const SpatialGrid& grid, const Eigen::VectorXcd& psi) {
  const Eigen::VectorXd x = grid.points(0), rho = psi.cwiseAbs2() * grid.spacing(0);
  const double mean = rho.dot(x);
  return rho.dot(x.cwiseProduct(x)) - mean * mean;
}

template <typename Method>
double soliton_error(int steps) {
  const auto grid = SpatialGrid::periodic(512, -20, 20);
  const double velocity = 3 * 2 * std::numbers::pi / 40, time = 2;
  const auto exact = [&](double t) {
    return field(grid, [&, t](double x) {
      const double d = around(grid, x, velocity * t);
      return std::polar(1 / std::cosh(d), velocity * x + 0.5 * (1 - velocity * velocity) * t);
    });
  };
  const auto run = solve(NonlinearSchrodinger<>(), grid, exact(0), TimeGrid::uniform(0, time, 2), Method{time / steps});
  return (run.trajectory[1] - exact(time)).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("Packets pass barriers as published, and as exact theory says") {
  SECTION("rectangular") {
    const Eigen::VectorXd barrier = field(wide, [](double x) { return std::abs(x) <= 0.5 ? 4.5 : 0.0; });
    const auto run =
        solve(Schrodinger<>(barrier), wide, wave_packet(wide, -8, 0.8, 4), TimeGrid::uniform(0, 6, 2), Strang{1e-3});
    const Eigen::VectorXcd psi = run.trajectory[1];
    CHECK(probability(wide, psi, 0.5, 30) == Approx(0.8290).margin(0.002));
    CHECK(probability(wide, psi, -30, -0.5) == Approx(0.1710).margin(0.002));
    CHECK(run.ledger.drift(0) < 1e-12);
  }
  SECTION("Gaussian") {
    const Eigen::VectorXd barrier = field(wide, [](double x) { return 4 * std::exp(-x * x / (2 * 0.64)); });
    const auto run =
        solve(Schrodinger<>(barrier), wide, wave_packet(wide, -8, 0.6, 3.5), TimeGrid::uniform(0, 6, 2), Strang{2e-3});
    const Eigen::VectorXcd psi = run.trajectory[1];
    CHECK(probability(wide, psi, 0, 30) == Approx(0.7893).margin(0.002));
    CHECK(probability(wide, psi, -30, 0) == Approx(0.2107).margin(0.002));
  }
}

TEST_CASE("A free packet spreads as theory says, in one step of any length") {
  const auto run = solve(Schrodinger<>(), wide, wave_packet(wide, -5, 1, 2), TimeGrid::uniform(0, 2, 3), Strang{2});
  for (Eigen::Index i = 0; i < 3; ++i) {
    const double t = 2 * double(i);
    CHECK(variance(wide, run.trajectory[i]) == Approx(1 + t * t / 4).epsilon(1e-8));
  }
  CHECK(run.ledger.drift(0) < 1e-12);
}

TEST_CASE("Absorption does not depend on the steps") {
  const Eigen::VectorXd absorber = field(wide, [](double x) {
    const double depth = std::max(0.0, std::abs(x) - 20) / 10;
    return 5 * depth * depth;
  });
  const auto left = [&](double step) {
    const auto run =
        solve(Schrodinger<>({}, absorber), wide, wave_packet(wide, 0, 1, 3), TimeGrid::uniform(0, 10, 2), Strang{step});
    return run.ledger.values(0, 1);
  };
  const double coarse = left(0.02), fine = left(0.005);
  CHECK(fine < 0.5);
  CHECK(fine > 0.01);
  CHECK(coarse == Approx(fine).epsilon(2e-3));
  CHECK_THROWS_WITH(Schrodinger<>({}, Eigen::VectorXd::Constant(4, -1)), ContainsSubstring("absorber is -1"));
}

TEST_CASE("Splittings converge at their order on a soliton") {
  CHECK(std::log2(soliton_error<Strang>(200) / soliton_error<Strang>(400)) == Approx(2).margin(0.05));
  CHECK(std::log2(soliton_error<Strang4>(100) / soliton_error<Strang4>(200)) == Approx(4).margin(0.2));
  CHECK(std::log2(soliton_error<Etdrk4>(40) / soliton_error<Etdrk4>(80)) == Approx(4).margin(0.5));
}

TEST_CASE("The norm is that of all modes, the highest of an even grid among them") {
  const auto grid = SpatialGrid::periodic(16, 0, 2 * std::numbers::pi);
  RandomStream random(1);
  Eigen::VectorXcd psi(16);
  for (auto& z : psi) z = {random.normal(), random.normal()};
  const auto run = solve(NonlinearSchrodinger<>(-0.1), grid, psi, TimeGrid::uniform(0, 1, 6), Strang{0.01});
  CHECK(run.ledger.values(0, 0) == Approx(psi.squaredNorm() * 2 * std::numbers::pi / 16).epsilon(1e-14));
  CHECK(run.ledger.drift(0) < 1e-12);
}

TEST_CASE("Fields of another shape are refused") {
  const auto grid = SpatialGrid::periodic(16, 0, 1);
  CHECK_THROWS_WITH(solve(Schrodinger<>(Eigen::VectorXd::Ones(8)), grid, Eigen::VectorXcd::Ones(16),
                          TimeGrid::uniform(0, 1, 2), Strang{0.1}),
                    ContainsSubstring("potential has 8 values") && ContainsSubstring("16 points"));
  CHECK_THROWS_WITH(solve(Schrodinger<>(), grid, Eigen::VectorXcd::Ones(17), TimeGrid::uniform(0, 1, 2), Strang{0.1}),
                    ContainsSubstring("u0 has 17 values"));
  CHECK_THROWS_WITH(solve(Schrodinger<>(), grid, Eigen::VectorXcd::Ones(16), TimeGrid::uniform(0, 1, 2), Strang{}),
                    ContainsSubstring("step is 0"));
}
