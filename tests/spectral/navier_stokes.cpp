// SPDX-License-Identifier: BSD-3-Clause
// Incompressible flow: vortices that decay exactly, forced flow, and what the Taylor–Green vortex keeps and
// loses.
#include "almagest/spectral/equations/navier_stokes_3d.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "almagest/fft/derivative.hpp"
#include "almagest/spectral/equations/navier_stokes_2d.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

constexpr double pi = std::numbers::pi, volume = 8 * pi * pi * pi;

SpatialGrid plane(Eigen::Index n) { return SpatialGrid({{n, 2 * pi}, {n, 2 * pi}}); }
SpatialGrid cube(Eigen::Index n) { return SpatialGrid({{n, 2 * pi}, {n, 2 * pi}, {n, 2 * pi}}); }

/// Three components, each a function of the coordinates.
template <typename U, typename V, typename W>
Eigen::VectorXd velocity(const SpatialGrid& grid, const U& u, const V& v, const W& w) {
  Eigen::VectorXd all(3 * grid.size());
  all << field(grid, u), field(grid, v), field(grid, w);
  return all;
}

Eigen::VectorXd taylor_green(const SpatialGrid& grid) {
  return velocity(
      grid, [](double x, double y, double z) { return std::sin(x) * std::cos(y) * std::cos(z); },
      [](double x, double y, double z) { return -std::cos(x) * std::sin(y) * std::cos(z); },
      [](double, double, double) { return 0.0; });
}

/// \f$ \partial_a u_c \f$
Eigen::VectorXd slope(const SpatialGrid& grid, const Eigen::VectorXd& u, int c, std::size_t a) {
  return fft::derivative(u.segment(c * grid.size(), grid.size()), grid, a);
}

double largest_divergence(const SpatialGrid& grid, const Eigen::VectorXd& u) {
  return (slope(grid, u, 0, 0) + slope(grid, u, 1, 1) + slope(grid, u, 2, 2)).cwiseAbs().maxCoeff();
}

/// Mean of the squared vorticity.
double enstrophy(const SpatialGrid& grid, const Eigen::VectorXd& u) {
  double sum = 0;
  for (int c = 0; c < 3; ++c) {
    const int a = (c + 1) % 3, b = (c + 2) % 3;
    sum += (slope(grid, u, b, std::size_t(a)) - slope(grid, u, a, std::size_t(b))).squaredNorm();
  }
  return sum / double(grid.size());
}

