// SPDX-License-Identifier: BSD-3-Clause
// Korteweg–de Vries against what inverse scattering says.
#include <cmath>

#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const KortewegDeVries equation(0.2, 0.1);

/// Height and place of the highest point of a field, between the points of its grid by a fine interpolation.
struct Peak {
  double height, place;
};
Peak peak(const SpatialGrid& grid, const Eigen::VectorXd& u) {
  const Eigen::Index n = u.size();
  Eigen::Index top = 0;
  u.maxCoeff(&top);
  // Newton on the parabola through three points, on values between points by the Fourier series.
  const fft::RealTransform<double> transform({n}, {fft::Rigor::estimate});
  fft::Buffer<std::complex<double>> modes(transform.modes());
  transform.forward(u.data(), modes.data());
  const auto at = [&](double x) {
    double sum = modes[0].real();
    for (Eigen::Index k = 1; k < (n + 1) / 2; ++k)
      sum += 2 * std::real(modes[k] * std::polar(1.0, 2 * std::numbers::pi * double(k) * x / double(n)));
    return sum / double(n);
  };
  double x = double(top), step = 0.5;
  while (step > 1e-7) {
    const double left = at(x - step), here = at(x), right = at(x + step);
    x += std::clamp(0.5 * step * (left - right) / (left - 2 * here + right), -step, step);
    step /= 3;
  }
  return {at(x), grid.axes()[0].lower + grid.spacing(0) * x};
}

}  // namespace

TEST_CASE("A soliton is back after one period, and everything is conserved") {
  const auto grid = SpatialGrid::periodic(512, -30, 30);
  const auto start = korteweg_de_vries_soliton(grid, 0.2, 0.1, 4, -10);
  const double period = 60 / (0.2 * 4 / 3);
  const auto run = solve(equation, grid, start, TimeGrid::uniform(0, period / 4, 5), Etdrk4{0.005});
  CHECK((run.trajectory[4] - start).cwiseAbs().maxCoeff() < 1e-8);
  CHECK(run.ledger.quantities == std::vector<std::string>{"mass", "momentum", "energy"});
  for (Eigen::Index q = 0; q < 3; ++q) CHECK(run.ledger.drift(q) < 1e-10);
  // Of A sech^2(x/w): 2 A w, 4 A^2 w / 3.
  const double width = std::sqrt(12 * 0.1 / (0.2 * 4));
  CHECK(run.ledger.values(0, 0) == Approx(8 * width).epsilon(1e-12));
  CHECK(run.ledger.values(1, 0) == Approx(64 * width / 3).epsilon(1e-12));
}

TEST_CASE("A run that looks smooth and is wrong has lost what is conserved, and says so") {
  const auto grid = SpatialGrid::periodic(512, -30, 30);
  const auto start = korteweg_de_vries_soliton(grid, 0.2, 0.1, 4, -10);
  const auto times = TimeGrid::uniform(0, 60 / (0.2 * 4 / 3), 2);
  const auto good = solve(equation, grid, start, times, Etdrk2{0.01}),
             bad = solve(equation, grid, start, times, Etdrk2{0.16});
  CHECK(good.ledger.warnings.empty());
  CHECK((good.trajectory[1] - start).cwiseAbs().maxCoeff() < 0.002);
  CHECK(bad.ledger.stopped.empty());
  CHECK((bad.trajectory[1] - start).cwiseAbs().maxCoeff() > 1);
  REQUIRE(bad.ledger.warnings.size() == 2);
  CHECK_THAT(bad.ledger.warnings[0], ContainsSubstring("momentum has changed by a share of 0.03"));
  CHECK_THAT(bad.ledger.warnings[1], ContainsSubstring("energy has changed by a share of 0.04"));
}

TEST_CASE("Pulses emit the solitons that inverse scattering predicts") {
  // (A, w) of the pulse, and the height of its first soliton, (12 mu / eps) ((s - 0) / w)^2 with
  // s (s + 1) = eps A w^2 / (6 mu).
  struct Pulse {
    double amplitude, width, soliton;
  };
  // Long enough for the first soliton to leave the others behind, on a domain that the radiation, which runs
  // the other way, does not go round.
  const auto grid = SpatialGrid::periodic(2048, -200, 60);
  for (const Pulse& pulse : {Pulse{4, 2, 5.2056}, Pulse{3, 2, 3.6577}, Pulse{6, 1.5, 7.5215}, Pulse{2, 2.5, 2.4625},
                             Pulse{7, 1.2, 8.1667}, Pulse{4, 1.8, 4.9671}, Pulse{2.5, 2.2, 3.0542}}) {
    const double s = 0.5 * (std::sqrt(1 + 4 * 0.2 * pulse.amplitude * pulse.width * pulse.width / 0.6) - 1);
    CHECK(6 * (s / pulse.width) * (s / pulse.width) == Approx(pulse.soliton).epsilon(2e-5));
    const double time = 40 / (0.2 * pulse.soliton / 3);
    const auto run = solve(equation, grid, sech_squared(grid, pulse.amplitude, pulse.width, -10),
                           TimeGrid::uniform(0, time, 2), Etdrk4{0.02});
    CHECK(peak(grid, run.trajectory[1]).height == Approx(pulse.soliton).epsilon(1e-3));
  }
}

TEST_CASE("Solitons shift each other's phase") {
  // kappa = 1/w in A sech^2(kappa x), A = 12 mu kappa^2 / eps = 6 kappa^2, speed 4 mu kappa^2.
  const double fast = 1, slow = 0.6, start_fast = -25, start_slow = -5;
  const auto grid = SpatialGrid::periodic(1024, -40, 60);
  const auto height = [](double kappa) { return 6 * kappa * kappa; };
  const auto speed = [](double kappa) { return 0.4 * kappa * kappa; };
  const Eigen::VectorXd start = korteweg_de_vries_soliton(grid, 0.2, 0.1, height(fast), start_fast) +
                                korteweg_de_vries_soliton(grid, 0.2, 0.1, height(slow), start_slow);
  const double time = 160;
  const auto run = solve(equation, grid, start, TimeGrid::uniform(0, time, 2), Etdrk4{0.02});
  const double shift = std::log((fast + slow) / (fast - slow)) / fast;
  const Peak found = peak(grid, run.trajectory[1]);
  CHECK(found.height == Approx(height(fast)).epsilon(1e-5));
  CHECK(around(grid, found.place, start_fast + speed(fast) * time) == Approx(shift).epsilon(1e-3));
}
