// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/trajectory.hpp"

#include <complex>
#include <limits>
#include <type_traits>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::DimensionMismatch;
using almagest::InvalidArgument;
using almagest::NonFiniteData;
using almagest::SpatialGrid;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::TrajectoryInfo;
using almagest::TrajectoryView;

namespace {

/// Entry (i, k) is 10 k + i.
template <typename Scalar>
typename Trajectory<Scalar>::Matrix numbered(Eigen::Index dimension, Eigen::Index samples) {
  typename Trajectory<Scalar>::Matrix states(dimension, samples);
  for (Eigen::Index k = 0; k < samples; ++k)
    for (Eigen::Index i = 0; i < dimension; ++i)
      states(i, k) = Scalar(static_cast<typename Eigen::NumTraits<Scalar>::Real>(10 * k + i));
  return states;
}

TrajectoryInfo named(std::vector<std::string> names) {
  TrajectoryInfo info;
  info.names = std::move(names);
  return info;
}

}  // namespace

TEMPLATE_TEST_CASE("A trajectory owns the matrix it was given, without a copy", "", float, double) {
  auto states = numbered<TestType>(3, 8);
  const TestType* memory = states.data();
  const Trajectory<TestType> run(TimeGrid::uniform(0, 0.5, 8), std::move(states),
                                 named({"x", "y", "z"}));
  CHECK(run.states().data() == memory);
  CHECK(run.dimension() == 3);
  CHECK(run.size() == 8);
  CHECK(run.times() == TimeGrid::uniform(0, 0.5, 8));
  CHECK(run[5] == numbered<TestType>(3, 8).col(5));
  CHECK(run.info().names == std::vector<std::string>{"x", "y", "z"});
  // One state is one contiguous column.
  CHECK(&run.states()(2, 4) == memory + 4 * 3 + 2);
}

TEMPLATE_TEST_CASE("A view shares the memory of its trajectory", "", float, double) {
  const Trajectory<TestType> run(TimeGrid::uniform(0, 0.5, 8), numbered<TestType>(3, 8), {},
                                 numbered<TestType>(2, 8));
  const TrajectoryView<TestType> view = run;
  CHECK(view.states().data() == run.states().data());
  CHECK(view.inputs().data() == run.inputs().data());
  CHECK(&view.info() == &run.info());
  CHECK(view.dimension() == 3);
  CHECK(view.size() == 8);

  SECTION("and so do its slices, slices of slices, and slices of the trajectory") {
    const auto part = view.slice(2, 5).slice(1, 3);
    CHECK(part.states().data() == run.states().data() + 3 * 3);
    CHECK(part.inputs().data() == run.inputs().data() + 3 * 2);
    CHECK(&part.info() == &run.info());
    CHECK(part.size() == 3);
    CHECK(part.times().front() == run.times()[3]);
    CHECK(part[1] == run[4]);
    CHECK(part.inputs().col(1) == run.inputs().col(4));
    CHECK(run.slice(3, 3).states().data() == part.states().data());
  }
  SECTION("until it is copied") {
    const Trajectory<TestType> copy = view.slice(2, 3).copy();
    CHECK(copy.states().data() != run.states().data() + 2 * 3);
    CHECK(copy.states() == run.states().middleCols(2, 3));
    CHECK(copy.inputs() == run.inputs().middleCols(2, 3));
    CHECK(copy.times() == run.times().slice(2, 3));
  }
}

TEMPLATE_TEST_CASE("A view of foreign memory reads it in place, with gaps between columns too", "",
                   float, double) {
  using View = TrajectoryView<TestType>;
  std::vector<TestType> memory(5 * 4, std::numeric_limits<TestType>::quiet_NaN());
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t i = 0; i < 3; ++i) memory[5 * k + i] = TestType(10 * k + i);
  const View view(TimeGrid::uniform(0, 1, 4),
                  typename View::Block(memory.data(), 3, 4, Eigen::OuterStride<>(5)));
  CHECK(view.states().data() == memory.data());
  CHECK(view.states() == numbered<TestType>(3, 4));
  CHECK(view.slice(1, 2).states() == numbered<TestType>(3, 4).middleCols(1, 2));
  memory[5 * 2] = TestType(-1);
  CHECK(view[2][0] == TestType(-1));
}

TEST_CASE("Components without names are called x0, x1, ...") {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 2), numbered<double>(3, 2));
  CHECK(almagest::component_names(TrajectoryView<double>(run)) ==
        std::vector<std::string>{"x0", "x1", "x2"});
  const Trajectory<double> other(TimeGrid::uniform(0, 1, 2), numbered<double>(2, 2),
                                 named({"prey", "predator"}));
  CHECK(almagest::component_names(TrajectoryView<double>(other)) ==
        std::vector<std::string>{"prey", "predator"});
}

