// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/neural/normalization.hpp"
#include "almagest/neural/operator_network.hpp"
#include "almagest/neural/rollout.hpp"
#include "almagest/neural/training.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// What defines a trained operator. Mean, deviation and scale have an entry for each channel.
template <typename Scalar = double>
struct OperatorParts {
  Operator architecture;
  TrainingFacts training;
  Eigen::VectorX<Scalar> mean, deviation;
  Eigen::VectorX<Scalar> scale;  ///< of the increments, in normalized units
  Eigen::VectorX<Scalar> parameters;
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

namespace detail {

/// A number for each channel at every point.
template <typename Scalar>
Eigen::VectorX<Scalar> at_points(const Eigen::VectorX<Scalar>& channels, Eigen::Index points) {
  return channels.transpose().replicate(points, 1).reshaped();
}

}  // namespace detail

/// The map \f$ u_{k+1} = u_k + \sigma\, a\, \text{net}((u_k - \mu) / \sigma) \f$ of fields on a grid, with a trained
/// operator and \f$ \mu, \sigma, a \f$ for each channel: an immutable value.
///
/// It forecasts on the grid of its training. `on(grid)` is the same operator on the same axes with other points. A step
/// with a workspace allocates nothing as long as the products' blocks fit Eigen's stack (128 KiB; 256 points do).
template <typename Scalar_ = double>
class OperatorModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit OperatorModel(OperatorParts<Scalar> parts)
      : parts_(std::move(parts)), network_(network<Scalar>(parts_.architecture, channels(), grid())) {
    using almagest::detail::check_lengths;
    check_lengths("OperatorModel", "parameters", parts_.parameters.size(), "the architecture", network_.parameters());
    for (const auto* each : {&parts_.mean, &parts_.deviation, &parts_.scale})
      check_lengths("OperatorModel", "a normalization", each->size(), "the field (channels)", channels());
    mean_ = detail::at_points(parts_.mean, grid().size());
    inverse_ = detail::at_points<Scalar>(parts_.deviation.cwiseInverse(), grid().size());
    gain_ = detail::at_points<Scalar>(parts_.deviation.cwiseProduct(parts_.scale), grid().size());
  }

  const OperatorParts<Scalar>& parts() const { return parts_; }
  const Network<Scalar>& net() const { return network_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index context() const { return 1; }
  Eigen::Index channels() const { return dimension() / grid().size(); }
  const SpatialGrid& grid() const {
    if (!parts_.training.grid) throw InvalidArgument("OperatorModel: the training has no grid; give one.");
    return *parts_.training.grid;
  }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return network_.parameters(); }
  /// Of a step.
  double flops() const { return network_.flops() + 4 * double(dimension()); }

  /// The same operator on other points of the same axes.
  ///
  /// \throws InvalidArgument for other axes, or too few points for the modes.
  OperatorModel on(const SpatialGrid& other) const {
    using almagest::detail::text;
    if (std::holds_alternative<DeepOnet>(parts_.architecture))
      throw InvalidArgument(
          "OperatorModel::on: a DeepOnet sees the points of its training only; interpolate to that grid.");
    const auto &given = other.axes(), &own = grid().axes();
    if (given.size() != own.size())
      throw InvalidArgument(text("OperatorModel::on: a grid of ", given.size(), " axes, but the model was trained on ",
                                 own.size(), "; give as many."));
    for (std::size_t a = 0; a < own.size(); ++a)
      if (std::abs(given[a].length - own[a].length) > 1e-9 * own[a].length)
        throw InvalidArgument(text("OperatorModel::on: axis ", a, " has length ", given[a].length,
                                   ", but the model was trained on ", own[a].length,
                                   "; only the number of points may differ."));
    OperatorParts<Scalar> parts = parts_;
    TrainingFacts& facts = parts.training;
    const Eigen::Index points = grid().size(), count = channels();
    facts.grid = other;
    facts.dimension = count * other.size();
    facts.lower.resize(facts.dimension);
    facts.upper.resize(facts.dimension);
    for (Eigen::Index c = 0; c < count; ++c) {
      facts.lower.segment(c * other.size(), other.size())
          .setConstant(training().lower.segment(c * points, points).minCoeff());
      facts.upper.segment(c * other.size(), other.size())
          .setConstant(training().upper.segment(c * points, points).maxCoeff());
    }
    facts.names.clear();
    for (Eigen::Index i = 0; i < facts.dimension; ++i) facts.names.push_back(text("x", i));
    return OperatorModel(std::move(parts));
  }

