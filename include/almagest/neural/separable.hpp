// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/readout.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// The functions of one variable that a separable network is made from: cubic B-splines on equal knots, or Gaussians at
/// equally spaced centres, as wide as those are apart.
enum class Atom { spline, radial };

/// A separable network: a sum of products of functions of one variable (a canonical polyadic decomposition),
/// \f[ f(x) = \sum_{r=1}^{\mathrm{rank}} \prod_d \varphi_{rd}(x_d), \qquad \varphi_{rd} = \sum_j c_{rdj}\, B_{dj}. \f]
///
/// It is fitted by alternating least squares: for one variable after the other its coefficients are the solution of a
/// linear problem. Parameters and the cost of a sweep grow linearly with the dimension. Separable neural architectures,
/// 2026, https://arxiv.org/abs/2603.12244
struct Separable {
  Eigen::Index rank = 6;
  Eigen::Index atoms = 8;      ///< of each variable; splines need 4
  Atom kind = Atom::spline;
  int sweeps = 40;             ///< over all variables; it ends earlier where the error no longer falls
  double ridge = 1e-10;        ///< on coefficients, for targets of unit variance and each sample
  std::uint64_t seed = 0;
};

/// A separable function on a box; beyond its border it goes on as on the border. An immutable value.
class SeparableFunction {
 public:
  using Index = Eigen::Index;

  /// `coefficients`: atoms x rank for each variable, side by side.
  SeparableFunction(Separable options, Eigen::VectorXd lower, Eigen::VectorXd upper, Eigen::MatrixXd coefficients)
      : options_(options), lower_(std::move(lower)), upper_(std::move(upper)), coefficients_(std::move(coefficients)) {
    using almagest::detail::check_lengths;
    check_lengths("SeparableFunction", "upper", upper_.size(), "lower", lower_.size());
    check_lengths("SeparableFunction", "coefficients (rows)", coefficients_.rows(), "the atoms", options_.atoms);
    check_lengths("SeparableFunction", "coefficients (columns)", coefficients_.cols(), "rank times variables",
                  options_.rank * lower_.size());
  }

  Index dimension() const { return lower_.size(); }
  Index parameter_count() const { return coefficients_.size(); }
  const Eigen::MatrixXd& coefficients() const { return coefficients_; }

  template <typename State>
  double operator()(const State& x) const {
    Eigen::ArrayXd values = Eigen::ArrayXd::Ones(options_.rank), atoms(options_.atoms);
    for (Index d = 0; d < dimension(); ++d) {
      evaluate_atoms(x[d], d, atoms);
      values *= (coefficients_.middleCols(d * options_.rank, options_.rank).transpose() * atoms.matrix()).array();
    }
    return values.sum();
  }

  /// All atoms of variable d at x.
  template <typename Out>
  void evaluate_atoms(double x, Index d, Out&& out) const {
    const double unit = std::clamp((x - lower_[d]) / (upper_[d] - lower_[d]), 0.0, 1.0);
    const Index n = options_.atoms;
    if (options_.kind == Atom::radial) {
      for (Index j = 0; j < n; ++j) {
        const double apart = unit * double(n - 1) - double(j);
        out[j] = std::exp(-0.5 * apart * apart);
      }
      return;
    }
    out.setZero();
    const double place = unit * double(n - 3);
    const Index first = std::min<Index>(Index(place), n - 4);
    const double t = place - double(first), s = 1 - t;
    out[first] = s * s * s / 6;
    out[first + 1] = (4 + 3 * t * t * (t - 2)) / 6;
    out[first + 2] = (4 + 3 * s * s * (s - 2)) / 6;
    out[first + 3] = t * t * t / 6;
  }

 private:
  Separable options_;
  Eigen::VectorXd lower_, upper_;
  Eigen::MatrixXd coefficients_;
};

namespace detail {

inline void check(const Separable& options) {
  using almagest::detail::text;
  if (options.rank < 1) throw InvalidArgument(text("Separable: rank is ", options.rank, "; give at least 1."));
  const Eigen::Index least = options.kind == Atom::spline ? 4 : 2;
  if (options.atoms < least)
    throw InvalidArgument(text("Separable: atoms is ", options.atoms, "; give at least ", least, '.'));
  if (options.sweeps < 1) throw InvalidArgument(text("Separable: sweeps is ", options.sweeps, "; give at least 1."));
  check_ridge("Separable", options.ridge);
}

/// The values of all atoms at all samples, and the products of the terms' functions so far.
template <typename Real>
class AlternatingLeastSquares {
 public:
  using Index = Eigen::Index;
  using Matrix = Eigen::MatrixX<Real>;
  using Vector = Eigen::VectorX<Real>;

