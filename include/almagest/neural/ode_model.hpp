// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What all models in continuous time share: the vector field, its Jacobian, steps, forecasts, training.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/integrate/state.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/ode_objective.hpp"
#include "almagest/neural/rates_objective.hpp"
#include "almagest/neural/step_map.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// What defines a trained vector field, beside its architecture: of normalized states
/// \f$ z = (x - \mu) / \sigma \f$ the rate is \f$ \dot z = a \circ \text{net}(z) \f$.
template <typename Scalar = double>
struct OdeParts {
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::VectorX<Scalar> scale;       ///< a, per unit of time
  double longest = 0;                 ///< step of the method in training, at most
  Eigen::VectorX<Scalar> parameters;
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

namespace detail {

/// The workspace of a vector field's evaluations on this thread. Evaluations come in series of one field.
template <typename Scalar>
typename Network<Scalar>::Pass& pass_of(const Network<Scalar>& field, Eigen::Index batch) {
  struct Kept {
    std::shared_ptr<const Layer<Scalar>> of;  // kept alive, so that its address is nobody else's
    Eigen::Index batch = 0;
    typename Network<Scalar>::Pass pass;
  };
  thread_local Kept kept;
  if (kept.of != field.layers().front() || kept.batch != batch)
    kept = {field.layers().front(), batch, field.pass(batch)};
  return kept.pass;
}

template <typename Element>
concept Dual = requires(const Element& x) { x.value(); x.derivatives(); };

}  // namespace detail

/// A trained vector field with a method: an immutable value.
///
/// It is a vector field in Boost.Odeint's form, on numbers or dual numbers, with its own `jacobian`, so that
/// `integrate` and the Lyapunov spectrum take it; a Stepper at the time step of its training; and a
/// Forecaster. Copies share the network. Several threads may evaluate it.
template <typename Parts>
class OdeModel {
 public:
  using Scalar = typename decltype(Parts::parameters)::Scalar;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  const Parts& parts() const { return parts_; }
  /// The rates of normalized states.
  const Network<Scalar>& field() const { return field_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  std::size_t size() const { return std::size_t(dimension()); }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return field_.parameters(); }
  /// Of an evaluation of the vector field.
  double flops() const { return field_.flops() + 4 * double(dimension()); }

  /// Writes dx/dt of the state x. A dual number's derivatives follow by Jacobian-vector products.
  template <typename State, typename Rate, typename Time>
  void operator()(const State& x, Rate& dxdt, const Time&) const {
    using almagest::detail::element;
    using Element = almagest::detail::ElementOf<const State>;
    const auto& [mean, deviation] = parts_.normalization;
    const auto entry = [&](Eigen::Index i) -> decltype(auto) { return element(x, std::size_t(i)); };
    if constexpr (detail::Dual<Element>) {
      const Eigen::Index width = entry(0).derivatives().size();
      Matrix z(dimension(), std::max<Eigen::Index>(width, 1)), directions(dimension(), width);
      for (Eigen::Index i = 0; i < dimension(); ++i) {
        z.row(i).setConstant((entry(i).value() - mean[i]) / deviation[i]);
        directions.row(i) = entry(i).derivatives().transpose() / deviation[i];
      }
      auto& pass = detail::pass_of(field_, z.cols());
      field_.forward(parts_.parameters, z, pass);
      const Matrix changes = width > 0 ? field_.tangent(parts_.parameters, z, pass, directions) : directions;
      for (Eigen::Index i = 0; i < dimension(); ++i) {
        auto& rate = element(dxdt, std::size_t(i));
        rate.value() = deviation[i] * pass.result()(i, 0);
        rate.derivatives() = deviation[i] * changes.row(i).transpose();
      }
    } else {
      thread_local Matrix z;
      z.resize(dimension(), 1);
      for (Eigen::Index i = 0; i < dimension(); ++i) z(i, 0) = (Scalar(entry(i)) - mean[i]) / deviation[i];
      auto& pass = detail::pass_of(field_, 1);
      field_.forward(parts_.parameters, z, pass);
      for (Eigen::Index i = 0; i < dimension(); ++i)
        element(dxdt, std::size_t(i)) = Element(deviation[i] * pass.result()(i, 0));
    }
  }
  /// The Jacobian of the vector field, exact to rounding.
  template <typename State, typename Time>
  void jacobian(const State& x, Matrix& J, const Time&) const {
    const auto& [mean, deviation] = parts_.normalization;
    const Eigen::Index d = dimension();
    Matrix z(d, d);
    for (Eigen::Index i = 0; i < d; ++i)
      z.row(i).setConstant((Scalar(almagest::detail::element(x, std::size_t(i))) - mean[i]) / deviation[i]);
    auto& pass = detail::pass_of(field_, d);
    field_.forward(parts_.parameters, z, pass);
    const Matrix directions = deviation.cwiseInverse().asDiagonal();
    J = deviation.asDiagonal() * field_.tangent(parts_.parameters, z, pass, directions);
  }

