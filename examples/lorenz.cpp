// SPDX-License-Identifier: BSD-3-Clause
// The Lorenz attractor: simulate it, learn a law (SINDy) and a linear model of delays (Hankel-DMD)
// from ten thousand samples, forecast with both, score them, and hand the law to a program of its
// own. lorenz.py does the same, step by step.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "almagest/diagnostics.hpp"
#include "almagest/integrate.hpp"
#include "almagest/io.hpp"
#include "almagest/koopman.hpp"
#include "almagest/sindy.hpp"
#include "almagest/systems.hpp"
#include "workbench.hpp"

namespace al = almagest;

namespace settings {
constexpr double lyapunov = 0.9056;  // largest exponent of the system, per unit of time
constexpr double step = 0.002;
constexpr Eigen::Index training = 10'000, settling = 2500, delays = 100, rank = 15;
constexpr int tests = 20;
constexpr al::methods::Fehlberg78 method{.relative = 1e-12, .absolute = 1e-12};
}  // namespace settings

/// The number of samples in so many Lyapunov times.
Eigen::Index lyapunov_times(double count) {
  return Eigen::Index(std::lround(count / (settings::lyapunov * settings::step)));
}

/// Other runs to judge forecasts by, each long enough to settle on the attractor and for `horizon`
/// samples more.
al::Ensemble<> simulate_tests(const al::systems::Lorenz63<>& lorenz, Eigen::Index horizon) {
  const Eigen::MatrixXd starts =
      Eigen::RowVectorXd::LinSpaced(settings::tests, -9.5, 9.5).replicate(3, 1).colwise() +
      Eigen::Vector3d(0, 0, 25);
  const auto times = al::TimeGrid::uniform(0, settings::step, settings::settling + horizon);
  return al::integrate_ensemble(lorenz, starts, times, settings::method, {.threads = 2});
}

/// How long a model's forecasts of the tests stay valid, in Lyapunov times.
template <typename Model>
void print_valid_times(const char* name, const Model& model, const al::Ensemble<>& tests,
                       Eigen::Index horizon) {
  std::vector<double> valid;
  for (std::size_t k = 0; k < tests.size(); ++k) {
    const auto ahead = model.forecast(tests[k].slice(0, settings::settling), horizon);
    valid.push_back(al::diagnostics::valid_prediction_time(tests[k], al::TrajectoryView(ahead),
                                                           {.lyapunov = settings::lyapunov}));
  }
  std::sort(valid.begin(), valid.end());
  const std::size_t half = valid.size() / 2;
  std::printf("%s, valid in %d runs: median %.2f, least %.2f, most %.2f Lyapunov times\n", name,
              settings::tests, (valid[half - 1] + valid[half]) / 2, valid.front(), valid.back());
}

void run(const std::filesystem::path& output) {
  // Simulate: 20 units of time to learn from, and 20 runs of Lyapunov times to judge by.
  const al::systems::Lorenz63<> lorenz;
  const auto training =
      al::integrate(lorenz, {-8, 8, 27},
                    al::TimeGrid::uniform(0, settings::step, settings::training), settings::method);
  const Eigen::Index horizon = lyapunov_times(20), judged = lyapunov_times(10);
  const auto tests = simulate_tests(lorenz, horizon);

  // Learn.
  const auto law =
      al::sindy::fit(training, al::sindy::Polynomial{.degree = 3},
                     al::sindy::Stlsq{.threshold = 0.1}, al::sindy::FiniteDifference{.order = 4});
  const auto linear =
      al::koopman::fit_hankel_dmd(training, {.delays = settings::delays, .rank = settings::rank});
  std::printf("Lorenz: the law found in %d samples\n", int(training.size()));
  workbench::print_law(law.equations());

  // Forecast and score: the first test in detail, then how long all of them stay valid.
  const auto truth = tests[0], history = truth.slice(0, settings::settling);
  const auto ahead = law.forecast(history, horizon);
  const auto linear_ahead = linear.forecast(history, horizon);
  workbench::print(
      "Lorenz: errors over 10 Lyapunov times, validity over 20",
      {workbench::score("SINDy", truth, ahead, settings::lyapunov, judged),
       workbench::score("Hankel-DMD", truth, linear_ahead, settings::lyapunov, judged)},
      "Lyapunov times");
  print_valid_times("SINDy", law, tests, horizon);
  print_valid_times("Hankel-DMD", linear, tests, horizon);

  // Save, load, and forecast the same.
  const std::string model_file = (output / "lorenz_sindy.almagest").string();
  al::io::save(law, model_file);
  al::io::save(linear, (output / "lorenz_hankel_dmd.almagest").string());
  const auto again = al::io::load<al::sindy::Model<>>(model_file).forecast(history, horizon);
  std::printf("saved and loaded, the law forecasts %s\n",
              again.states() == ahead.states() ? "the same bits" : "otherwise");

  // Export, and run the law inside a program of its own for one Lyapunov time.
  const auto times = truth.times().slice(settings::settling - 1, lyapunov_times(1) + 1);
  const auto loop =
      workbench::run_exported(law, "lorenz", output, truth[settings::settling - 1], times, 10);
  std::printf("exported, the law stays within %.1e of that forecast over one Lyapunov time\n",
              workbench::largest_difference(loop.slice(1, loop.size() - 1),
                                            ahead.slice(0, loop.size() - 1)));

  al::io::write_netcdf(training, (output / "lorenz_training.nc").string());
  al::io::write_netcdf(truth, (output / "lorenz_truth.nc").string());
  al::io::write_csv(ahead, (output / "lorenz_sindy.csv").string());
  al::io::write_csv(linear_ahead, (output / "lorenz_hankel_dmd.csv").string());
}

int main(int argc, char** argv) {
  std::string output = "lorenz_results";
  CLI::App app{"Learns the Lorenz attractor and forecasts it."};
  app.add_option("--output", output, "folder for models, forecasts and the exported header")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    std::filesystem::create_directories(output);
    run(output);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
