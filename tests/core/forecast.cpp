// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/forecast.hpp"

#include <cmath>
#include <limits>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::ConvergenceFailure;
using almagest::DimensionMismatch;
using almagest::Forecast;
using almagest::InvalidArgument;
using almagest::runs;
using almagest::SpatialGrid;
using almagest::TimeGrid;
using almagest::TrainingFacts;
using almagest::Trajectory;
using almagest::TrajectoryInfo;
using almagest::TrajectoryView;
using almagest::Verdict;
using almagest::detail::check_history;
using almagest::detail::common_step;
using almagest::detail::ForecastRecorder;
using almagest::detail::training_facts;

namespace {

/// (sin t, 2 cos t), 100 samples a turn.
template <typename Scalar>
Trajectory<Scalar> ellipse(Eigen::Index samples, double start = 0, double step = 0.0628,
                           TrajectoryInfo info = {}) {
  const TimeGrid times = TimeGrid::uniform(start, step, samples);
  typename Trajectory<Scalar>::Matrix states(2, samples);
  for (Eigen::Index k = 0; k < samples; ++k)
    states.col(k) << Scalar(std::sin(times[k])), Scalar(2 * std::cos(times[k]));
  return {times, states, std::move(info)};
}

Trajectory<double> uneven(Eigen::Index samples) {
  Eigen::VectorXd times(samples);
  for (Eigen::Index k = 0; k < samples; ++k) times[k] = double(k * k);
  return {TimeGrid(times), Eigen::MatrixXd::Random(2, samples)};
}

TrainingFacts facts_of(const Trajectory<double>& run) {
  return training_facts(runs(run), common_step(runs(run), "fit"), "fit");
}

}  // namespace

TEMPLATE_TEST_CASE("A model remembers what it was trained on", "", float, double) {
  TrajectoryInfo info;
  info.names = {"x", "y"};
  info.grid = SpatialGrid({{2, 1.0}});
  const std::vector<Trajectory<TestType>> several{ellipse<TestType>(200, 0, 0.0628, info),
                                                  ellipse<TestType>(50)};
  const TrainingFacts facts = training_facts(runs(several), 0.0628, "fit");
  CHECK(facts.dimension == 2);
  CHECK(facts.samples == 250);
  CHECK(facts.step == 0.0628);
  CHECK(facts.names == info.names);
  CHECK(facts.grid == info.grid);
  const auto& states = several[0].states();
  for (Eigen::Index i = 0; i < 2; ++i) {
    CHECK(facts.lower[i] == double(states.row(i).minCoeff()));
    CHECK(facts.upper[i] == double(states.row(i).maxCoeff()));
  }
  // Stillness is judged over a tenth of the longest run; there the ellipse moves by a good part of
  // its size.
  CHECK(facts.window == 20);
  CHECK(facts.quietest > 0.3);
  CHECK(facts.quietest < 1);
}

TEST_CASE("Training on nothing, or on runs of different dimension, is refused") {
  CHECK_THAT(sentence<InvalidArgument>(
                 [] { training_facts(std::vector<TrajectoryView<double>>{}, {}, "fit"); }),
             ContainsSubstring("fit: no runs") && ContainsSubstring("at least 1"));
  const Trajectory<double> other(TimeGrid::uniform(0, 1, 3), Eigen::MatrixXd::Zero(3, 3));
  const std::vector<Trajectory<double>> mixed{ellipse<double>(5), other};
  CHECK_THAT(sentence<DimensionMismatch>([&] { training_facts(runs(mixed), {}, "fit"); }),
             ContainsSubstring("run has 3") && ContainsSubstring("first run's state has 2"));
}

TEST_CASE("Runs share a time step or have none") {
  const auto step_of = [](std::vector<Trajectory<double>> several) {
    return common_step(runs(several), "fit");
  };
  CHECK(step_of({ellipse<double>(5), ellipse<double>(9, 3)}) == 0.0628);
  CHECK_FALSE(step_of({ellipse<double>(5), uneven(5)}).has_value());
  CHECK_FALSE(
      step_of({Trajectory<double>(TimeGrid(Eigen::VectorXd::Zero(1)), Eigen::MatrixXd::Zero(2, 1))})
          .has_value());
  // Steps that agree to a millionth are one step.
  CHECK(step_of({ellipse<double>(5), ellipse<double>(5, 0, 0.0628 * (1 + 1e-8))}) == 0.0628);
  CHECK_THAT(sentence<InvalidArgument>([&] {
               step_of({ellipse<double>(5), ellipse<double>(5, 0, 0.1)});
             }),
             ContainsSubstring("steps 0.0628 and 0.1") && ContainsSubstring("resample"));
}

