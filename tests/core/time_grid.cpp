// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/time_grid.hpp"

#include <cmath>
#include <limits>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::TimeGrid;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Eigen::VectorXd vector(std::initializer_list<double> values) {
  Eigen::VectorXd v(Eigen::Index(values.size()));
  Eigen::Index i = 0;
  for (double value : values) v[i++] = value;
  return v;
}

}  // namespace

TEST_CASE("A uniform grid is start + i * step") {
  const TimeGrid grid = TimeGrid::uniform(-1.5, 0.1, 1001);
  REQUIRE(grid.size() == 1001);
  CHECK(grid.is_uniform());
  CHECK(grid.step() == 0.1);
  for (Eigen::Index i = 0; i < grid.size(); ++i) REQUIRE(grid[i] == -1.5 + 0.1 * double(i));
  CHECK(grid.front() == -1.5);
  CHECK(grid.back() == -1.5 + 0.1 * 1000);
  const Eigen::VectorXd values = grid.values();
  REQUIRE(values.size() == 1001);
  CHECK(values[777] == grid[777]);
}

TEST_CASE("A grid of one time is uniform and knows the step it was given") {
  CHECK(TimeGrid::uniform(3, 0.25, 1).step() == 0.25);
  const TimeGrid one(vector({3}));
  CHECK(one.is_uniform());
  CHECK(one.step() == 0);
  CHECK(one.front() == one.back());
}

TEST_CASE("Explicit times are kept bit for bit") {
  const Eigen::VectorXd values = vector({-2.0000000000000004, -0.3, 1.0 / 3, 1e3});
  const TimeGrid grid(values);
  for (Eigen::Index i = 0; i < values.size(); ++i) CHECK(grid[i] == values[i]);
  CHECK(grid.values() == values);
  CHECK_FALSE(grid.is_uniform());
}

TEST_CASE("Explicit times that are uniform up to rounding count as uniform") {
  SECTION("accumulated sums") {
    Eigen::VectorXd values(1000);
    double t = 0;
    for (auto& value : values) value = std::exchange(t, t + 0.002);
    const TimeGrid grid(values);
    CHECK(grid.is_uniform());
    CHECK(grid.step() == Approx(0.002).epsilon(1e-12));
  }
  SECTION("far from the origin, where times themselves are coarse") {
    Eigen::VectorXd values(100);
    for (Eigen::Index i = 0; i < 100; ++i) values[i] = 1e9 + 1e-3 * double(i);
    CHECK(TimeGrid(values).is_uniform());
  }
  SECTION("a jitter above one part in 1e9 of the step is seen, one below is not") {
    Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(11, 0, 10);
    values[5] += 0.5e-9;
    CHECK(TimeGrid(values).is_uniform());
    values[5] += 1e-9;
    CHECK_FALSE(TimeGrid(values).is_uniform());
  }
}

TEST_CASE("Slices of a grid hold the same times") {
  SECTION("uniform") {
    const TimeGrid grid = TimeGrid::uniform(1, 0.5, 100);
    const TimeGrid part = grid.slice(10, 20);
    REQUIRE(part.size() == 20);
    for (Eigen::Index i = 0; i < 20; ++i) CHECK(part[i] == Approx(grid[10 + i]).epsilon(1e-15));
    CHECK(part.step() == 0.5);
    CHECK(part.slice(3, 1).front() == grid[13]);
  }
  SECTION("explicit") {
    const TimeGrid grid(vector({0, 1, 2, 3, 5, 8, 13}));
    CHECK_FALSE(grid.is_uniform());
    const TimeGrid even = grid.slice(0, 4), uneven = grid.slice(2, 4);
    CHECK(even.values() == vector({0, 1, 2, 3}));
    CHECK(uneven.values() == vector({2, 3, 5, 8}));
    CHECK(uneven.front() == 2);
    CHECK(uneven.back() == 8);
    // Steps of a part are judged afresh.
    CHECK(even.is_uniform());
    CHECK(even.step() == 1);
    CHECK_FALSE(uneven.is_uniform());
    CHECK(uneven.slice(1, 2).values() == vector({3, 5}));
    CHECK(uneven.slice(1, 2).step() == 2);
  }
  SECTION("explicit and uniform, twice") {
    const TimeGrid grid(Eigen::VectorXd(Eigen::VectorXd::LinSpaced(101, 0, 10)));
    const TimeGrid part = grid.slice(20, 50).slice(5, 3);
    CHECK(part.is_uniform());
    for (Eigen::Index i = 0; i < 3; ++i) CHECK(part[i] == grid[25 + i]);
  }
}

