// SPDX-License-Identifier: BSD-3-Clause
// Wave equations: dispersion, breathers, kinks, and energy for a long time.
#include <cmath>
#include <limits>
#include <numbers>

#include "almagest/spectral/equations/klein_gordon.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

constexpr double pi = std::numbers::pi;

Eigen::VectorXd at_rest(const Eigen::VectorXd& phi) {
  Eigen::VectorXd both = Eigen::VectorXd::Zero(2 * phi.size());
  both.head(phi.size()) = phi;
  return both;
}

/// Error of a breather after one period.
template <typename Method>
double breather_error(int steps) {
  const auto grid = SpatialGrid::periodic(512, -40, 40);
  const Eigen::VectorXd start = sine_gordon_breather(grid, 0.5);
  const auto run = solve(SineGordon<>(), grid, start, TimeGrid::uniform(0, 4 * pi, 2), Method{4 * pi / steps});
  return (run.trajectory[1] - start).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("Every mode of a linear wave has the frequency that Verlet gives it") {
  const auto grid = SpatialGrid::periodic(64, 0, 2 * pi);
  const double h = 0.01, mass = 1.5;
  for (const int k : {0, 1, 7, 31, 32}) {
    const Eigen::VectorXd phi = field(grid, [&](double x) { return std::cos(k * x); });
    const auto run = solve(KleinGordon<>{mass}, grid, at_rest(phi), TimeGrid::uniform(0, 0.1, 11), Verlet{h});
    const double omega = std::sqrt(k * k + mass * mass), discrete = 2 / h * std::asin(omega * h / 2);
    for (Eigen::Index i = 0; i < 11; ++i)
      CHECK((run.trajectory[i].head(64) - std::cos(discrete * 0.1 * double(i)) * phi).cwiseAbs().maxCoeff() < 1e-10);
  }
}

TEST_CASE("A breather is back after one period") {
  const auto grid = SpatialGrid::periodic(512, -40, 40);
  const Eigen::VectorXd start = sine_gordon_breather(grid, 0.5);
  CHECK(start.maxCoeff() == Approx(4.188790).epsilon(1e-7));
  const auto run = solve(SineGordon<>(), grid, start, TimeGrid::uniform(0, pi, 5), Verlet4{0.01});
  CHECK((run.trajectory[4] - start).cwiseAbs().maxCoeff() < 1e-6);
  CHECK(run.ledger.values(0, 0) == Approx(13.856406).epsilon(1e-7));
  CHECK(run.ledger.drift(0) < 1e-7);
  // Between the turning points it is exact too.
  CHECK((run.trajectory[1] - sine_gordon_breather(grid, 0.5, 0, pi)).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("Symplectic steppers converge at their order") {
  CHECK(std::log2(breather_error<Verlet>(800) / breather_error<Verlet>(1600)) == Approx(2).margin(0.05));
  CHECK(std::log2(breather_error<Verlet4>(800) / breather_error<Verlet4>(1600)) == Approx(4).margin(0.2));
}

TEST_CASE("Energy does not drift over a hundred thousand steps") {
  const auto grid = SpatialGrid::periodic(64, -20, 20);
  const auto start = phi4_kink_pair(grid, 1, 1, 16, 0.2);
  const auto run = solve(Phi4<>(), grid, start, TimeGrid::uniform(0, 50, 101), Verlet{0.05});
  REQUIRE(run.ledger.steps == 100'000);
  // It swings within h^2; a drift would grow with time.
  const auto energy = run.ledger.values.row(0);
  CHECK(run.ledger.drift(0) < 5e-3);
  CHECK(std::abs(energy.tail(20).mean() - energy.head(20).mean()) < 1e-3 * energy[0]);
}

TEST_CASE("Kinks at rest have their energy, and stay in pairs") {
  const auto grid = SpatialGrid::periodic(512, -40, 40);
  const auto start = phi4_kink_pair(grid, 1, 1, 40);
  const auto run = solve(Phi4<>(), grid, start, TimeGrid::uniform(0, 5, 5), Verlet4{0.02});
  CHECK(run.ledger.values(0, 0) == Approx(2 * 2 * std::sqrt(2.0) / 3).epsilon(1e-6));
  CHECK((run.trajectory[4] - start).cwiseAbs().maxCoeff() < 1e-6);
  CHECK(run.ledger.warnings.empty());
  // One alone is not periodic.
  const Eigen::VectorXd one = at_rest(field(grid, [](double x) { return std::tanh(x / std::sqrt(2.0)); }));
  const auto warned = solve(Phi4<>(), grid, one, TimeGrid::uniform(0, 0.1, 2), Verlet{0.02});
  REQUIRE(warned.ledger.warnings.size() == 2);
  CHECK_THAT(warned.ledger.warnings[0], ContainsSubstring("jumps by 2") && ContainsSubstring("not periodic"));
  CHECK_THAT(warned.ledger.warnings[1], ContainsSubstring("has changed by a share of"));
}

TEST_CASE("Waves on two axes travel as on one where the other is trivial") {
  const auto line = SpatialGrid::periodic(32, 0, 2 * pi);
  const SpatialGrid plane({{4, 1.0}, {32, 2 * pi}});
  const Eigen::VectorXd phi = field(line, [](double x) { return std::exp(std::sin(x)); });
  const auto one = solve(SineGordon<1>(), line, at_rest(phi), TimeGrid::uniform(0, 1, 2), Verlet{0.01});
  const auto two =
      solve(SineGordon<2>(), plane, at_rest(phi.replicate(4, 1)), TimeGrid::uniform(0, 1, 2), Verlet{0.01});
  for (Eigen::Index row = 0; row < 4; ++row)
    CHECK((two.trajectory[1].segment(32 * row, 32) - one.trajectory[1].head(32)).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("The vector sine is the sine") {
  double worst = 0;
  for (int k = -200'000; k <= 200'000; ++k) {
    const double x = k * 0.0137 + 1e-3 * std::cos(double(k));
    worst = std::max(worst, std::abs(sine(x) - std::sin(x)));
  }
  CHECK(worst < 3.4e-16);
  CHECK(sine(0.0) == 0.0);
  CHECK(sine(1e-200) == 1e-200);
  CHECK(std::isnan(sine(std::nan(""))));
  CHECK(std::isnan(sine(std::numeric_limits<double>::infinity())));
  for (const double x : {0.0, 1.0, -2.0, 30.0}) CHECK(std::abs(cosine(x) - std::cos(x)) < 1e-14);
}
