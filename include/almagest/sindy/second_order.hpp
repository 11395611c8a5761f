// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/given_rates.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// A run of positions x as one of states (x, v), and the accelerations, `samples x dimension`. The derivative is
/// applied twice; where it smooths, positions and velocities are smoothed.
template <typename Scalar>
Trajectory<double> with_velocities(std::size_t number, const TrajectoryView<Scalar>& run,
                                   const AnyDerivative& derivative, const char* what,
                                   Eigen::MatrixXd* accelerations = nullptr) {
  using almagest::detail::text;
  if (!derivative.local() && dynamic_cast<const GivenDifferentiator*>(&derivative.whole()))
    throw InvalidArgument(text(what, ": derivative is GivenRates, but velocities and accelerations are both needed; "
                                     "learn from states (x, v) with sindy::fit and their rates."));
  derivative.check_length(run.size(), number, what);
  Eigen::MatrixXd positions, velocities;
  differentiate_whole(number, run, derivative, positions, velocities);
  if (accelerations) {
    const Trajectory<double> moving(run.times(), velocities.transpose());
    differentiate_whole(number, TrajectoryView<double>(moving), derivative, velocities, *accelerations);
  }
  const Eigen::Index d = run.dimension();
  TrajectoryInfo info = run.info();
  info.grid.reset();
  if (info.names.empty()) info.names = almagest::detail::training_facts(std::vector{run}, std::nullopt, what).names;
  for (Eigen::Index i = 0; i < d; ++i) info.names.push_back(info.names[std::size_t(i)] + "_dot");
  Eigen::MatrixXd states(2 * d, run.size());
  states << positions.transpose(), velocities.transpose();
  return {run.times(), std::move(states), std::move(info), run.inputs().template cast<double>()};
}

/// The coefficients of \f$ \dot x_i = v_i \f$ in features of (x, v), `features x dimension`.
template <typename Real = double>
Eigen::MatrixX<Real> kinematic(const features::Evaluator& library, Eigen::Index dimension) {
  Eigen::MatrixX<Real> out = Eigen::MatrixX<Real>::Zero(library.size(), dimension);
  const auto formulas = library.formulas();
  for (std::size_t f = 0; f < formulas.size(); ++f) {
    const features::Factorization part = features::factorize(formulas[f]);
    if (!part.rest.empty() || part.variables.size() != 1) continue;
    const Eigen::Index i = Eigen::Index(part.variables[0]) - dimension;
    if (i >= 0 && i < dimension) out(Eigen::Index(f), i) = Real(1 / part.number);
  }
  for (Eigen::Index i = 0; i < dimension; ++i)
    if (out.col(i).isZero(0))
      throw InvalidArgument(almagest::detail::text(
          "sindy::fit_second_order: the library has no feature that is the velocity of component ", i,
          " alone, so that x' = v cannot be written in it; add Polynomial of degree 1."));
  return out;
}

/// What differencing twice makes of the rounding of a constant position.
template <typename Real = double>
Eigen::VectorX<Real> rounding_of_accelerations(const std::vector<TrajectoryView<Real>>& moving, Eigen::Index dimension,
                                               const AnyDerivative& derivative) {
  Eigen::VectorX<Real> out = Eigen::VectorX<Real>::Zero(dimension);
  if (!derivative.local()) return out;
  for (const auto& run : moving)
    out = out.cwiseMax(16 * std::numeric_limits<Real>::epsilon() *
                       std::pow(LocalFit<Real>(run.times(), *derivative.local()).gain(), 2) *
                       run.states().topRows(dimension).cwiseAbs().rowwise().maxCoeff());
  return out;
}

/// What is known of the accelerations' terms, as of those of x' = v and x'' = f(x, v).
template <typename Report>
Report widened(Report report, const Eigen::MatrixXd& known) {
  const auto beside = [](const Eigen::MatrixXd& left, const Eigen::MatrixXd& right) {
    Eigen::MatrixXd both(right.rows(), left.cols() + right.cols());
    both << left, right;
    return both;
  };
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(known.rows(), known.cols());
  const Eigen::MatrixXd certain = (known.array() != 0).cast<double>();
  report.residuals = beside(none.topRows(1), report.residuals.transpose()).transpose().eval();
  if (report.errors.size() > 0) report.errors = beside(none, report.errors);
  if (report.inclusion.size() > 0) report.inclusion = beside(certain, report.inclusion);
  for (Eigen::MatrixXd& member : report.members) member = beside(known, member);
  if (!report.paths.empty()) report.paths.insert(report.paths.begin(), std::size_t(known.cols()), {});
  return report;
}

