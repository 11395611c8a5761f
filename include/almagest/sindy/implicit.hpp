// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/features/composition.hpp"
#include "almagest/features/expression_text.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/sindy/criterion.hpp"
#include "almagest/sindy/fit.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// \f$ \dot x_i = N(x) / D(x) \f$, each a combination of the features.
struct Rational {
  Eigen::VectorXd numerator, denominator;
  std::size_t terms = 0;  ///< without that on the left
  double misfit = 0;      ///< relative, of the implicit equation
  double score = std::numeric_limits<double>::infinity();
};

/// The triangle of \f$ [\theta(x), \dot x_i\theta(x)] \f$ over the samples of the runs.
template <typename Scalar>
Regression<double> implicit_rows(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index i,
                                 const features::Library& library, const AnyDerivative& derivative) {
  const Eigen::Index d = several.front().dimension();
  std::vector<Eigen::Index> state(std::size_t(d), 0);
  for (Eigen::Index j = 0; j < d; ++j) state[std::size_t(j)] = j;
  const features::Library of_state = features::Selection{state, library};
  const features::Library rate = features::Selection{{d}, Polynomial{.degree = 1, .bias = false}};
  const auto made = evaluator(
      features::Concatenation{{of_state, features::Product{{rate, of_state}}}}, d + 1);
  Accumulator<double> rows(made, 0, 0);
  std::vector<std::string> names;
  for (Eigen::Index j = 0; j <= d; ++j) names.push_back(almagest::detail::text('x', j));
  for (std::size_t k = 0; k < several.size(); ++k) {
    const auto& run = several[k];
    derivative.check_length(run.size(), k, "sindy::fit_rational");
    Eigen::MatrixXd states, rates;
    differentiate_whole(k, run, derivative, states, rates);
    Eigen::MatrixXd variables(run.size(), d + 1);
    variables << states, rates.col(i);
    take_run(run, variables, rates.leftCols(0), rows);
  }
  return rows.regression(made->names(names), {}, Eigen::VectorXd(0));
}

/// The regression of column `target` of a triangle on all others.
template <typename Real>
Regression<Real> turned(const Regression<Real>& all, Eigen::Index target) {
  using Matrix = Eigen::MatrixX<Real>;
  const Eigen::Index n = all.features();
  Matrix columns(all.triangle().rows(), n);
  std::vector<std::string> names;
  for (Eigen::Index f = 0, at = 0; f < n; ++f) {
    if (f == target) continue;
    columns.col(at++) = all.triangle().col(f);
    names.push_back(all.feature(f));
  }
  columns.col(n - 1) = all.triangle().col(target);
  const auto narrow = [&](const Matrix& wide) {
    Matrix out = Matrix::Zero(n, n);
    out.topRows(std::min(n, wide.rows())) = Eigen::HouseholderQR<Matrix>(wide)
                                                .matrixQR()
                                                .topRows(std::min(n, wide.rows()))
                                                .template triangularView<Eigen::Upper>();
    return out;
  };
  return {{narrow(columns), all.samples()}, std::move(names), {all.feature(target)}, Eigen::VectorX<Real>::Zero(1)};
}

/// Whether a sum of features is nothing but rounding and noise at the samples, beside its own terms.
template <typename Real>
bool vanishes(const Regression<Real>& all, const Eigen::VectorXd& weights) {
  const auto features = all.triangle().leftCols(weights.size());
  const double terms = features.colwise().norm().dot(weights.cwiseAbs().transpose());
  return (features * weights).norm() <= 1e-6 * terms;
}

