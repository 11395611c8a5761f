// SPDX-License-Identifier: BSD-3-Clause
// Kuramoto–Sivashinsky: its symmetries, and the statistics of its chaos.
#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"

#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "almagest/fft/derivative.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

constexpr double length = 22, unit = 2 * std::numbers::pi / length;
const auto grid = SpatialGrid::periodic(64, 0, length);
const KuramotoSivashinsky<1> equation;

/// Some low modes, shifted to the right.
Eigen::VectorXd start(double shift = 0) {
  return field(grid, [shift](double x) {
    const double phase = unit * (x - shift);
    return std::cos(phase) + 0.6 * std::sin(2 * phase) - 0.8 * std::cos(3 * phase + 1) + 0.3 * std::sin(5 * phase + 2);
  });
}

Eigen::VectorXd run_to(double time, const Eigen::VectorXd& u0, double step = 0.05) {
  return solve(equation, grid, u0, TimeGrid::uniform(0, time, 2), Etdrk4{step}).trajectory[1];
}

double distance(const Eigen::VectorXd& a, const Eigen::VectorXd& b) { return (a - b).cwiseAbs().maxCoeff(); }

/// \f$ \hat u_m \f$
std::complex<double> mode(const Eigen::VectorXd& u, int m) {
  std::complex<double> sum = 0;
  for (Eigen::Index j = 0; j < u.size(); ++j)
    sum += std::polar(u[j], -2 * std::numbers::pi * m * double(j) / double(u.size()));
  return sum / double(u.size());
}

}  // namespace

TEST_CASE("A shifted start gives the shifted run") {
  const Eigen::VectorXd end = run_to(20, start());
  REQUIRE(distance(end, start()) > 1);
  SECTION("by whole points") {
    const Eigen::VectorXd shifted = run_to(20, start(7 * grid.spacing(0)));
    Eigen::VectorXd expected(64);
    expected << end.tail(7), end.head(57);
    CHECK(distance(shifted, expected) < 1e-12);
  }
  SECTION("between the points") {
    const double shift = 0.317;
    const Eigen::VectorXd shifted = run_to(20, start(shift));
    for (int m = 0; m < 22; ++m)
      CHECK(std::abs(mode(shifted, m) - mode(end, m) * std::polar(1.0, -unit * m * shift)) < 1e-12);
  }
}

TEST_CASE("A reflected start gives the reflected run") {
  const auto reflected = [](const Eigen::VectorXd& u) {
    Eigen::VectorXd mirror(u.size());
    for (Eigen::Index j = 0; j < u.size(); ++j) mirror[j] = -u[(u.size() - j) % u.size()];
    return mirror;
  };
  CHECK(distance(run_to(20, reflected(start())), reflected(run_to(20, start()))) < 1e-12);
  // What is odd stays odd, if for a while: the odd fields are unstable.
  const Eigen::VectorXd odd = start() + reflected(start());
  const Eigen::VectorXd end = run_to(20, odd);
  REQUIRE(distance(end, odd) > 0.1);
  CHECK(distance(end, reflected(end)) < 1e-12);
}

TEST_CASE("A moving observer sees the same run") {
  // u(x - ct) + c solves the equation if u does; c is such that the field moves on by 16 points.
  const double time = 10, c = 16 * grid.spacing(0) / time;
  const Eigen::VectorXd at_rest = run_to(time, start(), 0.01), moving = run_to(time, start().array() + c, 0.01);
  Eigen::VectorXd expected(64);
  expected << at_rest.tail(16), at_rest.head(48);
  CHECK(distance(moving.array() - c, expected) < 1e-7);
}

TEST_CASE("The gradient of the integral form is the derivative form") {
  const SpatialGrid plane({{4, 1.0}, grid.axes()[0]});
  const Eigen::VectorXd height = start();
  const auto flat =
      solve(KuramotoSivashinsky<2>(), plane, height.replicate(4, 1), TimeGrid::uniform(0, 10, 2), Etdrk4{0.02});
  const Eigen::VectorXd slope = run_to(10, fft::derivative(height, grid), 0.02);
  for (Eigen::Index row = 0; row < 4; ++row)
    CHECK(distance(fft::derivative(flat.trajectory[1].segment(64 * row, 64), grid), slope) < 1e-11);
}

