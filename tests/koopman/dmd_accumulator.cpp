// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/dmd_accumulator.hpp"

#include <cmath>
#include <complex>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::DmdAccumulator;

namespace accumulated {

/// Two rotations in three components with noise; the angle changes at `change`.
Trajectory<double> noisy(Index samples, Index change = 1'000'000) {
  RandomStream random(7);
  Eigen::MatrixXd states(3, samples);
  double phase = 0;
  for (Index k = 0; k < samples; ++k) {
    states.col(k) << std::cos(phase), std::sin(phase), std::cos(2.5 * phase);
    for (double& x : states.col(k)) x += 1e-3 * random.normal();
    phase += k < change ? 0.3 : 0.5;
  }
  return {TimeGrid::uniform(0, 0.1, samples), states};
}

double difference(const koopman::Dmd<double>& a, const koopman::Dmd<double>& b) {
  REQUIRE(a.rank() == b.rank());
  return std::max(
      {(a.eigenvalues() - b.eigenvalues()).cwiseAbs().maxCoeff(), (a.residuals() - b.residuals()).cwiseAbs().maxCoeff(),
       (a.amplitudes() - b.amplitudes()).cwiseAbs().maxCoeff(), (a.modes() - b.modes()).cwiseAbs().maxCoeff()});
}

}  // namespace accumulated

TEST_CASE("Pieces that overlap by the delays, in any order of merging, give the fit of the whole",
          "[dmd_accumulator]") {
  using namespace accumulated;
  const auto run = noisy(500);
  for (const Index delays : {1, 4}) {
    const koopman::DmdOptions options{.delays = delays, .rank = 3};
    const auto whole = koopman::fit_dmd(run, options);
    DmdAccumulator<double> one(options), other(options), empty(options);
    Index first = 0;
    for (const Index count : {100, 57, 200, 143}) {
      const Index end = std::min<Index>(first + count, 500);
      (first < 200 ? one : other).update(run.slice(first, end - first));
      first = end - delays;
    }
    other.update(run.slice(first, 500 - first));
    one.merge(other);
    one.merge(empty);
    CHECK(one.pairs() == 500 - delays);
    CHECK(difference(one.solve(), whole) < 1e-11);
    CHECK(one.solve().training().samples >= 500);
    CHECK((one.solve().training().upper - whole.training().upper).norm() == 0);
  }
}

TEST_CASE("A sliding window forgets what has left it", "[dmd_accumulator]") {
  using namespace accumulated;
  const auto run = noisy(400, 200);
  DmdAccumulator<double> sliding({.rank = 2}, 5), all({.rank = 2});
  for (Index first = 0; first + 21 <= 400; first += 20) {
    sliding.update(run.slice(first, 21));
    all.update(run.slice(first, 21));
  }
  CHECK(sliding.pairs() == 100);
  const auto last = koopman::fit_dmd(run.slice(280, 101), {.rank = 2});
  CHECK((sliding.solve().eigenvalues() - last.eigenvalues()).cwiseAbs().maxCoeff() < 1e-11);
  CHECK((all.solve().eigenvalues() - last.eigenvalues()).cwiseAbs().maxCoeff() > 1e-2);
}

TEST_CASE("What a DmdAccumulator refuses leaves it as it was", "[dmd_accumulator]") {
  using namespace accumulated;
  const auto run = noisy(60);
  DmdAccumulator<double> some({.rank = 2});
  CHECK_THROWS_WITH(some.solve(), ContainsSubstring("0 pairs"));
  some.update(run);
  const auto before = some.solve();
  CHECK_THROWS_WITH(some.update(run.slice(0, 1)), ContainsSubstring("1 samples"));
  CHECK_THROWS_WITH(some.update(Trajectory<double>(TimeGrid::uniform(0, 0.2, 60), run.states())),
                    ContainsSubstring("time step 0.2"));
  CHECK_THROWS_AS(some.update(Trajectory<double>(run.times(), run.states().topRows(2))), DimensionMismatch);
  CHECK_THROWS_AS(some.update(Trajectory<double>(run.times(), run.states(), {}, Eigen::MatrixXd::Ones(1, 60))),
                  DimensionMismatch);
  CHECK_THROWS_WITH(some.merge(DmdAccumulator<double>({.rank = 3})), ContainsSubstring("options differ"));
  CHECK(difference(some.solve(), before) == 0);
  CHECK(some.pairs() == 59);
  CHECK_THROWS_WITH(DmdAccumulator<double>({.state_rank = 2}), ContainsSubstring("state_rank is 2"));
  CHECK_THROWS_WITH(DmdAccumulator<double>({}, -1), ContainsSubstring("keep is -1"));
}