TEST_CASE("A history that fits is accepted, with the trained step") {
  const auto run = ellipse<double>(100);
  const TrainingFacts facts = facts_of(run);
  CHECK(check_history<double>(facts, 1, run.slice(0, 1), 10, "forecast") == 0.0628);
  CHECK(check_history<double>(facts, 20, run, 10, "forecast") == 0.0628);
  // A single sample tells no step; the trained one is used.
  const Trajectory<double> one(TimeGrid(Eigen::VectorXd::Constant(1, 5)),
                               Eigen::MatrixXd::Zero(2, 1));
  CHECK(check_history<double>(facts, 1, one, 10, "forecast") == 0.0628);
  // Uneven times long before the forecast do not matter.
  Eigen::VectorXd times(5);
  times << 0, 7, 10, 10 + 0.0628, 10 + 2 * 0.0628;
  const Trajectory<double> mended(TimeGrid(times), Eigen::MatrixXd::Zero(2, 5));
  CHECK(check_history<double>(facts, 3, mended, 10, "forecast") == 0.0628);
}

TEST_CASE("A history that does not fit is refused with both values and a remedy") {
  const auto run = ellipse<double>(100);
  const TrainingFacts facts = facts_of(run);
  SECTION("dimension") {
    const Trajectory<double> other(TimeGrid::uniform(0, 0.0628, 5), Eigen::MatrixXd::Zero(3, 5));
    CHECK_THAT(sentence<DimensionMismatch>(
                   [&] { check_history<double>(facts, 1, other, 10, "forecast"); }),
               ContainsSubstring("history has dimension 3") &&
                   ContainsSubstring("trained on dimension 2") &&
                   ContainsSubstring("give states of the trained system"));
  }
  SECTION("time step") {
    CHECK_THAT(sentence<InvalidArgument>([&] {
                 check_history<double>(facts, 1, ellipse<double>(5, 0, 0.1), 10, "forecast");
               }),
               ContainsSubstring("time step 0.1") && ContainsSubstring("time step 0.0628") &&
                   ContainsSubstring("resample"));
  }
  SECTION("uneven times") {
    CHECK_THAT(sentence<InvalidArgument>(
                   [&] { check_history<double>(facts, 3, uneven(5), 10, "forecast"); }),
               ContainsSubstring("last 3 times of history are not uniform") &&
                   ContainsSubstring("0.0628") && ContainsSubstring("resample"));
  }
  SECTION("length") {
    CHECK_THAT(sentence<InvalidArgument>(
                   [&] { check_history<double>(facts, 10, run.slice(0, 4), 10, "forecast"); }),
               ContainsSubstring("history has 4 samples") && ContainsSubstring("needs 10") &&
                   ContainsSubstring("longer history"));
  }
  SECTION("steps") {
    CHECK_THAT(
        sentence<InvalidArgument>([&] { check_history<double>(facts, 1, run, 0, "forecast"); }),
        ContainsSubstring("steps is 0") && ContainsSubstring("at least 1"));
  }
  SECTION("grid") {
    TrainingFacts fields = facts;
    fields.grid = SpatialGrid({{2, 1.0}});
    TrajectoryInfo info;
    info.grid = SpatialGrid({{1, 1.0}});
    CHECK_THAT(sentence<InvalidArgument>([&] {
                 check_history<double>(fields, 1, ellipse<double>(5, 0, 0.0628, info), 10,
                                       "forecast");
               }),
               ContainsSubstring("grid of 1 points") && ContainsSubstring("grid of 2 points") &&
                   ContainsSubstring("interpolate"));
  }
}

TEST_CASE("A model of uneven times takes its step from the history") {
  const TrainingFacts facts = facts_of(uneven(6));
  CHECK_FALSE(facts.step.has_value());
  CHECK(check_history<double>(facts, 1, ellipse<double>(5, 0, 0.25), 10, "forecast") == 0.25);
  const Trajectory<double> one(TimeGrid(Eigen::VectorXd::Zero(1)), Eigen::MatrixXd::Zero(2, 1));
  CHECK_THAT(
      sentence<InvalidArgument>([&] { check_history<double>(facts, 1, one, 10, "forecast"); }),
      ContainsSubstring("tells no time step") && ContainsSubstring("at least 2 uniform samples"));
}

TEMPLATE_TEST_CASE("A forecast that stays on its ground is fine", "", float, double) {
  TrajectoryInfo info;
  info.names = {"x", "y"};
  info.attributes["source"] = "test";
  const auto run = ellipse<TestType>(200, 0, 0.0628, info);
  const TrainingFacts facts = training_facts(runs(run), 0.0628, "fit");
  ForecastRecorder<TestType> recorder(facts, run, 0.0628, 300);
  const auto ahead = ellipse<TestType>(300, recorder.time(0));
  for (Eigen::Index k = 0; k < 300; ++k) REQUIRE(recorder.add(ahead[k]));
  const Forecast<TestType> forecast = std::move(recorder).finish();
  CHECK(forecast.verdict().kind == Verdict::Kind::fine);
  CHECK(bool(forecast.verdict()));
  CHECK(forecast.verdict().text() == "fine");
  CHECK(forecast.states() == ahead.states());
  // The first sample comes one step after the last of the history.
  CHECK(forecast.times().front() == Approx(run.times().back() + 0.0628).epsilon(1e-14));
  CHECK(forecast.times().step() == 0.0628);
  CHECK(forecast.info().names == info.names);
  CHECK(forecast.info().attributes.at("source") == "test");
}

