// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/field_derivatives.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/pde_library.hpp"
#include "almagest/sindy/pde_model.hpp"
#include "almagest/sindy/stlsq.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// Which points of the grid enter a fit: a share of those of every sample, drawn at random. Derivatives
/// are those of the whole field.
struct PdeSampling {
  double share = 1;
  std::uint64_t seed = 0;
};

namespace detail {

/// What a PDE learner condenses its runs to.
struct PreparedPde {
  SpatialGrid grid;
  Eigen::Index components;
  TrainingFacts facts;
  Regression<double> regression;
  std::map<std::string, double> parameters;  ///< where all runs agree
};

/// The runs as fields: one grid, and as many fields as the state holds.
template <typename Real>
JetLibrary jet_library(const std::vector<TrajectoryView<Real>>& runs, const PdeLibrary& library, const char* what) {
  using almagest::detail::text;
  check(library);
  if (runs.empty()) throw InvalidArgument(text(what, ": no runs were given; give at least 1 trajectory."));
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if (!runs[k].info().grid)
      throw InvalidArgument(text(what, ": run ", k, " has no grid, so that its state is no field; give it one "
                                 "(TrajectoryInfo::grid)."));
    if (!(*runs[k].info().grid == *runs[0].info().grid))
      throw InvalidArgument(text(what, ": runs 0 and ", k, " live on different grids, of ", runs[0].info().grid->size(),
                                 " and ", runs[k].info().grid->size(), " points; interpolate them to one."));
    if (runs[k].inputs().rows() > 0)
      throw InvalidArgument(text(what, ": run ", k, " has inputs, which terms of fields do not know; leave them out."));
    for (const std::string& name : library.parameters)
      if (!runs[k].info().parameters.contains(name))
        throw InvalidArgument(text(what, ": run ", k, " has no parameter ", name,
                                   "; set it (TrajectoryInfo::parameters)."));
  }
  const SpatialGrid& grid = *runs[0].info().grid;
  return {library, grid.axes().size(), runs[0].dimension() / grid.size()};
}

template <typename Real>
Eigen::VectorX<Real> parameters_of(const TrajectoryView<Real>& run, const PdeLibrary& library) {
  Eigen::VectorX<Real> values(Eigen::Index(library.parameters.size()));
  for (Eigen::Index k = 0; k < values.size(); ++k)
    values[k] = Real(run.info().parameters.at(library.parameters[std::size_t(k)]));
  return values;
}

/// The facts of fields: a field may go at one point wherever it went at another.
template <typename Real>
TrainingFacts field_facts(const std::vector<TrajectoryView<Real>>& runs, const JetLibrary& library, const char* what) {
  using almagest::detail::rounded, almagest::detail::text;
  TrainingFacts facts = almagest::detail::training_facts(runs, shared_step(runs), what);
  const Eigen::Index points = facts.grid->size();
  for (Eigen::Index c = 0; c < library.components; ++c) {
    facts.lower.segment(c * points, points).setConstant(facts.lower.segment(c * points, points).minCoeff());
    facts.upper.segment(c * points, points).setConstant(facts.upper.segment(c * points, points).maxCoeff());
  }
  const Eigen::VectorXd range = facts.upper - facts.lower;
  facts.quietest = std::numeric_limits<double>::infinity();
  for (const auto& run : runs)
    for (Eigen::Index at = 0; at + facts.window <= run.size(); at += facts.window)
      facts.quietest = std::min(facts.quietest, almagest::detail::relative_movement(
                                                    run.states().middleCols(at, facts.window), range));
  if (!std::isfinite(facts.quietest)) facts.quietest = 0;
  const double largest = std::max(facts.upper.maxCoeff(), -facts.lower.minCoeff());
  const int degree = library.library.degree + library.library.factors;
  if (degree * std::log10(std::max(largest, 1.0)) > 150)
    throw InvalidArgument(text(what, ": terms of degree ", degree, " of fields as large as ", rounded(largest, 4),
                               " exceed 1e150; rescale the fields or lower the degree."));
  return facts;
}

/// Turns states and rates into rows, some or all points of a sample at a time.
template <typename Real>
class FieldRows {
 public:
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  FieldRows(const SpatialGrid& grid, const JetLibrary& library, const PdeSampling& sampling, Accumulator<Real>& rows)
      : points_(grid.size()),
        components_(library.components),
        parameters_(library.parameters()),
        sampling_(sampling),
        derivatives_(grid, library.library, library.variables()),
        rows_(rows),
        jet_(points_, parameters_ + Eigen::Index(derivatives_.wanted().size())) {}

