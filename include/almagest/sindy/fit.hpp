// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/polynomial_features.hpp"
#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/model.hpp"
#include "almagest/sindy/polynomial.hpp"
#include "almagest/sindy/stlsq.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// What a learner condenses its runs to.
struct Prepared {
  TrainingFacts facts;
  std::vector<std::string> input_names;
  Regression<double> regression;
  std::vector<std::string> notes = {};
};

/// The common time step, where there is one. A law of motion can be learned from runs without.
template <typename Scalar>
std::optional<double> shared_step(const std::vector<TrajectoryView<Scalar>>& several) {
  std::optional<double> step;
  for (const auto& run : several) {
    if (!run.times().is_uniform()) return std::nullopt;
    if (run.size() < 2) continue;
    if (!step) step = run.times().step();
    if (std::abs(run.times().step() - *step) > 1e-6 * *step) return std::nullopt;
  }
  return step;
}

/// The names of the inputs, which all runs must have in the same number.
template <typename Scalar>
std::vector<std::string> shared_inputs(const std::vector<TrajectoryView<Scalar>>& several,
                                       const char* what) {
  using almagest::detail::text;
  const Eigen::Index count = several.front().inputs().rows();
  for (std::size_t k = 0; k < several.size(); ++k)
    if (several[k].inputs().rows() != count)
      throw DimensionMismatch(text(what, ": run ", k, " has ", several[k].inputs().rows(),
                                   " inputs, but the first run has ", count,
                                   "; give all runs the same inputs."));
  std::vector<std::string> names = several.front().info().input_names;
  for (Eigen::Index j = Eigen::Index(names.size()); j < count; ++j)
    names.push_back(count == 1 ? "u" : text('u', j));
  return names;
}

/// Refuses states whose features would overflow.
template <std::same_as<features::Library> Library>
void check_sizes(const Library& library, const TrainingFacts& facts) {
  using almagest::detail::rounded, almagest::detail::text;
  const auto* polynomial = library.template as<Polynomial>();
  if (!polynomial) return;
  const int degree = polynomial->degree;
  const double largest = std::max(facts.upper.maxCoeff(), -facts.lower.minCoeff());
  if (std::max(degree, 1) * std::log10(std::max(largest, 1.0)) > 150)
    throw InvalidArgument(text("sindy::fit: features of degree ", degree, " of states as large as ",
                               rounded(largest, 4),
                               " exceed 1e150; rescale the states or lower the degree."));
}

/// The variables of samples `first` to `first + count` of a run, `count x (dimension + inputs)`,
/// the components of the state taken from `states`.
template <typename Real, typename Scalar, typename States>
void join_inputs(const TrajectoryView<Scalar>& run, Eigen::Index first, const States& states,
                 Eigen::MatrixX<Real>& variables) {
  const Eigen::Index count = states.rows(), inputs = run.inputs().rows();
  variables.resize(count, states.cols() + inputs);
  variables.leftCols(states.cols()) = states;
  if (inputs > 0)
    variables.rightCols(inputs) =
        run.inputs().middleCols(first, count).transpose().template cast<Real>();
}

/// A run whose states and rates, `samples x columns`, are known: rows for the accumulator.
template <typename Real, typename Scalar, typename States, typename Rates>
void take_run(const TrajectoryView<Scalar>& run, const States& states, const Rates& rates, Accumulator<Real>& rows) {
  Eigen::MatrixX<Real> variables;
  for (Eigen::Index first = 0; first < run.size();) {
    const Eigen::Index count = std::min(rows.room(), run.size() - first);
    rows.targets(count) = rates.middleRows(first, count);
    join_inputs(run, first, states.middleRows(first, count), variables);
    rows.take(variables);
    first += count;
  }
}

/// A run whose rates come from the windows around its samples. Returns LocalFit::gain.
template <typename Real, typename Scalar>
Real add_run(const TrajectoryView<Scalar>& run, const LocalPolynomial& method,
             Accumulator<Real>& rows) {
  LocalFit<Real> fit(run.times(), method);
  Eigen::MatrixX<Real> samples, states, variables;
  for (Eigen::Index first = 0; first < run.size();) {
    const Eigen::Index count = std::min(rows.room(), run.size() - first);
    const Eigen::Index origin = fit.begin(first);
    const Eigen::Index extent = fit.begin(first + count - 1) + fit.window() - origin;
    samples = run.states().middleCols(origin, extent).transpose().template cast<Real>();
    states.resize(count, samples.cols());
    fit.apply(samples, origin, first, count, states, rows.targets(count));
    if (!method.smooth) states = samples.middleRows(first - origin, count);
    if (run.inputs().rows() > 0) {
      join_inputs(run, first, states, variables);
      rows.take(variables);
    } else {
      rows.take(states);
    }
    first += count;
  }
  return fit.gain();
}

