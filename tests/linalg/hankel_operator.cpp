// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/hankel_operator.hpp"

#include <limits>
#include <vector>

#include "linalg/products.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using linalg::HankelOperator;

namespace {

template <typename Scalar>
Trajectory<Scalar> noise_run(Index channels, Index samples, std::uint64_t seed) {
  return {TimeGrid::uniform(0, 1, samples), normal_matrix<Scalar>(channels, samples, seed)};
}

/// Entry by entry from the definition.
template <typename Scalar>
Eigen::MatrixX<Scalar> dense_hankel(const std::vector<Trajectory<Scalar>>& runs, Index delays) {
  const Index channels = runs.front().dimension();
  Index rows = 0;
  for (const auto& run : runs) rows += std::max<Index>(0, run.size() - delays + 1);
  Eigen::MatrixX<Scalar> h(rows, channels * delays);
  Index row = 0;
  for (const auto& run : runs)
    for (Index t = 0; t + delays <= run.size(); ++t, ++row)
      for (Index j = 0; j < delays; ++j)
        for (Index a = 0; a < channels; ++a) h(row, j * channels + a) = run.states()(a, t + j);
  return h;
}

template <typename Scalar>
std::vector<TrajectoryView<Scalar>> views(const std::vector<Trajectory<Scalar>>& runs) {
  return {runs.begin(), runs.end()};
}

}  // namespace

TEMPLATE_TEST_CASE("A Hankel operator multiplies as the matrix of windows does", "[hankel_operator]",
                   float, double) {
  for (const Index channels : {1, 2, 3})
    for (const Index samples : {1, 2, 17, 64, 101, 1500})
      for (const Index delays : {1, 2, 13, 64, 101, 700, 1500}) {
        if (delays > samples) continue;
        CAPTURE(channels, samples, delays);
        const std::vector runs = {noise_run<TestType>(channels, samples, 5)};
        const auto dense = dense_hankel(runs, delays);
        check_products(HankelOperator<TestType>(runs[0].states(), delays), dense);
        const HankelOperator<TestType> several(views(runs), delays);
        check_products(several, dense);
        Eigen::MatrixX<TestType> rows(dense.rows(), dense.cols());
        several.write_rows(0, rows);
        CHECK((rows.array() == dense.array()).all());
      }
}

TEMPLATE_TEST_CASE("Windows never straddle runs", "[hankel_operator]", float, double) {
  const std::vector<std::vector<Index>> lengths = {
      {40, 40}, {9, 200, 3, 31, 9, 10}, {8, 8, 8, 8, 8, 8}, {1, 700, 8}, {3000, 12, 900}};
  for (const Index channels : {1, 2})
    for (const auto& each : lengths)
      for (const Index delays : {1, 8, 31}) {
        std::vector<Trajectory<TestType>> runs;
        for (const Index length : each)
          runs.push_back(noise_run<TestType>(channels, length, std::uint64_t(length)));
        if (dense_hankel(runs, delays).rows() == 0) continue;
        CAPTURE(channels, each.size(), each[0], delays);
        const HankelOperator<TestType> several(views(runs), delays);
        check_products(several, dense_hankel(runs, delays));
        // A piece that begins and ends inside runs.
        const auto dense = dense_hankel(runs, delays);
        const Index first = dense.rows() / 3, count = (dense.rows() + 1) / 2;
        Eigen::MatrixX<TestType> rows(count, dense.cols());
        several.write_rows(first, rows);
        CHECK((rows.array() == dense.middleRows(first, count).array()).all());
      }
}

TEST_CASE("A long series is multiplied in blocks, without a trace of their borders",
          "[hankel_operator]") {
  const Index samples = 30011, delays = 37;
  const auto series = normal_matrix<double>(1, samples, 7);
  const HankelOperator<double> h(series, delays);
  REQUIRE(h.block_count() > 10);
  REQUIRE(h.block_points() < 4096);
  const auto u = normal_matrix<double>(delays, 1, 8);
  const auto v = linalg::product(h, u);
  double worst = 0;
  for (Index t = 0; t < h.rows(); ++t)
    worst = std::max(worst, std::abs(v(t, 0) - series.row(0).segment(t, delays).dot(u.col(0))));
  CHECK(worst < 1e-13);
  const auto back = linalg::adjoint_product(h, v);
  for (const Index j : {0, 1, 18, 36})
    CHECK(back(j, 0) == Approx(series.row(0).segment(j, h.rows()).dot(v.col(0))).epsilon(1e-12));
}

TEST_CASE("More vectors than are multiplied at a time give what each alone gives",
          "[hankel_operator]") {
  const HankelOperator<double> h(normal_matrix<double>(2, 900, 9), 21);
  const auto x = normal_matrix<double>(h.cols(), 75, 10);
  const auto y = linalg::product(h, x);
  const auto back = linalg::adjoint_product(h, y);
  for (const Index k : {0, 31, 32, 74}) {
    CHECK((linalg::product(h, x.col(k)).array() == y.col(k).array()).all());
    CHECK((linalg::adjoint_product(h, y.col(k)).array() == back.col(k).array()).all());
  }
}

TEST_CASE("What a Hankel operator refuses", "[hankel_operator]") {
  const auto series = normal_matrix<double>(2, 64, 11);
  CHECK_THROWS_AS(HankelOperator<double>(series, 0), InvalidArgument);
  CHECK_THROWS_WITH(HankelOperator<double>(series, -3),
                    ContainsSubstring("delays is -3") && ContainsSubstring("at least 1"));
  CHECK_THROWS_WITH(HankelOperator<double>(series, 100),
                    ContainsSubstring("100 delays") && ContainsSubstring("longest has 64") &&
                        ContainsSubstring("fewer delays"));
  CHECK_THROWS_AS(HankelOperator<double>(std::vector<TrajectoryView<double>>{}, 1), InvalidArgument);
  CHECK_THROWS_WITH(HankelOperator<double>(Eigen::MatrixXd(0, 5), 1), ContainsSubstring("channels"));
  const std::vector<Trajectory<double>> mixed = {noise_run<double>(2, 30, 1),
                                                 noise_run<double>(3, 30, 2)};
  CHECK_THROWS_AS(HankelOperator<double>(views(mixed), 4), DimensionMismatch);
  CHECK_THROWS_WITH(HankelOperator<double>(views(mixed), 4),
                    ContainsSubstring("2 channels") && ContainsSubstring("has 3"));
  Eigen::MatrixXd holed = series;
  holed(1, 40) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(HankelOperator<double>(holed, 4), NonFiniteData);
  CHECK_THROWS_WITH(HankelOperator<double>(holed, 4),
                    ContainsSubstring("component 1 of sample 40"));

  const HankelOperator<double> h(series, 4);
  CHECK_THROWS_AS(linalg::product(h, Eigen::MatrixXd::Zero(7, 1)), DimensionMismatch);
  CHECK_THROWS_WITH(linalg::product(h, Eigen::MatrixXd::Zero(7, 1)),
                    ContainsSubstring("x has 7 rows") && ContainsSubstring("has 8 columns"));
  CHECK_THROWS_WITH(linalg::adjoint_product(h, Eigen::MatrixXd::Zero(7, 1)),
                    ContainsSubstring("y has 7 rows") && ContainsSubstring("has 61"));
  Eigen::MatrixXd bad = Eigen::MatrixXd::Zero(8, 1);
  bad(3, 0) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(linalg::product(h, bad), NonFiniteData);
}
