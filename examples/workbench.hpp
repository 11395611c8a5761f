// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the examples share and almagest does not offer: a table of scores, and the test of an
/// exported law inside somebody else's program. `workbench.py` is its twin.

#include <Eigen/Core>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/forecast.hpp"
#include "almagest/diagnostics/forecast_errors.hpp"
#include "almagest/io/csv.hpp"
#include "almagest/io/export_header.hpp"

namespace workbench {

/// How well one forecast did.
struct Score {
  std::string model;
  double rmse, normalized_rmse, smape, valid_time;
  bool valid_throughout;  ///< then valid_time is a lower bound
  std::string verdict;
};

/// Errors over the first `judged` samples, and how long the whole forecast stays valid; `lyapunov`
/// is the exponent that makes the unit of the latter, 1 for the unit of time of the data.
inline Score score(std::string model, const almagest::TrajectoryView<double>& truth,
                   const almagest::TrajectoryView<double>& forecast, std::string verdict,
                   double lyapunov, Eigen::Index judged) {
  namespace diagnostics = almagest::diagnostics;
  constexpr double threshold = 0.4;
  const Eigen::Index samples = forecast.size();
  const auto first = forecast.slice(0, std::min(judged, samples));
  const auto last = forecast.slice(samples - 1, 1);
  const double valid = diagnostics::valid_prediction_time(
      truth, forecast, {.lyapunov = lyapunov, .threshold = threshold});
  const double whole = lyapunov * forecast.times().step() * double(samples);
  return {std::move(model),
          diagnostics::rmse(truth, first),
          diagnostics::normalized_rmse(truth, first),
          diagnostics::smape(truth, first),
          valid,
          valid > whole * (1 - 1e-9) && diagnostics::normalized_rmse(truth, last) <= threshold,
          std::move(verdict)};
}

inline Score score(std::string model, const almagest::TrajectoryView<double>& truth,
                   const almagest::Forecast<double>& forecast, double lyapunov,
                   Eigen::Index judged) {
  return score(std::move(model), truth, forecast, forecast.verdict().text(), lyapunov, judged);
}

inline void print(const std::string& title, const std::vector<Score>& scores,
                  const std::string& unit) {
  std::printf("\n%s\n%-12s %10s %9s %9s   %-*s   %s\n", title.c_str(), "forecast", "RMSE", "nRMSE",
              "sMAPE", int(unit.size() + 10), "valid for", "verdict");
  for (const Score& s : scores) {
    char valid[64];
    std::snprintf(valid, sizeof valid, "%s%.2f %s", s.valid_throughout ? ">= " : "", s.valid_time,
                  unit.c_str());
    std::printf("%-12s %10.3g %9.3g %9.3g   %-*s   %s\n", s.model.c_str(), s.rmse,
                s.normalized_rmse, s.smape, int(unit.size() + 10), valid, s.verdict.c_str());
  }
}

inline void print_law(const std::vector<std::string>& equations) {
  for (const std::string& line : equations) std::printf("  %s\n", line.c_str());
}

/// Exports the law of `model`, compiles exported/simulation_loop.cpp with it, which knows nothing
/// of almagest, and lets that program run: from `start` at the first of `times`, with each step cut
/// into `substeps`. Returns the path that the program writes.
template <typename Model>
almagest::Trajectory<double> run_exported(const Model& model, const std::string& name,
                                          const std::filesystem::path& folder,
                                          const Eigen::VectorXd& start,
                                          const almagest::TimeGrid& times, int substeps) {
  const auto header = folder / (name + "_model.hpp"), program = folder / (name + "_loop"),
             path = folder / (name + "_loop.csv");
  almagest::io::export_header(model, header.string(), name);

  const auto run = [](const std::string& command) {
    if (std::system(command.c_str()) != 0)
      throw std::runtime_error("this command failed: " + command);
  };
  const auto quoted = [](const std::filesystem::path& file) { return " '" + file.string() + "'"; };
  const char* compiler = std::getenv("CXX");
  run(std::string(compiler ? compiler : "c++") +
      " -std=c++17 -O2 -Wall -Wextra -Wpedantic -Werror -I" + quoted(folder) + " -DMODEL=" + name +
      " -DMODEL_HEADER='\"" + header.filename().string() + "\"'" +
      quoted(std::filesystem::path(ALMAGEST_EXAMPLES) / "exported" / "simulation_loop.cpp") +
      " -o" + quoted(program));

  const auto number = [](double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, " %.17g", value);
    return std::string(digits);
  };
  std::string arguments = number(times.front()) + number(times.step()) + " " +
                          std::to_string(times.size()) + " " + std::to_string(substeps);
  for (const double value : start) arguments += number(value);
  run(quoted(std::filesystem::absolute(program)) + arguments + " >" + quoted(path));
  return almagest::io::read_csv(path.string());
}

/// The largest distance between two paths, in any component.
inline double largest_difference(const almagest::TrajectoryView<double>& a,
                                 const almagest::TrajectoryView<double>& b) {
  return (a.states() - b.states()).cwiseAbs().maxCoeff();
}

}  // namespace workbench
