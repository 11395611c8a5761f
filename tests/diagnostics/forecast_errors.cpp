// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/diagnostics/forecast_errors.hpp"

#include <cmath>
#include <string>

#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::diagnostics;

namespace {

Trajectory<double> line(double start, Eigen::Index samples, double offset) {
  Eigen::MatrixXd x(1, samples);
  for (Eigen::Index k = 0; k < samples; ++k) x(0, k) = start + 0.5 * double(k) + offset;
  return {TimeGrid::uniform(start, 0.5, samples), x};
}

std::string sentence_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("errors have their defined values") {
  Eigen::MatrixXd truth(2, 4), forecast(2, 4);
  truth << 1, -1, 1, -1, 2, 2, -2, -2;
  forecast = truth;
  forecast(0, 1) += 2;  // from -1 to 1
  const Trajectory<double> a(TimeGrid::uniform(0, 1, 4), truth), b(TimeGrid::uniform(0, 1, 4), forecast);
  CHECK(rmse(a, b) == Approx(std::sqrt(4.0 / 8)));
  CHECK(normalized_rmse(a, b) == Approx(std::sqrt(4.0 / 8)));  // that component's deviation is 1
  CHECK(smape(a, b) == Approx(200.0 / 8));
  CHECK(rmse(a, a) == 0);
  CHECK(smape(a, a) == 0);
}

TEST_CASE("the largest error in the 0 to 200 convention is 200, and 0/0 counts as 0") {
  const Trajectory<double> a(TimeGrid::uniform(0, 1, 2), Eigen::RowVector2d(1, 0)),
      b(TimeGrid::uniform(0, 1, 2), Eigen::RowVector2d(-1, 0));
  CHECK(smape(a, b) == 100);
  CHECK(smape(a, Trajectory<double>(TimeGrid::uniform(0, 1, 2), Eigen::RowVector2d(-1, 3))) == 200);
}

TEST_CASE("normalised error of the mean is one") {
  const auto truth = line(0, 101, 0);
  const Trajectory<double> mean(truth.times(), Eigen::MatrixXd::Constant(1, 101, truth.states().mean()));
  CHECK(normalized_rmse(truth, mean) == Approx(1.0));
}

TEST_CASE("the valid time is counted from the sample before the forecast, in Lyapunov times") {
  const auto truth = line(0, 201, 0);  // deviation sigma = 0.5 sqrt((201^2 - 1)/12)
  const double sigma = 0.5 * std::sqrt((201.0 * 201.0 - 1) / 12);
  Eigen::MatrixXd x = truth.states().rightCols(100);
  for (Eigen::Index k = 30; k < 100; ++k) x(0, k) += 0.41 * sigma;
  const Trajectory<double> ahead(TimeGrid::uniform(truth.times()[101], 0.5, 100), x);
  // Sample 30 of the forecast fails; 31 steps of 0.5 after the last sample of history.
  CHECK(valid_prediction_time(truth, ahead, {.lyapunov = 2}) == Approx(2 * 31 * 0.5));
  CHECK(valid_prediction_time(truth, ahead, {.lyapunov = 2, .threshold = 0.42}) == Approx(2 * 100 * 0.5));
}

TEST_CASE("the truth may begin earlier and end later, and a forecast may end early") {
  const auto truth = line(0, 40, 0);
  const auto part = line(5, 10, 1);
  CHECK(rmse(truth, part) == Approx(1.0));
}

TEST_CASE("what cannot be compared is refused with both values") {
  const auto truth = line(0, 10, 0);
  CHECK_THROWS_AS(rmse(truth, Trajectory<double>(truth.times(), Eigen::MatrixXd::Ones(2, 10))), DimensionMismatch);
  const auto text = sentence_of([&] { rmse(truth, line(100, 5, 0)); });
  CHECK(text.find("t = 100") != std::string::npos);
  CHECK(text.find("4.5") != std::string::npos);
  const auto shifted = Trajectory<double>(TimeGrid::uniform(0.2, 0.5, 5), Eigen::MatrixXd::Ones(1, 5));
  CHECK_THROWS_AS(rmse(truth, shifted), InvalidArgument);
  const Trajectory<double> still(truth.times(), Eigen::MatrixXd::Ones(1, 10));
  CHECK(sentence_of([&] { normalized_rmse(still, truth); }).find("component 0") != std::string::npos);
  // The mean of ten times 0.1 is not 0.1.
  const Trajectory<double> tenths(truth.times(), Eigen::MatrixXd::Constant(1, 10, 0.1));
  CHECK(sentence_of([&] { normalized_rmse(tenths, truth); }).find("never changes") != std::string::npos);
  CHECK_THROWS_AS(valid_prediction_time(truth, truth, {.lyapunov = 0}), InvalidArgument);
  CHECK_THROWS_AS(valid_prediction_time(truth, truth, {.threshold = -1}), InvalidArgument);
}