TEST_CASE("Grids are equal where their times are, however they are stored") {
  const TimeGrid uniform = TimeGrid::uniform(0, 0.25, 5);
  CHECK(uniform == TimeGrid(vector({0, 0.25, 0.5, 0.75, 1})));
  CHECK_FALSE(uniform == TimeGrid::uniform(0, 0.25, 6));
  CHECK_FALSE(uniform == TimeGrid(vector({0, 0.25, 0.5, 0.75, 1.0000000000000002})));
}

TEST_CASE("A uniform grid refuses what makes no grid") {
  const auto refused = [](double start, double step, Eigen::Index count) {
    return sentence<InvalidArgument>([=] { TimeGrid::uniform(start, step, count); });
  };
  CHECK_THAT(refused(0, 0.1, 0),
             ContainsSubstring("count is 0") && ContainsSubstring("at least 1"));
  CHECK_THAT(refused(0, 0.1, -3), ContainsSubstring("count is -3"));
  CHECK_THAT(refused(not_a_number, 0.1, 5),
             ContainsSubstring("start is nan") && ContainsSubstring("finite"));
  CHECK_THAT(refused(infinity, 0.1, 5), ContainsSubstring("start is inf"));
  CHECK_THAT(refused(0, 0, 5), ContainsSubstring("step is 0") && ContainsSubstring("positive"));
  CHECK_THAT(refused(0, -0.5, 5), ContainsSubstring("step is -0.5"));
  CHECK_THAT(refused(0, not_a_number, 5), ContainsSubstring("step is nan"));
  CHECK_THAT(refused(0, infinity, 5), ContainsSubstring("step is inf"));
  CHECK_THAT(refused(1e16, 1.5, 5), ContainsSubstring("step 1.5 is lost"));
  // A step below the rounding of the times would give repeated ones.
  CHECK_THAT(refused(1e17, 0.5, 5), ContainsSubstring("step 0.5") && ContainsSubstring("1e+17") &&
                                        ContainsSubstring("shift the start or enlarge the step"));
}

TEST_CASE("Explicit times must be finite and increase; the offending pair is named") {
  const auto refused = [](std::initializer_list<double> values) {
    return sentence<InvalidArgument>([=] { TimeGrid grid(vector(values)); });
  };
  CHECK_THAT(refused({}), ContainsSubstring("values is empty") && ContainsSubstring("at least 1"));
  CHECK_THAT(refused({0, 1, not_a_number, 3}), ContainsSubstring("values[2] is nan"));
  CHECK_THAT(refused({0, infinity}), ContainsSubstring("values[1] is inf"));
  CHECK_THAT(refused({0, 1, 1, 2}), ContainsSubstring("values[2] = 1") &&
                                        ContainsSubstring("values[1] = 1") &&
                                        ContainsSubstring("drop repeated"));
  CHECK_THAT(refused({0, 0.75, 0.5}), ContainsSubstring("values[2] = 0.5") &&
                                          ContainsSubstring("values[1] = 0.75") &&
                                          ContainsSubstring("sort"));
}

TEST_CASE("A non-uniform grid has no step, and says what to do") {
  const TimeGrid grid(vector({0, 1, 3}));
  CHECK_THAT(sentence<InvalidArgument>([&] { grid.step(); }),
             ContainsSubstring("non-uniform grid of 3 times") && ContainsSubstring("resample"));
}

TEST_CASE("A slice must lie inside its grid") {
  const TimeGrid grid = TimeGrid::uniform(0, 1, 10);
  const auto refused = [&](Eigen::Index first, Eigen::Index count) {
    return sentence<InvalidArgument>([&] { grid.slice(first, count); });
  };
  CHECK_THAT(refused(5, 6),
             ContainsSubstring("6 times from index 5") && ContainsSubstring("grid of 10"));
  CHECK_THAT(refused(-1, 2), ContainsSubstring("2 times from index -1"));
  CHECK_THAT(refused(1, std::numeric_limits<Eigen::Index>::max()), ContainsSubstring("from index 1"));
  CHECK_THAT(refused(3, 0),
             ContainsSubstring("0 times from index 3") && ContainsSubstring("at least 1"));
}
