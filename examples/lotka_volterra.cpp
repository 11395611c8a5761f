// SPDX-License-Identifier: BSD-3-Clause
// Predator and prey, twice. First the equations of Lotka and Volterra, whose orbits repeat for
// ever: learn them (SINDy, Hankel-DMD), forecast, score, export. Then the pelts of hare and lynx
// that the Hudson's Bay Company took in 21 years: learn from the first 15, forecast the other 6,
// beside two naive forecasts. lotka_volterra.py does the same, step by step.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "almagest/diagnostics.hpp"
#include "almagest/integrate.hpp"
#include "almagest/io.hpp"
#include "almagest/koopman.hpp"
#include "almagest/sindy.hpp"
#include "almagest/systems.hpp"
#include "workbench.hpp"

namespace al = almagest;

// --- The equations
// ---------------------------------------------------------------------------------

void equations(const std::filesystem::path& output) {
  constexpr Eigen::Index training = 400, horizon = 2000;
  // Simulate: 40 years to learn from, 200 to judge by.
  const al::systems::LotkaVolterra<> system;
  const auto truth =
      al::integrate(system, {10, 5}, al::TimeGrid::uniform(0, 0.1, training + horizon),
                    al::methods::Fehlberg78{.relative = 1e-12, .absolute = 1e-12});
  const auto seen = truth.slice(0, training);

  // Learn. Samples without noise bear differences of the highest order. A window of Hankel-DMD must
  // see a whole cycle, which lasts about 11 years here, or it cannot tell the harmonics apart.
  const auto law =
      al::sindy::fit(seen, al::sindy::Polynomial{.degree = 2}, al::sindy::Stlsq{.threshold = 0.05},
                     al::sindy::FiniteDifference{.order = 8});
  const auto linear = al::koopman::fit_hankel_dmd(seen, {.delays = 120});
  std::printf("Lotka-Volterra: the law found in %d samples\n", int(training));
  workbench::print_law(law.equations());
  std::printf("Hankel-DMD keeps %d modes\n", int(linear.rank()));

  // Forecast and score.
  const auto ahead = law.forecast(seen, horizon), linear_ahead = linear.forecast(seen, horizon);
  workbench::print("Lotka-Volterra: 200 years ahead",
                   {workbench::score("SINDy", truth, ahead, 1, horizon),
                    workbench::score("Hankel-DMD", truth, linear_ahead,
                                     linear_ahead.verdict().text(), 1, horizon)},
                   "years");

  // Save, export, and run the law inside a program of its own for twenty years.
  al::io::save(law, (output / "lotka_volterra_sindy.almagest").string());
  al::io::save(linear, (output / "lotka_volterra_hankel_dmd.almagest").string());
  const auto loop = workbench::run_exported(law, "lotka_volterra", output, truth[training - 1],
                                            truth.times().slice(training - 1, 201), 50);
  std::printf("exported, the law stays within %.1e of that forecast over 20 years\n",
              workbench::largest_difference(loop.slice(1, loop.size() - 1),
                                            ahead.slice(0, loop.size() - 1)));

  al::io::write_netcdf(truth, (output / "lotka_volterra_truth.nc").string());
  al::io::write_csv(ahead, (output / "lotka_volterra_sindy.csv").string());
  al::io::write_csv(linear_ahead, (output / "lotka_volterra_hankel_dmd.csv").string());
}

// --- The pelts
// -------------------------------------------------------------------------------------

