// SPDX-License-Identifier: BSD-3-Clause
// A field that is constant along all axes but one is that of one axis, whichever axis it is and on how many
// points the others have.
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/spectral/equations.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

constexpr Eigen::Index points = 32;
const auto line = SpatialGrid::periodic(points, 0, 2 * std::numbers::pi);
const auto times = TimeGrid::uniform(0, 0.2, 2);
const SolveOptions quickly{.rigor = fft::Rigor::estimate};

/// So many axes of `count` points, but axis `along` that of the line.
SpatialGrid with_line(int axes, Eigen::Index count, std::size_t along) {
  std::vector<SpatialGrid::Axis> all(std::size_t(axes), {count, 0.7, -0.3});
  all[along] = line.axes()[0];
  return SpatialGrid(all);
}

/// Each component of `on_line` as a field on `grid`, constant along its other axes.
template <typename Values>
Values spread(const Values& on_line, const SpatialGrid& grid, std::size_t along) {
  Eigen::Index stride = 1;
  for (std::size_t a = along + 1; a < grid.axes().size(); ++a) stride *= grid.axes()[a].count;
  Values everywhere(on_line.size() / points * grid.size());
  for (Eigen::Index j = 0; j < everywhere.size(); ++j)
    everywhere[j] = on_line[j / grid.size() * points + j % grid.size() / stride % points];
  return everywhere;
}

/// Calls `use(grid, along)` for grids of so many axes.
template <int axes, typename Use>
void for_each_grid(const Use& use) {
  for (std::size_t along = 0; along < std::size_t(axes); ++along)
    for (const Eigen::Index count : {1, 8}) {
      INFO(axes << " axes, " << count << " points along the others, along axis " << along);
      use(with_line(axes, count, along), along);
    }
}

/// `make<axes>(grid, along)` makes the equation.
template <typename Make, typename Method, typename Values>
void check_all(const Make& make, const Method& method, const Values& u0) {
  const Values expected = solve(make.template operator()<1>(line, 0), line, u0, times, method, quickly).trajectory[1];
  // One that stands still would prove nothing.
  REQUIRE((expected - u0).cwiseAbs().maxCoeff() > 1e-2);
  const auto on = [&]<int axes>() {
    for_each_grid<axes>([&](const SpatialGrid& grid, std::size_t along) {
      const auto run =
          solve(make.template operator()<axes>(grid, along), grid, spread(u0, grid, along), times, method, quickly);
      CHECK((run.trajectory[1] - spread(expected, grid, along)).cwiseAbs().maxCoeff() < 1e-13);
    });
  };
  on.template operator()<2>();
  on.template operator()<3>();
}

Eigen::VectorXd both(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  Eigen::VectorXd all(a.size() + b.size());
  all << a, b;
  return all;
}

const Eigen::VectorXd wave =
    field(line, [](double x) { return 0.6 * std::exp(std::sin(x)) - 0.5 + 0.2 * std::cos(2 * x); });
const Eigen::VectorXd swing = field(line, [](double x) { return 0.5 * std::sin(x) - 0.3 * std::cos(3 * x); });
const Eigen::VectorXcd spin =
    field(line, [](double x) { return std::polar(0.7 + 0.2 * std::cos(x), 2 * x + std::sin(x)); });

}  // namespace

TEST_CASE("Phase fields and reactions do not know of axes along which nothing changes") {
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return AllenCahn<axes>(0.1); }, Etdrk4{0.02}, wave);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return SwiftHohenberg<axes>(0.3, 0.5); }, Etdrk4{0.02},
            wave);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return FisherKpp<axes>(0.1, 2); }, Etdrk4{0.02}, wave);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return GrayScott<axes>(0.2, 0.1); }, Etdrk4{0.02},
            both(wave, swing));
}

TEST_CASE("Nor do complex fields") {
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return GinzburgLandau<axes>(0.5, -1.5); }, Etdrk4{0.02},
            spin);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return NonlinearSchrodinger<axes>(-2); }, Strang{0.02},
            spin);
  check_all(
      []<int axes>(const SpatialGrid& grid, std::size_t along) {
        return Schrodinger<axes>(spread<Eigen::VectorXd>(3 * wave, grid, along),
                                 spread<Eigen::VectorXd>(swing.cwiseAbs(), grid, along));
      },
      Strang{0.02}, spin);
}

TEST_CASE("Nor do waves") {
  const Eigen::VectorXd start = both(wave, swing);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return KleinGordon<axes>{1.5}; }, Verlet{0.02}, start);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return Phi4<axes>{2, 0.7}; }, Verlet{0.02}, start);
  check_all([]<int axes>(const SpatialGrid&, std::size_t) { return SineGordon<axes>(); }, Verlet{0.02}, start);
}

TEST_CASE("Nor does what flows along the others too") {
  // Any values: of a linear equation all modes are kept, the highest of either sign too.
  RandomStream random(3);
  const Eigen::VectorXd rough = Eigen::VectorXd::NullaryExpr(points, [&] { return random.normal(); });
  check_all(
      []<int axes>(const SpatialGrid&, std::size_t along) {
        std::array<double, std::size_t(axes)> velocity{};
        for (double& v : velocity) v = -3;
        velocity[along] = 0.7;
        return AdvectionDiffusion<axes>(velocity, 0.05);
      },
      Etdrk4{0.2}, rough);
}

TEST_CASE("Burgers carries other components along as it carries its own") {
  // A component that began as the one along the line, or as a multiple of it, stays that.
  const Eigen::VectorXd expected = solve(Burgers<1>(0.1), line, wave, times, Etdrk4{0.02}, quickly).trajectory[1];
  const auto on = [&]<int axes>() {
    for_each_grid<axes>([&](const SpatialGrid& grid, std::size_t along) {
      Eigen::VectorXd start(axes * grid.size()), end(axes * grid.size());
      for (int c = 0; c < axes; ++c) {
        const double multiple = std::size_t(c) == along ? 1 : 2 - c;
        start.segment(c * grid.size(), grid.size()) = multiple * spread(wave, grid, along);
        end.segment(c * grid.size(), grid.size()) = multiple * spread(expected, grid, along);
      }
      const auto run = solve(Burgers<axes>(0.1), grid, start, times, Etdrk4{0.02}, quickly);
      CHECK((run.trajectory[1] - end).cwiseAbs().maxCoeff() < 1e-13);
    });
  };
  on.template operator()<2>();
  on.template operator()<3>();
}
