// SPDX-License-Identifier: BSD-3-Clause
// Ten environments of Lotka and Volterra's equations, of which each shows one run of twenty samples: LEADS beside one
// model for all and one for each. The published test error of LEADS is (1.16 +- 0.99) 1e-3.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "almagest/integrate/integrate.hpp"
#include "almagest/neural/leads.hpp"
#include "almagest/systems/lotka_volterra.hpp"

namespace al = almagest;
namespace neural = almagest::neural;
using Runs = std::vector<al::Trajectory<double>>;

namespace {

/// The published environments, each with as many runs from [1, 2]^2; the same starts in all.
std::vector<Runs> environments(int runs, std::uint64_t seed) {
  std::vector<Runs> out;
  for (const auto& [alpha, gamma] : {std::pair{0.5, 0.5}, {0.25, 0.5}, {0.75, 0.5}, {1.0, 0.5}, {0.5, 0.25},
                                     {0.5, 0.75}, {0.5, 1.0}, {0.25, 0.25}, {0.75, 0.75}, {1.0, 1.0}}) {
    al::RandomStream random(seed);
    Runs all;
    for (int r = 0; r < runs; ++r) {
      const double x = random.uniform(1, 2), y = random.uniform(1, 2);
      all.push_back(al::integrate(al::systems::LotkaVolterra<>{alpha, 0.5, 0.5, gamma}, {x, y},
                                  al::TimeGrid::uniform(0, 0.5, 20), al::methods::Fehlberg78{1e-9, 1e-9}));
    }
    out.push_back(std::move(all));
  }
  return out;
}

/// Mean square error over the samples after the first.
double error_of(const neural::LeadsModel<double>& model, const std::vector<Runs>& held) {
  double sum = 0, count = 0;
  for (std::size_t e = 0; e < held.size(); ++e) {
    const auto one = model.environment(Eigen::Index(e));
    for (const auto& run : held[e]) {
      sum += (one.forecast(run.slice(0, 1), 19).states() - run.states().rightCols(19)).squaredNorm();
      count += 2 * 19;
    }
  }
  return sum / count;
}

}  // namespace

int main(int argc, char** argv) try {
  const int epochs = argc > 1 ? std::atoi(argv[1]) : 4000;
  const auto data = environments(1, 1), held = environments(32, 2), seen = environments(8, 3);
  std::printf("%-18s %12s %12s\n", "", "parameters", "test error");
  for (const auto& [name, sharing] : {std::pair{"LEADS", neural::Sharing::shared_and_own},
                                      {"one for all", neural::Sharing::shared_only},
                                      {"one for each", neural::Sharing::own_only}}) {
    const auto model =
        neural::fit(neural::Leads{.sharing = sharing}, data, seen, {.epochs = epochs, .rate = 1e-3, .seed = 1});
    std::printf("%-18s %12ld %12.3g\n", name, long(model.parameter_count()), error_of(model, held));
    std::fflush(stdout);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