/// A run whose rates come all at once.
template <typename Real, typename Scalar>
Real add_run(std::size_t number, const TrajectoryView<Scalar>& run, const Differentiator& method,
             Accumulator<Real>& rows, std::vector<std::string>& notes) {
  Eigen::MatrixX<Real> states = run.states().transpose().template cast<Real>();
  Eigen::MatrixX<Real> rates(states.rows(), states.cols());
  method.apply_noting(number, run.times(), states, rates, notes);
  take_run(run, states, rates, rows);
  return 1;
}

/// Runs as a regression of their rates on the features of their states and inputs.
template <typename Scalar>
Prepared prepare(const std::vector<TrajectoryView<Scalar>>& several,
                 const features::Library& library, const AnyDerivative& derivative,
                 Eigen::Index parts) {
  using Real = decltype(double() + Scalar());
  TrainingFacts facts =
      almagest::detail::training_facts(several, shared_step(several), "sindy::fit");
  std::vector<std::string> inputs = shared_inputs(several, "sindy::fit");
  check_sizes(library, facts);
  const auto made = evaluator(library, facts.dimension + Eigen::Index(inputs.size()));
  if (made->context() > 1)
    throw InvalidArgument(
        "sindy::fit: the library has delays, but a law of motion knows the present state only; learn "
        "a map of the samples instead (fit_map).");
  Accumulator<Real> rows(made, facts.dimension, parts);
  Real gain = 0;
  std::vector<std::string> notes = {};
  derivative.check_runs(several.size());
  for (std::size_t k = 0; k < several.size(); ++k) {
    derivative.check_length(several[k].size(), k, "sindy::fit");
    const Real of_run = derivative.local() ? add_run(several[k], *derivative.local(), rows)
                                           : add_run(k, several[k], derivative.whole(), rows, notes);
    gain = std::max(gain, of_run);
  }
  // What differencing makes of the rounding of a constant.
  Eigen::VectorX<Real> rounding(facts.dimension);
  for (Eigen::Index i = 0; i < facts.dimension; ++i)
    rounding[i] = 16 * Real(std::numeric_limits<Scalar>::epsilon()) * gain *
                  Real(std::max(std::abs(facts.lower[i]), std::abs(facts.upper[i])));
  std::vector<std::string> variables = facts.names;
  variables.insert(variables.end(), inputs.begin(), inputs.end());
  Regression<Real> regression =
      rows.regression(made->names(variables), facts.names, std::move(rounding));
  return {std::move(facts), std::move(inputs), std::move(regression), std::move(notes)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Prepared prepare(const std::vector<TrajectoryView<float>>&,
                                                 const features::Library&, const AnyDerivative&,
                                                 Eigen::Index);
extern template ALMAGEST_EXPORT Prepared prepare(const std::vector<TrajectoryView<double>>&,
                                                 const features::Library&, const AnyDerivative&,
                                                 Eigen::Index);
#endif

}  // namespace detail

/// Learns a sparse law of motion from runs: SINDy.
///
/// From samples \f$ x(t_k) \f$ it finds \f$ \Xi \f$ in \f$ \dot x = \Xi^\top\theta(x, u) \f$ by
/// sparse regression (Brunton, Proctor & Kutz 2016, https://doi.org/10.1073/pnas.1517384113):
/// `derivative` (FiniteDifference, SavitzkyGolay, ...) turns each run into slopes, `library` turns
/// states and inputs into features, and `optimizer` (Stlsq, ...) regresses the ones on the others.
/// The runs may differ in length, times and step; no derivative straddles two of them.
///
/// Samples stream in blocks into a triangular factor (linalg::StreamingQr), in double precision for
/// float data too: \f$ 2 m (n + d)^2 \f$ flops for m samples, n features and d components, memory
/// \f$ O((n + d)^2) \f$. No Gram matrix is formed, so no digits are lost.
///
/// \throws InvalidArgument for impossible options, runs shorter than the derivative needs, features
///         that overflow, or a threshold that removes every term of a component which the library
///         could explain. (A component that does not move, or whose derivative is noise, gets no
///         terms; the latter leaves a warning in the report.) DimensionMismatch where runs differ
///         in dimension or inputs.
template <typename Data, FeatureLibrary Library = Polynomial, SparseOptimizer Optimizer = Stlsq>
requires requires(const Data& data) { runs(data); }
auto fit(const Data& data, const Library& library = {}, const Optimizer& optimizer = {},
         const AnyDerivative& derivative = FiniteDifference{}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  static_assert(std::floating_point<Scalar>, "sindy::fit learns from real states");
  check(optimizer);
  detail::Prepared prepared =
      detail::prepare<Scalar>(several, features::Library(library), derivative, parts_of(optimizer));
  FitReport report;
  report.notes = std::move(prepared.notes);
  const Eigen::MatrixXd coefficients = solve(optimizer, prepared.regression, report);
  return Model<Scalar>(features::Library(library), coefficients.template cast<Scalar>(),
                       std::move(prepared.facts), std::move(report),
                       std::move(prepared.input_names));
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
