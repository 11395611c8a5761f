// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/reservoir.hpp"
#include "almagest/neural/score.hpp"
#include "core/sentence.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace almagest;
using neural::Mlp;
using neural::Nvar;
using neural::Reservoir;
using neural::Training;

namespace {

/// Lorenz every 0.02, by Runge and Kutta's method with steps of 0.001.
Trajectory<double> lorenz(Eigen::Index samples, const Eigen::Vector3d& start = {-8, 8, 27}) {
  const auto rate = [](const Eigen::Vector3d& x) {
    return Eigen::Vector3d(10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]);
  };
  Eigen::MatrixXd states(3, samples);
  Eigen::Vector3d x = start;
  constexpr double h = 0.001;
  for (Eigen::Index k = 0; k < samples; ++k) {
    states.col(k) = x;
    for (int j = 0; j < 20; ++j) {
      const Eigen::Vector3d a = rate(x), b = rate(x + h / 2 * a), c = rate(x + h / 2 * b), d = rate(x + h * c);
      x += h / 6 * (a + 2 * b + 2 * c + d);
    }
  }
  TrajectoryInfo info;
  info.names = {"x", "y", "z"};
  return {TimeGrid::uniform(0, 0.02, samples), states, info};
}

/// Lyapunov times until the error is 0.4 of the attractor's root mean square.
double valid_time(const Trajectory<double>& truth, Eigen::Index first, const Forecast<double>& ahead) {
  const Eigen::MatrixXd states = truth.states();
  const Eigen::VectorXd mean = states.rowwise().mean();
  const double size = std::sqrt((states.colwise() - mean).colwise().squaredNorm().mean());
  for (Eigen::Index k = 0; k < ahead.size(); ++k)
    if ((ahead[k] - truth[first + k]).norm() > 0.4 * size) return 0.9056 * 0.02 * double(k);
  return 0.9056 * 0.02 * double(ahead.size());
}

