// SPDX-License-Identifier: BSD-3-Clause
// Decaying turbulence in two dimensions: vortices merge, enstrophy is lost, energy hardly.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <stdexcept>

#include "almagest/io/npy.hpp"
#include "almagest/spectral/equations/navier_stokes_2d.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"

namespace al = almagest;
namespace sp = almagest::spectral;

int main(int argc, char** argv) try {
  const std::filesystem::path output = argc > 1 ? argv[1] : ".";
  constexpr double viscosity = 2e-3, interval = 0.5;
  const al::SpatialGrid grid({{128, 2 * std::numbers::pi}, {128, 2 * std::numbers::pi}});
  const Eigen::VectorXd start = 4 * sp::gaussian_random_field(grid, 0.3, 4, /*seed=*/1);
  const auto run = sp::solve(sp::NavierStokes2D(viscosity), grid, start,
                             al::TimeGrid::uniform(0, interval, 41), sp::Etdrk4{0.005});
  if (!run.ledger.stopped.empty()) throw std::runtime_error(run.ledger.stopped);

  const auto energy = run.ledger.values.row(1), enstrophy = run.ledger.values.row(2);
  const Eigen::Index last = run.trajectory.size() - 1;
  std::printf("  time    energy  enstrophy  length sqrt(energy / enstrophy)\n");
  for (Eigen::Index i = 0; i <= last; i += 8)
    std::printf("%6.2f %9.4f %10.3f %8.4f\n", run.trajectory.times()[i], energy[i], enstrophy[i],
                std::sqrt(energy[i] / enstrophy[i]));

  // d/dt energy = -2 nu enstrophy, by Simpson's rule over the samples.
  double dissipated = 0;
  for (Eigen::Index i = 0; i + 2 <= last; i += 2)
    dissipated += 2 * viscosity * interval / 3 *
                  (enstrophy[i] + 4 * enstrophy[i + 1] + enstrophy[i + 2]);
  std::printf("energy lost %.6f, dissipated %.6f\n", energy[0] - energy[last], dissipated);
  std::printf("circulation at most %.1e\n", run.ledger.values.row(0).cwiseAbs().maxCoeff());
  std::printf("%lld steps took %.2f s, their transforms alone %.2f s\n", run.ledger.steps,
              run.ledger.step_seconds, run.ledger.transform_seconds);
  al::io::write_npy(run.trajectory, (output / "turbulence.npy").string());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
