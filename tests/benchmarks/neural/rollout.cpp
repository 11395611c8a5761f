// SPDX-License-Identifier: BSD-3-Clause
// What a step of a forecast costs beyond the model's own step: recording it, and watching for its verdict. The same path
// serves every model; here three of a state of three numbers.
#include <cstdio>
#include <string>

#include "almagest/koopman/dmd.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "bench.hpp"

using namespace almagest;

namespace {

constexpr Eigen::Index steps = 20'000;

/// A turn about an axis, which every model continues for ever.
Trajectory<double> turn(Eigen::Index samples) {
  Eigen::MatrixXd states(3, samples);
  for (Eigen::Index k = 0; k < samples; ++k)
    states.col(k) << std::cos(0.1 * double(k)), std::sin(0.1 * double(k)), 0.5 * std::cos(0.1 * double(k));
  return {TimeGrid::uniform(0, 0.1, samples), states};
}

template <typename Model>
void measure(const std::string& name, const Model& model, const Trajectory<double>& run) {
  const TrajectoryView<double> history = TrajectoryView<double>(run).slice(0, model.context());
  Eigen::VectorXd start = history[history.size() - 1];
  if constexpr (requires { model.lift(history); }) start = model.lift(history);
  auto space = model.workspace();
  Eigen::Index foreseen = 0;
  const auto times = bench::paired(
      51, [&] { foreseen = model.forecast(history, steps).size(); },
      [&] {
        Eigen::VectorXd x = start, next = start;
        for (Eigen::Index k = 0; k < steps; ++k) {
          model.step(x, next, space);
          x.swap(next);
        }
        bench::keep(x);
      });
  std::printf("%s: %lld steps of %.1f ns in a forecast, %.1f ns bare\n", name.c_str(), static_cast<long long>(foreseen),
              1e9 * times.first / double(steps), 1e9 * times.second / double(steps));
  bench::at_most(("rollout_ns_of_" + name).c_str(), 1e9 * (times.first - times.second) / double(steps), 30);
}

}  // namespace

int main() {
  const auto run = turn(2000);
  measure("dmd", koopman::fit_dmd(run, {.rank = 2}), run);
  measure("nvar", neural::fit(neural::Nvar{}, run), run);
  measure("mlp", neural::fit(neural::Mlp{{16}}, run, {.epochs = 5}), run);
}