template <typename Scalar>
Model<double> fit_second_order(const std::vector<TrajectoryView<Scalar>>& several, const features::Library& library,
                               const Optimizer& optimizer, const AnyDerivative& derivative) {
  constexpr const char* what = "sindy::fit_second_order";
  check(optimizer);
  derivative.check_runs(several.size());
  std::vector<std::string> inputs = shared_inputs(several, what);
  const Eigen::Index d = several.front().dimension();
  std::vector<Trajectory<double>> states;
  std::vector<TrajectoryView<double>> views;
  std::vector<Eigen::MatrixXd> accelerations(several.size());
  for (std::size_t k = 0; k < several.size(); ++k) {
    almagest::detail::check_lengths(what, "the state of a run", several[k].dimension(), "that of the first run", d);
    states.push_back(with_velocities(k, several[k], derivative, what, &accelerations[k]));
  }
  views.reserve(states.size());
  for (const auto& run : states) views.emplace_back(run);
  TrainingFacts facts = almagest::detail::training_facts(views, shared_step(views), what);
  check_sizes(library, facts);
  const auto made = evaluator(library, 2 * d + Eigen::Index(inputs.size()));
  const Eigen::MatrixXd known = kinematic(*made, d);
  Accumulator<double> rows(made, d, parts_of(optimizer));
  for (std::size_t k = 0; k < views.size(); ++k)
    take_run(views[k], views[k].states().transpose(), accelerations[k], rows);
  std::vector<std::string> named = facts.names;
  named.insert(named.end(), inputs.begin(), inputs.end());
  const auto regression = rows.regression(made->names(named), {facts.names.begin() + d, facts.names.end()},
                                          rounding_of_accelerations(views, d, derivative));
  FitReport report;
  Eigen::MatrixXd coefficients(made->size(), 2 * d);
  coefficients << known, solve(optimizer, regression, report);
  return {library, std::move(coefficients), std::move(facts),
          widened(std::move(report), known), std::move(inputs)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Model<double> fit_second_order(const std::vector<TrajectoryView<double>>&,
                                                               const features::Library&, const Optimizer&,
                                                               const AnyDerivative&);
#endif

}  // namespace detail

/// A run of positions as one of states (x, v): histories for laws of second order. The velocity of a component "x" is
/// called "x_dot". The run's grid is left out.
///
/// \throws InvalidArgument for a run shorter than the derivative needs, and for GivenRates.
template <typename Scalar>
Trajectory<double> with_velocities(const TrajectoryView<Scalar>& positions,
                                   const AnyDerivative& derivative = FiniteDifference{}) {
  derivative.check_runs(1);
  return detail::with_velocities(0, positions, derivative, "sindy::with_velocities");
}
template <typename Scalar>
Trajectory<double> with_velocities(const Trajectory<Scalar>& positions,
                                   const AnyDerivative& derivative = FiniteDifference{}) {
  return with_velocities(TrajectoryView<Scalar>(positions), derivative);
}

/// Learns a sparse law of second order from runs of positions alone: \f$ \ddot x = \Xi^\top\theta(x, \dot x, u) \f$.
///
/// The result is the law of first order of the states (x, v), \f$ \dot x = v, \dot v = \Xi^\top\theta(x, v, u) \f$ with
/// the first half exact: it integrates, forecasts from histories of states (`with_velocities` makes them), has a
/// Jacobian and exports as any other. The derivative is applied twice. Of differences of order p the accelerations
/// keep order p inside a run and p - 1 at its ends; noise of size s becomes s / h^2 there, so smooth it.
///
/// `library` takes 2 d variables and the inputs: the positions, then the velocities, each of which must be a feature.
///
/// \throws InvalidArgument as `fit`, and for a library without the velocities or without formulas, GivenRates;
///         DimensionMismatch where runs differ in dimension or inputs.
///
/// Reference of the regression: S. L. Brunton, J. L. Proctor & J. N. Kutz 2016, https://doi.org/10.1073/pnas.1517384113
template <typename Data, FeatureLibrary Library = Polynomial, SparseOptimizer Optimizer_ = Stlsq>
requires requires(const Data& data) { runs(data); }
Model<double> fit_second_order(const Data& data, const Library& library = {}, const Optimizer_& optimizer = {},
                               const AnyDerivative& derivative = FiniteDifference{}) {
  return detail::fit_second_order(runs(data), features::Library(library), Optimizer(optimizer), derivative);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