TEST_CASE("Neighbours part at the largest Lyapunov exponent") {
  // Between 0.043 (R. A. Edson et al., ANZIAM J. 61 (2019), https://doi.org/10.1017/S1446181119000105) and 0.048
  // (X. Ding et al., Phys. Rev. Lett. 117 (2016), https://doi.org/10.1103/PhysRevLett.117.024101).
  constexpr Eigen::Index pairs = 40;
  constexpr double interval = 10, separation = 1e-7;
  constexpr int settling = 20, intervals = 200;
  Eigen::MatrixXd u(64, 2 * pairs);
  Eigen::ArrayXd growth = Eigen::ArrayXd::Zero(pairs);
  for (Eigen::Index m = 0; m < pairs; ++m) {
    u.col(m) = gaussian_random_field(grid, 2, 3, 5, std::uint64_t(m));
    // Without a mean, which is conserved and would part them for ever, if only in proportion to the time.
    const Eigen::VectorXd apart = gaussian_random_field(grid, 2, 3, 6, std::uint64_t(m));
    u.col(pairs + m) = u.col(m) + separation / apart.norm() * apart;
  }
  for (int i = 0; i < settling + intervals; ++i) {
    const auto run = solve_ensemble(equation, grid, u, TimeGrid::uniform(0, interval, 2), Etdrk4{0.2});
    for (Eigen::Index m = 0; m < pairs; ++m) {
      u.col(m) = run.runs[std::size_t(m)][1];
      const Eigen::VectorXd apart = run.runs[std::size_t(pairs + m)][1] - u.col(m);
      if (i >= settling) growth[m] += std::log(apart.norm() / separation);
      u.col(pairs + m) = u.col(m) + separation / apart.norm() * apart;
    }
  }
  const Eigen::ArrayXd exponents = growth / (interval * intervals);
  const double mean = exponents.mean();
  const double error = std::sqrt((exponents - mean).square().sum() / double(pairs * (pairs - 1)));
  // Ten seeds gave 0.0487 on average, with a standard deviation of 0.0010.
  CHECK(error < 1.2e-3);
  CHECK(mean == Approx(0.048).margin(0.005));
}

TEST_CASE("Energy lies flat at long waves, piles up near the most unstable one, and falls off exponentially") {
  const auto wide = SpatialGrid::periodic(512, 0, 64 * std::numbers::pi);
  constexpr Eigen::Index members = 4, samples = 400;
  Eigen::MatrixXd u0(512, members);
  for (Eigen::Index m = 0; m < members; ++m) u0.col(m) = gaussian_random_field(wide, 2, 3, 8, std::uint64_t(m));
  const auto settled = solve_ensemble(equation, wide, u0, TimeGrid::uniform(0, 200, 2), Etdrk4{0.25});
  for (Eigen::Index m = 0; m < members; ++m) u0.col(m) = settled.runs[std::size_t(m)][1];
  const auto run = solve_ensemble(equation, wide, u0, TimeGrid::uniform(0, 2.5, samples), Etdrk4{0.25});

  // E(k), of modes k = m / 32.
  const fft::RealTransform<double> transform({512}, {fft::Rigor::estimate});
  fft::Buffer<std::complex<double>> modes(transform.modes());
  Eigen::ArrayXd energy = Eigen::ArrayXd::Zero(transform.modes());
  for (std::size_t m = 0; m < std::size_t(members); ++m)
    for (Eigen::Index i = 0; i < samples; ++i) {
      transform.forward(run.runs[m][i].eval().data(), modes.data());
      for (Eigen::Index k = 0; k < energy.size(); ++k) energy[k] += std::norm(modes[k]) / double(members * samples);
    }
  const auto band = [&](double from, double to) {  // mean of log E, from k to k
    const auto first = Eigen::Index(std::lround(32 * from)), last = Eigen::Index(std::lround(32 * to));
    return energy.segment(first, last - first).log().mean();
  };
  Eigen::Index top = 0;
  energy.maxCoeff(&top);
  // 1 / sqrt 2 is the wavenumber that grows fastest.
  CHECK(double(top) / 32 == Approx(1 / std::sqrt(2.0)).margin(0.1));
  CHECK(band(0.6, 0.8) - band(0.05, 0.25) > std::log(5.0));
  CHECK(std::abs(band(0.05, 0.15) - band(0.15, 0.25)) < std::log(1.3));
  // Each half of a unit of k further the same factor less, over nine orders of magnitude.
  const std::array<double, 5> falls{band(1.75, 2.25) - band(1.25, 1.75), band(2.25, 2.75) - band(1.75, 2.25),
                                    band(2.75, 3.25) - band(2.25, 2.75), band(3.25, 3.75) - band(2.75, 3.25),
                                    band(3.75, 4.25) - band(3.25, 3.75)};
  for (const double fall : falls) CHECK(fall == Approx(-3.13).margin(0.4));
}
