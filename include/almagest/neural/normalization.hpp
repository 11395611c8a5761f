// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// \f$ z = (x - \text{mean}) / \text{deviation} \f$, component by component, from the training runs. A
/// component that never changes has deviation 1.
template <typename Scalar = double>
struct Normalization {
  Eigen::VectorX<Scalar> mean, deviation;

  template <typename State>
  auto apply(const Eigen::MatrixBase<State>& x) const {
    return ((x - mean).array() / deviation.array()).matrix();
  }
  template <typename State>
  auto undo(const Eigen::MatrixBase<State>& z) const {
    return (z.array() * deviation.array() + mean.array()).matrix();
  }
};

/// Means and standard deviations over all samples, in two passes.
template <typename Scalar>
Normalization<Scalar> normalization(const std::vector<TrajectoryView<Scalar>>& runs) {
  const Eigen::Index d = runs.front().dimension();
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(d), squares = Eigen::VectorXd::Zero(d);
  double count = 0;
  for (const auto& run : runs) {
    sum += run.states().template cast<double>().rowwise().sum();
    count += double(run.size());
  }
  const Eigen::VectorXd mean = sum / count;
  for (const auto& run : runs)
    squares += (run.states().template cast<double>().colwise() - mean).rowwise().squaredNorm();
  Eigen::VectorXd deviation = (squares / count).cwiseSqrt();
  for (Eigen::Index i = 0; i < d; ++i)
    if (!(deviation[i] > 1e-12 * (1 + std::abs(mean[i])))) deviation[i] = 1;
  return {mean.template cast<Scalar>(), deviation.template cast<Scalar>()};
}

namespace detail {

/// The facts of runs that share one time step. \throws InvalidArgument where they do not.
template <typename Scalar>
TrainingFacts uniform_facts(const std::vector<TrajectoryView<Scalar>>& several, const char* what) {
  TrainingFacts facts =
      almagest::detail::training_facts(several, almagest::detail::common_step(several, what), what);
  if (facts.step) return facts;
  const bool short_runs = std::all_of(several.begin(), several.end(), [](const auto& run) { return run.size() < 2; });
  throw InvalidArgument(almagest::detail::text(
      what, short_runs ? ": no run has 2 samples, between which there would be a step to learn; give longer runs."
                       : ": the times are not uniform; resample the runs to one step."));
}

/// Refuses validation runs of another dimension or step than the training's, and such as are all too short for one
/// rollout of so many steps.
///
/// \throws DimensionMismatch, InvalidArgument
template <typename Scalar>
void check_validation(const std::vector<TrajectoryView<Scalar>>& runs, const TrainingFacts& facts,
                      Eigen::Index rollout, const char* what) {
  using almagest::detail::text;
  Eigen::Index longest = 0;
  for (const auto& run : runs) {
    almagest::detail::check_lengths(what, "the state of a validation run", run.dimension(), "the training runs",
                                    facts.dimension);
    longest = std::max(longest, run.size());
    if (run.size() < 2) continue;
    if (!run.times().is_uniform())
      throw InvalidArgument(text(what, ": a validation run has times that are not uniform; resample it to the step ",
                                 *facts.step, '.'));
    if (std::abs(run.times().step() - *facts.step) > 1e-6 * *facts.step)
      throw InvalidArgument(text(what, ": a validation run has the time step ", run.times().step(),
                                 ", but the training runs have ", *facts.step, "; resample it."));
  }
  if (!runs.empty() && longest <= rollout)
    throw InvalidArgument(text(what, ": the longest validation run has ", longest, " samples, but a rollout of ",
                               rollout, " steps needs ", rollout + 1, "; give a longer one, or none."));
}

/// A sentence on components that never change: they are foreseen as what they were, in their own unit.
inline void warn_of_constants(const TrainingFacts& facts, std::vector<std::string>& warnings) {
  std::string names;
  for (Eigen::Index i = 0; i < facts.dimension; ++i)
    if (facts.lower[i] == facts.upper[i]) names += (names.empty() ? "" : ", ") + facts.names[std::size_t(i)];
  if (!names.empty())
    warnings.push_back(
        almagest::detail::text("these components never change in the training runs, so that nothing is known of how "
                               "they could: ",
                               names, "; they are not scaled. Leave them out, or give runs in which they move."));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::neural
