// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/ensemble.hpp"

#include <limits>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::DimensionMismatch;
using almagest::Ensemble;
using almagest::InvalidArgument;
using almagest::NonFiniteData;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::TrajectoryInfo;
using almagest::TrajectoryView;

namespace {

template <typename Scalar>
Trajectory<Scalar> run_of(Eigen::Index dimension, Eigen::Index samples, float first,
                          Eigen::Index inputs = 0) {
  using Matrix = typename Trajectory<Scalar>::Matrix;
  const auto filled = [&](Eigen::Index rows) {
    return Matrix(Matrix::NullaryExpr(rows, samples, [&](Eigen::Index i, Eigen::Index k) {
      return Scalar(first + float(10 * k + i));
    }));
  };
  TrajectoryInfo info;
  info.parameters["first"] = double(first);
  return {TimeGrid::uniform(double(first), 0.5, samples), filled(dimension), info,
          inputs > 0 ? filled(inputs) : Matrix()};
}

}  // namespace

TEMPLATE_TEST_CASE("The members of an ensemble lie one after another in one block", "", float,
                   double) {
  const std::vector<Trajectory<TestType>> several{
      run_of<TestType>(3, 4, 0), run_of<TestType>(3, 7, 100), run_of<TestType>(3, 1, 200)};
  const Ensemble<TestType> ensemble(several);
  REQUIRE(ensemble.size() == 3);
  CHECK(ensemble.dimension() == 3);
  CHECK(ensemble.states().cols() == 12);
  const TestType* place = ensemble.states().data();
  for (std::size_t k = 0; k < 3; ++k) {
    const TrajectoryView<TestType> member = ensemble[k];
    CHECK(member.states().data() == place);
    CHECK(member.states() == several[k].states());
    CHECK(member.times() == several[k].times());
    CHECK(&member.info() == &several[k].info());
    place += member.states().size();
  }
}

TEST_CASE("An ensemble keeps the inputs of its members") {
  const std::vector<Trajectory<double>> several{run_of<double>(3, 4, 0, 2),
                                                run_of<double>(3, 2, 50, 2)};
  const Ensemble<double> ensemble(several);
  for (std::size_t k = 0; k < 2; ++k) CHECK(ensemble[k].inputs() == several[k].inputs());
}

TEST_CASE("An ensemble takes over a block of runs without a copy") {
  Eigen::MatrixXd block = Eigen::MatrixXd::Random(2, 5);
  const double* memory = block.data();
  const auto info = std::make_shared<const TrajectoryInfo>();
  const Ensemble<double> ensemble(
      std::move(block), {TimeGrid::uniform(0, 1, 3), TimeGrid::uniform(0, 1, 2)}, {info, info});
  CHECK(ensemble.states().data() == memory);
  CHECK(ensemble[1].states().data() == memory + 3 * 2);
  CHECK(&ensemble[0].info() == &ensemble[1].info());
}

TEST_CASE("Members of a block may come without info") {
  const Ensemble<double> ensemble(Eigen::MatrixXd::Zero(2, 3), {TimeGrid::uniform(0, 1, 3)},
                                  {nullptr});
  CHECK(ensemble[0].info().names.empty());
}

TEST_CASE("An ensemble without members is refused") {
  CHECK_THAT(
      sentence<InvalidArgument>([] { Ensemble<double> none(std::vector<Trajectory<double>>{}); }),
      ContainsSubstring("members is empty") && ContainsSubstring("at least 1 run"));
  CHECK_THAT(
      sentence<InvalidArgument>([] { Ensemble<double> none(Eigen::MatrixXd(2, 0), {}, {}); }),
      ContainsSubstring("members is empty"));
}

TEST_CASE("Members that do not fit together are refused with both numbers") {
  CHECK_THAT(sentence<DimensionMismatch>([] {
               Ensemble<double>(std::vector<Trajectory<double>>{run_of<double>(3, 4, 0),
                                                                run_of<double>(2, 4, 0)});
             }),
             ContainsSubstring("state of a member has 2") &&
                 ContainsSubstring("first member's state has 3") &&
                 ContainsSubstring("must agree"));
  CHECK_THAT(sentence<DimensionMismatch>([] {
               Ensemble<double>(std::vector<Trajectory<double>>{run_of<double>(3, 4, 0, 2),
                                                                run_of<double>(3, 4, 0)});
             }),
             ContainsSubstring("input of a member has 0") &&
                 ContainsSubstring("first member's input has 2"));
  const auto info = std::make_shared<const TrajectoryInfo>();
  CHECK_THAT(
      sentence<DimensionMismatch>([&] {
        Ensemble<double>(Eigen::MatrixXd::Zero(2, 6),
                         {TimeGrid::uniform(0, 1, 3), TimeGrid::uniform(0, 1, 2)}, {info, info});
      }),
      ContainsSubstring("block (samples) has 6") && ContainsSubstring("members together has 5"));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               Ensemble<double>(Eigen::MatrixXd::Zero(2, 5),
                                {TimeGrid::uniform(0, 1, 3), TimeGrid::uniform(0, 1, 2)}, {info});
             }),
             ContainsSubstring("info has 1") && ContainsSubstring("times has 2"));
}

TEST_CASE("A block with a value that is not finite is refused") {
  Eigen::MatrixXd block = Eigen::MatrixXd::Zero(2, 5);
  block(1, 3) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(sentence<NonFiniteData>([&] {
               Ensemble<double>(block, {TimeGrid::uniform(0, 1, 5)},
                                {std::make_shared<const TrajectoryInfo>()});
             }),
             ContainsSubstring("component 1 of sample 3"));
}

TEMPLATE_TEST_CASE("Whatever holds runs gives views of them, without a copy", "", float, double) {
  using almagest::runs;
  const std::vector<Trajectory<TestType>> several{run_of<TestType>(2, 4, 0),
                                                  run_of<TestType>(2, 3, 100)};
  const Ensemble<TestType> ensemble(several);
  const TrajectoryView<TestType> view = several[1];
  const std::vector<TrajectoryView<TestType>> views{several[0], several[1]};

  const auto starts = [](const std::vector<TrajectoryView<TestType>>& all) {
    std::vector<const TestType*> data;
    for (const auto& run : all) data.push_back(run.states().data());
    return data;
  };
  using Starts = std::vector<const TestType*>;
  const TestType* a = several[0].states().data();
  const TestType* b = several[1].states().data();
  CHECK(starts(runs(several[0])) == Starts{a});
  CHECK(starts(runs(view)) == Starts{b});
  CHECK(starts(runs(several)) == Starts{a, b});
  CHECK(starts(runs(views)) == Starts{a, b});
  CHECK(starts(runs(std::span<const TrajectoryView<TestType>>(views))) == Starts{a, b});
  CHECK(starts(runs(ensemble)) == Starts{ensemble.states().data(), ensemble.states().data() + 8});
  CHECK(runs(ensemble)[1].size() == 3);
}
