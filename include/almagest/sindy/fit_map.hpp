// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/map_model.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// Runs as a regression of every sample on the features of those before it.
template <typename Scalar>
Prepared prepare_map(const std::vector<TrajectoryView<Scalar>>& several, const features::Library& library,
                     Eigen::Index parts) {
  using Real = decltype(double() + Scalar());
  using almagest::detail::text;
  const char* what = "sindy::fit_map";
  TrainingFacts facts =
      almagest::detail::training_facts(several, almagest::detail::common_step(several, what), what);
  std::vector<std::string> inputs = shared_inputs(several, what);
  check_sizes(library, facts);
  const auto made = evaluator(library, facts.dimension + Eigen::Index(inputs.size()));
  const Eigen::Index context = made->context();
  if (context > 1 && !inputs.empty())
    throw InvalidArgument(
        "sindy::fit_map: a library of delays takes no inputs; make them components of the state.");
  Accumulator<Real> rows(made, facts.dimension, parts);
  Eigen::MatrixX<Real> variables;
  for (std::size_t k = 0; k < several.size(); ++k) {
    const auto& run = several[k];
    if (run.size() <= context)
      throw InvalidArgument(text(what, ": run ", k, " has ", run.size(), " samples, but needs at least ",
                                 context + 1, "; give a longer run."));
    const Eigen::Index pairs = run.size() - context;
    for (Eigen::Index first = 0; first < pairs;) {
      const Eigen::Index count = std::min(rows.room(), pairs - first), n = run.dimension();
      variables.resize(count, made->dimension());
      for (Eigen::Index age = 0; age < context; ++age)
        variables.middleCols(age * n, n) =
            run.states().middleCols(first + age, count).transpose().template cast<Real>();
      if (!inputs.empty())
        variables.rightCols(Eigen::Index(inputs.size())) =
            run.inputs().middleCols(first, count).transpose().template cast<Real>();
      rows.targets(count) = run.states().middleCols(first + context, count).transpose().template cast<Real>();
      rows.take(variables);
      first += count;
    }
  }
  std::vector<std::string> names = facts.names;
  names.insert(names.end(), inputs.begin(), inputs.end());
  Regression<Real> regression =
      rows.regression(made->names(names), facts.names, Eigen::VectorX<Real>::Zero(facts.dimension));
  return {std::move(facts), std::move(inputs), std::move(regression)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Prepared prepare_map(const std::vector<TrajectoryView<double>>&,
                                                     const features::Library&, Eigen::Index);
#endif

}  // namespace detail

/// Learns a sparse map from one sample to the next: SINDy in discrete time.
///
/// Times must be uniform; the library may have Delays. Otherwise as `fit`, without derivatives.
///
/// \throws InvalidArgument for impossible options, runs that are too short or of different time
///         steps, delays together with inputs, a threshold that removes every term of a component;
///         DimensionMismatch where runs differ in dimension or inputs.
template <typename Data, FeatureLibrary Library = Polynomial, SparseOptimizer Optimizer = Stlsq>
requires requires(const Data& data) { runs(data); }
auto fit_map(const Data& data, const Library& library = {}, const Optimizer& optimizer = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  static_assert(std::floating_point<Scalar>, "sindy::fit_map learns from real states");
  check(optimizer);
  detail::Prepared prepared =
      detail::prepare_map<Scalar>(several, features::Library(library), parts_of(optimizer));
  FitReport report;
  const Eigen::MatrixXd coefficients = solve(optimizer, prepared.regression, report);
  return MapModel<Scalar>(features::Library(library), coefficients.template cast<Scalar>(),
                          std::move(prepared.facts), std::move(report), std::move(prepared.input_names));
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
