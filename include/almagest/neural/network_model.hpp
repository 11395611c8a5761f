// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/improved_stnn.hpp"
#include "almagest/neural/layer.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/rollout.hpp"
#include "almagest/neural/stnn_layer.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A multilayer perceptron: dense layers with an activation between them.
struct Mlp {
  std::vector<Eigen::Index> hidden = {64, 64};
  Activation activation = Activation::tanh;
};

/// A structured network; see StnnLayer.
struct Stnn {
  StnnOptions options;
};

/// The networks that files know.
using Architecture = std::variant<Mlp, Stnn>;

/// The layers of an architecture on states of a dimension.
///
/// \throws InvalidArgument for layers without units, and as StnnLayer and SmoothStnnLayer.
template <typename Scalar>
Network<Scalar> network(const Architecture& architecture, Eigen::Index dimension) {
  std::vector<std::shared_ptr<const Layer<Scalar>>> layers;
  if (const auto* stnn = std::get_if<Stnn>(&architecture)) {
    if (!stnn->options.improved) {
      layers.push_back(std::make_shared<StnnLayer<Scalar>>(dimension, stnn->options));
      return Network<Scalar>(std::move(layers));
    }
    if (stnn->options.head < 1)
      throw InvalidArgument(
          almagest::detail::text("StNN: the head has ", stnn->options.head, " units; give at least 1."));
    layers.push_back(std::make_shared<SmoothStnnLayer<Scalar>>(dimension, stnn->options));
    layers.push_back(std::make_shared<ResidualHead<Scalar>>(dimension, stnn->options.head));
    if (stnn->options.scaled) layers.push_back(std::make_shared<LearnedScale<Scalar>>(dimension));
    return Network<Scalar>(std::move(layers));
  }
  const Mlp& mlp = std::get<Mlp>(architecture);
  Eigen::Index width = dimension;
  for (const Eigen::Index units : mlp.hidden) {
    if (units < 1)
      throw InvalidArgument(almagest::detail::text("Mlp: a hidden layer has ", units, " units; give at least 1."));
    layers.push_back(std::make_shared<Dense<Scalar>>(width, units));
    layers.push_back(std::make_shared<Pointwise<Scalar>>(mlp.activation, units));
    width = units;
  }
  layers.push_back(std::make_shared<Dense<Scalar>>(width, dimension));
  return Network<Scalar>(std::move(layers));
}

#if ALMAGEST_INSTANTIATED
// Layers are virtual: made where they are compiled once, they give the same bits to whoever loads them.
extern template ALMAGEST_EXPORT Network<float> network(const Architecture&, Eigen::Index);
extern template ALMAGEST_EXPORT Network<double> network(const Architecture&, Eigen::Index);
#endif

/// What defines a trained network map.
template <typename Scalar = double>
struct NetworkParts {
  Architecture architecture;
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::VectorX<Scalar> scale;       ///< of the network's output, in normalized units
  Eigen::VectorX<Scalar> parameters;
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

/// The map \f$ x_{k+1} = x_k + \sigma\, a \circ \text{net}((x_k - \mu) / \sigma) \f$ with a trained network:
/// an immutable value.
///
/// It is a Stepper: with a workspace a step of a perceptron allocates nothing.
template <typename Scalar_ = double>
class NetworkModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit NetworkModel(NetworkParts<Scalar> parts)
      : parts_(std::move(parts)), network_(network<Scalar>(parts_.architecture, parts_.training.dimension)) {
    almagest::detail::check_lengths("NetworkModel", "parameters", parts_.parameters.size(), "the architecture",
                                    network_.parameters());
    almagest::detail::check_lengths("NetworkModel", "scale", parts_.scale.size(), "the state",
                                    parts_.training.dimension);
  }

  const NetworkParts<Scalar>& parts() const { return parts_; }
  const Network<Scalar>& net() const { return network_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return network_.parameters(); }
  /// Of a step.
  double flops() const { return network_.flops() + 6 * double(dimension()); }