  void start_run(std::size_t number, const Vector& parameters) {
    random_ = RandomStream(sampling_.seed, number);
    jet_.leftCols(parameters_).rowwise() = parameters.transpose();
  }

  void add(const Vector& state, const Vector& rates) {
    derivatives_(state, jet_.rightCols(jet_.cols() - parameters_));
    const Eigen::Map<const Matrix> targets(rates.data(), points_, components_);
    if (sampling_.share >= 1) return take(jet_, targets);
    chosen_.clear();
    for (Eigen::Index i = 0; i < points_; ++i)
      if (random_.uniform() < sampling_.share) chosen_.push_back(i);
    take(jet_(chosen_, Eigen::indexing::all), targets(chosen_, Eigen::indexing::all));
  }

 private:
  void take(const Matrix& variables, const Matrix& targets) {
    for (Eigen::Index first = 0; first < variables.rows();) {
      const Eigen::Index count = std::min(rows_.room(), variables.rows() - first);
      rows_.targets(count) = targets.middleRows(first, count);
      rows_.take(variables.middleRows(first, count));
      first += count;
    }
  }

  Eigen::Index points_, components_, parameters_;
  PdeSampling sampling_;
  FieldDerivatives<Real> derivatives_;
  Accumulator<Real>& rows_;
  Matrix jet_;
  std::vector<Eigen::Index> chosen_;
  RandomStream random_{0};
};

/// A run whose rates come from the windows around its samples. Returns LocalFit::gain.
template <typename Real>
Real add_field_run(const TrajectoryView<Real>& run, const LocalPolynomial& method, FieldRows<Real>& rows) {
  LocalFit<Real> fit(run.times(), method);
  Eigen::MatrixX<Real> samples, states, rates;
  // A few megabytes at a time.
  const Eigen::Index most = std::max<Eigen::Index>(1, (1 << 17) / run.dimension());
  for (Eigen::Index first = 0; first < run.size(); first += most) {
    const Eigen::Index count = std::min(most, run.size() - first), origin = fit.begin(first);
    samples = run.states().middleCols(origin, fit.begin(first + count - 1) + fit.window() - origin).transpose();
    states.resize(count, samples.cols());
    rates.resize(count, samples.cols());
    fit.apply(samples, origin, first, count, states, rates);
    if (!method.smooth) states = samples.middleRows(first - origin, count);
    for (Eigen::Index i = 0; i < count; ++i) rows.add(states.row(i), rates.row(i));
  }
  return fit.gain();
}

template <typename Real>
Real add_field_run(std::size_t number, const TrajectoryView<Real>& run, const Differentiator& method,
                   FieldRows<Real>& rows) {
  Eigen::MatrixX<Real> states = run.states().transpose(), rates(states.rows(), states.cols());
  method.apply(number, run.times(), states, rates);
  for (Eigen::Index i = 0; i < run.size(); ++i) rows.add(states.row(i), rates.row(i));
  return 1;
}

/// The parameters that all runs have in common.
template <typename Real>
std::map<std::string, double> common_parameters(const std::vector<TrajectoryView<Real>>& runs) {
  std::map<std::string, double> common = runs.front().info().parameters;
  for (const auto& run : runs)
    std::erase_if(common, [&](const auto& one) {
      const auto found = run.info().parameters.find(one.first);
      return found == run.info().parameters.end() || found->second != one.second;
    });
  return common;
}