/// The implicit equation with \f$ \dot x\,\theta_k \f$ on its left; no score where nothing is left on
/// its right, or where it says no more than that the samples obey a relation without rates, which makes D vanish.
template <typename Real>
Rational rational(const Regression<Real>& all, const Optimizer& optimizer, Eigen::Index k) {
  const Eigen::Index n = all.features() / 2;
  const Regression<Real> problem = turned(all, n + k);
  FitReport report;
  Rational out;
  Eigen::VectorX<Real> xi;
  try {
    xi = solve(optimizer, problem, report).col(0);
  } catch (const InvalidArgument&) {  // every term removed: not this one
    return out;
  }
  out.terms = std::size_t((xi.array() != 0).count());
  if (out.terms == 0) return out;
  const Real misfit = problem.misfit(0, xi), size = problem.squared(0);
  out.score = information<Real>(problem, 0, misfit * misfit, out.terms, Criterion::bic) -
              double(problem.samples()) * std::log(size);
  out.misfit = misfit / std::sqrt(size);
  out.numerator = xi.head(n);
  out.denominator = Eigen::VectorXd::Zero(n);
  out.denominator[k] = 1;
  for (Eigen::Index f = 0, at = n; f < n; ++f)
    if (f != k) out.denominator[f] -= xi[at++];
  if (vanishes(all, out.denominator)) return {};
  return out;
}

/// The best of the implicit equations of one component. An equation times a feature holds as well:
/// of those that fit alike, the first has the least of such factors.
template <typename Real>
Rational best_rational(const Regression<Real>& all, const Optimizer& optimizer) {
  std::vector<Rational> tried;
  for (Eigen::Index k = 0; k < all.features() / 2; ++k) tried.push_back(rational(all, optimizer, k));
  const Rational& best = *std::min_element(
      tried.begin(), tried.end(), [](const auto& a, const auto& b) { return a.score < b.score; });
  for (const Rational& one : tried)
    if (std::isfinite(one.score) && one.terms <= best.terms && one.misfit <= 2 * best.misfit + 1e-6) return one;
  return best;
}

/// The formulas of the features that a law uses, without the variables that all of them have as
/// factors: these cancel.
template <std::same_as<double> Real = double>
std::vector<features::Expression> cancelled(const Eigen::VectorX<Real>& used,
                                            std::vector<features::Expression> formulas) {
  std::vector<features::Factorization> parts;
  std::optional<std::vector<std::uint32_t>> common;
  for (std::size_t f = 0; f < formulas.size(); ++f) {
    parts.push_back(features::factorize(formulas[f]));
    auto& variables = parts.back().variables;
    std::sort(variables.begin(), variables.end());
    if (used[Eigen::Index(f)] == 0) continue;
    std::vector<std::uint32_t> shared;
    if (common)
      std::set_intersection(common->begin(), common->end(), variables.begin(), variables.end(),
                            std::back_inserter(shared));
    common = common ? shared : variables;
  }
  if (!common || common->empty()) return formulas;
  for (std::size_t f = 0; f < formulas.size(); ++f) {
    if (used[Eigen::Index(f)] == 0) continue;
    std::vector<std::uint32_t> left;
    std::set_difference(parts[f].variables.begin(), parts[f].variables.end(), common->begin(), common->end(),
                        std::back_inserter(left));
    features::Expression product = features::Expression::constant(parts[f].number);
    if (!parts[f].rest.empty()) product = product * features::Expression::of(parts[f].rest);
    for (std::size_t first = 0, last = 0; first < left.size(); first = last) {
      while (last < left.size() && left[last] == left[first]) ++last;
      product = product * pow(features::Expression::variable(left[first]), double(last - first));
    }
    formulas[f] = product;
  }
  return formulas;
}

template <std::same_as<double> Real = double>
features::Expression combination(const Eigen::VectorX<Real>& weights,
                                 const std::vector<features::Expression>& formulas) {
  std::optional<features::Expression> sum;
  for (Eigen::Index f = 0; f < weights.size(); ++f) {
    if (weights[f] == 0) continue;
    features::Expression term =
        features::Expression::constant(std::abs(weights[f])) * formulas[std::size_t(f)];
    if (formulas[std::size_t(f)].is_constant(1)) term = features::Expression::constant(std::abs(weights[f]));
    if (!sum)
      sum = weights[f] < 0 ? -term : term;
    else
      sum = weights[f] < 0 ? *sum - term : *sum + term;
  }
  return sum ? *sum : features::Expression::constant(0);
}

