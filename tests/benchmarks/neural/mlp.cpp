// SPDX-License-Identifier: BSD-3-Clause
// A perceptron 3-64-64-3 in single precision on one thread: a step of the fitted map, and one of AdamW on 128
// samples.
// mlp.py sets them beside PyTorch.
#include <cstdio>
#include <ctime>
#include <vector>

#include "almagest/neural/network_model.hpp"
#include "bench.hpp"

using namespace almagest;

namespace {

Trajectory<float> chaos(Eigen::Index samples) {
  const auto rate = [](const Eigen::Vector3d& x) {
    return Eigen::Vector3d(10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]);
  };
  Eigen::MatrixXf states(3, samples);
  Eigen::Vector3d x(-8, 8, 27);
  constexpr double h = 0.004;
  for (Eigen::Index k = 0; k < samples; ++k) {
    states.col(k) = x.cast<float>();
    for (int j = 0; j < 5; ++j) {
      const Eigen::Vector3d a = rate(x), b = rate(x + h / 2 * a), c = rate(x + h / 2 * b), d = rate(x + h * c);
      x += h / 6 * (a + 2 * b + 2 * c + d);
    }
  }
  return {TimeGrid::uniform(0, 0.02, samples), states};
}

/// Seconds of the processor for one call, the median over blocks of `count`.
template <typename Work>
double seconds(int count, const Work& work) {
  std::vector<double> all;
  for (int block = 0; block < 9; ++block) {
    const std::clock_t start = std::clock();
    for (int k = 0; k < count; ++k) work();
    all.push_back(double(std::clock() - start) / CLOCKS_PER_SEC / count);
  }
  return bench::median(all);
}

}  // namespace

int main() {
  const auto run = chaos(5000);
  const neural::Training options{.epochs = 1, .batch = 128};
  const auto model = neural::fit(neural::Mlp{{64, 64}}, run, options);
  auto space = model.workspace();
  Eigen::VectorXf x = run.states().col(100), next(3);
  model.step(x, next, space);
  const double step = seconds(20'000, [&] {
    model.step(x, next, space);
    bench::keep(next);
  });
  bench::at_most("mlp_step_us", 1e6 * step, 0.25);

  // What an epoch costs, without the beginning of a fit.
  const auto fit = [&](int epochs) {
    return seconds(1, [&] {
      bench::keep(neural::fit(neural::Mlp{{64, 64}}, run, neural::Training{.epochs = epochs, .batch = 128}));
    });
  };
  constexpr int epochs = 50;
  const double steps = double((run.size() - 1) / 128);
  const double adam = (fit(epochs + 1) - fit(1)) / (epochs * steps);
  std::printf("adam_step_us %.4g\n", 1e6 * adam);
}