template <typename Real>
PreparedPde prepare_pde(const std::vector<TrajectoryView<Real>>& runs, const PdeLibrary& given,
                        const AnyDerivative& derivative, const PdeSampling& sampling, Eigen::Index parts) {
  const char* what = "sindy::fit_pde";
  if (!(sampling.share > 0 && sampling.share <= 1))
    throw InvalidArgument(almagest::detail::text("PdeSampling: share is ", sampling.share,
                                                 "; give the share of points to take, above 0 and at most 1."));
  const JetLibrary library = jet_library(runs, given, what);
  TrainingFacts facts = field_facts(runs, library, what);
  const SpatialGrid& grid = *facts.grid;
  const std::vector<std::string> variables = library.variable_names();
  const auto terms = evaluator(library, Eigen::Index(variables.size()));
  Accumulator<Real> rows(terms, library.components, parts);
  FieldRows<Real> fields(grid, library, sampling, rows);
  Real gain = 0;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    derivative.check_length(runs[k].size(), k, what);
    fields.start_run(k, parameters_of(runs[k], given));
    gain = std::max(gain, derivative.local() ? add_field_run(runs[k], *derivative.local(), fields)
                                             : add_field_run(k, runs[k], derivative.whole(), fields));
  }
  Eigen::VectorX<Real> rounding(library.components);
  std::vector<std::string> targets;
  for (Eigen::Index c = 0; c < library.components; ++c) {
    const Eigen::Index at = c * grid.size();
    rounding[c] = 16 * std::numeric_limits<Real>::epsilon() * gain *
                  Real(std::max(std::abs(facts.lower[at]), std::abs(facts.upper[at])));
    targets.push_back(library.field_names()[std::size_t(c)]);
  }
  Regression<Real> regression = rows.regression(terms->names(variables), std::move(targets), std::move(rounding));
  return {grid, library.components, std::move(facts), std::move(regression), common_parameters(runs)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT PreparedPde prepare_pde(const std::vector<TrajectoryView<double>>&, const PdeLibrary&,
                                                        const AnyDerivative&, const PdeSampling&, Eigen::Index);
#endif

/// Runs in double precision; those of floats are copied. Complex ones are refused.
template <typename Data, typename Use>
auto with_double_runs(const Data& data, const char* what, const Use& use) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  if constexpr (std::is_same_v<Scalar, double>) {
    return use(several);
  } else if constexpr (std::is_same_v<Scalar, float>) {
    std::vector<Trajectory<double>> copies;
    for (const auto& run : several)
      copies.emplace_back(run.times(), run.states().template cast<double>(), run.info(),
                          run.inputs().template cast<double>());
    return use(runs(copies));
  } else {
    throw InvalidArgument(almagest::detail::text(
        what,
        ": the fields are complex, but terms are those of real fields; give the real and the imaginary part as two "
        "fields, one after the other."));
    return use(std::vector<TrajectoryView<double>>());
  }
}

template <typename Optimizer>
PdeModel solve_pde(const PdeLibrary& library, const Optimizer& optimizer, PreparedPde prepared) {
  FitReport report;
  Eigen::MatrixXd coefficients = solve(optimizer, prepared.regression, report);
  return {library, std::move(prepared.grid), std::move(coefficients), std::move(prepared.facts), std::move(report),
          std::move(prepared.parameters)};
}

}  // namespace detail

/// Learns a partial differential equation with few terms from runs of fields: PDE-FIND (Rudy, Brunton,
/// Proctor & Kutz 2017, https://doi.org/10.1126/sciadv.1602614).
///
/// At every point of the grid and every sample it takes the rates \f$ u_t \f$ by `derivative` and the
/// terms of `library` by its derivatives in space, and regresses the ones on the others by
/// `optimizer`. Runs share a grid; their lengths, times and parameters are their own.
///
/// Derivatives in space amplify noise by \f$ (\pi/h)^\text{order} \f$ at worst, so that with noise of
/// more than about a tenth of a per cent the weak form (`fit_weak`) is the one to take.
///
/// Points stream in blocks into a triangular factor: \f$ 2 m n^2 \f$ flops for m points times samples and n
/// terms, memory for a few samples, whatever their number (a whole run where `derivative` needs one).
///
/// \throws InvalidArgument for impossible options, complex fields, runs without a grid or on different ones,
///         shorter than the derivative needs, or a threshold that removes every term.
template <typename Data, SparseOptimizer Optimizer = Stlsq>
requires requires(const Data& data) { runs(data); }
PdeModel fit_pde(const Data& data, const PdeLibrary& library = {}, const Optimizer& optimizer = {},
                 const AnyDerivative& derivative = FiniteDifference{8}, const PdeSampling& sampling = {}) {
  check(optimizer);
  return detail::with_double_runs(data, "sindy::fit_pde", [&](const std::vector<TrajectoryView<double>>& several) {
    return detail::solve_pde(library, optimizer,
                             detail::prepare_pde<double>(several, library, derivative, sampling, parts_of(optimizer)));
  });
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
