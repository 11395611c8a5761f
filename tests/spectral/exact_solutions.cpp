// SPDX-License-Identifier: BSD-3-Clause
// Solutions that are known: fronts, plane waves, linear equations, what Cole and Hopf make of heat.
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "almagest/fft/derivative.hpp"
#include "almagest/spectral/equations.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

constexpr double pi = std::numbers::pi;
const auto circle = SpatialGrid::periodic(64, 0, 2 * pi);

template <typename Values>
double distance(const Values& a, const Values& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

/// A layer of +1 between -separation/2 and separation/2.
Eigen::VectorXd layer(const SpatialGrid& grid, double separation, double width) {
  return field(grid, [=](double x) {
    return std::tanh((x + separation / 2) / width) - std::tanh((x - separation / 2) / width) - 1;
  });
}

}  // namespace

TEST_CASE("The front of Ablowitz and Zeppetella runs at its speed") {
  // https://doi.org/10.1007/BF02462380. Two of them, that run apart.
  const double d = 0.5, r = 1.5, slope = std::sqrt(r / (6 * d)), speed = 5 * std::sqrt(r * d / 6);
  const auto grid = SpatialGrid::periodic(1024, -120, 120);
  const auto front = [&](double t) {
    return field(grid, [&, t](double x) {
      const double u = 1 / (1 + std::exp(slope * (std::abs(x) - 60 - speed * t)));
      return u * u;
    });
  };
  const double time = 8;
  const auto run = solve(FisherKpp<>(d, r), grid, front(0), TimeGrid::uniform(0, time, 2), Etdrk4{0.02});
  CHECK(distance<Eigen::VectorXd>(run.trajectory[1], front(time)) < 5e-8);
  // The area that they cover grows at twice the speed.
  const double growth = (run.trajectory[1].sum() - run.trajectory[0].sum()) * grid.spacing(0) / (2 * time);
  CHECK(growth == Approx(speed).epsilon(1e-8));
}

TEST_CASE("Layers are at rest") {
  const auto grid = SpatialGrid::periodic(1024, -4, 4);
  SECTION("of Allen and Cahn") {
    const Eigen::VectorXd start = layer(grid, 4, std::sqrt(2 * 0.01));
    const auto run = solve(AllenCahn<>(0.01), grid, start, TimeGrid::uniform(0, 20, 2), Etdrk4{0.1});
    CHECK(distance<Eigen::VectorXd>(run.trajectory[1], start) < 1e-11);
  }
  SECTION("of Cahn and Hilliard") {
    const Eigen::VectorXd start = layer(grid, 4, std::sqrt(2 * 0.01));
    const auto run = solve(CahnHilliard<>(0.01), grid, start, TimeGrid::uniform(0, 1, 2), Etdrk4{0.001});
    CHECK(distance<Eigen::VectorXd>(run.trajectory[1], start) < 1e-11);
  }
}

TEST_CASE("Cahn-Hilliard conserves mass while its free energy falls") {
  const double gamma = 0.02;
  const SpatialGrid grid({{48, 2 * pi}, {48, 2 * pi}});
  const Eigen::VectorXd start = gaussian_random_field(grid, 0.3, 4, 2).array() * 0.3 + 0.1;
  const auto run = solve(CahnHilliard<2>(gamma), grid, start, TimeGrid::uniform(0, 0.1, 21), Etdrk4{0.002});
  const auto free_energy = [&](const Eigen::VectorXd& u) {
    const Eigen::ArrayXd gap = u.array().square() - 1;
    const Eigen::ArrayXd gradient =
        fft::derivative(u, grid, 0).array().square() + fft::derivative(u, grid, 1).array().square();
    return (gap.square() / 4 + gamma / 2 * gradient).mean();
  };
  CHECK(run.ledger.drift(0) < 1e-14);
  for (Eigen::Index i = 1; i < run.trajectory.size(); ++i)
    CHECK(free_energy(run.trajectory[i]) < free_energy(run.trajectory[i - 1]));
  CHECK(free_energy(run.trajectory[20]) < 0.5 * free_energy(run.trajectory[0]));
}

