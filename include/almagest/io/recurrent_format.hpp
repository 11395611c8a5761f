// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstdint>
#include <variant>
#include <vector>

#include "almagest/core/trajectory.hpp"
#include "almagest/io/fields.hpp"
#include "almagest/io/neural_format.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class PlrnnModel;
template <typename Scalar>
class SequenceModel;
template <typename Scalar>
class AutoencoderModel;
}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

inline constexpr std::array s4d_starts = {"linear", "inverse"};
inline constexpr std::array forcings = {"sparse", "generalized", "adaptive"};

template <typename Fields, typename Forcing>
void tell_forcing(Fields& fields, Forcing& forcing) {
  fields.choice("kind", forcing.kind, forcings);
  fields.setting("interval", forcing.interval);
  fields.setting("strength", forcing.strength);
  fields.setting("decay", forcing.decay);
  fields.setting("release", forcing.release);
  fields.setting("length", forcing.length);
  fields.setting("batches", forcing.batches);
}

template <typename Fields, typename Sequences>
void tell_sequences(Fields& fields, Sequences& sequences) {
  fields.setting("length", sequences.length);
  fields.setting("warmup", sequences.warmup);
  fields.setting("batches", sequences.batches);
}

/// Forecasts from a window within the bounds of the training.
template <typename Model>
struct ForecastProbe {
  using Matrix = Eigen::MatrixX<typename Model::Scalar>;

  static Matrix probe_inputs(const Model& model) { return states_within(model, model.context()); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    const Trajectory<typename Model::Scalar> window(
        TimeGrid::uniform(0, model.training().step.value_or(1), inputs.cols()), inputs);
    Eigen::VectorX<typename Model::Scalar> state = model.lift(window), next = state, x(model.dimension());
    auto space = model.workspace();
    Matrix outputs(model.dimension(), 4);
    for (Eigen::Index k = 0; k < outputs.cols(); ++k) {
      model.step(state, next, space);
      state.swap(next);
      model.observe(state, x);
      outputs.col(k) = x;
    }
    return outputs;
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const Matrix outputs = probe_outputs(model, inputs);
    return Matrix::Constant(outputs.rows(), outputs.cols(),
                            std::max(inputs.cwiseAbs().maxCoeff(), outputs.cwiseAbs().maxCoeff()));
  }
};

}  // namespace detail

/// A piecewise-linear recurrent network. The probe is a short forecast.
template <typename Scalar>
struct ModelFormat<neural::PlrnnModel<Scalar>> : PartsFormat<neural::PlrnnModel<Scalar>>,
                                                 detail::ForecastProbe<neural::PlrnnModel<Scalar>> {
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "plrnn";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    tell_architecture(fields, parts.architecture);
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("parameters", parts.parameters);
    detail::tell_history(fields, parts.history);
  }

 private:
  template <typename Fields, typename Architecture>
  static void tell_architecture(Fields& fields, Architecture& architecture) {
    if constexpr (Fields::reads) {
      if (fields.is("alrnn"))
        architecture.template emplace<0>();
      else if (fields.is("shallow_plrnn"))
        architecture.template emplace<1>();
      else
        fields.misfit("it names no recurrent network that is known");
    } else {
      fields.kind(architecture.index() == 0 ? "alrnn" : "shallow_plrnn");
    }
    const auto tell_common = [&fields](auto& options) {
      fields.setting("units", options.units);
      fields.setting("warmup", options.warmup);
      fields.part("forcing", options.forcing, [](auto& inner, auto& forcing) { detail::tell_forcing(inner, forcing); });
    };
    if (auto* alrnn = std::get_if<0>(&architecture)) {
      tell_common(*alrnn);
      fields.setting("rectified", alrnn->rectified);
    } else {
      auto& shallow = std::get<1>(architecture);
      tell_common(shallow);
      fields.setting("hidden", shallow.hidden);
      fields.setting("clipped", shallow.clipped);
    }
  }
};

/// A network with memory. The probe is a short forecast.
template <typename Scalar>
struct ModelFormat<neural::SequenceModel<Scalar>> : PartsFormat<neural::SequenceModel<Scalar>>,
                                                    detail::ForecastProbe<neural::SequenceModel<Scalar>> {
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "sequence";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    if constexpr (Fields::reads) {
      if (fields.is("gru"))
        parts.architecture.template emplace<0>();
      else if (fields.is("s4d"))
        parts.architecture.template emplace<1>();
      else
        fields.misfit("it names no network with memory that is known");
    } else {
      fields.kind(parts.architecture.index() == 0 ? "gru" : "s4d");
    }
    const auto tell_common = [&fields](auto& options) {
      fields.setting("layers", options.layers);
      fields.part("sequences", options.sequences,
                  [](auto& inner, auto& sequences) { detail::tell_sequences(inner, sequences); });
    };
    if (auto* gru = std::get_if<0>(&parts.architecture)) {
      tell_common(*gru);
      fields.setting("units", gru->units);
    } else {
      auto& s4d = std::get<1>(parts.architecture);
      tell_common(s4d);
      fields.setting("channels", s4d.channels);
      fields.setting("pairs", s4d.pairs);
      fields.choice("start", s4d.start, detail::s4d_starts);
    }
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("scale", parts.scale);
    fields.tensor("parameters", parts.parameters);
    detail::tell_history(fields, parts.history);
  }
};

/// A Koopman autoencoder. The probe is a short forecast.
template <typename Scalar>
struct ModelFormat<neural::AutoencoderModel<Scalar>> : PartsFormat<neural::AutoencoderModel<Scalar>>,
                                                       detail::ForecastProbe<neural::AutoencoderModel<Scalar>> {
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "koopman_autoencoder";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    auto& options = parts.options;
    fields.setting("latent", options.latent);
    detail::tell_counts(fields, "hidden", options.hidden);
    fields.choice("activation", options.activation, detail::activations);
    fields.setting("reconstruction", options.reconstruction);
    fields.setting("linearity", options.linearity);
    fields.setting("information", options.information);
    fields.setting("temperature", options.temperature);
    fields.setting("entropy", options.entropy);
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("parameters", parts.parameters);
    detail::tell_history(fields, parts.history);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
