// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/pod.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A neural differential equation of the coordinates of a basis: the decoder is linear, the latent equation learned.
struct ReducedOde {
  Eigen::Index rank = 4;
  NeuralOde latent = {};
};

template <typename Scalar = double>
struct ReducedOdeParts {
  TrainingFacts training;
  PodBasis<Scalar> basis;
  NeuralOdeParts<Scalar> latent;  ///< of the coordinates
  std::vector<std::string> warnings;
};

/// States of many components that follow a differential equation of few coordinates: an immutable value.
template <typename Scalar_ = double>
class ReducedOdeModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;

  explicit ReducedOdeModel(ReducedOdeParts<Scalar> parts) : parts_(std::move(parts)), latent_(parts_.latent) {
    using almagest::detail::check_lengths;
    check_lengths("neural::ReducedOdeModel", "the modes", parts_.basis.modes.rows(), "the state",
                  parts_.training.dimension);
    check_lengths("neural::ReducedOdeModel", "the latent equation", latent_.dimension(), "the basis",
                  parts_.basis.rank());
  }

  const ReducedOdeParts<Scalar>& parts() const { return parts_; }
  const PodBasis<Scalar>& basis() const { return parts_.basis; }
  /// The vector field of the coordinates.
  const NeuralOdeModel<Scalar>& latent() const { return latent_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index rank() const { return parts_.basis.rank(); }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return latent_.parameter_count(); }
  /// Of an evaluation of the latent vector field; decoding a sample costs twice the modes' entries more.
  double flops() const { return latent_.flops(); }

  struct Workspace {
    typename NeuralOdeModel<Scalar>::Workspace latent;
    Vector a, next;
  };
  Workspace workspace() const { return {latent_.workspace(), Vector(rank()), Vector(rank())}; }
  void step(const Vector& in, Vector& out, Workspace& workspace) const {
    workspace.a = parts_.basis.encode(in);
    latent_.step(workspace.a, workspace.next, workspace.latent);
    out = parts_.basis.decode(workspace.next);
  }

  /// Continues the coordinates of the last sample.
  ///
  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double interval =
        almagest::detail::check_history(parts_.training, 1, history, steps, "neural::ReducedOdeModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, interval, steps);
    Workspace space = workspace();
    space.a = parts_.basis.encode(history[history.size() - 1]);
    for (Eigen::Index k = 0; k < steps; ++k) {
      latent_.advance(space.a, space.next, interval, space.latent);
      if (!recorder.add(parts_.basis.decode(space.next))) break;
      space.a.swap(space.next);
    }
    return std::move(recorder).finish();
  }

 private:
  ReducedOdeParts<Scalar> parts_;
  NeuralOdeModel<Scalar> latent_;
};

static_assert(Forecaster<ReducedOdeModel<double>> && Stepper<ReducedOdeModel<double>>);