  struct Workspace {
    Matrix z;
    typename Network<Scalar>::Pass pass;
  };
  Workspace workspace() const { return {Matrix(dimension(), 1), network_.pass(1)}; }
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    workspace.z.col(0) = parts_.normalization.apply(in);
    network_.forward(parts_.parameters, workspace.z, workspace.pass);
    out = in;
    out.array() += parts_.normalization.deviation.array() * parts_.scale.array() *
                   workspace.pass.result().col(0).array();
  }
  /// The last sample of a history: all that a forecast begins with.
  Vector lift(const TrajectoryView<Scalar>& history) const { return history[history.size() - 1]; }
  /// The changes of the state after a step for those before it, the columns of `v`.
  void tangent(const Vector& in, const Matrix& v, Matrix& out) const {
    Matrix z(dimension(), 1);
    z.col(0) = parts_.normalization.apply(in);
    const Matrix repeated = z.replicate(1, v.cols());
    auto pass = network_.pass(v.cols());
    network_.forward(parts_.parameters, repeated, pass);
    const Matrix directions = parts_.normalization.deviation.cwiseInverse().asDiagonal() * v;
    out = network_.tangent(parts_.parameters, repeated, pass, directions);
    out = (v + parts_.normalization.deviation.cwiseProduct(parts_.scale).asDiagonal() * out).eval();
  }
  /// The Jacobian of a step.
  void jacobian(const Vector& in, Matrix& J) const { tangent(in, Matrix::Identity(dimension(), dimension()), J); }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double time_step = almagest::detail::check_history(parts_.training, 1, history, steps,
                                                             "neural::NetworkModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, time_step, steps);
    Vector x = history[history.size() - 1], next(dimension());
    Workspace space = workspace();
    for (Eigen::Index k = 0; k < steps; ++k) {
      step(x, next, space);
      if (!recorder.add(next)) break;
      x.swap(next);
    }
    return std::move(recorder).finish();
  }

 private:
  NetworkParts<Scalar> parts_;
  Network<Scalar> network_;
};

static_assert(Forecaster<NetworkModel<double>> && Stepper<NetworkModel<double>>);

namespace detail {

/// Standard deviations of the increments of normalized states.
template <typename Scalar>
Eigen::VectorX<Scalar> increments(const Samples<Scalar>& data) {
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(data.runs.front().rows());
  double count = 0;
  for (const auto& run : data.runs) {
    if (run.cols() < 2) continue;
    squares +=
        (run.rightCols(run.cols() - 1) - run.leftCols(run.cols() - 1)).template cast<double>().rowwise().squaredNorm();
    count += double(run.cols() - 1);
  }
  return (squares / count).cwiseSqrt().cwiseMax(1e-12).template cast<Scalar>();
}

template <typename Scalar>
NetworkModel<Scalar> fit_network(const Architecture& architecture, const std::vector<TrajectoryView<Scalar>>& several,
                                 const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                                 const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit";
  check(options);
  NetworkParts<Scalar> parts;
  parts.architecture = architecture;
  parts.training = uniform_facts(several, what);
  check_validation(validation, parts.training, options.rollout, what);
  parts.normalization = normalization(several);
  const Samples<Scalar> data(several, parts.normalization, options.rollout);
  if (data.starts.empty())
    throw InvalidArgument(text(what, ": no run has more than ", options.rollout,
                               " samples, which a rollout needs; give longer runs or a shorter rollout."));
  const Samples<Scalar> held(validation, parts.normalization, options.rollout);
  parts.scale = increments(data);
  const Network<Scalar> net = network<Scalar>(architecture, parts.training.dimension);
  RolloutObjective<Scalar> objective(net, parts.scale, options, data, held);
  RandomStream start(options.seed);
  auto trained = train<Scalar>(objective, net.initial(start), options, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  parts.warnings = std::move(trained.warnings);
  warn_of_constants(parts.training, parts.warnings);
  return NetworkModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT NetworkModel<float> fit_network(const Architecture&,
                                                                const std::vector<TrajectoryView<float>>&,
                                                                const std::vector<TrajectoryView<float>>&,
                                                                const Training&, const Progress&);
extern template ALMAGEST_EXPORT NetworkModel<double> fit_network(const Architecture&,
                                                                 const std::vector<TrajectoryView<double>>&,
                                                                 const std::vector<TrajectoryView<double>>&,
                                                                 const Training&, const Progress&);
#endif

}  // namespace detail

/// Trains a network on runs; `validation` are runs that it never learns from.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than a rollout;
///         DimensionMismatch where runs differ; ConvergenceFailure where training diverges at once;
///         Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const Architecture& architecture, const Data& data, const Training& options = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_network<typename View::Matrix::Scalar>(architecture, several, std::vector<View>{}, options,
                                                            progress);
}
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const Architecture& architecture, const Data& data, const Validation& validation, const Training& options,
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_network<typename View::Matrix::Scalar>(architecture, several, runs(validation), options, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
