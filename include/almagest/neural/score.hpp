// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// How much of runs a model foresees: \f$ 1 - \sum |\hat x - x|^2 / \sum |x - \bar x|^2 \f$ over forecasts of
/// `steps` samples from up to 100 places, evenly spread over all runs; every component is measured by its own
/// spread over the runs. 1 is perfect, 0 no better than the mean, and minus infinity has a forecast that diverged.
///
/// \throws InvalidArgument for less than 1 step, for runs of which none has context() + steps samples, and for
///         histories that the model refuses; DimensionMismatch for runs of another dimension.
template <typename Model, typename Scalar>
double score(const Model& model, const std::vector<TrajectoryView<Scalar>>& runs, Eigen::Index steps) {
  using almagest::detail::text;
  if (steps < 1) throw InvalidArgument(text("score: steps is ", steps, "; give at least 1."));
  const Eigen::Index d = model.dimension(), context = model.context();
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d), spread = mean;
  Eigen::Index samples = 0, places = 0, longest = 0;
  for (const auto& run : runs) {
    almagest::detail::check_lengths("score", "the state of a run", run.dimension(), "the model's state", d);
    mean += run.states().template cast<double>().rowwise().sum();
    samples += run.size();
    places += std::max<Eigen::Index>(run.size() - context - steps + 1, 0);
    longest = std::max(longest, run.size());
  }
  if (places == 0)
    throw InvalidArgument(text("score: the longest run has ", longest, " samples, but a context of ", context, " and ",
                               steps, " steps need ", context + steps, "; give longer runs or fewer steps."));
  mean /= double(samples);
  for (const auto& run : runs)
    spread += (run.states().template cast<double>().colwise() - mean).rowwise().squaredNorm() / double(samples);
  const Eigen::VectorXd unit = (spread.array() > 0).select(spread.cwiseInverse(), 0);
  const Eigen::Index apart = std::max<Eigen::Index>((places + 99) / 100, 1);
  double missed = 0, all = 0;
  Eigen::Index place = 0;
  try {
    for (const auto& run : runs)
      for (Eigen::Index first = context; first + steps <= run.size(); ++first, ++place) {
        if (place % apart != 0) continue;
        const auto ahead = model.forecast(run.slice(first - context, context), steps);
        if (ahead.size() < steps) return -std::numeric_limits<double>::infinity();
        for (Eigen::Index k = 0; k < steps; ++k) {
          const Eigen::VectorXd truth = run[first + k].template cast<double>();
          missed += (ahead[k].template cast<double>() - truth).cwiseAbs2().dot(unit);
          all += (truth - mean).cwiseAbs2().dot(unit);
        }
      }
  } catch (const ConvergenceFailure&) {  // diverged before the first sample
    return -std::numeric_limits<double>::infinity();
  }
  if (!(all > 0))
    throw InvalidArgument(
        "score: the runs never change, so that there is no variance to explain; give runs that move.");
  return 1 - missed / all;
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