namespace detail {

/// Runs in the coordinates of a basis.
template <typename Scalar>
std::vector<Trajectory<Scalar>> encoded(const PodBasis<Scalar>& basis,
                                        const std::vector<TrajectoryView<Scalar>>& several) {
  std::vector<Trajectory<Scalar>> out;
  for (const auto& run : several)
    out.emplace_back(run.times(),
                     Eigen::MatrixX<Scalar>(basis.modes.transpose() * (run.states().colwise() - basis.mean)));
  return out;
}

template <typename Scalar>
ReducedOdeModel<Scalar> fit_reduced_ode(const ReducedOde& architecture,
                                        const std::vector<TrajectoryView<Scalar>>& several,
                                        const std::vector<Eigen::MatrixX<Scalar>>& rates,
                                        const std::vector<TrajectoryView<Scalar>>& validation, const Training& options,
                                        const Progress& progress) {
  ReducedOdeParts<Scalar> parts;
  parts.training = any_facts(several, "neural::fit");
  parts.basis = pod(several, architecture.rank);
  const auto coordinates = encoded(parts.basis, several), held = encoded(parts.basis, validation);
  std::vector<Eigen::MatrixX<Scalar>> projected;
  for (const auto& rate : rates) {
    almagest::detail::check_lengths("neural::fit", "the rates of a run (components)", rate.rows(), "the state",
                                    parts.training.dimension);
    projected.push_back(parts.basis.modes.transpose() * rate);
  }
  const auto views = runs(coordinates), held_views = held.empty() ? std::vector<TrajectoryView<Scalar>>{} : runs(held);
  parts.latent = fit_neural_ode<Scalar>(architecture.latent, views, projected, held_views, options, progress).parts();
  parts.warnings = parts.latent.warnings;
  return ReducedOdeModel<Scalar>(std::move(parts));
}

/// The outputs of all hidden layers over samples, each units x samples.
template <typename Scalar>
std::vector<Eigen::MatrixX<Scalar>> activations_of(const NeuralOdeModel<Scalar>& model,
                                                   const std::vector<TrajectoryView<Scalar>>& several) {
  std::vector<Eigen::MatrixX<Scalar>> out(model.parts().architecture.hidden.size());
  Eigen::Index count = 0;
  for (const auto& run : several) count += run.size();
  Eigen::MatrixX<Scalar> z(model.dimension(), count);
  Eigen::Index at = 0;
  for (const auto& run : several)
    for (Eigen::Index k = 0; k < run.size(); ++k) z.col(at++) = model.parts().normalization.apply(run[k]);
  auto pass = model.field().pass(count);
  model.field().forward(model.parts().parameters, z, pass);
  for (std::size_t l = 0; l < out.size(); ++l) out[l] = std::move(pass.outputs[2 * l + 1]);
  return out;
}

template <typename Scalar>
ReducedOdeModel<Scalar> reduce(const NeuralOdeModel<Scalar>& model,
                               const std::vector<TrajectoryView<Scalar>>& snapshots, Eigen::Index rank,
                               Eigen::Index points) {
  using Matrix = Eigen::MatrixX<Scalar>;
  using Vector = Eigen::VectorX<Scalar>;
  using almagest::detail::text;
  if (points < 1) throw InvalidArgument(text("neural::reduce: points is ", points, "; give at least 1."));
  for (const auto& run : snapshots)
    almagest::detail::check_lengths("neural::reduce", "the state of a run", run.dimension(), "the model's state",
                                    model.dimension());
  const NeuralOdeParts<Scalar>& full = model.parts();
  const auto& [mean, deviation] = full.normalization;
  ReducedOdeParts<Scalar> out;
  out.training = full.training;
  out.basis = pod(snapshots, rank);
  out.latent.architecture = full.architecture;
  out.latent.longest = full.longest;
  out.latent.training = any_facts(runs(encoded(out.basis, snapshots)), "neural::reduce");
  out.latent.normalization = {Vector::Zero(rank), Vector::Ones(rank)};
  out.latent.scale = Vector::Ones(rank);
  // What the last layer's result is multiplied with from the left, and what a layer's input is made of.
  const auto hidden = activations_of(model, snapshots);
  Matrix input = deviation.cwiseInverse().asDiagonal() * out.basis.modes;
  Vector offset = (out.basis.mean - mean).cwiseQuotient(deviation);
  const Matrix output = out.basis.modes.transpose() * deviation.cwiseProduct(full.scale).asDiagonal();
  std::vector<Scalar> parameters;
  const auto append = [&](const auto& block) {
    parameters.insert(parameters.end(), block.reshaped().begin(), block.reshaped().end());
  };
  Eigen::Index at = 0, width = model.dimension();
  for (std::size_t l = 0; l <= hidden.size(); ++l) {
    const bool last = l == hidden.size();
    const Eigen::Index units = last ? model.dimension() : full.architecture.hidden[l];
    const Eigen::Map<const Matrix> weights(full.parameters.data() + at, units, width);
    const Vector bias = full.parameters.segment(at + units * width, units);
    at += units * (width + 1);
    width = units;
    const Matrix w = weights * input;
    const Vector b = bias + weights * offset;
    offset.setZero(units);
    if (last) {
      append(Matrix(output * w));
      append(Matrix(output * b));
      break;
    }
    if (points >= units) {  // nothing to interpolate
      append(w);
      append(b);
      input.setIdentity(units, units);
      continue;
    }
    const auto modes = linalg::svd<Scalar>(hidden[l]).u;
    const Eigen::Index kept = std::min(points, modes.cols());
    const Deim<Scalar> chosen = deim<Scalar>(modes.leftCols(kept));
    Matrix rows(kept, w.cols());
    Vector entries(kept);
    for (Eigen::Index i = 0; i < kept; ++i) {
      rows.row(i) = w.row(chosen.points[std::size_t(i)]);
      entries[i] = b[chosen.points[std::size_t(i)]];
    }
    append(rows);
    append(entries);
    input = chosen.extension;
    out.latent.architecture.hidden[l] = kept;
  }
  out.latent.parameters = Eigen::Map<const Vector>(parameters.data(), Eigen::Index(parameters.size()));
  return ReducedOdeModel<Scalar>(std::move(out));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT ReducedOdeModel<double> fit_reduced_ode(const ReducedOde&,
                                                                        const std::vector<TrajectoryView<double>>&,
                                                                        const std::vector<Eigen::MatrixXd>&,
                                                                        const std::vector<TrajectoryView<double>>&,
                                                                        const Training&, const Progress&);
extern template ALMAGEST_EXPORT ReducedOdeModel<double> reduce(const NeuralOdeModel<double>&,
                                                               const std::vector<TrajectoryView<double>>&, Eigen::Index,
                                                               Eigen::Index);
#endif

}  // namespace detail

/// Trains a latent equation in the coordinates of the leading modes of the runs.
///
/// \throws as `pod` and the fit of a NeuralOde.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const ReducedOde& architecture, const Data& data, const Training& options = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_reduced_ode<Scalar>(architecture, several, {}, {}, options, progress);
}

/// Trains it on the projections \f$ V^\top f \f$ of given rates: the physics-informed loss of a reduced model, which
/// for a linear decoder needs no more than the transpose.
template <typename Data, typename Rates>
requires requires(const Data& data) { runs(data); }
auto fit_rates(const ReducedOde& architecture, const Data& data, const Rates& rates, const Training& options = {},
               const Progress& progress = {}) {
  const auto several = runs(data);
  using Scalar = typename std::remove_cvref_t<decltype(several.front())>::Matrix::Scalar;
  return detail::fit_reduced_ode<Scalar>(architecture, several, rates, {}, options, progress);
}

/// A trained neural differential equation, reduced: states to `rank` modes of the snapshots, the activations of each
/// hidden layer to their values at `points` units, from which empirical interpolation gives the others. The result is
/// again a perceptron, of `rank` inputs and at most `points` units a layer
/// (Lehtimäki et al. 2022, https://arxiv.org/abs/2105.14070). With full rank and all units nothing is lost.
///
/// \throws InvalidArgument for impossible sizes; DimensionMismatch for snapshots of another state.
template <typename Scalar, typename Data>
requires requires(const Data& data) { runs(data); }
ReducedOdeModel<Scalar> reduce(const NeuralOdeModel<Scalar>& model, const Data& snapshots, Eigen::Index rank,
                               Eigen::Index points) {
  return detail::reduce<Scalar>(model, runs(snapshots), rank, points);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural
