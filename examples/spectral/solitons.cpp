// SPDX-License-Identifier: BSD-3-Clause
// Two solitons of Korteweg and de Vries: the fast one overtakes the slow one, and both come out of
// it as they were, but not where they would have been.

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "almagest/fft/interpolation.hpp"
#include "almagest/io/npy.hpp"
#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"

namespace al = almagest;
namespace sp = almagest::spectral;

namespace {

constexpr double fast = 1, slow = 0.6;  // kappa: heights 2 kappa^2, speeds 4 kappa^2

/// Hirota's solution of u_t + 6 u u_x + u_xxx = 0: 2 (log F)_xx with
/// F = 1 + e^p + e^q + (share e^(p/2 + q/2))^2.
Eigen::VectorXd exact(const al::SpatialGrid& grid, double t) {
  return sp::field(grid, [t](double x) {
    const double share = (fast - slow) / (fast + slow), middle = -std::log(share);
    const double p = std::exp(2 * fast * (x - 4 * fast * fast * t) + middle);
    const double q = std::exp(2 * slow * (x - 4 * slow * slow * t) + middle);
    const double both = share * share * p * q;
    const double f = 1 + p + q + both, first = fast * p + slow * q + (fast + slow) * both;
    const double second = fast * fast * p + slow * slow * q + std::pow(fast + slow, 2) * both;
    return 8 * (second / f - std::pow(first / f, 2));
  });
}

/// Where the field is highest between two places, from points that are so dense that a parabola
/// through three of them does the rest.
double peak(const al::SpatialGrid& grid, const Eigen::VectorXd& u, double from, double to) {
  const auto& axis = grid.axes()[0];
  const al::SpatialGrid dense({{16 * axis.count, axis.length, axis.lower}});
  const Eigen::VectorXd fine = al::fft::interpolate(u, grid, dense);
  const double h = dense.spacing(0);
  const auto first = Eigen::Index((from - axis.lower) / h);
  Eigen::Index top = 0;
  fine.segment(first, Eigen::Index((to - from) / h)).maxCoeff(&top);
  top += first;
  const double left = fine[top - 1], here = fine[top], right = fine[top + 1];
  return axis.lower + h * (double(top) + 0.5 * (left - right) / (left - 2 * here + right));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path output = argc > 1 ? argv[1] : ".";
  const auto grid = al::SpatialGrid::periodic(1024, -60, 60);
  const auto times = al::TimeGrid::uniform(-8, 0.1, 161);
  const auto run = sp::solve(sp::KortewegDeVries(6, 1), grid, exact(grid, times.front()), times,
                             sp::Etdrk4{0.001});
  const Eigen::VectorXd start = run.trajectory[0], end = run.trajectory[times.size() - 1];

  std::printf("error against Hirota's solution after the collision: %.1e\n",
              (end - exact(grid, times.back())).cwiseAbs().maxCoeff());
  const double duration = times.back() - times.front();
  const double jump = std::log((fast + slow) / (fast - slow));
  const double fast_shift = peak(grid, end, 20, 50) - peak(grid, start, -50, -20) -
                            4 * fast * fast * duration;
  const double slow_shift = peak(grid, end, 0, 20) - peak(grid, start, -20, 0) -
                            4 * slow * slow * duration;
  std::printf("the fast soliton is ahead by %.8f, theory %.8f\n", fast_shift, jump / fast);
  std::printf("the slow soliton is behind by %.8f, theory %.8f\n", -slow_shift, jump / slow);
  for (std::size_t q = 0; q < run.ledger.quantities.size(); ++q)
    std::printf("%-8s drifts by %.1e\n", run.ledger.quantities[q].c_str(),
                run.ledger.drift(Eigen::Index(q)));
  std::printf("%lld steps took %.2f s\n", run.ledger.steps, run.ledger.step_seconds);
  al::io::write_npy(run.trajectory, (output / "solitons.npy").string());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