template <typename Model>
double median_valid_time(const Model& model, const Trajectory<double>& truth) {
  std::vector<double> times;
  for (Eigen::Index first = 600; first + 1000 < truth.size(); first += 400)
    times.push_back(valid_time(truth, first, model.forecast(TrajectoryView<double>(truth).slice(0, first), 1000)));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

TEST_CASE("An echo-state network foresees Lorenz for many Lyapunov times", "[neural]") {
  const auto model = neural::fit(Reservoir{.seed = 1}, lorenz(10'000));
  CHECK(model.warnings().empty());
  const double valid = median_valid_time(model, lorenz(20'000, {3, 1, 20}));
  CAPTURE(valid);
  CHECK(valid >= 12);
  CHECK(model.parameter_count() == 3 * 501);
  const auto small = neural::fit(Reservoir{.units = 50, .seed = 1}, lorenz(2000)),
             again = neural::fit(Reservoir{.units = 50, .seed = 1}, lorenz(2000));
  CHECK(again.parts().readout == small.parts().readout);
  CHECK(small.context() == 500);
  CHECK(neural::fit(Reservoir{.units = 50}, lorenz(400)).context() == 100);
  const Eigen::MatrixXd recurrent = model.parts().recurrent;
  CHECK(recurrent.eigenvalues().cwiseAbs().maxCoeff() == Approx(0.2).epsilon(0.02));
}

TEST_CASE("Nonlinear autoregression foresees Lorenz too, and is exact for a quadratic map", "[neural]") {
  const auto model = neural::fit(Nvar{.delays = 2, .degree = 2, .ridge = 1e-8}, lorenz(4000));
  CHECK(median_valid_time(model, lorenz(6000, {3, 1, 20})) > 2);
  Eigen::MatrixXd states(2, 400);
  states.col(0) << 0.1, 0.3;
  for (Eigen::Index k = 1; k < 400; ++k)
    states.col(k) << 1 - 1.4 * std::pow(states(0, k - 1), 2) + states(1, k - 1), 0.3 * states(0, k - 1);
  const Trajectory<double> henon(TimeGrid::uniform(0, 1, 400), states);
  const auto map = neural::fit(Nvar{.delays = 1, .degree = 2, .ridge = 0}, henon);
  const auto ahead = map.forecast(TrajectoryView<double>(henon).slice(0, 100), 15);
  CHECK((ahead.states() - states.middleCols(100, 15)).cwiseAbs().maxCoeff() < 1e-7);
  // What nobody chose: products as long as they are few.
  CHECK(neural::fit(Nvar{}, henon).parts().options.degree == 2);
  const Trajectory<double> wide(TimeGrid::uniform(0, 1, 60), Eigen::MatrixXd::Random(30, 60));
  CHECK(neural::fit(Nvar{}, wide).parts().options.degree == 1);
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Nvar{.degree = 4}, wide); }), ContainsSubstring("20000"));
}

TEST_CASE("A perceptron learns a map, the same each time, and steps without allocating", "[neural]") {
  const auto run = lorenz(1500), held = lorenz(800, {3, 1, 20});
  const Training options{.epochs = 40, .batch = 64, .rate = 3e-3, .seed = 5};
  std::size_t calls = 0;
  const auto model = neural::fit(Mlp{{24, 24}}, run, held, options, [&](double) { return ++calls > 0; });
  CHECK(calls >= 40);
  const auto& history = model.parts().history;
  REQUIRE(history.size() == 40);
  CHECK(history.back().loss < 0.05 * history.front().loss);
  CHECK(history.back().validation < 0.05);
  CHECK(model.parameter_count() == 24 * 4 + 24 * 25 + 3 * 25);
  CHECK(neural::fit(Mlp{{24, 24}}, run, held, options).parts().parameters == model.parts().parameters);

  auto space = model.workspace();
  Eigen::VectorXd x = held[100], next(3), up(3), down(3);
  const long before = allocations();
  for (int k = 0; k < 10; ++k) {
    model.step(x, next, space);
    x.swap(next);
  }
  CHECK(allocations() == before);
  Eigen::MatrixXd J;
  model.jacobian(x, J);
  for (Eigen::Index j = 0; j < 3; ++j) {
    const Eigen::VectorXd e = 1e-5 * Eigen::VectorXd::Unit(3, j);
    model.step(x + e, up, space);
    model.step(x - e, down, space);
    CHECK((J.col(j) - (up - down) / 2e-5).norm() < 1e-6 * J.norm());
  }
  CHECK(model.forecast(TrajectoryView<double>(held).slice(0, 50), 25).size() == 25);
}

TEST_CASE("A score is 1 for a perfect forecast and falls with the steps", "[neural]") {
  const auto run = lorenz(1500), held = lorenz(700, {3, 1, 20});
  const auto model = neural::fit(Nvar{.ridge = 1e-8}, run);
  const std::vector<TrajectoryView<double>> views{held};
  const double one = neural::score(model, views, 1), many = neural::score(model, views, 100);
  CHECK((one > 0.9999 && one <= 1));
  CHECK(many < one);
  Eigen::MatrixXd turn(2, 200);
  for (Eigen::Index k = 0; k < 200; ++k) turn.col(k) << std::cos(0.3 * double(k)), std::sin(0.3 * double(k));
  const Trajectory<double> circle(TimeGrid::uniform(0, 1, 200), turn);
  const auto exact = neural::fit(Nvar{.delays = 1, .degree = 1, .ridge = 0}, circle);
  const std::vector<TrajectoryView<double>> circles{circle};
  CHECK(neural::score(exact, circles, 20) == Approx(1).epsilon(1e-12));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::score(exact, circles, 400); }), ContainsSubstring("401"));
  const Trajectory<double> far(held.times(), 1e9 * held.states());
  CHECK(neural::score(model, std::vector<TrajectoryView<double>>{far}, 1) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("Rollouts, noise and structured networks train", "[neural]") {
  const auto run = lorenz(600);
  const auto rolled =
      neural::fit(Mlp{{16}}, run, Training{.epochs = 15, .rate = 3e-3, .rollout = 4, .input_noise = 0.01});
  CHECK(rolled.parts().history.back().loss < rolled.parts().history.front().loss);
  const auto stnn = neural::fit(neural::Stnn{{.copies = 20, .tied = false}}, run, Training{.epochs = 30, .rate = 3e-3});
  CHECK(stnn.parts().history.back().loss < 0.7 * stnn.parts().history.front().loss);
}

TEST_CASE("What cannot be trained is refused", "[neural]") {
  const auto run = lorenz(50);
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Mlp{{0}}, run); }), ContainsSubstring("0 units"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Mlp{}, run, Training{.rate = -1}); }),
             ContainsSubstring("rate is -1"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Mlp{}, run, Training{.rollout = 60}); }),
             ContainsSubstring("60 samples"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Reservoir{.warmup = 500}, run); }),
             ContainsSubstring("warm-up of 500"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Nvar{.delays = 0}, run); }), ContainsSubstring("delays is 0"));
  CHECK_THROWS_AS(neural::fit(Mlp{}, run, Training{}, [](double) { return false; }), Cancelled);
  CHECK_THROWS_AS(neural::fit(Mlp{}, run, Training{.epochs = 3, .rate = 1e200, .warmup = 0, .clip = 0}),
                  ConvergenceFailure);
}