  struct Workspace {
    Matrix z;
    typename Network<Scalar>::Pass pass;
  };
  Workspace workspace() const { return {Matrix(dimension(), 1), network_.pass(1)}; }
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    workspace.z.col(0) = (in - mean_).cwiseProduct(inverse_);
    network_.forward(parts_.parameters, workspace.z, workspace.pass);
    out = in + gain_.cwiseProduct(workspace.pass.result().col(0));
  }
  /// The Jacobian of a step times the columns of `directions`.
  Matrix tangent(const Vector& in, const Matrix& directions) const {
    Matrix z(dimension(), directions.cols());
    z.colwise() = Vector((in - mean_).cwiseProduct(inverse_));
    auto pass = network_.pass(z.cols());
    network_.forward(parts_.parameters, z, pass);
    const Matrix scaled = inverse_.asDiagonal() * directions;
    return directions + Matrix(gain_.asDiagonal() * network_.tangent(parts_.parameters, z, pass, scaled));
  }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training: another grid or time
  /// step;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double time_step = almagest::detail::check_history(parts_.training, 1, history, steps,
                                                             "neural::OperatorModel::forecast");
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
  OperatorParts<Scalar> parts_;
  Network<Scalar> network_;
  Vector mean_, inverse_, gain_;
};

namespace detail {

/// Means and standard deviations of channels over points and samples.
template <typename Scalar>
void normalize_channels(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index channels,
                        OperatorParts<Scalar>& parts) {
  const Eigen::Index points = several.front().dimension() / channels;
  parts.mean.resize(channels);
  parts.deviation.resize(channels);
  for (Eigen::Index c = 0; c < channels; ++c) {
    double sum = 0, squares = 0, count = 0;
    for (const auto& run : several) {
      sum += run.states().middleRows(c * points, points).template cast<double>().sum();
      count += double(points * run.size());
    }
    for (const auto& run : several)
      squares +=
          (run.states().middleRows(c * points, points).template cast<double>().array() - sum / count).square().sum();
    const double deviation = std::sqrt(squares / count);
    const bool moves = deviation > 1e-12 * (1 + std::abs(sum / count));
    parts.mean[c] = Scalar(sum / count);
    parts.deviation[c] = moves ? Scalar(deviation) : Scalar(1);
    if (!moves)
      parts.warnings.push_back(almagest::detail::text("channel ", c, " has the one value ", sum / count,
                                                      " everywhere; it is not scaled, leave it out of the state."));
  }
}

/// Standard deviations of the increments of normalized channels.
template <typename Scalar>
Eigen::VectorX<Scalar> channel_increments(const Samples<Scalar>& data, Eigen::Index channels) {
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(channels);
  const Eigen::Index points = data.runs.front().rows() / channels;
  double count = 0;
  for (const auto& run : data.runs) {
    if (run.cols() < 2) continue;
    for (Eigen::Index c = 0; c < channels; ++c) {
      const auto field = run.middleRows(c * points, points);
      squares[c] += double((field.rightCols(run.cols() - 1) - field.leftCols(run.cols() - 1)).squaredNorm());
    }
    count += double(points * (run.cols() - 1));
  }
  return (squares / count).cwiseSqrt().cwiseMax(1e-6).template cast<Scalar>();
}

/// Runs of fields on one grid.
template <typename Scalar>
void check_grids(const std::vector<TrajectoryView<Scalar>>& several, const TrainingFacts& facts, const char* named) {
  using almagest::detail::text;
  if (!facts.grid)
    throw InvalidArgument("neural::fit: the runs have no grid; an operator learns from fields, give trajectories with "
                          "info.grid, as spectral::solve returns them.");
  for (const auto& run : several) {
    almagest::detail::check_lengths("neural::fit", text("the state of a ", named).c_str(), run.dimension(),
                                    "the first training run", facts.dimension);
    if (run.info().grid && !(*run.info().grid == *facts.grid))
      throw InvalidArgument(text("neural::fit: a ", named,
                                 " lives on another grid than the first training run; interpolate all "
                                 "runs to one grid."));
  }
}

template <typename Scalar>
OperatorModel<Scalar> fit_operator(const Operator& architecture, const std::vector<TrajectoryView<Scalar>>& several,
                                   const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                                   const Progress& progress) {
  using almagest::detail::text;
  const char* what = "neural::fit";
  check(options);
  OperatorParts<Scalar> parts;
  parts.architecture = architecture;
  parts.training = uniform_facts(several, what);
  check_grids(several, parts.training, "run");
  check_grids(validation, parts.training, "validation run");
  const Eigen::Index points = parts.training.grid->size(), channels = parts.training.dimension / points;
  const Network<Scalar> net = network<Scalar>(architecture, channels, *parts.training.grid);
  normalize_channels(several, channels, parts);
  const Normalization<Scalar> everywhere{at_points(parts.mean, points), at_points(parts.deviation, points)};
  const Samples<Scalar> data(several, everywhere, options.rollout);
  if (data.starts.empty())
    throw InvalidArgument(text(what, ": no run has more than ", options.rollout,
                               " samples, which a rollout needs; give longer runs or a shorter rollout."));
  const Samples<Scalar> held(validation, everywhere, options.rollout);
  parts.scale = channel_increments(data, channels);
  // Passes of a few fields fill the cache, and are work enough for a thread.
  RolloutObjective<Scalar> objective(net, at_points(parts.scale, points), options, data, held, 4);
  RandomStream start(options.seed);
  auto trained = train<Scalar>(objective, net.initial(start), options, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  for (auto& each : trained.warnings) parts.warnings.push_back(std::move(each));
  return OperatorModel<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT OperatorModel<float> fit_operator(const Operator&,
                                                                  const std::vector<TrajectoryView<float>>&,
                                                                  const std::vector<TrajectoryView<float>>&,
                                                                  const Training&, const Progress&);
extern template ALMAGEST_EXPORT OperatorModel<double> fit_operator(const Operator&,
                                                                   const std::vector<TrajectoryView<double>>&,
                                                                   const std::vector<TrajectoryView<double>>&,
                                                                   const Training&, const Progress&);
#endif

}  // namespace detail

#if ALMAGEST_INSTANTIATED
extern template class ALMAGEST_EXPORT OperatorModel<float>;
extern template class ALMAGEST_EXPORT OperatorModel<double>;
#endif

static_assert(Forecaster<OperatorModel<double>> && Stepper<OperatorModel<double>>);

/// Trains an operator on runs of fields that carry their grid; `validation` are runs that it never learns from.
///
/// \throws InvalidArgument for impossible options, runs without a grid, on several grids or at non-uniform times, runs
///         shorter than a rollout; DimensionMismatch where runs differ; ConvergenceFailure where training diverges at
///         once; Cancelled where `progress` says so.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const Operator& architecture, const Data& data, const Training& options = {}, const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_operator<typename View::Matrix::Scalar>(architecture, several, std::vector<View>{}, options,
                                                             progress);
}
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const Operator& architecture, const Data& data, const Validation& validation, const Training& options,
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_operator<typename View::Matrix::Scalar>(architecture, several, runs(validation), options,
                                                             progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