  struct Workspace {
    StepPass<Scalar> pass;
    Matrix z, next;
    Eigen::RowVectorX<Scalar> step;
  };
  Workspace workspace() const {
    return {map_->pass(1), Matrix(dimension(), 1), Matrix(dimension(), 1), Eigen::RowVectorX<Scalar>(1)};
  }
  /// The state one time step of the training later (the longest interval, where times were not uniform).
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    advance(in, out, training().step.value_or(parts_.longest), workspace);
  }
  /// The state after any interval, by steps of the method no longer than those of the training.
  void advance(const Vector& in, Vector& out, double interval, Workspace& workspace) const {
    const double count = std::max(1.0, std::ceil(interval / parts_.longest * (1 - 1e-9)));
    workspace.step[0] = Scalar(interval / count);
    workspace.z = parts_.normalization.apply(in);
    for (double k = 0; k < count; ++k) {
      map_->forward(parts_.parameters, workspace.z, workspace.step, workspace.pass, workspace.next);
      workspace.z.swap(workspace.next);
    }
    out = parts_.normalization.undo(workspace.z.col(0));
  }

  /// Continues a history at its time step, by the method that the field was trained through.
  ///
  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double interval =
        almagest::detail::check_history(parts_.training, 1, history, steps, "neural::OdeModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, interval, steps);
    Vector x = history[history.size() - 1], next(dimension());
    Workspace space = workspace();
    for (Eigen::Index k = 0; k < steps; ++k) {
      try {
        advance(x, next, interval, space);
      } catch (const ConvergenceFailure&) {
        recorder.diverge(": the method finds no step that is small enough");
        break;
      }
      if (!recorder.add(next)) break;
      x.swap(next);
    }
    return std::move(recorder).finish();
  }

 protected:
  // By reference: what moved here while the other arguments read it would leave them nothing.
  OdeModel(Parts&& parts, Network<Scalar> field, std::shared_ptr<const StepMap<Scalar>> map)
      : parts_(std::move(parts)), field_(std::move(field)), map_(std::move(map)) {
    using almagest::detail::check_lengths;
    check_lengths("neural::OdeModel", "parameters", parts_.parameters.size(), "the architecture", field_.parameters());
    check_lengths("neural::OdeModel", "scale", parts_.scale.size(), "the state", parts_.training.dimension);
    if (!(parts_.longest > 0))
      throw InvalidArgument(
          almagest::detail::text("neural::OdeModel: longest is ", parts_.longest, "; give a positive step."));
  }

 private:
  Parts parts_;
  Network<Scalar> field_;
  std::shared_ptr<const StepMap<Scalar>> map_;
};

namespace detail {

/// The facts of runs whose times may be anything: a common step where there is one.
template <typename Scalar>
TrainingFacts any_facts(const std::vector<TrajectoryView<Scalar>>& several, const char* what) {
  std::optional<double> step;
  for (const auto& run : several) {
    if (run.size() < 2) continue;
    const double h = run.times().is_uniform() ? run.times().step() : 0;
    if (!(h > 0) || (step && std::abs(h - *step) > 1e-6 * *step)) {
      step.reset();
      break;
    }
    if (!step) step = h;
  }
  return almagest::detail::training_facts(several, step, what);
}

/// Whatever a fit through a method does before it has a network: facts, normalization, scales.
///
/// \throws InvalidArgument for runs shorter than a window; DimensionMismatch where runs differ.
template <typename Scalar>
struct OdeData {
  TrainingFacts facts;
  Normalization<Scalar> normal;
  TimedSamples<Scalar> data, held;
  Eigen::VectorX<Scalar> unit, rates;
  double longest = 0;

  OdeData(const std::vector<TrajectoryView<Scalar>>& several, const std::vector<TrajectoryView<Scalar>>& validation,
          Eigen::Index rollout, Eigen::Index substeps, const char* what)
      : facts(any_facts(several, what)), normal(normalization(several)),
        data(several, normal, rollout), held(same_dimension(validation, facts, what), normal, rollout) {
    using almagest::detail::text;
    if (substeps < 1) throw InvalidArgument(text(what, ": substeps is ", substeps, "; give at least 1."));
    if (data.starts.empty())
      throw InvalidArgument(text(what, ": no run has more than ", rollout,
                                 " samples, which a rollout needs; give longer runs or a shorter rollout."));
    std::tie(unit, rates) = scales(data);
    for (const auto& intervals : data.intervals)
      if (intervals.size() > 0) longest = std::max(longest, double(intervals.maxCoeff()) / double(substeps));
  }

  /// Moves what a model keeps of them.
  void hand_over(OdeParts<Scalar>& parts) {
    warn_of_constants(facts, parts.warnings);
    parts.training = std::move(facts);
    parts.normalization = std::move(normal);
    parts.longest = longest;
  }

 private:
  static const std::vector<TrajectoryView<Scalar>>& same_dimension(
      const std::vector<TrajectoryView<Scalar>>& validation, const TrainingFacts& facts, const char* what) {
    for (const auto& run : validation)
      almagest::detail::check_lengths(what, "the state of a validation run", run.dimension(), "the training runs",
                                      facts.dimension);
    return validation;
  }
};

/// Trains the field by an objective and keeps what came of it.
template <typename Scalar>
void descend(Objective<Scalar>& objective, const Network<Scalar>& field, const Training& options,
             const Progress& progress, OdeParts<Scalar>& parts) {
  RandomStream start(options.seed);
  auto trained = train<Scalar>(objective, field.initial(start), options, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  parts.warnings = std::move(trained.warnings);
}

/// A network with a fixed layer behind it.
template <typename Scalar>
Network<Scalar> followed_by(std::vector<std::shared_ptr<const Layer<Scalar>>> layers,
                            std::shared_ptr<const Layer<Scalar>> last) {
  layers.push_back(std::move(last));
  return Network<Scalar>(std::move(layers));
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::neural
