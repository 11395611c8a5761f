// SPDX-License-Identifier: BSD-3-Clause
// Steps that an embedded pair chooses.
#include "almagest/spectral/adaptive.hpp"

#include <cmath>
#include <numbers>

#include "almagest/spectral/equations/burgers.hpp"
#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const SpatialGrid circle = SpatialGrid::periodic(128, 0, 2 * std::numbers::pi);

/// See steppers.cpp.
Eigen::VectorXd cole_hopf(double t, double nu = 0.5) {
  const double a = 0.6 * std::exp(-nu * t);
  return field(circle, [&, a](double x) { return 2 * nu * a * std::sin(x) / (1 + a * std::cos(x)); });
}

double rms(const Eigen::VectorXd& u) { return std::sqrt(u.squaredNorm() / double(u.size())); }

/// One attempt from the exact solution: the error of the step, that of the embedded method of order 2, and the
/// estimate.
struct Attempt {
  double error, embedded_error, estimate;
  explicit Attempt(double h) {
    using Discrete = Semidiscrete<Burgers<>>;
    Discrete discrete(Burgers<>(0.5), circle, Dealiasing::truncate, {fft::Rigor::estimate});
    spectral::detail::EmbeddedPair<Discrete> pair(discrete, h);
    const Eigen::VectorXd start = cole_hopf(0), exact = cole_hopf(h);
    discrete.load(start.data());
    discrete.prime();
    ModeArray next(discrete.state().size()), difference = next, end = next;
    pair.attempt(discrete, next, difference, end);
    discrete.mean_squares(difference, &estimate);
    estimate = std::sqrt(estimate);
    Eigen::VectorXd u(128), d(128);
    std::swap(discrete.state(), next);
    discrete.store(u.data());
    std::swap(discrete.state(), difference);
    discrete.store(d.data());
    error = rms(u - exact);
    embedded_error = rms(u - d - exact);
    CHECK(rms(d) == Approx(estimate).epsilon(1e-12));
  }
};

}  // namespace

TEST_CASE("The estimate is the error of the embedded method, of order 2") {
  const Attempt coarse(0.02), fine(0.01);
  CHECK(coarse.estimate == Approx(coarse.embedded_error).epsilon(0.05));
  CHECK(fine.estimate == Approx(fine.embedded_error).epsilon(0.025));
  CHECK(std::log2(coarse.estimate / fine.estimate) == Approx(3).margin(0.15));
  CHECK(std::log2(coarse.error / fine.error) == Approx(4).margin(0.3));
}

TEST_CASE("The error follows the tolerance") {
  double before = HUGE_VAL;
  long long steps_before = 0;
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    const auto run = solve(Burgers<>(0.5), circle, cole_hopf(0), TimeGrid::uniform(0, 1, 2), Etdrk32{0, tolerance});
    const double error = rms(run.trajectory[1] - cole_hopf(1));
    CAPTURE(tolerance, error, run.ledger.steps);
    CHECK(error < tolerance);  // the better of the two solutions is kept
    CHECK(error < before / 10);
    CHECK(run.ledger.steps > 2 * steps_before);
    before = error;
    steps_before = run.ledger.steps;
  }
}

TEST_CASE("Every requested time is hit exactly") {
  const auto grid = SpatialGrid::periodic(256, -20, 20);
  const Eigen::VectorXd u0 = korteweg_de_vries_soliton(grid, 6, 1, 2, 0);
  Eigen::VectorXd times(4);
  times << 0, 0.1, 0.37, 0.5;
  const auto run = solve(KortewegDeVries(6, 1), grid, u0, TimeGrid(times), Etdrk32{1e-8, 1e-10});
  for (Eigen::Index i = 0; i < 4; ++i)
    CHECK((run.trajectory[i] - korteweg_de_vries_soliton(grid, 6, 1, 2, 0, times[i])).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("Steps grow as the field calms down") {
  const Eigen::VectorXd u0 = cole_hopf(0);
  const auto steps = [&](double from, double to) {
    return solve(Burgers<>(0.5), circle, cole_hopf(from), TimeGrid::uniform(from, to - from, 2), Etdrk32{0, 1e-8})
        .ledger.steps;
  };
  const long long early = steps(0, 4), late = steps(4, 8), both = steps(0, 8);
  CHECK(early > 3 * late);
  CHECK(both < early + 2 * late);
}

TEST_CASE("A component that stays 0 asks for nothing") {
  const SpatialGrid grid({{16, 1}, {16, 1}});
  Eigen::VectorXd u = Eigen::VectorXd::Zero(2 * grid.size());
  u.head(grid.size()) = field(grid, [](double x, double) { return std::sin(2 * std::numbers::pi * x); });
  const auto run = solve(Burgers<2>(0.1), grid, u, TimeGrid::uniform(0, 0.1, 2), Etdrk32{1e-6, 0});
  CHECK(run.trajectory.size() == 2);
  CHECK(run.trajectory[1].tail(grid.size()).isZero(0));
}

TEST_CASE("A tolerance that rounding forbids ends the run with a sentence") {
  const auto run = solve(Burgers<>(0.5), circle, cole_hopf(0), TimeGrid::uniform(0, 1, 2), Etdrk32{0, 1e-30});
  CHECK(run.trajectory.size() == 1);
  CHECK_THAT(run.ledger.stopped, Catch::Matchers::Contains("asked for steps below"));
  CHECK_THROWS_AS(solve(Burgers<>(), circle, cole_hopf(0), TimeGrid::uniform(0, 1, 2), Etdrk32{0, 0}), InvalidArgument);
  CHECK_THROWS_AS(solve(Burgers<>(), circle, cole_hopf(0), TimeGrid::uniform(0, 1, 2), Etdrk32{-1, 1}),
                  InvalidArgument);
}
