// SPDX-License-Identifier: BSD-3-Clause
// What a fitted Hankel-DMD does: forecasts, its map in steps, its table, its parts.
#include <algorithm>
#include <string>

#include "almagest/koopman/hankel_dmd.hpp"
#include "koopman/hankel_dmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_hankel_dmd;
using series::waves, series::lorenz, series::largest_difference, series::three_waves;

TEST_CASE("A growing mode diverges, a decaying one goes static", "[hankel_dmd]") {
  const auto growing = waves({{1, 2, 0, 0.05}}, 0.1, 200);
  const auto up = fit_hankel_dmd(growing, {.delays = 4, .rank = 2}).forecast(growing, 5000);
  CHECK(up.verdict().kind == Verdict::Kind::diverged);
  CHECK(up.size() < 5000);
  CHECK(up.states().allFinite());
  // The bound: a thousand times the range beyond the training bounds.
  const double range = growing.states().maxCoeff() - growing.states().minCoeff();
  CHECK(up.states().cwiseAbs().maxCoeff() < 1001 * range);
  CHECK(up.verdict().time == Approx(up.times().back() + 0.1));

  const auto decaying = waves({{1, 2, 0, -0.1}}, 0.1, 200);
  const auto down = fit_hankel_dmd(decaying, {.delays = 4, .rank = 2}).forecast(decaying, 2000);
  CHECK(down.verdict().kind == Verdict::Kind::went_static);
  CHECK(down.size() == 2000);
}

TEST_CASE("n + m steps equal n, then m", "[hankel_dmd]") {
  const auto run = waves(three_waves, 0.2, 300);
  const auto model = fit_hankel_dmd(run, {.delays = 12, .rank = 6});
  const auto whole = model.forecast(run, 170);
  const auto first = model.forecast(run, 70);
  const auto second = model.forecast(first, 100);
  CHECK(largest_difference(first.states(), whole.states().leftCols(70)) == 0);
  CHECK(largest_difference(second.states(), whole.states().rightCols(100)) < 1e-9);
  CHECK(second.times().back() == Approx(whole.times().back()));
}

TEST_CASE("lift, step and observe are the forecast", "[hankel_dmd]") {
  const auto run = waves(three_waves, 0.2, 300);
  const auto model = fit_hankel_dmd(run, {.delays = 12, .rank = 6});
  const auto ahead = model.forecast(run, 3);
  auto workspace = model.workspace();
  Eigen::VectorXd z = model.lift(run), next(model.rank()), sample(1);
  for (Index k = 0; k < 3; ++k) {
    model.step(z, next, workspace);
    model.observe(next, sample);
    CHECK(sample[0] == Approx(ahead.states()(0, k)).epsilon(1e-13));
    z = next;
  }
  CHECK(model.lift(run) == model.lift(run.slice(288, 12)));
  CHECK_THROWS_AS(model.lift(run.slice(0, 11)), DimensionMismatch);
  CHECK_THROWS_WITH(model.lift(run.slice(0, 11)),
                    ContainsSubstring("1 x 11") && ContainsSubstring("1 x 12"));
}

TEST_CASE("The summary shows a residual with every eigenvalue", "[hankel_dmd]") {
  const auto model = fit_hankel_dmd(waves({{1, 2, 0.3, -0.1}}, 0.1, 200), {.delays = 4, .rank = 2});
  const std::string summary = model.summary();
  CHECK_THAT(summary, ContainsSubstring("residual") && ContainsSubstring("rank 2 of 4") &&
                          ContainsSubstring("time step 0.1") && ContainsSubstring("200 samples"));
  // Frequency 2 / (2 pi) and growth -0.1.
  CHECK_THAT(summary, ContainsSubstring("0.31831") && ContainsSubstring("-0.1"));
  CHECK(std::count(summary.begin(), summary.end(), '\n') == 4);
}

TEST_CASE("A model from its parts forecasts the same bits; parts that do not fit are refused",
          "[hankel_dmd]") {
  const auto run = waves(three_waves, 0.2, 300);
  const auto model = fit_hankel_dmd(run, {.delays = 12, .rank = 6});
  const koopman::Dmd<double> again(model.parts());
  CHECK(largest_difference(again.forecast(run, 50).states(), model.forecast(run, 50).states()) ==
        0);

  auto parts = model.parts();
  SECTION("basis") { parts.basis.conservativeResize(11, 6); }
  SECTION("operator") { parts.reduced_operator.resize(6, 5); }
  SECTION("spectrum") { parts.spectrum.eigenvalues.conservativeResize(5); }
  SECTION("modes") { parts.spectrum.modes.conservativeResize(2, 6); }
  SECTION("residuals") { parts.spectrum.residuals.conservativeResize(7); }
  SECTION("amplitudes") { parts.spectrum.amplitudes.conservativeResize(0); }
  SECTION("scales") { parts.scales.conservativeResize(3); }
  SECTION("bounds") { parts.training.lower.resize(2); }
  SECTION("names") { parts.training.names.clear(); }
  SECTION("step") { parts.training.step.reset(); }
  SECTION("rank") { parts.scales[5] = 0; }
  CHECK_THROWS_AS(koopman::Dmd<double>(parts), Error);
}

TEST_CASE("What a Hankel-DMD refuses to forecast", "[hankel_dmd]") {
  const auto run = waves(three_waves, 0.2, 100);
  const auto model = fit_hankel_dmd(run, {.delays = 12, .rank = 6});
  CHECK(model.context() == 12);
  CHECK_THROWS_WITH(model.forecast(run.slice(0, 11), 5),
                    ContainsSubstring("11 samples") && ContainsSubstring("needs 12"));
  CHECK_THROWS_WITH(model.forecast(run, 0), ContainsSubstring("steps is 0"));
  CHECK_THROWS_AS(model.forecast(lorenz(0.2, 50, 40), 5), DimensionMismatch);
  CHECK_THROWS_WITH(model.forecast(waves(three_waves, 0.25, 50), 5),
                    ContainsSubstring("0.25") && ContainsSubstring("0.2"));
  CHECK_THROWS_WITH(model.reconstruct(run.slice(0, 11)),
                    ContainsSubstring("11 samples") && ContainsSubstring("needs 12"));

  const auto growing = waves({{1, 2, 0, 5}}, 0.1, 60);
  const auto unstable = fit_hankel_dmd(growing, {.delays = 4, .rank = 2});
  CHECK_THROWS_AS(unstable.reconstruct(waves({{1, 2}}, 0.1, 5000)), ConvergenceFailure);
  CHECK_THROWS_WITH(unstable.reconstruct(waves({{1, 2}}, 0.1, 5000)),
                    ContainsSubstring("of 5000") && ContainsSubstring("modulus 1.6") &&
                        ContainsSubstring("lower rank"));
}
