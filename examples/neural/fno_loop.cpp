// SPDX-License-Identifier: BSD-3-Clause
// A neural operator inside the time loop of a simulation: it is trained once and saved; the loop reads the file and
// makes a step after the other in buffers of its own.
//
// fno_loop [FILE] [STEPS]: without a file it trains a small one on waves that travel and decay, and saves it.
#include <almagest/io/model_file.hpp>
#include <almagest/io/operator_format.hpp>
#include <almagest/operators.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace almagest;
constexpr double two_pi = 6.28318530717958647693;

Trajectory<float> waves(Eigen::Index points, Eigen::Index samples, std::uint64_t seed) {
  RandomStream random(seed);
  const double a = random.normal(), b = random.normal(), phase = two_pi * random.uniform();
  Eigen::MatrixXf states(points, samples);
  for (Eigen::Index k = 0; k < samples; ++k)
    for (Eigen::Index j = 0; j < points; ++j) {
      const double x = two_pi * double(j) / double(points), t = 0.1 * double(k);
      states(j, k) =
          float(a * std::exp(-0.05 * t) * std::sin(x - t) + b * std::exp(-0.2 * t) * std::cos(2 * (x - t) + phase));
    }
  TrajectoryInfo info;
  info.grid = SpatialGrid::periodic(points, 0, two_pi);
  return {TimeGrid::uniform(0, 0.1, samples), std::move(states), std::move(info)};
}

void train(const std::string& path) {
  std::vector<Trajectory<float>> runs;
  for (std::uint64_t seed = 0; seed < 16; ++seed) runs.push_back(waves(64, 20, seed));
  const auto model = neural::fit(neural::Fno{.modes = {6}, .width = 12, .layers = 2, .projection = 16}, runs,
                                 neural::Training{.epochs = 100, .batch = 16, .rate = 1e-2});
  std::printf("trained: loss %.2e, %d parameters\n", model.parts().history.back().loss, int(model.parameter_count()));
  io::save(model, path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "waves.almagest";
  const int steps = argc > 2 ? std::atoi(argv[2]) : 15;
  if (argc < 2) train(path);

  const auto model = io::load<neural::OperatorModel<float>>(path);
  auto space = model.workspace();
  const auto truth = waves(model.dimension(), steps + 1, 99);
  Eigen::VectorXf field = truth[0], next(model.dimension());
  const auto start = std::chrono::steady_clock::now();
  for (int k = 0; k < steps; ++k) {
    model.step(field, next, space);
    field.swap(next);  // here a simulation would do the rest of its step
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%d steps, %.1f us each; error %.2f %% of the field\n", steps, 1e6 * seconds / steps,
              100 * double((field - truth[steps]).norm() / truth[steps].norm()));
}
