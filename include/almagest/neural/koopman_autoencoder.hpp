// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/network_model.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// A Koopman autoencoder: a network to `latent` coordinates that a matrix K carries on, and one back.
///
/// Its loss over rollouts of `Training::rollout` steps, on normalized samples, is
/// \f$ \overline{|D K^j E x_0 - x_j|^2} + \lambda_r \overline{|D E x_0 - x_0|^2}
/// + \lambda_l \overline{|K^j E x_0 - E x_j|^2} + \lambda_i I - \lambda_s S \f$: errors of forecasts, of
/// reconstruction and in the latent coordinates; I, the information-theoretic one (InfoNCE), is the mean
/// surprise of the latent state a step later among those of the whole batch,
/// \f$ -\overline{\ln\operatorname{softmax}(\cos(z_0, z_1)/\theta)} \f$; S is von Neumann's entropy of the latent
/// covariance over its trace, which is raised lest coordinates collapse.
struct KoopmanAutoencoder {
  Eigen::Index latent = 8;
  std::vector<Eigen::Index> hidden = {32, 32};  ///< of both networks
  Activation activation = Activation::tanh;
  double reconstruction = 0.1;
  double linearity = 0.1;
  double information = 0;
  double temperature = 0.07;
  double entropy = 0;
};

/// What defines a trained autoencoder.
template <typename Scalar = double>
struct AutoencoderParts {
  KoopmanAutoencoder options;
  TrainingFacts training;
  Normalization<Scalar> normalization;
  Eigen::VectorX<Scalar> parameters;  ///< of the encoder, K column by column, of the decoder
  std::vector<EpochRecord> history;
  std::vector<std::string> warnings;
};

namespace detail {

/// \throws InvalidArgument for options out of range.
inline void check(const KoopmanAutoencoder& options) {
  using almagest::detail::text;
  const auto refuse = [](const char* named, auto value, const char* remedy) {
    throw InvalidArgument(text("KoopmanAutoencoder: ", named, " is ", value, "; ", remedy));
  };
  if (options.latent < 1) refuse("latent", options.latent, "give at least 1.");
  if (!(options.reconstruction >= 0)) refuse("reconstruction", options.reconstruction, "give 0 or more.");
  if (!(options.linearity >= 0)) refuse("linearity", options.linearity, "give 0 or more.");
  if (!(options.information >= 0)) refuse("information", options.information, "give 0 or more.");
  if (!(options.entropy >= 0)) refuse("entropy", options.entropy, "give 0 or more.");
  if (!(options.temperature > 0)) refuse("temperature", options.temperature, "give a positive number.");
  for (const Eigen::Index units : options.hidden)
    if (units < 1) refuse("a hidden layer", units, "give at least 1 unit.");
}

/// Dense layers with an activation between them.
template <typename Scalar>
Network<Scalar> perceptron(Eigen::Index inputs, const std::vector<Eigen::Index>& hidden, Activation activation,
                           Eigen::Index outputs) {
  std::vector<std::shared_ptr<const Layer<Scalar>>> layers;
  for (const Eigen::Index units : hidden) {
    layers.push_back(std::make_shared<Dense<Scalar>>(inputs, units));
    layers.push_back(std::make_shared<Pointwise<Scalar>>(activation, units));
    inputs = units;
  }
  layers.push_back(std::make_shared<Dense<Scalar>>(inputs, outputs));
  return Network<Scalar>(std::move(layers));
}

}  // namespace detail

/// A trained Koopman autoencoder: an immutable value.
///
/// A Stepper on the latent coordinates, whose step is the matrix `K()`: the state is encoded once.
template <typename Scalar_ = double>
class AutoencoderModel {
 public:
  using Scalar = Scalar_;
  using Vector = Eigen::VectorX<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit AutoencoderModel(AutoencoderParts<Scalar> parts)
      : parts_(std::move(parts)),
        encoder_(detail::perceptron<Scalar>(dimension(), parts_.options.hidden, parts_.options.activation, latent())),
        decoder_(detail::perceptron<Scalar>(latent(), reversed(), parts_.options.activation, dimension())) {
    almagest::detail::check_lengths("AutoencoderModel", "parameters", parts_.parameters.size(), "the architecture",
                                    encoder_.parameters() + latent() * latent() + decoder_.parameters());
  }

