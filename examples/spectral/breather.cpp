// SPDX-License-Identifier: BSD-3-Clause
// The breather of sine-Gordon, a bound kink and antikink, through a hundred periods.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>

#include "almagest/io/npy.hpp"
#include "almagest/spectral/equations/klein_gordon.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"

namespace al = almagest;
namespace sp = almagest::spectral;

namespace {

constexpr double frequency = 0.5, period = 2 * std::numbers::pi / frequency;
constexpr int periods = 100, samples = 40;  // a period
const auto grid = al::SpatialGrid::periodic(256, -40, 40);

/// The mean time from one fall of the field at the centre through 0 to the next: each fall lies
/// where the velocity takes the nearest sample to 0.
double measured_period(const al::Trajectory<>& run) {
  const Eigen::Index centre = grid.size() / 2;
  const auto field = run.states().row(centre), velocity = run.states().row(grid.size() + centre);
  double first = 0, last = 0;
  int falls = 0;
  for (Eigen::Index i = 1; i < run.size(); ++i) {
    if (!(field[i - 1] > 0 && field[i] <= 0)) continue;
    const Eigen::Index nearest = field[i - 1] < -field[i] ? i - 1 : i;
    last = run.times()[nearest] - field[nearest] / velocity[nearest];
    if (falls++ == 0) first = last;
  }
  return (last - first) / (falls - 1);
}

template <typename Method>
auto breathe(const char* name, const Method& method) {
  const auto times = al::TimeGrid::uniform(0, period / samples, periods * samples + 1);
  auto run = sp::solve(sp::SineGordon<>(), grid, sp::sine_gordon_breather(grid, frequency), times,
                       method);
  std::printf("%s, %.2f s\n", name, run.ledger.step_seconds);
  std::printf("  period %.8f, theory %.8f\n", measured_period(run.trajectory), period);
  std::printf("  energy %.8f, theory %.8f, drifts by %.1e\n", run.ledger.values(0, 0),
              16 * std::sqrt(1 - frequency * frequency), run.ledger.drift(0));
  std::printf("  back after %d periods to %.1e\n", periods,
              (run.trajectory[times.size() - 1] - run.trajectory[0]).cwiseAbs().maxCoeff());
  return run;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path output = argc > 1 ? argv[1] : ".";
  breathe("Verlet", sp::Verlet{0.02});
  const auto run = breathe("Verlet4", sp::Verlet4{0.04});
  al::io::write_npy(run.trajectory.slice(0, 4 * samples), (output / "breather.npy").string());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