TEST_CASE("Small ripples of a mixture grow as linear theory says") {
  // Of u = m + a cos kx: sigma = k^2 (1 - 3 m^2 - gamma k^2); products of the ripple are of order a^2.
  const double gamma = 0.05, mean = 0.3, a = 1e-6, time = 0.5;
  for (const int k : {1, 2, 3, 5}) {
    const Eigen::VectorXd ripple = field(circle, [&](double x) { return std::cos(k * x); });
    const auto run = solve(CahnHilliard<>(gamma), circle, (mean + a * ripple.array()).matrix(),
                           TimeGrid::uniform(0, time, 2), Etdrk4{0.005});
    const double rate = k * k * (1 - 3 * mean * mean - gamma * k * k);
    const double found =
        std::log((run.trajectory[1].array() - mean).matrix().dot(ripple) / (a * ripple.squaredNorm())) / time;
    CHECK(found == Approx(rate).margin(1e-6));
  }
}

TEST_CASE("Plane waves of Ginzburg and Landau") {
  const double b = 0.5, c = -0.8;
  const auto error = [&](double step) {
    double worst = 0;
    for (const int m : {0, 1, -2}) {
      const auto grid = SpatialGrid::periodic(32, 0, 8 * pi);
      const double q = m / 4.0, omega = c + (b - c) * q * q;
      const auto wave = [&](double t) {
        return field(grid, [&, t](double x) { return std::polar(std::sqrt(1 - q * q), q * x - omega * t); });
      };
      const auto run = solve(GinzburgLandau<>(b, c), grid, wave(0), TimeGrid::uniform(0, 5, 2), Etdrk4{step});
      worst = std::max(worst, distance<Eigen::VectorXcd>(run.trajectory[1], wave(5)));
    }
    return worst;
  };
  const double coarse = error(0.05), fine = error(0.025);
  CHECK(fine < 2e-7);
  CHECK(std::log2(coarse / fine) == Approx(4).margin(0.2));
  // Oblique, on two axes.
  const SpatialGrid plane({{16, 8 * pi}, {16, 8 * pi}});
  const double qx = 0.25, qy = -0.5, omega = c + (b - c) * (qx * qx + qy * qy);
  const auto wave = [&](double t) {
    return field(plane, [&, t](double x, double y) {
      return std::polar(std::sqrt(1 - qx * qx - qy * qy), qx * x + qy * y - omega * t);
    });
  };
  const auto run = solve(GinzburgLandau<2>(b, c), plane, wave(0), TimeGrid::uniform(0, 5, 2), Etdrk4{0.025});
  CHECK(distance<Eigen::VectorXcd>(run.trajectory[1], wave(5)) < 5e-8);
}

TEMPLATE_TEST_CASE("Linear equations are solved in one step of any length", "", Etdrk1, Etdrk4, Ifrk4, EtdAb4) {
  const double time = 3.7, c = 1.3, nu = 0.02;
  const auto wave = [&](double t) {
    return field(circle, [&, t](double x) {
      double sum = 0.5;
      for (const int k : {1, 4, 13}) sum += std::exp(-nu * k * k * t) * std::cos(k * (x - c * t) + k);
      return sum;
    });
  };
  const auto run = solve(AdvectionDiffusion<>({c}, nu), circle, wave(0), TimeGrid::uniform(0, time, 2), TestType{time});
  CHECK(run.ledger.steps == 1);
  CHECK(distance<Eigen::VectorXd>(run.trajectory[1], wave(time)) < 1e-13);
}