  const AutoencoderParts<Scalar>& parts() const { return parts_; }
  Eigen::Index dimension() const { return parts_.training.dimension; }
  Eigen::Index latent() const { return parts_.options.latent; }
  Eigen::Index context() const { return 1; }
  const TrainingFacts& training() const { return parts_.training; }
  const std::vector<std::string>& warnings() const { return parts_.warnings; }
  Eigen::Index parameter_count() const { return parts_.parameters.size(); }
  /// Of a step and what is decoded of it.
  double flops() const { return 2.0 * double(latent() * latent()) + decoder_.flops(); }
  /// The matrix that carries latent coordinates over a time step.
  Matrix K() const {
    return parts_.parameters.segment(encoder_.parameters(), latent() * latent()).reshaped(latent(), latent());
  }

  struct Workspace {};
  Workspace workspace() const { return {}; }
  void step(const Vector& in, Vector& out, Workspace&) const {
    const Scalar* matrix = parts_.parameters.data() + encoder_.parameters();
    out.noalias() = Eigen::Map<const Matrix>(matrix, latent(), latent()) * in;
  }
  void tangent(const Vector&, const Matrix& v, Matrix& out) const { out = (K() * v).eval(); }
  Vector lift(const TrajectoryView<Scalar>& history) const {
    Matrix z(dimension(), 1);
    z.col(0) = parts_.normalization.apply(history[history.size() - 1]);
    auto pass = encoder_.pass(1);
    encoder_.forward(parts_.parameters.head(encoder_.parameters()), z, pass);
    return pass.result().col(0);
  }
  void observe(const Vector& latent, Vector& x) const {
    auto pass = decoder_.pass(1);
    const Matrix z = latent;
    decoder_.forward(parts_.parameters.tail(decoder_.parameters()), z, pass);
    x = parts_.normalization.undo(pass.result().col(0));
  }

  /// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training;
  ///         ConvergenceFailure where not even the first sample can be foreseen.
  Forecast<Scalar> forecast(const TrajectoryView<Scalar>& history, Eigen::Index steps) const {
    const double time_step =
        almagest::detail::check_history(parts_.training, 1, history, steps, "neural::AutoencoderModel::forecast");
    almagest::detail::ForecastRecorder<Scalar> recorder(parts_.training, history, time_step, steps);
    Vector z = lift(history), x;
    const Matrix one = K();
    for (Eigen::Index k = 0; k < steps; ++k) {
      z = (one * z).eval();
      observe(z, x);
      if (!recorder.add(x)) break;
    }
    return std::move(recorder).finish();
  }

 private:
  std::vector<Eigen::Index> reversed() const { return {parts_.options.hidden.rbegin(), parts_.options.hidden.rend()}; }

  AutoencoderParts<Scalar> parts_;
  Network<Scalar> encoder_, decoder_;
};

static_assert(Forecaster<AutoencoderModel<double>> && Stepper<AutoencoderModel<double>>);

namespace detail {
/// Defined in koopman_training.hpp.
template <typename Scalar>
AutoencoderModel<Scalar> fit_autoencoder(const KoopmanAutoencoder& options,
                                         const std::vector<TrajectoryView<Scalar>>& several,
                                         const std::vector<TrajectoryView<Scalar>>& validation,
                                         const Training& training, const Progress& progress);
#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT AutoencoderModel<double> fit_autoencoder(const KoopmanAutoencoder&,
                                                                         const std::vector<TrajectoryView<double>>&,
                                                                         const std::vector<TrajectoryView<double>>&,
                                                                         const Training&, const Progress&);
#endif
}  // namespace detail

/// Trains a Koopman autoencoder on runs; `validation` are runs that it never learns from.
///
/// A matrix K that may grow latent coordinates without bound is warned of.
///
/// \throws InvalidArgument for impossible options, non-uniform times, runs shorter than a rollout;
///         DimensionMismatch where runs differ; ConvergenceFailure where training diverges at once;
///         Cancelled where `progress` says so.
template <typename Data, typename Validation>
requires requires(const Data& data, const Validation& validation) { runs(data); runs(validation); }
auto fit(const KoopmanAutoencoder& options, const Data& data, const Validation& validation, const Training& training,
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_autoencoder<typename View::Matrix::Scalar>(options, several, runs(validation), training, progress);
}
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit(const KoopmanAutoencoder& options, const Data& data, const Training& training = {},
         const Progress& progress = {}) {
  const auto several = runs(data);
  using View = std::remove_cvref_t<decltype(several.front())>;
  return detail::fit_autoencoder<typename View::Matrix::Scalar>(options, several, {}, training, progress);
}

}  // namespace almagest::inline ALMAGEST_ABI::neural

#if !ALMAGEST_INSTANTIATED
#include "almagest/neural/koopman_training.hpp"
#endif
