// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/model.hpp"
#include "almagest/sindy/regression.hpp"
#include "almagest/sindy/stlsq.hpp"
#include "almagest/sindy/weak_form.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// The shortest of several runs.
template <typename Scalar>
Eigen::Index shortest(const std::vector<TrajectoryView<Scalar>>& several) {
  Eigen::Index least = several.front().size();
  for (const auto& run : several) least = std::min(least, run.size());
  return least;
}

/// The rows of one run: means of its features, and of its rates by parts, over the drawn windows.
template <typename Real, typename Scalar>
void add_weak_run(const TrajectoryView<Scalar>& run, TimeWindows<Real>& windows, Draw& draw,
                  const features::Evaluator& evaluator, PartedQr<Real>& qr) {
  std::vector<Eigen::Index> drawn;
  for (const Eigen::Index centre : windows.centres())
    if (draw.next()) drawn.push_back(centre);
  Eigen::MatrixX<Real> states, variables, values, rows;
  for (std::size_t at = 0; at < drawn.size();) {
    // As many windows as share a few times their length of samples.
    const Eigen::Index first = windows.begin(drawn[at]);
    const Eigen::Index most = std::max<Eigen::Index>(1024, 4 * (windows.end(drawn[at]) - first));
    std::size_t next = at + 1;
    while (next < drawn.size() && next - at < 1024 && windows.end(drawn[next]) - first <= most) ++next;
    const Eigen::Index count = windows.end(drawn[next - 1]) - first;
    states = run.states().middleCols(first, count).transpose().template cast<Real>();
    join_inputs(run, first, states, variables);
    values.resize(count, evaluator.size());
    evaluator.evaluate(variables, values);
    rows.resize(Eigen::Index(next - at), evaluator.size() + states.cols());
    for (std::size_t k = at; k < next; ++k) {
      const TimeWindow<Real>& window = windows.at(drawn[k]);
      const Eigen::Index from = window.first - first, n = window.value.size();
      rows.row(Eigen::Index(k - at)).head(evaluator.size()).noalias() =
          window.value.transpose() * values.middleRows(from, n);
      // Differences from the middle: what is constant has no rate, exactly.
      rows.row(Eigen::Index(k - at)).tail(states.cols()).noalias() =
          window.rate.transpose() * (states.middleRows(from, n).rowwise() - states.row(drawn[k] - first));
    }
    qr.update(rows);
    at = next;
  }
}

/// Runs as a regression of their weak form.
template <typename Scalar>
Prepared prepare_weak(const std::vector<TrajectoryView<Scalar>>& several, const features::Library& library,
                      const WeakForm& form, Eigen::Index parts) {
  using Real = decltype(double() + Scalar());
  const char* what = "sindy::fit_weak";
  check(form, 1);
  TrainingFacts facts = almagest::detail::training_facts(several, shared_step(several), what);
  std::vector<std::string> inputs = shared_inputs(several, what);
  check_sizes(library, facts);
  const auto features = evaluator(library, facts.dimension + Eigen::Index(inputs.size()));
  const Eigen::Index half = half_width(form.half_time, shortest(several), 100);
  std::vector<TimeWindows<Real>> windows;
  std::vector<double> places;
  for (std::size_t k = 0; k < several.size(); ++k) {
    windows.emplace_back(several[k].times(), half, form.degree > 0 ? form.degree : 4, form.time, k, what);
    places.push_back(double(windows[k].centres().size()));
  }
  const std::vector<double> counts = shares(places, form.count);
  PartedQr<Real> qr(features->size() + facts.dimension, parts);
  Real gain = 0;
  for (std::size_t k = 0; k < several.size(); ++k) {
    Draw draw(form.seed, k, places[k], counts[k]);
    gain = std::max(gain, windows[k].at(windows[k].centres().front()).rate.template lpNorm<1>());
    add_weak_run(several[k], windows[k], draw, *features, qr);
  }
  const Eigen::VectorX<Real> rounding =
      16 * Real(std::numeric_limits<Scalar>::epsilon()) * gain *
      facts.lower.cwiseAbs().cwiseMax(facts.upper.cwiseAbs()).template cast<Real>();
  std::vector<std::string> variables = facts.names;
  variables.insert(variables.end(), inputs.begin(), inputs.end());
  Regression<Real> regression(qr.whole(), features->names(variables), facts.names, rounding, qr.parts());
  return {std::move(facts), std::move(inputs), std::move(regression)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Prepared prepare_weak(const std::vector<TrajectoryView<float>>&,
                                                      const features::Library&, const WeakForm&, Eigen::Index);
extern template ALMAGEST_EXPORT Prepared prepare_weak(const std::vector<TrajectoryView<double>>&,
                                                      const features::Library&, const WeakForm&, Eigen::Index);
#endif

}  // namespace detail

/// Learns a sparse law of motion from the weak form of \f$ \dot x = \Xi^\top\theta(x, u) \f$,
/// \f$ -\int \dot\phi\, x\,dt = \Xi^\top \int \phi\,\theta(x, u)\,dt \f$, in which no sample is differentiated
/// (Schaeffer & McCalla 2017, https://doi.org/10.1103/PhysRevE.96.023302; Messenger & Bortz 2021,
/// https://doi.org/10.1137/20M1343166). For noisy samples; with `TestFunction::step` it is the integral
/// form.
///
/// Runs may differ in length, times and step; no window straddles two of them. Integrals are sums over the samples, by
/// the trapezoidal rule on uneven times (an error of the second order in the step) and nearly exact on uniform
/// ones. Every window costs its length times the count of features; features are evaluated block by block,
/// and memory does not depend on the count of samples.
///
/// \throws as `fit`; InvalidArgument for test functions wider than a run.
template <typename Data, FeatureLibrary Library = Polynomial, SparseOptimizer Optimizer = Stlsq>
requires requires(const Data& data) { runs(data); }
auto fit_weak(const Data& data, const Library& library = {}, const Optimizer& optimizer = {},
              const WeakForm& form = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  static_assert(std::floating_point<Scalar>, "sindy::fit_weak learns from real states");
  check(optimizer);
  detail::Prepared prepared =
      detail::prepare_weak<Scalar>(several, features::Library(library), form, parts_of(optimizer));
  FitReport report;
  const Eigen::MatrixXd coefficients = solve(optimizer, prepared.regression, report);
  return Model<Scalar>(features::Library(library), coefficients.template cast<Scalar>(), std::move(prepared.facts),
                       std::move(report), std::move(prepared.input_names));
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
