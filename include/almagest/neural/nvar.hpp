// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/polynomial_features.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/readout.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// Nonlinear vector autoregression, the next-generation reservoir (Gauthier, Bollt, Griffith & Barbosa
/// 2021, https://doi.org/10.1038/s41467-021-25801-2): the increment of the state is a polynomial of the
/// last `delays` samples, `stride` apart, found by ridge regression.
struct Nvar {
  Eigen::Index delays = 2;
  Eigen::Index stride = 1;
  int degree = 0;       ///< 0: 2 where that makes no more than 1000 features, else 1
  double ridge = 1e-6;  ///< weight of the readout's squares beside the sum of squared errors
};

template <typename Scalar = double>
struct NvarParts {
  Nvar options;
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::MatrixX<Scalar> readout;  ///< dimension x features: normalized increments
  std::vector<std::string> warnings;
};

/// A fitted NVAR: an immutable value. A step costs the features and a product with the readout.
template <typename Scalar_ = double>
class NvarModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;

  explicit NvarModel(NvarParts<Scalar> parts)
      : parts_(std::move(parts)),
        monomials_({.degree = parts_.options.degree}, parts_.training.dimension * parts_.options.delays) {
    almagest::detail::check_lengths("NvarModel", "readout (rows)", parts_.readout.rows(), "the state",
                                    parts_.training.dimension);
    almagest::detail::check_lengths("NvarModel", "readout (columns)", parts_.readout.cols(), "the features",
                                    monomials_.size());
  }

  const NvarParts<Scalar>& parts() const { return parts_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index context() const { return (parts_.options.delays - 1) * parts_.options.stride + 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return parts_.readout.size(); }
  double flops() const { return double(monomials_.size()) + 2.0 * double(parts_.readout.size()); }
  const features::Monomials& monomials() const { return monomials_; }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double step = almagest::detail::check_history(parts_.training, context(), history, steps,
                                                        "neural::Nvar::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, step, steps);
    Vector window = lift(history), next(window.size()), x(dimension());
    Workspace space = workspace();
    for (Eigen::Index k = 0; k < steps; ++k) {
      this->step(window, next, space);
      window.swap(next);
      x = parts_.normalization.undo(window.tail(dimension()));
      if (!recorder.add(x)) break;
    }
    return std::move(recorder).finish();
  }

  /// \name A Stepper on the last `context()` normalized samples, the newest last
  /// @{
  struct Workspace {
    Eigen::RowVectorX<Scalar> delayed, seen;
    Vector increment;
  };
  Workspace workspace() const {
    return {Eigen::RowVectorX<Scalar>(monomials_.dimension()), Eigen::RowVectorX<Scalar>(monomials_.size()),
            Vector(dimension())};
  }
  Vector lift(const TrajectoryView<Scalar>& history) const {
    const Eigen::Index d = dimension(), c = context();
    Vector out(d * c);
    for (Eigen::Index k = 0; k < c; ++k)
      out.segment(k * d, d) = parts_.normalization.apply(history[history.size() - c + k]);
    return out;
  }
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    const Eigen::Index d = dimension(), older = in.size() - d;
    look(in, workspace);
    workspace.increment.noalias() = parts_.readout * workspace.seen.transpose();
    out.head(older) = in.tail(older);
    out.tail(d) = in.tail(d) + workspace.increment;
  }
  /// The changes of the samples after a step for those before it, the columns of `v`.
  void tangent(const Vector& in, const Eigen::MatrixX<Scalar>& v, Eigen::MatrixX<Scalar>& out) const {
    const Eigen::Index d = dimension(), older = in.size() - d;
    Workspace space = workspace();
    look(in, space);
    Eigen::MatrixX<Scalar> seen(monomials_.size(), v.cols());
    for (Eigen::Index f = 0; f < seen.rows(); ++f) {
      const Eigen::Index parent = monomials_.parent(f), variable = monomials_.variable(f);
      if (variable == monomials_.none) {
        seen.row(f).setZero();
        continue;
      }
      const auto change = v.row(older - variable / d * parts_.options.stride * d + variable % d);
      if (parent == monomials_.none)
        seen.row(f) = change;
      else
        seen.row(f) = space.delayed[variable] * seen.row(parent) + space.seen[parent] * change;
    }
    out.resize(v.rows(), v.cols());
    out.topRows(older) = v.bottomRows(older);
    out.bottomRows(d) = v.bottomRows(d) + parts_.readout * seen;
  }
  /// @}

 private:
  /// The features of a window.
  void look(const Vector& window, Workspace& workspace) const {
    const Eigen::Index d = dimension();
    for (Eigen::Index j = 0; j < parts_.options.delays; ++j)
      workspace.delayed.segment(j * d, d) =
          window.segment(window.size() - d - j * parts_.options.stride * d, d).transpose();
    monomials_.evaluate(workspace.delayed, workspace.seen);
  }

  NvarParts<Scalar> parts_;
  features::Monomials monomials_;
};