/// Whether D has both signs at the samples of the runs.
template <typename Scalar>
bool changes_sign(const std::vector<TrajectoryView<Scalar>>& several, const features::Evaluator& made,
                  const Eigen::VectorXd& denominator) {
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (const auto& run : several) {
    for (Eigen::Index first = 0; first < run.size(); first += 256) {
      const Eigen::Index count = std::min<Eigen::Index>(256, run.size() - first);
      const Eigen::MatrixXd states =
          run.states().middleCols(first, count).transpose().template cast<double>();
      Eigen::MatrixXd values(count, made.size());
      made.evaluate(states, values);
      const Eigen::VectorXd d = values * denominator;
      least = std::min(least, d.minCoeff());
      greatest = std::max(greatest, d.maxCoeff());
    }
  }
  return least < 0 && greatest > 0;
}

template <typename Scalar>
Model<double> fit_rational(const std::vector<TrajectoryView<Scalar>>& several, const features::Library& library,
                           const Optimizer& optimizer, const AnyDerivative& derivative) {
  using almagest::detail::text;
  check(optimizer);
  TrainingFacts facts =
      almagest::detail::training_facts(several, shared_step(several), "sindy::fit_rational");
  if (!shared_inputs(several, "sindy::fit_rational").empty())
    throw InvalidArgument("sindy::fit_rational: the runs have inputs; make them components of the state.");
  const Eigen::Index d = facts.dimension;
  const auto made = evaluator(library, d);
  const std::vector<features::Expression> formulas = made->formulas();
  std::vector<std::string> names;
  for (Eigen::Index j = 0; j < d; ++j) names.push_back(text('x', j));
  features::Expressions law{{}, names};
  FitReport report;
  report.residuals.setZero(d);
  for (Eigen::Index i = 0; i < d; ++i) {
    if (facts.lower[i] == facts.upper[i]) {  // it rests
      law.formulas.push_back("0");
      continue;
    }
    const auto regression = implicit_rows(several, i, library, derivative);
    const Rational found = best_rational(regression, optimizer);
    if (!std::isfinite(found.score))
      throw InvalidArgument(text("sindy::fit_rational: the threshold removes every term of the equations of ",
                                 facts.names[std::size_t(i)],
                                 "', or leaves those whose denominators vanish because the samples obey a relation "
                                 "among the features; give a lower one, or a smaller library."));
    report.residuals[i] = found.misfit;
    if (changes_sign(several, *made, found.denominator))
      report.warnings.push_back(text(facts.names[std::size_t(i)],
                                     "': the denominator has both signs in the samples, so that the law has poles "
                                     "among them; lower the threshold or give a richer library."));
    const auto simple = cancelled<double>(found.numerator.cwiseAbs() + found.denominator.cwiseAbs(), formulas);
    law.formulas.push_back(features::print(combination(found.numerator, simple) /
                                               combination(found.denominator, simple),
                                           names));
  }
  return {features::Library(law), Eigen::MatrixXd::Identity(d, d), std::move(facts), std::move(report)};
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Model<double> fit_rational(const std::vector<TrajectoryView<double>>&,
                                                           const features::Library&, const Optimizer&,
                                                           const AnyDerivative&);
#endif

}  // namespace detail

/// Learns rational laws \f$ \dot x_i = N_i(x) / D_i(x) \f$ from implicit equations: SINDy-PI
/// (Kaheman, Kutz & Brunton 2020, https://doi.org/10.1098/rspa.2020.0279).
///
/// For each component and each feature \f$ \theta_k \f$ it regresses \f$ \dot x_i\theta_k \f$ on all
/// other features \f$ \theta(x) \f$ and \f$ \dot x_i\theta(x) \f$, sparsely; of these equations the
/// Bayesian information criterion chooses one, which is solved for \f$ \dot x_i \f$. The result is a
/// law of one formula for each component: it integrates, differentiates, forecasts and exports as
/// any other.
///
/// \throws InvalidArgument as `fit`; for runs with inputs, a library without formulas, or where the
///         threshold removes every term of every equation of a component.
template <typename Data, FeatureLibrary Library = Polynomial, SparseOptimizer Optimizer_ = Stlsq>
requires requires(const Data& data) { runs(data); }
Model<double> fit_rational(const Data& data, const Library& library = {}, const Optimizer_& optimizer = {},
                           const AnyDerivative& derivative = FiniteDifference{}) {
  return detail::fit_rational(runs(data), features::Library(library), Optimizer(optimizer), derivative);
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
