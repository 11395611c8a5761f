// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/delay_windows.hpp"

#include <limits>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;

namespace {

template <typename Scalar>
Trajectory<Scalar> random_run(Index dimension, Index samples, std::uint64_t seed) {
  RandomStream random(seed);
  return {TimeGrid::uniform(0, 0.1, samples),
          Eigen::MatrixX<Scalar>::NullaryExpr(
              dimension, samples, [&](Index, Index) { return Scalar(random.normal()); })};
}

}  // namespace

TEMPLATE_TEST_CASE("A window holds the oldest sample first, channel by channel", "[delay_windows]",
                   float, double) {
  Eigen::MatrixX<TestType> states(2, 3), expected(2, 4);
  states << 1, 2, 3, 4, 5, 6;
  expected << 1, 4, 2, 5, 2, 5, 3, 6;
  const Trajectory<TestType> run(TimeGrid::uniform(0, 1, 3), states);
  CHECK(koopman::delay_windows(run, 2) == expected);
  CHECK(koopman::delay_windows(run, 1) == states.transpose());
  CHECK(koopman::delay_windows(run, 3) == states.reshaped().transpose());
  CHECK(koopman::delay_windows(run, 4).rows() == 0);
  CHECK(koopman::delay_windows(run.slice(1, 2), 2) == expected.bottomRows(1));
  CHECK_THROWS_AS(koopman::delay_windows(run, 0), InvalidArgument);
  CHECK_THROWS_WITH(koopman::delay_windows(run, 0), ContainsSubstring("length is 0"));
}

TEMPLATE_TEST_CASE("The factor of the windows is that of the formed matrix, run by run",
                   "[delay_windows]", float, double) {
  // Runs that end inside a block of windows, fill several, or have no window at all.
  const Index length = 5;
  std::vector<Trajectory<TestType>> owners;
  for (const Index samples : {30, 5, 4, 2500, 1, 64})
    owners.push_back(random_run<TestType>(2, samples, std::uint64_t(samples)));
  const auto several = runs(owners);

  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(10, 10);
  Index count = 0;
  for (const auto& run : several) {
    const Eigen::MatrixXd formed = koopman::delay_windows(run, length).template cast<double>();
    CHECK(formed.rows() == koopman::window_count(run, length));
    gram += formed.transpose() * formed;
    count += formed.rows();
  }
  const auto factor = koopman::factor_windows(several, length);
  CHECK(factor.rows() == count);
  const Eigen::MatrixXd r = factor.triangle().template cast<double>();
  CHECK((r.transpose() * r - gram).norm() <
        20 * double(std::numeric_limits<TestType>::epsilon()) * gram.trace());
}
