// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <variant>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/io/fields.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class NetworkModel;
template <typename Scalar>
class ReservoirModel;
template <typename Scalar>
class NvarModel;
}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

inline constexpr std::array activations = {"tanh", "sigmoid", "relu", "gelu", "silu", "softplus"};

template <typename Fields>
void tell_counts(Fields& fields, const char* name, std::vector<Eigen::Index>& counts) {
  std::vector<std::int64_t> values(counts.begin(), counts.end());
  fields.integers(name, values);
  counts.assign(values.begin(), values.end());
}
template <typename Fields>
void tell_counts(Fields& fields, const char* name, const std::vector<Eigen::Index>& counts) {
  fields.integers(name, std::vector<std::int64_t>(counts.begin(), counts.end()));
}

/// One of several: files call them by names.
template <typename Fields, typename Architecture>
void tell_architecture(Fields& fields, Architecture& architecture) {
  if constexpr (Fields::reads) {
    if (fields.is("mlp"))
      architecture.template emplace<0>();
    else if (fields.is("stnn"))
      architecture.template emplace<1>();
    else
      fields.misfit("it names no network that is known");
  } else {
    fields.kind(architecture.index() == 0 ? "mlp" : "stnn");
  }
  if (auto* mlp = std::get_if<0>(&architecture)) {
    tell_counts(fields, "hidden", mlp->hidden);
    fields.choice("activation", mlp->activation, activations);
  } else {
    auto& options = std::get<1>(architecture).options;
    fields.setting("copies", options.copies);
    fields.setting("depth", options.depth);
    fields.setting("tied", options.tied);
    fields.setting("improved", options.improved, false);
    fields.setting("head", options.head, 64);
    fields.setting("scaled", options.scaled, true);
  }
}

template <typename Fields, typename Normalization>
void tell_normalization(Fields& fields, Normalization& normalization) {
  fields.tensor("mean", normalization.mean);
  fields.tensor("deviation", normalization.deviation);
}

/// What each epoch of a training gave; validation where there was any, as a file holds finite numbers only.
template <typename Fields, typename History>
void tell_history(Fields& fields, History& history) {
  const Eigen::Index epochs = Eigen::Index(history.size());
  Eigen::VectorXd loss(epochs), validation(epochs);
  if constexpr (!Fields::reads)
    for (Eigen::Index k = 0; k < epochs; ++k) {
      loss[k] = history[std::size_t(k)].loss;
      validation[k] = history[std::size_t(k)].validation;
    }
  if (!Fields::reads && !validation.allFinite()) validation.resize(0);
  fields.tensor("history.loss", loss, Eigen::VectorXd());
  fields.tensor("history.validation", validation, Eigen::VectorXd());
  if constexpr (Fields::reads) {
    history.resize(std::size_t(loss.size()));
    for (Eigen::Index k = 0; k < loss.size(); ++k) {
      history[std::size_t(k)].loss = loss[k];
      if (validation.size() == loss.size()) history[std::size_t(k)].validation = validation[k];
    }
  }
}

/// A square sparse matrix by rows; what a file holds of it is checked.
template <typename Fields, typename Sparse>
void tell_sparse(Fields& fields, Sparse& matrix, Eigen::Index size) {
  using Scalar = typename Sparse::Scalar;
  std::vector<std::int64_t> starts, columns;
  Eigen::VectorX<Scalar> values;
  if constexpr (!Fields::reads) {
    starts.assign(matrix.outerIndexPtr(), matrix.outerIndexPtr() + matrix.rows() + 1);
    columns.assign(matrix.innerIndexPtr(), matrix.innerIndexPtr() + matrix.nonZeros());
    values = Eigen::Map<const Eigen::VectorX<Scalar>>(matrix.valuePtr(), matrix.nonZeros());
  }
  fields.integers("starts", starts);
  fields.integers("columns", columns);
  fields.tensor("values", values);
  if constexpr (Fields::reads) {
    const auto count = std::int64_t(columns.size());
    bool fits = size >= 0 && std::int64_t(starts.size()) == size + 1 && values.size() == count && starts.front() == 0 &&
                starts.back() == count && std::is_sorted(starts.begin(), starts.end());
    for (std::size_t k = 0; fits && k < columns.size(); ++k) fits = columns[k] >= 0 && columns[k] < size;
    for (std::size_t i = 0; fits && i + 1 < starts.size(); ++i)
      fits = std::is_sorted(columns.begin() + starts[i], columns.begin() + starts[i + 1]);
    if (!fits) fields.misfit("the indices of a sparse matrix contradict each other");
    matrix.resize(size, size);
    matrix.reserve(Eigen::Index(count));
    for (Eigen::Index i = 0; i < size; ++i) {
      matrix.startVec(i);
      for (auto k = starts[std::size_t(i)]; k < starts[std::size_t(i) + 1]; ++k)
        matrix.insertBackByOuterInner(i, Eigen::Index(columns[std::size_t(k)])) = values[Eigen::Index(k)];
    }
    matrix.finalize();
  }
}

/// States within the bounds of the training.
template <typename Model>
auto states_within(const Model& model, Eigen::Index count) {
  using Scalar = typename Model::Scalar;
  const TrainingFacts& facts = model.training();
  RandomStream random(20);
  return Eigen::MatrixX<Scalar>(Eigen::MatrixX<Scalar>::NullaryExpr(
      facts.dimension, count,
      [&](Eigen::Index i, Eigen::Index) { return Scalar(random.uniform(facts.lower[i], facts.upper[i])); }));
}

