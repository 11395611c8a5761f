// SPDX-License-Identifier: BSD-3-Clause
// HAVOK on Lorenz: a linear law of delay coordinates, and a forcing that bursts before the orbit changes lobes.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "almagest/integrate/integrate.hpp"
#include "almagest/io/npy.hpp"
#include "almagest/koopman/forcing.hpp"
#include "almagest/koopman/havok.hpp"
#include "almagest/systems/lorenz63.hpp"

namespace al = almagest;
namespace koopman = almagest::koopman;

int main(int argc, char** argv) try {
  const std::filesystem::path output = argc > 1 ? argv[1] : ".";
  // Fixed steps: the dense output of an adaptive integrator is noise to the fifteenth singular value.
  const auto run = al::integrate(al::systems::Lorenz63<double>{}, std::array{-8.0, 8.0, 27.0},
                                 al::TimeGrid::uniform(0, 0.001, 200000), al::methods::Rk4{0.001});
  const al::Trajectory<double> x(run.times(), run.states().topRows(1));
  const auto model = koopman::fit_havok(x, {.delays = 100, .rank = 15});

  const Eigen::MatrixXd& a = model.linear();
  Eigen::MatrixXd beside = a;
  for (Eigen::Index i = 0; i + 1 < a.rows(); ++i) beside(i, i + 1) = beside(i + 1, i) = 0;
  const double largest = a.cwiseAbs().maxCoeff();
  std::printf("singular values fall from %.3g to %.3g\n", model.singular_values()[0], model.singular_values()[14]);
  std::printf("A is tridiagonal to %.1f %% and skew-symmetric to %.1f %%\n",
              100 * beside.cwiseAbs().maxCoeff() / largest, 100 * (a + a.transpose()).cwiseAbs().maxCoeff() / largest);

  const auto statistics = koopman::forcing_statistics(model.forcing());
  const auto& u = model.forcing()[0];
  const auto changes = koopman::sign_changes(x);
  const auto bursts = koopman::bursts(u, statistics);
  std::printf("excess kurtosis of the forcing: %.0f\n", statistics.excess_kurtosis[0]);
  for (const double delay : {0.0, 0.099}) {
    const auto score = koopman::score_switches(koopman::alarms(bursts, 0.4, delay), changes, {0, u.times().back()});
    std::printf("%s: %.0f %% of %ld changes of lobe foreseen, by chance %.0f %%; %.0f %% of the alarms came true\n",
                delay > 0 ? "counted from when a burst is known" : "counted as in the paper",
                100 * score.foreseen_share(), long(score.switches), 100 * score.by_chance(),
                100 * score.fulfilled_share());
  }
  al::io::write_npy(u, (output / "havok.npy").string());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
