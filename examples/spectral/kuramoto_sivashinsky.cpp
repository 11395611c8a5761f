// SPDX-License-Identifier: BSD-3-Clause
// Chaos in space and time: Kuramoto-Sivashinsky on the domain of length 22, its balance of energy,
// and how fast neighbouring runs part.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "almagest/fft/derivative.hpp"
#include "almagest/io/npy.hpp"
#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"

namespace al = almagest;
namespace sp = almagest::spectral;

namespace {

const sp::KuramotoSivashinsky<1> equation;
const auto grid = al::SpatialGrid::periodic(64, 0, 22);

/// Growth of the distance between runs that are brought together again and again.
void print_lyapunov_exponent(const Eigen::VectorXd& start) {
  constexpr Eigen::Index pairs = 20;
  constexpr int intervals = 200;
  constexpr double interval = 10, distance = 1e-7;
  Eigen::MatrixXd u(64, 2 * pairs);
  for (Eigen::Index m = 0; m < pairs; ++m) {
    u.col(m) = start + 0.1 * sp::gaussian_random_field(grid, 2, 3, 2, std::uint64_t(m));
    u.col(pairs + m) =
        u.col(m) +
        distance * sp::gaussian_random_field(grid, 2, 3, 3, std::uint64_t(m)).normalized();
  }
  Eigen::ArrayXd growth = Eigen::ArrayXd::Zero(pairs);
  for (int i = 0; i < intervals; ++i) {
    const auto run = sp::solve_ensemble(equation, grid, u, al::TimeGrid::uniform(0, interval, 2),
                                        sp::Etdrk4{0.25});
    for (Eigen::Index m = 0; m < pairs; ++m) {
      u.col(m) = run.runs[std::size_t(m)][1];
      const Eigen::VectorXd apart = run.runs[std::size_t(pairs + m)][1] - u.col(m);
      if (i >= intervals / 10)
        growth[m] += std::log(apart.norm() / distance) / (0.9 * intervals * interval);
      u.col(pairs + m) = u.col(m) + distance * apart.normalized();
    }
  }
  std::printf("largest Lyapunov exponent %.4f +- %.4f, literature 0.043 to 0.048\n", growth.mean(),
              std::sqrt((growth - growth.mean()).square().sum() / double(pairs * (pairs - 1))));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path output = argc > 1 ? argv[1] : ".";
  const auto settled = sp::solve(equation, grid, sp::gaussian_random_field(grid, 2, 3, 1),
                                 al::TimeGrid::uniform(0, 200, 2), sp::Etdrk4{0.1});
  const Eigen::VectorXd start = settled.trajectory[1];
  const auto run =
      sp::solve(equation, grid, start, al::TimeGrid::uniform(0, 0.5, 20'001), sp::Etdrk4{0.1});

  // d/dt <u^2>/2 = <u_x^2> - <u_xx^2>: over a long time both are the same.
  double produced = 0, dissipated = 0, energy = 0;
  for (Eigen::Index i = 0; i < run.trajectory.size(); ++i) {
    const Eigen::VectorXd u = run.trajectory[i];
    energy += u.squaredNorm() / 2;
    produced += al::fft::derivative(u, grid).squaredNorm();
    dissipated += al::fft::derivative(u, grid, 0, 2).squaredNorm();
  }
  const double all = double(run.trajectory.size() * grid.size());
  std::printf("mean energy %.4f; produced %.4f and dissipated %.4f a unit of time\n", energy / all,
              produced / all, dissipated / all);
  std::printf("the mass drifts by %.1e; %lld steps took %.2f s, their transforms alone %.2f s\n",
              run.ledger.drift(0), run.ledger.steps, run.ledger.step_seconds,
              run.ledger.transform_seconds);
  print_lyapunov_exponent(start);
  al::io::write_npy(run.trajectory.slice(0, 401), (output / "kuramoto_sivashinsky.npy").string());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
