// SPDX-License-Identifier: BSD-3-Clause
// Loss and gradient of 20 steps of Runge and Kutta's method, batch 64, through a perceptron 3-64-64-3, float: the
// processor's milliseconds, which neural_ode.py compares.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <vector>

#include "almagest/neural/neural_ode.hpp"
#include "bench.hpp"

using namespace almagest;

namespace {

double processor() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

/// Lorenz every 0.02.
Trajectory<float> lorenz(Eigen::Index samples) {
  Eigen::MatrixXf states(3, samples);
  Eigen::Vector3d x(-8, 8, 27);
  for (Eigen::Index k = 0; k < samples; ++k) {
    states.col(k) = x.cast<float>();
    for (int j = 0; j < 200; ++j)
      x += 1e-4 * Eigen::Vector3d(10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]);
  }
  return {TimeGrid::uniform(0, 0.02, samples), states};
}

}  // namespace

int main() {
  const Trajectory<float> run = lorenz(3000);
  const std::vector<TrajectoryView<float>> views{run};
  const neural::detail::TimedSamples<float> data(views, neural::normalization(views), 20);
  const auto net = neural::network<float>(neural::Mlp{{64, 64}}, 3);
  const neural::RungeKutta<float> map(net, neural::tableau(neural::OdeMethod::rk4));
  neural::detail::OdeObjective<float> objective(map, 1, Eigen::Vector3f::Ones(), {.rollout = 20}, data, data);
  RandomStream random(0);
  const Eigen::VectorXf parameters = net.initial(random);
  std::vector<std::size_t> samples(64);
  for (std::size_t k = 0; k < 64; ++k) samples[k] = 40 * k;
  Eigen::VectorXf gradient;
  const auto work = [&] { bench::keep(objective.loss(parameters, samples, random, gradient)); };
  for (int k = 0; k < 10; ++k) work();
  std::vector<double> blocks;
  for (int block = 0; block < 9; ++block) {
    const double start = processor();
    for (int k = 0; k < 10; ++k) work();
    blocks.push_back((processor() - start) / 10);
  }
  std::printf("milliseconds %.4f\n", 1e3 * bench::median(blocks));
}