  AlternatingLeastSquares(const Matrix& x, const Separable& options, const Vector& lower,
                          const Vector& upper)
      : options_(options), lower_(lower), upper_(upper), dimension_(x.rows()), samples_(x.cols()) {
    const SeparableFunction grid(options, lower, upper, Matrix::Zero(options.atoms, options.rank * x.rows()));
    for (Index d = 0; d < dimension_; ++d) {
      atoms_.emplace_back(options.atoms, samples_);
      for (Index k = 0; k < samples_; ++k) grid.evaluate_atoms(x(d, k), d, atoms_.back().col(k));
    }
  }

  /// Returns the function and the mean square of its error; calls `beat` with the share of the sweeps done.
  std::pair<SeparableFunction, double> fit(const Vector& y, RandomStream& random, const auto& beat) {
    const Index rank = options_.rank;
    coefficients_ =
        Matrix::NullaryExpr(options_.atoms, rank * dimension_, [&] { return 1 + 0.5 * random.normal(); });
    double error = y.squaredNorm() / double(samples_);
    for (int sweep = 0; sweep < options_.sweeps; ++sweep) {
      const double before = error;
      for (Index d = 0; d < dimension_; ++d) {
        error = solve(d, y);
        beat((sweep + double(d + 1) / double(dimension_)) / options_.sweeps);
      }
      if (error <= 1e-26 * y.squaredNorm() / double(samples_) || (sweep > 2 && before - error < 1e-9 * before)) break;
    }
    return {SeparableFunction(options_, lower_, upper_, coefficients_), error};
  }

 private:
  auto own(Index d) { return coefficients_.middleCols(d * options_.rank, options_.rank); }

  /// The linear problem of variable d; the other functions get unit size, so that it carries the size of the terms.
  double solve(Index d, const Vector& y) {
    const Index rank = options_.rank, n = options_.atoms;
    Matrix others = Matrix::Ones(rank, samples_);
    for (Index e = 0; e < dimension_; ++e) {
      if (e == d) continue;
      Matrix values = own(e).transpose() * atoms_[std::size_t(e)];
      for (Index r = 0; r < rank; ++r) {
        const double size = values.row(r).norm() / std::sqrt(double(samples_));
        if (!(size > 0)) continue;
        values.row(r) /= size;
        coefficients_.col(e * rank + r) /= size;
      }
      others.array() *= values.array();
    }
    Readout<Real> readout(rank * n, 1);
    for (Index k = 0; k < samples_; ++k) {
      auto row = readout.row();
      for (Index r = 0; r < rank; ++r) row.segment(r * n, n) = others(r, k) * atoms_[std::size_t(d)].col(k).transpose();
      row[rank * n] = y[k];
      readout.take();
    }
    const Matrix solution =
        readout.solve(options_.ridge * double(samples_) * y.squaredNorm() / double(samples_));
    own(d) = solution.reshaped(n, rank);
    const Eigen::RowVectorX<Real> fitted =
        (own(d).transpose() * atoms_[std::size_t(d)]).cwiseProduct(others).colwise().sum();
    return (fitted.transpose() - y).squaredNorm() / double(samples_);
  }

  Separable options_;
  Vector lower_, upper_;
  Index dimension_, samples_;
  std::vector<Matrix> atoms_;
  Matrix coefficients_;
};

}  // namespace detail

/// Fits values y at the columns of x, on the box of x.
///
/// \throws InvalidArgument for impossible options or a variable of one value; DimensionMismatch; NonFiniteData.
template <std::same_as<Separable> Options = Separable>
SeparableFunction fit_separable(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Options& options = {}) {
  detail::check(options);
  almagest::detail::check_lengths("fit_separable", "y", y.size(), "x (samples)", x.cols());
  almagest::detail::check_finite("fit_separable", "x", x);
  almagest::detail::check_finite("fit_separable", "y", y.transpose());
  const Eigen::VectorXd lower = x.rowwise().minCoeff(), upper = x.rowwise().maxCoeff();
  for (Eigen::Index d = 0; d < x.rows(); ++d)
    if (!(upper[d] > lower[d]))
      throw InvalidArgument(
          almagest::detail::text("fit_separable: variable ", d, " has the one value ", lower[d], "; leave it out."));
  RandomStream random(options.seed);
  return detail::AlternatingLeastSquares<double>(x, options, lower, upper).fit(y, random, [](double) {}).first;
}

/// What defines a separable map: a function for each component of the increment.
struct SeparableParts {
  Separable options;
  TrainingFacts training;
  Eigen::MatrixXd coefficients;  ///< of the components' functions, side by side
  std::vector<std::string> warnings;
};

