// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/multiresolution_dmd.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_multiresolution_dmd;

namespace {

/// A slow wave throughout, and a fast one of another shape from half of the time on.
Trajectory<double> slow_and_late(Index samples, double fast_from = 10) {
  Eigen::MatrixXd states(20, samples);
  const double step = 20 / double(samples);
  for (Index k = 0; k < samples; ++k)
    for (Index i = 0; i < 20; ++i) {
      const double x = -3 + 0.3 * double(i), t = step * double(k);
      states(i, k) = std::cos(0.5 * x) * std::cos(0.6 * t) + std::sin(0.5 * x) * std::sin(0.6 * t);
      if (t >= fast_from)
        states(i, k) += std::exp(-x * x) * std::sin(8 * t) + 0.5 * x * std::exp(-x * x) * std::cos(8 * t);
    }
  return {TimeGrid::uniform(0, step, samples), states};
}

double nearest(const koopman::SlowModes<double>& segment, std::complex<double> exponent) {
  double found = 1e300;
  for (const auto& one : segment.exponents) found = std::min(found, std::abs(one - exponent));
  return found;
}

}  // namespace

TEST_CASE("A slow wave alone is level 0 alone", "[multiresolution_dmd]") {
  const auto run = slow_and_late(1600, 1e9);
  const auto model = fit_multiresolution_dmd(run, {.levels = 3, .rank = 2});
  REQUIRE(model.segments().size() == 7);
  CHECK(nearest(model.segments()[0], {0, 0.6}) < 1e-9);
  CHECK(model.segments()[0].residuals.maxCoeff() < 1e-9);
  CHECK((model.evaluate(run.times()).states() - run.states()).cwiseAbs().maxCoeff() < 1e-8);
  const double finer =
      (model.evaluate(run.times(), 1).states() + model.evaluate(run.times(), 2).states()).cwiseAbs().maxCoeff();
  CHECK(finer < 1e-8);
}

TEST_CASE("What begins later is found where it is, and continued", "[multiresolution_dmd]") {
  const auto run = slow_and_late(1600);
  const auto model = fit_multiresolution_dmd(run, {.levels = 4, .rank = 4, .cycles = 4});
  CHECK(nearest(model.segments()[0], {0, 0.6}) < 0.02);
  // 8 radians a unit are 12.7 cycles in 10 units and 6.4 in 5: at most 4 of them in segments of 2.5, level 3.
  for (const auto& one : model.segments()) {
    const bool late = one.level == 3 && one.begin >= 9.99;
    if (late) CHECK(nearest(one, {0, 8}) < 0.05);
    if (!late) CHECK(nearest(one, {0, 8}) > 1);
    for (const auto& omega : one.exponents) CHECK(std::abs(omega) <= 2 * 3.1416 * 4 / (one.end - one.begin));
  }
  const auto sum = model.evaluate(run.times());
  CHECK((sum.states() - run.states()).norm() < 0.05 * run.states().norm());
  CHECK(model.last().misfit() == Approx((sum.states() - run.states()).norm() / run.states().norm()).epsilon(0.02));
  CHECK(model.evaluate(run.times(), 3).states().leftCols(700).norm() <
        0.1 * model.evaluate(run.times(), 3).states().norm());

  const auto ahead = model.forecast(run, 80);
  Eigen::MatrixXd truth(20, 80);
  for (Index k = 0; k < 80; ++k)
    for (Index i = 0; i < 20; ++i) {
      const double x = -3 + 0.3 * double(i), t = 20 + 0.0125 * double(k);
      truth(i, k) = std::cos(0.5 * x - 0.6 * t) + std::exp(-x * x) * (std::sin(8 * t) + 0.5 * x * std::cos(8 * t));
    }
  CHECK((ahead.states() - truth).norm() < 0.15 * truth.norm());
  CHECK(model.context() == 200);
  CHECK_THAT(model.summary(), ContainsSubstring("level 3") && ContainsSubstring("residual"));
}

TEST_CASE("Multi-resolution DMD refuses bad input with a sentence", "[multiresolution_dmd]") {
  const auto run = slow_and_late(60);
  CHECK_THROWS_WITH(fit_multiresolution_dmd(run, {.levels = 0}), ContainsSubstring("levels is 0"));
  CHECK_THROWS_WITH(fit_multiresolution_dmd(run, {.rank = 0}), ContainsSubstring("rank is 0"));
  CHECK_THROWS_WITH(fit_multiresolution_dmd(run, {.cycles = -1}), ContainsSubstring("cycles is -1"));
  CHECK_THROWS_WITH(fit_multiresolution_dmd(run, {.levels = 4}),
                    ContainsSubstring("60 samples in 8 segments") && ContainsSubstring("rank 6 needs 8"));
  CHECK_THROWS_WITH(fit_multiresolution_dmd(std::vector<Trajectory<double>>{run, run}), ContainsSubstring("2 runs"));
  const auto model = fit_multiresolution_dmd(run, {.levels = 2, .rank = 4});
  CHECK_THROWS_WITH(model.evaluate(TimeGrid::uniform(0, 10, 4)), ContainsSubstring("use forecast"));
  CHECK_THROWS_WITH(model.evaluate(run.times(), 2), ContainsSubstring("level is 2"));
}
