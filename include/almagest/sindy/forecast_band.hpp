// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/model.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// What the members of an ensemble foresee.
struct ForecastBand {
  Trajectory<double> lower, median, upper;
  /// Share of the members whose forecast has not ended, sample by sample.
  Eigen::VectorXd alive;
};

/// The forecasts of all members of an ensemble (EnsembleOf), and between which bounds the given share
/// of them lies, component by component and sample by sample.
///
/// Members whose forecast ends drop out; the band ends where fewer than half are left. It tells what
/// the choice of samples leaves open, no more: an error that all members share is not in it.
///
/// \throws InvalidArgument for a model that no ensemble made, a share outside (0, 1), and as
///         `Model::forecast`; ConvergenceFailure where half of the members foresee nothing.
template <typename Scalar>
ForecastBand forecast_band(const Model<Scalar>& model, const TrajectoryView<Scalar>& history, Eigen::Index steps,
                           double share = 0.9, unsigned threads = 1) {
  using almagest::detail::text;
  const auto& members = model.report().members;
  if (members.size() < 2)
    throw InvalidArgument("forecast_band: the model has no members; fit it with EnsembleOf.");
  if (!model.input_names().empty())
    throw InvalidArgument(text("forecast_band: the law has ", model.input_names().size(),
                               " inputs, under which it has no band yet; forecast its members one by one."));
  if (!(share > 0 && share < 1))
    throw InvalidArgument(text("forecast_band: share is ", share, "; give a number between 0 and 1."));
  if (threads < 1) throw InvalidArgument("forecast_band: threads is 0; give at least 1.");
  const double step = almagest::detail::check_history(model.training(), 1, history, steps, "forecast_band");
  std::vector<Eigen::MatrixXd> foreseen(members.size());
  almagest::detail::in_parallel(members.size(), threads, Progress{}, "forecast_band", [&](std::size_t k, unsigned) {
    const Model<Scalar> member(model.library(), members[k].template cast<Scalar>(), model.training());
    try {
      foreseen[k] = member.forecast(history, steps).states().template cast<double>();
    } catch (const ConvergenceFailure&) {
      foreseen[k].resize(model.dimension(), 0);
    }
  });
  const Eigen::Index d = model.dimension();
  Eigen::MatrixXd lower(d, steps), median(d, steps), upper(d, steps);
  Eigen::VectorXd alive(steps);
  Eigen::Index reached = 0;
  for (; reached < steps; ++reached) {
    std::vector<const Eigen::MatrixXd*> left;
    for (const auto& one : foreseen)
      if (one.cols() > reached) left.push_back(&one);
    if (2 * left.size() < foreseen.size()) break;
    alive[reached] = double(left.size()) / double(foreseen.size());
    for (Eigen::Index i = 0; i < d; ++i) {
      std::vector<double> values;
      values.reserve(left.size());
      for (const auto* one : left) values.push_back((*one)(i, reached));
      std::sort(values.begin(), values.end());
      const auto quantile = [&](double q) {
        const double place = q * double(values.size() - 1);
        const std::size_t below = std::size_t(place), above = std::min(below + 1, values.size() - 1);
        return values[below] + (place - double(below)) * (values[above] - values[below]);
      };
      lower(i, reached) = quantile((1 - share) / 2);
      median(i, reached) = quantile(0.5);
      upper(i, reached) = quantile((1 + share) / 2);
    }
  }
  if (reached == 0)
    throw ConvergenceFailure("forecast_band: more than half of the members foresee not even the first sample.");
  TrajectoryInfo info = history.info();
  info.names = model.training().names;
  info.input_names.clear();
  const TimeGrid times = TimeGrid::uniform(history.times().back() + step, step, reached);
  const auto run = [&](const Eigen::MatrixXd& states) {
    return Trajectory<double>(times, states.leftCols(reached), info);
  };
  return {run(lower), run(median), run(upper), alive.head(reached)};
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
