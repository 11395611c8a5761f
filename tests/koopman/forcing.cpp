// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/forcing.hpp"

#include <cmath>
#include <vector>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::Interval;

namespace {

Trajectory<double> row(const std::vector<double>& values, double step = 1) {
  return {TimeGrid::uniform(0, step, Index(values.size())),
          Eigen::RowVectorXd::Map(values.data(), Index(values.size()))};
}

}  // namespace

TEST_CASE("Moments of a forcing", "[forcing]") {
  // Of 1, 1, 1, 5: mean 2, squares 1 1 1 9, fourths 1 1 1 81.
  const auto one = koopman::forcing_statistics(row({1, 1, 1, 5}));
  CHECK(one.mean[0] == 2);
  CHECK(one.deviation[0] == Approx(std::sqrt(3.0)));
  CHECK(one.excess_kurtosis[0] == Approx(21.0 / 9 - 3));
  // In two runs as in one.
  const auto two = koopman::forcing_statistics(std::vector<Trajectory<double>>{row({1, 1}), row({1, 5})});
  CHECK(two.excess_kurtosis[0] == Approx(one.excess_kurtosis[0]));

  RandomStream random(1);
  const Eigen::MatrixXd normal = Eigen::MatrixXd::NullaryExpr(2, 100000, [&](Index, Index) { return random.normal(); });
  const auto of_normal = koopman::forcing_statistics(Trajectory<double>(TimeGrid::uniform(0, 1, 100000), normal));
  CHECK(of_normal.excess_kurtosis.cwiseAbs().maxCoeff() < 0.06);  // four deviations, sqrt(24 / samples)
  CHECK_THROWS_WITH(koopman::forcing_statistics(row({3, 3})), ContainsSubstring("component 0 never moves"));
}

TEST_CASE("Bursts, alarms and their score", "[forcing]") {
  koopman::ForcingStatistics statistics;
  statistics.mean = Eigen::VectorXd::Zero(1);
  statistics.deviation = statistics.excess_kurtosis = Eigen::VectorXd::Ones(1);
  const auto u = row({0, 3, -3, 0, 0, 5, 0, 2, 0, 0, 0, 9});
  const auto active = koopman::bursts(u, statistics);
  CHECK(active == std::vector<Interval>{{1, 2}, {5, 5}, {11, 11}});
  CHECK(koopman::bursts(u, statistics, {.threshold = 2, .gap = 3}) == std::vector<Interval>{{1, 5}, {11, 11}});
  CHECK(koopman::bursts(u, statistics, {.threshold = 1.5}).size() == 4);

  CHECK(koopman::alarms(active, 3) == std::vector<Interval>{{1, 8}, {11, 14}});
  CHECK(koopman::alarms(active, 1, 0.5) == std::vector<Interval>{{1.5, 3.5}, {5.5, 6.5}, {11.5, 12.5}});

  const auto score = koopman::score_switches(koopman::alarms(active, 1), {0.5, 2.5, 3, 9, 20}, {0, 11.5});
  CHECK(score.switches == 4);
  CHECK(score.foreseen == 2);
  CHECK(score.alarms == 3);
  CHECK(score.fulfilled == 1);
  CHECK(score.alarmed == Approx(2 + 1 + 0.5));
  CHECK(score.by_chance() == Approx(3.5 / 11.5));
  auto twice = score;
  twice.merge(score);
  CHECK(twice.foreseen_share() == score.foreseen_share());
  CHECK(twice.switches == 8);

  const auto changes = koopman::sign_changes(row({1, -3, -1, 1, 2}, 0.5));
  REQUIRE(changes.size() == 2);
  CHECK(changes[0] == Approx(0.125));
  CHECK(changes[1] == Approx(1.25));
}

TEST_CASE("Bursts refuse bad input with a sentence", "[forcing]") {
  const auto u = row({0, 1, 2});
  const auto statistics = koopman::forcing_statistics(u);
  CHECK_THROWS_WITH(koopman::bursts(u, statistics, {.threshold = 0}), ContainsSubstring("threshold is 0"));
  CHECK_THROWS_WITH(koopman::bursts(u, statistics, {.gap = -1}), ContainsSubstring("gap is -1"));
  CHECK_THROWS_WITH(koopman::alarms({}, -1), ContainsSubstring("lead is -1"));
  CHECK_THROWS_WITH(koopman::sign_changes(u, 1), ContainsSubstring("component is 1"));
  CHECK_THROWS_WITH(koopman::score_switches({}, {}, {1, 1}), ContainsSubstring("from 1 to 1"));
}