namespace pelts {

using View = al::TrajectoryView<>;
using Forecast = al::Forecast<>;

/// A way to forecast: learns from the years seen and foresees some more.
struct Candidate {
  std::string settings;
  std::function<Forecast(const View& seen, Eigen::Index years)> forecast;
};

/// A law is sought in the pelts themselves, since predation follows the product of two populations.
/// It has no constant term, as nothing comes from nothing; terms that contribute less than the
/// threshold, in thousand pelts a year, are dropped.
std::vector<Candidate> laws() {
  std::vector<Candidate> all;
  const auto add = [&](const std::string& name, auto derivative) {
    for (const int threshold : {2, 4, 8})
      all.push_back(
          {name + ", threshold " + std::to_string(threshold),
           [=](const View& seen, Eigen::Index years) {
             const al::sindy::Stlsq optimizer{.threshold = double(threshold), .normalize = true};
             return al::sindy::fit(seen, al::sindy::Polynomial{.degree = 2, .bias = false},
                                   optimizer, derivative)
                 .forecast(seen, years);
           }});
  };
  for (const int order : {2, 4})
    add("differences of order " + std::to_string(order), al::sindy::FiniteDifference{order});
  for (const int degree : {2, 3})
    add("Savitzky-Golay 5 years, degree " + std::to_string(degree),
        al::sindy::SavitzkyGolay{5, degree});
  return all;
}

/// A linear model does not know that counts are positive, so it works on their logarithms. Rank 3
/// is a mean and a cycle, rank 5 a mean and two.
std::vector<Candidate> linear_models() {
  std::vector<Candidate> all;
  for (const Eigen::Index rank : {3, 5})
    for (const Eigen::Index delays : {3, 4})
      all.push_back({"rank " + std::to_string(rank) + ", " + std::to_string(delays) + " delays",
                     [=](const View& seen, Eigen::Index years) {
                       const al::Trajectory<> logarithms(seen.times(), seen.states().array().log(),
                                                         seen.info());
                       const Forecast ahead =
                           al::koopman::fit_hankel_dmd(logarithms, {.delays = delays, .rank = rank})
                               .forecast(logarithms, years);
                       return Forecast({ahead.times(), ahead.states().array().exp(), ahead.info()},
                                       ahead.verdict());
                     }});
  return all;
}

/// RMSE of the candidate in the years from `origin` on, having learned from those before. Infinite
/// where it cannot learn from them, or its forecast diverges.
double error(const Candidate& candidate, const View& pelts, Eigen::Index origin,
             Eigen::Index years) try {
  const Forecast ahead = candidate.forecast(pelts.slice(0, origin), years);
  return ahead.size() < years ? std::numeric_limits<double>::infinity()
                              : al::diagnostics::rmse(pelts, View(ahead));
} catch (const al::Error&) {
  return std::numeric_limits<double>::infinity();
}

/// The candidate with the least error in four-year forecasts from three origins within the years
/// seen. The years to be forecast have no say in it; what every candidate makes of them is printed
/// for the record.
const Candidate& choose(const std::vector<Candidate>& candidates, const View& pelts,
                        Eigen::Index training) {
  constexpr Eigen::Index years = 4, origins = 3;
  std::vector<double> errors;
  for (const Candidate& candidate : candidates) {
    double squares = 0;
    for (Eigen::Index back = 0; back < origins; ++back)
      squares += std::pow(error(candidate, pelts, training - years - back, years), 2);
    errors.push_back(std::sqrt(squares / double(origins)));
  }
  const auto best = std::size_t(std::min_element(errors.begin(), errors.end()) - errors.begin());
  for (std::size_t k = 0; k < candidates.size(); ++k)
    std::printf("%c %-46s %10.1f %10.1f\n", k == best ? '*' : ' ', candidates[k].settings.c_str(),
                errors[k], error(candidates[k], pelts, training, pelts.size() - training));
  if (std::isinf(errors[best]))
    throw std::runtime_error("no candidate can forecast within the years seen");
  return candidates[best];
}

/// The last year seen, for ever.
al::Trajectory<> persistence(const View& seen, const al::TimeGrid& ahead) {
  return {ahead, seen[seen.size() - 1].replicate(1, ahead.size()), seen.info()};
}

/// Each year as that one period before.
al::Trajectory<> seasonal(const View& seen, const al::TimeGrid& ahead, Eigen::Index period) {
  return {ahead, seen.states().middleCols(seen.size() - period, ahead.size()), seen.info()};
}

/// Years from the first to the last peak of the hare: one cycle, in the years seen.
Eigen::Index period(const View& seen) {
  std::vector<Eigen::Index> peaks;
  const auto hare = seen.states().row(0);
  for (Eigen::Index k = 1; k + 1 < hare.size(); ++k)
    if (hare[k] > hare[k - 1] && hare[k] > hare[k + 1]) peaks.push_back(k);
  return peaks.back() - peaks.front();
}

void run(const std::filesystem::path& data, const std::filesystem::path& output) {
  constexpr Eigen::Index training = 15;  // 1900 to 1914
  const auto pelts = al::io::read_csv(data.string());
  const View seen = pelts.slice(0, training),
             truth = pelts.slice(training, pelts.size() - training);
  const Eigen::Index years = truth.size();

  std::printf(
      "\nPelts: RMSE in thousands, of four-year forecasts within 1900-1914 and of 1915-1920; "
      "chosen by the former: *\n");
  const Forecast law = choose(laws(), pelts, training).forecast(seen, years);
  const Forecast linear = choose(linear_models(), pelts, training).forecast(seen, years);
  const Eigen::Index cycle = period(seen);

  const auto naive = [&](const std::string& name, const View& ahead, const std::string& verdict) {
    return workbench::score(name, pelts, ahead, verdict, 1, years);
  };
  workbench::print("Pelts: 1915-1920 foreseen from 1900-1914 (RMSE in thousands)",
                   {workbench::score("SINDy", pelts, law, 1, years),
                    workbench::score("Hankel-DMD", pelts, linear, 1, years),
                    naive("persistence", persistence(seen, truth.times()), "1914 again"),
                    naive("seasonal", seasonal(seen, truth.times(), cycle),
                          "as " + std::to_string(cycle) + " years before")},
                   "years");
  al::io::write_csv(law, (output / "pelts_sindy.csv").string());
  al::io::write_csv(linear, (output / "pelts_hankel_dmd.csv").string());
}

}  // namespace pelts

int main(int argc, char** argv) {
  std::string output = "lotka_volterra_results",
              data = ALMAGEST_EXAMPLES "/data/hudson_bay_lynx_hare.csv";
  CLI::App app{"Learns predator and prey, from equations and from pelts, and forecasts them."};
  app.add_option("--output", output, "folder for models, forecasts and the exported header")
      ->capture_default_str();
  app.add_option("--data", data, "the pelts")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    std::filesystem::create_directories(output);
    equations(output);
    pelts::run(data, output);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