/// A step from each of four states within the bounds of the training.
template <typename Model>
struct StepProbe {
  using Matrix = Eigen::MatrixX<typename Model::Scalar>;

  static Matrix probe_inputs(const Model& model) { return states_within(model, 4); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    Matrix outputs(inputs.rows(), inputs.cols());
    auto workspace = model.workspace();
    Eigen::VectorX<typename Model::Scalar> next(inputs.rows());
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      model.step(inputs.col(k), next, workspace);
      outputs.col(k) = next;
    }
    return outputs;
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    return sizes(inputs, probe_outputs(model, inputs));
  }

 protected:
  /// Rounding is relative to the largest entry of all.
  static Matrix sizes(const Matrix& inputs, const Matrix& outputs) {
    return Matrix::Constant(inputs.rows(), inputs.cols(),
                            std::max(inputs.cwiseAbs().maxCoeff(), outputs.cwiseAbs().maxCoeff()));
  }
};

}  // namespace detail

/// A trained network map. The probe is a step from each of four states within the bounds of the training.
template <typename Scalar>
struct ModelFormat<neural::NetworkModel<Scalar>> : PartsFormat<neural::NetworkModel<Scalar>>,
                                                   detail::StepProbe<neural::NetworkModel<Scalar>> {
  static constexpr const char* kind = "network";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    detail::tell_architecture(fields, parts.architecture);
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("scale", parts.scale);
    fields.tensor("parameters", parts.parameters);
    detail::tell_history(fields, parts.history);
  }
};

/// An echo-state network with its random parts. The probe is what it foresees while four states drive it.
template <typename Scalar>
struct ModelFormat<neural::ReservoirModel<Scalar>> : PartsFormat<neural::ReservoirModel<Scalar>> {
  using Model = neural::ReservoirModel<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "reservoir";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    auto& options = parts.options;
    fields.setting("units", options.units);
    fields.setting("spectral_radius", options.spectral_radius);
    fields.setting("input_scale", options.input_scale);
    fields.setting("bias_scale", options.bias_scale);
    fields.setting("ridge", options.ridge);
    fields.setting("connections", options.connections);
    fields.setting("warmup", options.warmup);
    fields.seed("seed", options.seed);
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("input", parts.input);
    fields.tensor("bias", parts.bias);
    fields.tensor("readout", parts.readout);
    const Eigen::Index units = parts.bias.size();
    fields.part("recurrent", parts.recurrent,
                [units](auto& inner, auto& matrix) { detail::tell_sparse(inner, matrix, units); });
  }

  static Matrix probe_inputs(const Model& model) { return detail::states_within(model, 4); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    const auto& normalization = model.parts().normalization;
    Matrix outputs(inputs.rows(), inputs.cols());
    driven(model, inputs, [&](Eigen::Index k, const Eigen::VectorX<Scalar>& seen) {
      outputs.col(k) = normalization.undo(model.parts().readout * seen);
    });
    return outputs;
  }
  /// Weights of a readout cancel each other: the sum of the sizes of all terms is what rounding is relative to.
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const auto& units = model.parts().normalization;
    Matrix sizes(inputs.rows(), inputs.cols());
    driven(model, inputs, [&](Eigen::Index k, const Eigen::VectorX<Scalar>& seen) {
      sizes.col(k) =
          units.deviation.cwiseProduct(model.parts().readout.cwiseAbs() * seen.cwiseAbs()) + units.mean.cwiseAbs();
    });
    return sizes;
  }

 private:
  template <typename Take>
  static void driven(const Model& model, const Matrix& inputs, const Take& take) {
    Eigen::VectorX<Scalar> r = Eigen::VectorX<Scalar>::Zero(model.units()), next(model.units()),
                           seen(model.units() + 1), z;
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      z = model.parts().normalization.apply(inputs.col(k));
      model.advance(r, z, next);
      model.view(r, seen);
      take(k, seen);
    }
  }
};

/// A nonlinear vector autoregression. The probe is the sample after a window within the bounds of the training.
template <typename Scalar>
struct ModelFormat<neural::NvarModel<Scalar>> : PartsFormat<neural::NvarModel<Scalar>> {
  using Model = neural::NvarModel<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "nvar";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.setting("delays", parts.options.delays);
    fields.setting("stride", parts.options.stride);
    fields.setting("degree", parts.options.degree);
    fields.setting("ridge", parts.options.ridge);
    detail::tell_normalization(fields, parts.normalization);
    fields.tensor("readout", parts.readout);
  }

  static Matrix probe_inputs(const Model& model) { return detail::states_within(model, model.context()); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    const auto& normalization = model.parts().normalization;
    return normalization.undo(normalization.apply(inputs.col(inputs.cols() - 1)) +
                              model.parts().readout * seen(model, inputs));
  }
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const auto& [mean, deviation] = model.parts().normalization;
    return deviation.cwiseProduct(model.parts().readout.cwiseAbs() * seen(model, inputs).cwiseAbs()) + mean.cwiseAbs() +
           inputs.col(inputs.cols() - 1).cwiseAbs();
  }

 private:
  static Eigen::VectorX<Scalar> seen(const Model& model, const Matrix& inputs) {
    const auto& parts = model.parts();
    const Eigen::Index d = model.dimension(), last = inputs.cols() - 1;
    Matrix row(1, d * parts.options.delays), values(1, model.monomials().size());
    for (Eigen::Index j = 0; j < parts.options.delays; ++j)
      row.middleCols(j * d, d) = parts.normalization.apply(inputs.col(last - j * parts.options.stride)).transpose();
    model.monomials().evaluate(row, values);
    return values.transpose();
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
