// SPDX-License-Identifier: BSD-3-Clause
// A wave packet meets a barrier that is higher than its energy: a part of it tunnels through.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>

#include "almagest/io/npy.hpp"
#include "almagest/spectral/equations/schrodinger.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"

namespace al = almagest;
namespace sp = almagest::spectral;

namespace {

constexpr double height = 2.5, width = 0.5;                     // V = height sech^2(x / width)
constexpr double centre = -25, spread = 3, wavenumber = 1.7;  // of the packet, of energy 1.4

/// What a plane wave of wavenumber k transmits (L. D. Landau, E. M. Lifshitz, Quantum Mechanics,
/// section 25).
double transmission(double k) {
  const double wave = std::sinh(std::numbers::pi * k * width);
  const double barrier =
      std::cosh(std::numbers::pi / 2 * std::sqrt(8 * height * width * width - 1));
  return wave * wave / (wave * wave + barrier * barrier);
}

/// The same of the packet: the mean over its wavenumbers, which are normally distributed with
/// standard deviation 1 / (2 spread).
double transmission_of_packet() {
  double sum = 0, all = 0;
  for (int i = -800; i <= 800; ++i) {
    const double z = i / 100.0, weight = std::exp(-z * z / 2);
    sum += weight * transmission(wavenumber + z / (2 * spread));
    all += weight;
  }
  return sum / all;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path output = argc > 1 ? argv[1] : ".";
  const auto grid = al::SpatialGrid::periodic(1024, -80, 80);
  const Eigen::VectorXd potential =
      sp::field(grid, [](double x) { return height / std::pow(std::cosh(x / width), 2); });
  const auto run = sp::solve(sp::Schrodinger<>(potential), grid,
                             sp::wave_packet(grid, centre, spread, wavenumber),
                             al::TimeGrid::uniform(0, 0.25, 105), sp::Strang4{0.01});

  const Eigen::VectorXd density =
      run.trajectory[run.trajectory.size() - 1].cwiseAbs2() * grid.spacing(0);
  const Eigen::Index half = grid.size() / 2;
  std::printf("transmitted %.6f, theory %.6f (a plane wave %.6f, a classical particle 0)\n",
              density.tail(half).sum(), transmission_of_packet(), transmission(wavenumber));
  std::printf("reflected   %.6f, theory %.6f\n", density.head(half).sum(),
              1 - transmission_of_packet());
  std::printf("still on the barrier: %.1e\n", density.segment(half - 20, 40).sum());
  std::printf("the norm drifts by %.1e in %lld steps, which took %.2f s\n", run.ledger.drift(0),
              run.ledger.steps, run.ledger.step_seconds);
  al::io::write_npy(run.trajectory, (output / "barrier.npy").string());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