double distance(const Eigen::VectorXd& a, const Eigen::VectorXd& b) { return (a - b).cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("Taylor's plane vortices decay without changing") {
  const double nu = 0.1, time = 2;
  const Eigen::VectorXd vortices =
      field(plane(16), [](double x, double y) { return 2 * std::cos(2 * x) * std::cos(2 * y); });
  const auto flat = solve(NavierStokes2D(nu), plane(16), vortices, TimeGrid::uniform(0, time, 2), Etdrk4{0.5});
  CHECK(distance(flat.trajectory[1], std::exp(-8 * nu * time) * vortices) < 1e-14);

  // The same in three dimensions, in each of the coordinate planes, on one point or more along the third axis.
  for (const std::size_t normal : {0, 1, 2})
    for (const Eigen::Index thickness : {1, 8}) {
      std::vector<SpatialGrid::Axis> axes(3, {16, 2 * pi});
      axes[normal].count = thickness;
      const SpatialGrid grid(axes);
      const std::size_t first = (normal + 1) % 3, second = (normal + 2) % 3;
      const auto component = [&](std::size_t c) {
        return field(grid, [&, c](double x, double y, double z) {
          const std::array<double, 3> at{x, y, z};
          if (c == first) return std::cos(at[first]) * std::sin(at[second]);
          if (c == second) return -std::sin(at[first]) * std::cos(at[second]);
          return 0.0;
        });
      };
      Eigen::VectorXd start(3 * grid.size());
      start << component(0), component(1), component(2);
      const auto run = solve(NavierStokes3D(nu), grid, start, TimeGrid::uniform(0, time, 2), Etdrk4{0.5});
      CHECK(distance(run.trajectory[1], std::exp(-2 * nu * time) * start) < 1e-14);
    }
}

TEST_CASE("A constant force drives the laminar flow of Kolmogorov") {
  const double nu = 0.05, friction = 0.1, force = 1.5;
  const int n = 4;
  const SpatialGrid grid = plane(32);
  const Eigen::VectorXd shape = field(grid, [](double, double y) { return std::cos(n * y); });
  // One step of any length: what is constant is integrated exactly, and the flow does not carry itself along.
  const double rate = nu * n * n + friction, time = 3;
  const auto from_rest = solve(NavierStokes2D(nu, force * shape, friction), grid, Eigen::VectorXd::Zero(grid.size()),
                               TimeGrid::uniform(0, time, 2), Etdrk4{time});
  CHECK(distance(from_rest.trajectory[1], force / rate * (1 - std::exp(-rate * time)) * shape) < 1e-13);
  const Eigen::VectorXd laminar = force / rate * shape;
  const auto steady =
      solve(NavierStokes2D(nu, force * shape, friction), grid, laminar, TimeGrid::uniform(0, 10, 2), Etdrk4{0.1});
  CHECK(distance(steady.trajectory[1], laminar) < 1e-12);
  // Energy and enstrophy of the flow u = (F / rate) / n sin(ny).
  const double amplitude = force / rate;
  CHECK(steady.ledger.values(1, 1) == Approx(pi * pi * amplitude * amplitude / (n * n)).epsilon(1e-12));
  CHECK(steady.ledger.values(2, 1) == Approx(pi * pi * amplitude * amplitude).epsilon(1e-12));
}

TEST_CASE("Viscosity, friction and forces leave fewer invariants") {
  const auto invariants = [](const auto& equation) { return spectral::detail::invariants_of(equation); };
  CHECK(invariants(NavierStokes2D(0)) == 3);
  CHECK(invariants(NavierStokes2D(1e-3)) == 1);
  CHECK(invariants(NavierStokes2D(0, {}, 0.1)) == 0);
  CHECK(invariants(NavierStokes2D(0, Eigen::VectorXd::Ones(16))) == 0);
  CHECK(invariants(NavierStokes3D(0)) == 4);
  CHECK(invariants(NavierStokes3D(1e-3)) == 3);
}

TEST_CASE("Plane flow without viscosity conserves energy and enstrophy") {
  const SpatialGrid grid = plane(32);
  const Eigen::VectorXd start = 3 * gaussian_random_field(grid, 0.5, 4, 11);
  const auto drift = [&](double step, Eigen::Index quantity, Dealiasing rule = Dealiasing::truncate) {
    const auto run =
        solve(NavierStokes2D(0), grid, start, TimeGrid::uniform(0, 2, 2), Etdrk4{step}, {.dealiasing = rule});
    return run.ledger.drift(quantity);
  };
  for (const Eigen::Index quantity : {1, 2}) {
    INFO(NavierStokes2D::quantities[std::size_t(quantity)]);
    const double coarse = drift(0.02, quantity), fine = drift(0.01, quantity);
    CHECK(fine < 2e-6);
    CHECK(coarse > 16 * fine);
    // Dealiasing is what conserves them.
    CHECK(drift(0.01, quantity, Dealiasing::pad) < 5e-6);
    CHECK(drift(0.01, quantity, Dealiasing::none) > 100 * fine);
  }
}

TEST_CASE("A flow in a plane is the same in two dimensions and in three") {
  const auto psi_x = [](double x, double y) {
    return 0.5 * std::cos(x) * std::cos(2 * y) - std::sin(x - y);
  };  // of the stream function
  const auto vorticity = [](double x, double y) {
    return 2.5 * std::sin(x) * std::cos(2 * y) + 2 * std::cos(x - y) + 2 * std::cos(2 * y);
  };
  // psi = 0.5 sin x cos 2y + cos(x - y) + 0.5 cos 2y
  const auto psi_y = [](double x, double y) {
    return -std::sin(x) * std::sin(2 * y) + std::sin(x - y) - std::sin(2 * y);
  };
  const SpatialGrid flat = plane(32), deep({{32, 2 * pi}, {32, 2 * pi}, {4, 1.0}});
  const auto two = solve(NavierStokes2D(0.02), flat, field(flat, vorticity), TimeGrid::uniform(0, 1, 2), Etdrk4{0.02});
  const Eigen::VectorXd start = velocity(
      deep, [&](double x, double y, double) { return psi_y(x, y); },
      [&](double x, double y, double) { return -psi_x(x, y); },
      [&](double x, double y, double) { return vorticity(x, y); });
  const auto three = solve(NavierStokes3D(0.02), deep, start, TimeGrid::uniform(0, 1, 2), Etdrk4{0.02});
  REQUIRE(distance(two.trajectory[1], two.trajectory[0]) > 1);
  Eigen::VectorXd expected(deep.size());
  for (Eigen::Index j = 0; j < deep.size(); ++j) expected[j] = two.trajectory[1][j / 4];
  const Eigen::VectorXd end = three.trajectory[1];
  CHECK(distance(slope(deep, end, 1, 0) - slope(deep, end, 0, 1), expected) < 1e-12);
  // What flows along the normal is carried as the vorticity is, and began as it.
  CHECK(distance(end.tail(deep.size()), expected) < 1e-12);
}

TEST_CASE("The Taylor-Green vortex loses what its enstrophy dissipates") {
  const SpatialGrid grid = cube(32);
  const double nu = 0.05, step = 0.05;
  const auto run = solve(NavierStokes3D(nu), grid, taylor_green(grid), TimeGrid::uniform(0, step, 21), Etdrk4{0.025});
  const auto energy = run.ledger.values.row(3);
  CHECK(energy[0] == Approx(volume / 8).epsilon(1e-13));
  // Simpson's rule over twenty intervals.
  double lost = 0;
  for (Eigen::Index i = 0; i <= 20; ++i)
    lost += nu * volume * step / 3 * (i == 0 || i == 20 ? 1 : i % 2 == 0 ? 2 : 4) * enstrophy(grid, run.trajectory[i]);
  CHECK(lost > 0.2 * energy[0]);
  CHECK(energy[0] - energy[20] == Approx(lost).epsilon(1e-7));
  CHECK(largest_divergence(grid, run.trajectory[20]) < 1e-13);
  for (Eigen::Index c = 0; c < 3; ++c) CHECK(run.ledger.drift(c) < 1e-14);
}

TEST_CASE("Its enstrophy grows at first as its Taylor series says") {
  // <|curl u|^2> = 3/4 + 5/64 t^2 + O(t^4) without viscosity (M. E. Brachet et al., J. Fluid Mech. 130 (1983),
  // https://doi.org/10.1017/S0022112083001159), the fourth order taken away by two times.
  const SpatialGrid grid = cube(32);
  const auto run = solve(NavierStokes3D(0), grid, taylor_green(grid), TimeGrid::uniform(0, 0.1, 3), Etdrk4{0.025});
  CHECK(enstrophy(grid, run.trajectory[0]) == Approx(0.75).epsilon(1e-13));
  const auto growth = [&](Eigen::Index i, double t) { return (enstrophy(grid, run.trajectory[i]) - 0.75) / (t * t); };
  CHECK((4 * growth(1, 0.1) - growth(2, 0.2)) / 3 == Approx(5.0 / 64).margin(1e-6));
}

TEST_CASE("Flow without viscosity conserves energy when its scales have run out too") {
  const SpatialGrid grid = cube(16);
  const auto run = solve(NavierStokes3D(0), grid, taylor_green(grid), TimeGrid::uniform(0, 2, 6), Etdrk4{0.05});
  CHECK(run.ledger.drift(3) < 1e-6);
  CHECK(largest_divergence(grid, run.trajectory[5]) < 1e-13);
  // By now the vorticity lies in all modes that there are.
  CHECK(enstrophy(grid, run.trajectory[5]) > 5);
  const auto aliased = solve(NavierStokes3D(0), grid, taylor_green(grid), TimeGrid::uniform(0, 2, 6), Etdrk4{0.05},
                             {.dealiasing = Dealiasing::none});
  CHECK(aliased.ledger.drift(3) > 0.1);
}