/// The map \f$ x_{k+1} = x_k + f(x_k) \f$ with a separable function for each component: an immutable value.
class SeparableModel {
 public:
  using Scalar = double;
  using Vector = Eigen::VectorXd;

  explicit SeparableModel(SeparableParts parts) : parts_(std::move(parts)) {
    const Eigen::Index d = dimension(), each = parts_.options.rank * d;
    almagest::detail::check_lengths("SeparableModel", "coefficients (columns)", parts_.coefficients.cols(),
                                    "all components", each * d);
    for (Eigen::Index i = 0; i < d; ++i)
      functions_.emplace_back(parts_.options, parts_.training.lower, parts_.training.upper,
                              parts_.coefficients.middleCols(i * each, each));
  }

  const SeparableParts& parts() const { return parts_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return parts_.coefficients.size(); }
  /// Of a step.
  double flops() const { return 2.0 * double(parts_.coefficients.size()); }

  template <typename In, std::same_as<double> Real>
  void step(const In& in, Eigen::VectorX<Real>& out) const {
    out = in;
    for (Eigen::Index i = 0; i < dimension(); ++i) out[i] += functions_[std::size_t(i)](in);
  }
  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  template <std::same_as<double> Real = double>
  Forecast<Real> forecast(const TrajectoryView<std::type_identity_t<Real>>& history, Eigen::Index steps) const {
    const double time_step = almagest::detail::check_history(parts_.training, 1, history, steps,
                                                             "neural::SeparableModel::forecast");
    almagest::detail::ForecastRecorder<Real> recorder(parts_.training, history, time_step, steps);
    Eigen::VectorX<Real> x = history[history.size() - 1], next(dimension());
    for (Eigen::Index k = 0; k < steps; ++k) {
      step(x, next);
      if (!recorder.add(next)) break;
      x.swap(next);
    }
    return std::move(recorder).finish();
  }

 private:
  SeparableParts parts_;
  std::vector<SeparableFunction> functions_;
};

static_assert(Forecaster<SeparableModel>);

namespace detail {

template <std::same_as<double> Real>
SeparableModel fit_separable_map(const std::vector<TrajectoryView<Real>>& several, const Separable& options,
                                 const Progress& progress) {
  using almagest::detail::text;
  check(options);
  SeparableParts parts;
  parts.options = options;
  parts.training = uniform_facts(several, "neural::fit(Separable)");
  const Eigen::Index d = parts.training.dimension;
  Eigen::Index pairs = 0;
  for (const auto& run : several) pairs += std::max<Eigen::Index>(run.size() - 1, 0);
  if (pairs == 0) throw InvalidArgument("neural::fit(Separable): no run has 2 samples; give longer runs.");
  for (Eigen::Index i = 0; i < d; ++i)
    if (!(parts.training.upper[i] > parts.training.lower[i]))
      throw InvalidArgument(text("neural::fit(Separable): component ", i, " has the one value ",
                                 parts.training.lower[i], "; leave it out."));
  Eigen::MatrixX<Real> x(d, pairs), change(d, pairs);
  Eigen::Index at = 0;
  for (const auto& run : several) {
    const Eigen::Index count = run.size() - 1;
    if (count < 1) continue;
    x.middleCols(at, count) = run.states().leftCols(count);
    change.middleCols(at, count) = run.states().rightCols(count) - run.states().leftCols(count);
    at += count;
  }
  if (pairs < options.rank * options.atoms)
    parts.warnings.push_back(text(pairs, " samples cannot determine ", options.rank * options.atoms,
                                  " coefficients of a variable; the fit leans on the ridge."));
  AlternatingLeastSquares<Real> solver(x, options, parts.training.lower, parts.training.upper);
  RandomStream random(options.seed);
  parts.coefficients.resize(options.atoms, options.rank * d * d);
  almagest::detail::Pulse pulse(progress, "neural::fit(Separable)", double(d));
  for (Eigen::Index i = 0; i < d; ++i) {
    parts.coefficients.middleCols(i * options.rank * d, options.rank * d) =
        solver.fit(change.row(i).transpose(), random, [&](double share) { pulse.beat(share); }).first.coefficients();
    pulse.reached(double(i + 1));
  }
  return SeparableModel(std::move(parts));
}

}  // namespace detail

/// Learns a separable map from runs. \throws InvalidArgument for impossible options, non-uniform times, a component
/// that never changes; DimensionMismatch where runs differ; Cancelled.
template <typename Data>
requires requires(const Data& data) { runs(data); }
SeparableModel fit(const Separable& options, const Data& data, const Progress& progress = {}) {
  return detail::fit_separable_map(runs(data), options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