TEST_CASE("Dispersion and diffusion of the fourth order, on one axis and three") {
  const double time = 1.1;
  const auto dispersed = [&](double t) {
    return field(circle, [t](double x) { return std::cos(2 * x - 8 * 0.3 * t) + std::sin(5 * x - 125 * 0.3 * t); });
  };
  const auto run = solve(Dispersion<>(0.3), circle, dispersed(0), TimeGrid::uniform(0, time, 2), Etdrk4{time});
  CHECK(distance<Eigen::VectorXd>(run.trajectory[1], dispersed(time)) < 1e-13);
  const SpatialGrid cube({{8, 2 * pi}, {12, pi}, {10, 2 * pi}});
  const auto damped = [&](double t) {
    return field(cube, [t](double x, double y, double z) {
      return std::exp(-1e-3 * 49 * 49 * t) * std::cos(2 * x + 6 * y - 3 * z);
    });
  };
  const auto decay = solve(HyperDiffusion<3>(1e-3), cube, damped(0), TimeGrid::uniform(0, time, 2), Etdrk4{time});
  CHECK(distance<Eigen::VectorXd>(decay.trajectory[1], damped(time)) < 1e-14);
}

TEST_CASE("Burgers makes of heat what Cole and Hopf say, on one axis, two and three") {
  const double nu = 0.1, time = 1;
  // u = -2 nu grad log phi, with phi = 1 + a exp(-|k|^2 nu t) cos(k.x) + ...
  const auto ring = SpatialGrid::periodic(128, 0, 2 * pi);
  const auto line = [&](double t) {
    return field(ring, [&, t](double x) {
      const double a = 0.5 * std::exp(-nu * t), b = 0.2 * std::exp(-9 * nu * t);
      return 2 * nu * (a * std::sin(x) + 3 * b * std::sin(3 * x + 1)) / (1 + a * std::cos(x) + b * std::cos(3 * x + 1));
    });
  };
  const auto one = solve(Burgers<>(nu), ring, line(0), TimeGrid::uniform(0, time, 2), Etdrk4{0.01});
  CHECK(distance<Eigen::VectorXd>(one.trajectory[1], line(time)) < 1e-9);
  CHECK(one.ledger.drift(0) < 1e-14);

  const SpatialGrid plane({{48, 2 * pi}, {48, 2 * pi}});
  const auto flat = [&](double t) {
    const double a = 0.4 * std::exp(-2 * nu * t), b = 0.2 * std::exp(-nu * t);
    const auto phi = [=](double x, double y) { return 1 + a * std::cos(x) * std::cos(y) + b * std::sin(y); };
    Eigen::VectorXd u(2 * plane.size());
    u << field(plane, [=](double x, double y) { return 2 * nu * a * std::sin(x) * std::cos(y) / phi(x, y); }),
        field(plane, [=](double x, double y) {
          return 2 * nu * (a * std::cos(x) * std::sin(y) - b * std::cos(y)) / phi(x, y);
        });
    return u;
  };
  const auto two = solve(Burgers<2>(nu), plane, flat(0), TimeGrid::uniform(0, time, 2), Etdrk4{0.02});
  CHECK(distance<Eigen::VectorXd>(two.trajectory[1], flat(time)) < 1e-10);

  const SpatialGrid cube({{24, 2 * pi}, {24, 2 * pi}, {24, 2 * pi}});
  const auto deep = [&](double t) {
    const double a = 0.3 * std::exp(-3 * nu * t);
    const auto slope = [=](double p, double q, double r) {
      return 2 * nu * a * std::sin(p) * std::cos(q) * std::cos(r) / (1 + a * std::cos(p) * std::cos(q) * std::cos(r));
    };
    Eigen::VectorXd u(3 * cube.size());
    u << field(cube, [=](double x, double y, double z) { return slope(x, y, z); }),
        field(cube, [=](double x, double y, double z) { return slope(y, z, x); }),
        field(cube, [=](double x, double y, double z) { return slope(z, x, y); });
    return u;
  };
  const auto three = solve(Burgers<3>(nu), cube, deep(0), TimeGrid::uniform(0, time, 2), Etdrk4{0.05});
  CHECK(distance<Eigen::VectorXd>(three.trajectory[1], deep(time)) < 1e-7);
}