TEST_CASE("States may be complex") {
  using Scalar = std::complex<double>;
  auto states = numbered<Scalar>(2, 3);
  states(1, 2) = Scalar(0.5, -2);
  const Trajectory<Scalar> run(TimeGrid::uniform(0, 1, 3), states);
  CHECK(TrajectoryView<Scalar>(run).slice(2, 1)[0][1] == Scalar(0.5, -2));
  states(0, 1) = Scalar(0, std::numeric_limits<double>::infinity());
  CHECK_THAT(
      sentence<NonFiniteData>([&] { Trajectory<Scalar>(TimeGrid::uniform(0, 1, 3), states); }),
      ContainsSubstring("component 0 of sample 1"));
}

TEST_CASE("A field may have several entries at each point of its grid") {
  TrajectoryInfo info;
  info.grid = SpatialGrid({{4, 1.0}});
  CHECK_NOTHROW(Trajectory<double>(TimeGrid::uniform(0, 1, 2), numbered<double>(4, 2), info));
  CHECK_NOTHROW(Trajectory<double>(TimeGrid::uniform(0, 1, 2), numbered<double>(8, 2), info));
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               Trajectory<double>(TimeGrid::uniform(0, 1, 2), numbered<double>(7, 2), info);
             }),
             ContainsSubstring("state has 7") && ContainsSubstring("grid has 4 points") &&
                 ContainsSubstring("whole number"));
}

TEMPLATE_TEST_CASE("Lengths that disagree are refused with both numbers", "", float, double) {
  using Matrix = typename Trajectory<TestType>::Matrix;
  const TimeGrid times = TimeGrid::uniform(0, 1, 4);
  const auto refused = [&](Eigen::Index samples, TrajectoryInfo info, Matrix inputs = {}) {
    return sentence<DimensionMismatch>(
        [&] { Trajectory<TestType>(times, numbered<TestType>(3, samples), info, inputs); });
  };
  CHECK_THAT(refused(5, {}), ContainsSubstring("states (samples) has 5") &&
                                 ContainsSubstring("times has 4") &&
                                 ContainsSubstring("must agree"));
  CHECK_THAT(refused(4, named({"x", "y"})),
             ContainsSubstring("names has 2") && ContainsSubstring("state has 3"));
  CHECK_THAT(refused(4, {}, numbered<TestType>(1, 6)),
             ContainsSubstring("inputs (samples) has 6") && ContainsSubstring("times has 4"));
  TrajectoryInfo info;
  info.input_names = {"force"};
  CHECK_THAT(refused(4, info, numbered<TestType>(2, 4)),
             ContainsSubstring("input_names has 1") && ContainsSubstring("input has 2"));
  CHECK_THAT(refused(4, info),
             ContainsSubstring("input_names has 1") && ContainsSubstring("input has 0"));
}

TEST_CASE("A state has at least one component") {
  CHECK_THAT(
      sentence<InvalidArgument>(
          [] { Trajectory<double>(TimeGrid::uniform(0, 1, 4), Eigen::MatrixXd(0, 4)); }),
      ContainsSubstring("states has dimension 0") && ContainsSubstring("at least 1 component"));
}

TEMPLATE_TEST_CASE("Samples that are not finite are refused with their place", "", float, double) {
  const TimeGrid times = TimeGrid::uniform(0, 1, 4);
  for (const TestType bad :
       {std::numeric_limits<TestType>::quiet_NaN(), -std::numeric_limits<TestType>::infinity()}) {
    auto states = numbered<TestType>(3, 4);
    states(1, 2) = bad;
    CHECK_THAT(sentence<NonFiniteData>([&] { Trajectory<TestType>(times, states); }),
               ContainsSubstring("states") && ContainsSubstring("component 1 of sample 2") &&
                   ContainsSubstring("remove or interpolate"));
    CHECK_THAT(sentence<NonFiniteData>(
                   [&] { Trajectory<TestType>(times, numbered<TestType>(3, 4), {}, states); }),
               ContainsSubstring("inputs") && ContainsSubstring("component 1 of sample 2"));
    using View = TrajectoryView<TestType>;
    CHECK_THAT(sentence<NonFiniteData>([&] {
                 View(times, typename View::Block(states.data(), 3, 4, Eigen::OuterStride<>(3)));
               }),
               ContainsSubstring("component 1 of sample 2"));
  }
}

TEST_CASE("A slice of a run must lie inside it") {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 4), numbered<double>(3, 4));
  CHECK_THAT(sentence<InvalidArgument>([&] { run.slice(2, 3); }),
             ContainsSubstring("3 times from index 2") && ContainsSubstring("grid of 4"));
}