static_assert(Forecaster<NvarModel<double>> && Stepper<NvarModel<double>>);

namespace detail {

inline void check(const Nvar& options) {
  using almagest::detail::text;
  if (options.delays < 1) throw InvalidArgument(text("Nvar: delays is ", options.delays, "; give at least 1."));
  if (options.stride < 1) throw InvalidArgument(text("Nvar: stride is ", options.stride, "; give at least 1."));
  if (options.degree < 0) throw InvalidArgument(text("Nvar: degree is ", options.degree, "; give 0 or more."));
  check_ridge("Nvar", options.ridge);
}

/// Chooses a degree of 0, and refuses more features than a triangle can be made of.
inline void settle(Nvar& options, Eigen::Index dimension) {
  using almagest::detail::text;
  const double variables = double(dimension) * double(options.delays);
  if (options.degree == 0) options.degree = (variables + 1) * (variables + 2) / 2 <= 1000 ? 2 : 1;
  double features = 1;
  for (int k = 1; k <= options.degree; ++k) features *= (variables + k) / k;
  if (features > 20'000)
    throw InvalidArgument(text("Nvar: ", variables, " variables make ", almagest::detail::rounded(features, 3),
                               " products of degree ", options.degree,
                               ", more than the 20000 that are allowed; lower degree or delays."));
}

template <typename Scalar>
NvarModel<Scalar> fit_nvar(const std::vector<TrajectoryView<Scalar>>& several, Nvar options, const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit(Nvar)";
  check(options);
  NvarParts<Scalar> parts;
  parts.training = uniform_facts(several, what);
  settle(options, parts.training.dimension);
  parts.options = options;
  warn_of_constants(parts.training, parts.warnings);
  parts.normalization = normalization(several);
  const Eigen::Index d = parts.training.dimension, c = (options.delays - 1) * options.stride + 1;
  const features::Monomials monomials({.degree = options.degree}, d * options.delays);
  Readout<double> readout(monomials.size(), d);
  Eigen::MatrixXd row(1, d * options.delays), seen(1, monomials.size());
  almagest::detail::Pulse pulse(progress, what, double(parts.training.samples));
  double done = 0;
  for (std::size_t r = 0; r < several.size(); ++r) {
    const auto& run = several[r];
    if (run.size() <= c)
      throw InvalidArgument(text(what, ": run ", r, " has ", run.size(), " samples, but ", options.delays,
                                 " delays need at least ", c + 1, "; give longer runs or fewer delays."));
    for (Eigen::Index k = c - 1; k + 1 < run.size(); ++k) {
      for (Eigen::Index j = 0; j < options.delays; ++j)
        row.middleCols(j * d, d) =
            parts.normalization.apply(run[k - j * options.stride]).transpose().template cast<double>();
      monomials.evaluate(row, seen);
      auto next = readout.row();
      next.head(seen.cols()) = seen;
      next.tail(d) = (parts.normalization.apply(run[k + 1]) - parts.normalization.apply(run[k]))
                         .transpose()
                         .template cast<double>();
      readout.take();
      pulse.reached(done + double(k));
    }
    done += double(run.size());
  }
  pulse.reached(done);
  if (readout.rows() < monomials.size())
    parts.warnings.push_back(text(readout.rows(), " samples cannot determine ", monomials.size(),
                                  " features; the readout leans on the ridge."));
  parts.readout = readout.solve(options.ridge).transpose().template cast<Scalar>();
  return NvarModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT NvarModel<float> fit_nvar(const std::vector<TrajectoryView<float>>&, Nvar,
                                                          const Progress&);
extern template ALMAGEST_EXPORT NvarModel<double> fit_nvar(const std::vector<TrajectoryView<double>>&, Nvar,
                                                           const Progress&);
#endif

}  // namespace detail

/// Learns an NVAR from runs. Cost: \f$ 2 m n^2 \f$ flops for m samples and n features.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than the delays;
///         Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const Nvar& options, const Data& data, const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_nvar<Scalar>(several, options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
