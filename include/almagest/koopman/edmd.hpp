// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/koopman/edmd_accumulator.hpp"
#include "almagest/koopman/edmd_model.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

template <typename Scalar>
EdmdAccumulator<Scalar> edmd_accumulator(const std::vector<TrajectoryView<Scalar>>& several,
                                         features::Library library) {
  if (several.empty())
    throw InvalidArgument("fit_edmd: no runs were given; give at least 1 trajectory.");
  return EdmdAccumulator<Scalar>(std::move(library), several.front().dimension());
}

}  // namespace detail

/// Fits an Edmd to a trajectory or to several, with any FeatureLibrary: see EdmdAccumulator for the
/// data, cost and errors, and Edmd for the model.
///
/// \throws InvalidArgument also for fewer pairs than functions, and for a dictionary that is
/// singular
///         on the data, with the names of the functions that depend on the others (`drop_dependent`
///         leaves them out).
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_edmd(const Data& data, features::Library library, const EdmdOptions& options = {}) {
  const auto several = runs(data);
  auto accumulator = detail::edmd_accumulator(several, std::move(library));
  accumulator.update(several);
  return accumulator.solve(options);
}

/// The same under a quadrature: one weight for each pair of consecutive samples.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_edmd(const Data& data, features::Library library,
              const Eigen::Ref<const Eigen::VectorXd>& weights, const EdmdOptions& options = {}) {
  const auto several = runs(data);
  auto accumulator = detail::edmd_accumulator(several, std::move(library));
  accumulator.update(several, weights);
  return accumulator.solve(options);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
