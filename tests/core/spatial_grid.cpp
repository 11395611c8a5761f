// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/core/spatial_grid.hpp"

#include <limits>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::SpatialGrid;

TEST_CASE("A spatial grid counts its points and places them") {
  const SpatialGrid grid({{8, 2.0}, {5, 1.0, -0.5}});
  CHECK(grid.size() == 40);
  CHECK(grid.axes().size() == 2);
  CHECK(grid.spacing(0) == 0.25);
  CHECK(grid.spacing(1) == 0.2);
  const Eigen::VectorXd points = grid.points(1);
  REQUIRE(points.size() == 5);
  for (Eigen::Index j = 0; j < 5; ++j) CHECK(points[j] == Approx(-0.5 + 0.2 * double(j)));
  // Periodic: the upper end is the lower one and is not repeated.
  CHECK(points[4] + grid.spacing(1) == Approx(0.5));
}

TEST_CASE("Spatial grids are equal where count, length and lower end are") {
  CHECK(SpatialGrid({{8, 2.0}}) == SpatialGrid({{8, 2.0, 0.0}}));
  CHECK_FALSE(SpatialGrid({{8, 2.0}}) == SpatialGrid({{8, 2.5}}));
  CHECK_FALSE(SpatialGrid({{8, 2.0}}) == SpatialGrid({{4, 2.0}}));
  CHECK_FALSE(SpatialGrid({{8, 2.0}}) == SpatialGrid({{8, 2.0, 1.0}}));
  CHECK_FALSE(SpatialGrid({{4, 1.0}, {2, 1.0}}) == SpatialGrid({{2, 1.0}, {4, 1.0}}));
}

TEST_CASE("A spatial grid refuses what makes no grid") {
  const auto refused = [](std::vector<SpatialGrid::Axis> axes) {
    return sentence<InvalidArgument>([&] { SpatialGrid grid(axes); });
  };
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(refused({}), ContainsSubstring("0 axes") && ContainsSubstring("1 to 3"));
  CHECK_THAT(refused({{2, 1.0}, {2, 1.0}, {2, 1.0}, {2, 1.0}}), ContainsSubstring("4 axes"));
  CHECK_THAT(refused({{0, 1.0}}),
             ContainsSubstring("0 points") && ContainsSubstring("at least 1 point"));
  CHECK_THAT(refused({{4, -1.5}}),
             ContainsSubstring("length -1.5") && ContainsSubstring("positive length"));
  CHECK_THAT(refused({{4, not_a_number}}), ContainsSubstring("length nan"));
  CHECK_THAT(refused({{4, 1.0, not_a_number}}), ContainsSubstring("from nan"));
}
