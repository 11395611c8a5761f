// SPDX-License-Identifier: BSD-3-Clause
// Many fields at once, runs that go wrong, and doubtful input.
#include <cmath>
#include <numbers>

#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"
#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const auto grid = SpatialGrid::periodic(64, 0, 22);

Eigen::MatrixXd starts(Eigen::Index members) {
  Eigen::MatrixXd u0(64, members);
  for (Eigen::Index m = 0; m < members; ++m) u0.col(m) = gaussian_random_field(grid, 2, 3, 7, std::uint64_t(m));
  return u0;
}

}  // namespace

TEMPLATE_TEST_CASE("Members have the bits of a run of their own, for any number of threads", "", Etdrk4, EtdAb4) {
  const Eigen::MatrixXd u0 = starts(5);
  const TimeGrid times(Eigen::Vector4d(0, 0.5, 1.2, 1.7));
  const auto one = solve_ensemble(KuramotoSivashinsky<1>(), grid, u0, times, TestType{0.02});
  const auto two = solve_ensemble(KuramotoSivashinsky<1>(), grid, u0, times, TestType{0.02}, 2);
  REQUIRE(one.runs.size() == 5);
  for (std::size_t m = 0; m < 5; ++m) {
    const auto alone = solve(KuramotoSivashinsky<1>(), grid, u0.col(Eigen::Index(m)), times, TestType{0.02});
    CHECK(one.runs[m].states() == alone.trajectory.states());
    CHECK(two.runs[m].states() == alone.trajectory.states());
    CHECK(two.ledgers[m].values == alone.ledger.values);
    CHECK(two.ledgers[m].transforms == alone.ledger.transforms);
    CHECK(two.runs[m].info().grid == grid);
  }
}

TEST_CASE("A member that blows up ends alone") {
  Eigen::MatrixXd u0 = starts(3);
  u0.col(1) *= 1e200;
  const auto run = solve_ensemble(KuramotoSivashinsky<1>(), grid, u0, TimeGrid::uniform(0, 0.5, 5), Etdrk4{0.1});
  CHECK(run.runs[0].size() == 5);
  CHECK(run.runs[1].size() == 1);
  CHECK(run.runs[2].size() == 5);
  CHECK_THAT(run.ledgers[1].stopped,
             ContainsSubstring("between t = 0 and 0.5 the run blew up") && ContainsSubstring("k = ("));
  CHECK(run.runs[1].info().attributes.at("stopped") == run.ledgers[1].stopped);
  CHECK(run.runs[1].states().cwiseAbs().maxCoeff() > 1e199);
}

TEST_CASE("Every requested time is hit by whole steps") {
  const auto run =
      solve(KuramotoSivashinsky<1>(), grid, starts(1).col(0), TimeGrid(Eigen::Vector3d(0, 0.25, 1)), Etdrk4{0.1});
  CHECK(run.ledger.steps == 3 + 8);
  CHECK(run.ledger.transforms == 8 * 11);
  CHECK(run.trajectory.times()[2] == 1);
}

TEST_CASE("Doubtful fields are told of") {
  SECTION("a jump at the seam") {
    const Eigen::VectorXd ramp = field(grid, [](double x) { return x; });
    const auto run = solve(KuramotoSivashinsky<1>(), grid, ramp, TimeGrid::uniform(0, 0.01, 2), Etdrk4{0.001});
    REQUIRE(!run.ledger.warnings.empty());
    CHECK_THAT(run.ledger.warnings[0], ContainsSubstring("jumps by 21.7") && ContainsSubstring("0.344"));
  }
  SECTION("modes that the grid does not hold") {
    const Eigen::VectorXd rough = field(grid, [](double x) { return std::cos(2 * std::numbers::pi * 30 * x / 22); });
    const auto run = solve(KuramotoSivashinsky<1>(), grid, rough, TimeGrid::uniform(0, 0.01, 2), Etdrk4{0.001});
    REQUIRE(run.ledger.warnings.size() == 1);
    CHECK_THAT(run.ledger.warnings[0], ContainsSubstring("a share of 1 "));
  }
  SECTION("a slow size") {
    const auto odd = SpatialGrid::periodic(509, 0, 22);
    const auto run = solve(KuramotoSivashinsky<1>(), odd, gaussian_random_field(odd, 2, 3, 1),
                           TimeGrid::uniform(0, 0.1, 2), Etdrk4{0.05});
    REQUIRE(!run.ledger.warnings.empty());
    CHECK_THAT(run.ledger.warnings[0], ContainsSubstring("509") && ContainsSubstring("512"));
    CHECK(run.trajectory.size() == 2);
  }
}

TEST_CASE("Bad input is refused") {
  const TimeGrid times = TimeGrid::uniform(0, 1, 2);
  Eigen::VectorXd u0 = starts(1).col(0);
  CHECK_THROWS_WITH(solve(KuramotoSivashinsky<1>(), grid, u0.head(63), times, Etdrk4{0.1}),
                    ContainsSubstring("63") && ContainsSubstring("64"));
  CHECK_THROWS_WITH(solve(KuramotoSivashinsky<1>(), SpatialGrid({{8, 1}, {8, 1}}), u0, times, Etdrk4{0.1}),
                    ContainsSubstring("2 axes") && ContainsSubstring("has 1"));
  CHECK_THROWS_WITH(solve(KuramotoSivashinsky<1>(), grid, u0, times, Etdrk4{-0.1}), ContainsSubstring("step is -0.1"));
  CHECK_THROWS_WITH(solve(KuramotoSivashinsky<1>(), grid, u0, times, Etdrk4{1e-20}),
                    ContainsSubstring("step is 1e-20") && ContainsSubstring("1e+20 steps"));
  CHECK_THROWS_WITH(wave_packet(grid, 0, 0, 1), ContainsSubstring("width is 0"));
  CHECK_THROWS_WITH(phi4_kink_pair(grid, -1, 1, 1), ContainsSubstring("coupling is -1"));
  CHECK_THROWS_WITH(sine_gordon_breather(grid, 0.5, std::nan("")), ContainsSubstring("centre is nan"));
  CHECK_THROWS_WITH(gaussian_random_field(grid, 1, std::nan(""), 1), ContainsSubstring("smoothness is nan"));
  CHECK_THROWS_WITH(solve_ensemble(KuramotoSivashinsky<1>(), grid, u0, times, Etdrk4{0.1}, 0),
                    ContainsSubstring("threads is 0"));
  u0[5] = std::nan("");
  CHECK_THROWS_AS(solve(KuramotoSivashinsky<1>(), grid, u0, times, Etdrk4{0.1}), NonFiniteData);
  SolveOptions cancelled;
  cancelled.progress = [](double) { return false; };
  CHECK_THROWS_AS(solve(KuramotoSivashinsky<1>(), grid, starts(1).col(0), times, Etdrk4{0.1}, cancelled), Cancelled);
}