namespace {

/// Forecasts 50 samples of the ellipse, then whatever `then` makes of the sample's number from 0
/// on.
template <typename Then>
Forecast<double> continued(const Then& then, Eigen::Index samples = 100) {
  const auto run = ellipse<double>(200);
  const TrainingFacts facts = facts_of(run);
  ForecastRecorder<double> recorder(facts, run, 0.0628, 50 + samples);
  const auto good = ellipse<double>(50, recorder.time(0));
  for (Eigen::Index k = 0; k < 50; ++k) REQUIRE(recorder.add(good[k]));
  for (Eigen::Index k = 0; k < samples; ++k)
    if (!recorder.add(Eigen::Vector2d(then(k)))) break;
  return std::move(recorder).finish();
}

/// Of sample `k` of a forecast of `continued`.
double time_of(Eigen::Index k) { return 199 * 0.0628 + 0.0628 * double(k + 1); }

}  // namespace

TEST_CASE("A forecast that leaves the training region says when and which component, and goes on") {
  // The bounds of y are about [-2, 2]; half the range beyond is 4.
  const auto forecast = continued(
      [](Eigen::Index k) { return Eigen::Vector2d(0.01 * double(k % 7), 0.1 * double(k)); });
  CHECK(forecast.verdict().kind == Verdict::Kind::left_training_region);
  CHECK_FALSE(bool(forecast.verdict()));
  CHECK(forecast.size() == 150);
  CHECK(forecast.verdict().time == Approx(time_of(50 + 41)).margin(0.0629));
  CHECK_THAT(forecast.verdict().text(), ContainsSubstring("left the training region at t = ") &&
                                            ContainsSubstring("x1 = 4") &&
                                            ContainsSubstring("outside [-2, 2]"));
}

TEST_CASE("A forecast that stands still is said to be static since its window began") {
  const auto forecast = continued([](Eigen::Index) { return Eigen::Vector2d(0.5, 0.5); });
  CHECK(forecast.verdict().kind == Verdict::Kind::went_static);
  CHECK(forecast.size() == 150);
  // Windows of 20 samples: the first that is still throughout begins at sample 60.
  CHECK(forecast.verdict().time == Approx(time_of(60)).margin(1e-9));
  CHECK_THAT(forecast.verdict().text(), ContainsSubstring("went static at t = "));
}

TEST_CASE("A forecast that diverges ends before its first bad sample") {
  const double bad =
      GENERATE(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
               -std::numeric_limits<double>::infinity(), 1e5);
  const auto forecast = continued(
      [=](Eigen::Index k) { return Eigen::Vector2d(0.1 * double(k), k == 3 ? bad : 0.0); });
  CHECK(forecast.verdict().kind == Verdict::Kind::diverged);
  CHECK(forecast.size() == 53);
  CHECK(forecast.verdict().time == Approx(time_of(53)).margin(1e-9));
  CHECK(forecast.states().allFinite());
  CHECK_THAT(forecast.verdict().text(),
             ContainsSubstring("diverged at t = ") && ContainsSubstring("x1 left ["));
}

TEST_CASE("Divergence outranks an earlier departure") {
  const auto forecast = continued([](Eigen::Index k) {
    return Eigen::Vector2d(0.1 * double(k % 7), 10 * std::exp(double(k)));
  });
  CHECK(forecast.verdict().kind == Verdict::Kind::diverged);
  CHECK(forecast.size() < 60);
}

TEST_CASE("A forecast that diverges at once has nothing to show and says so") {
  const auto run = ellipse<double>(200);
  const TrainingFacts facts = facts_of(run);
  ForecastRecorder<double> recorder(facts, run, 0.0628, 10);
  CHECK_FALSE(recorder.add(Eigen::Vector2d(1e9, 0)));
  CHECK_THAT(sentence<ConvergenceFailure>([&] { std::move(recorder).finish(); }),
             ContainsSubstring("before the first sample") && ContainsSubstring("x0 left ["));
}

TEST_CASE("A component that never moved in training is still watched") {
  Eigen::MatrixXd states = ellipse<double>(200).states();
  states.row(1).setConstant(3);
  const Trajectory<double> run(TimeGrid::uniform(0, 0.0628, 200), states);
  const TrainingFacts facts = facts_of(run);
  const auto verdict = [&](double second) {
    ForecastRecorder<double> recorder(facts, run, 0.0628, 10);
    CHECK(recorder.add(Eigen::Vector2d(0.5, 3)));
    recorder.add(Eigen::Vector2d(0.5, second));
    return std::move(recorder).finish().verdict().kind;
  };
  CHECK(verdict(3) == Verdict::Kind::fine);
  CHECK(verdict(3.01) == Verdict::Kind::left_training_region);
  CHECK(verdict(2900) == Verdict::Kind::left_training_region);
  CHECK(verdict(3100) == Verdict::Kind::diverged);
}
