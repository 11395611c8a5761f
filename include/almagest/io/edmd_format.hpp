// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <type_traits>
#include <utility>

#include "almagest/core/random.hpp"
#include "almagest/io/features_format.hpp"
#include "almagest/io/fields.hpp"
#include "almagest/io/linear_probe.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Edmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {

/// An EDMD of any kind: its library of features and what it learned in their span. The probe is a
/// short forecast from states within the bounds of the training.
template <typename Scalar>
struct ModelFormat<koopman::Edmd<Scalar>> : PartsFormat<koopman::Edmd<Scalar>>,
                                            LinearProbe<koopman::Edmd<Scalar>> {
  using Model = koopman::Edmd<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "edmd";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.setting("measure_preserving", parts.options.measure_preserving);
    fields.setting("relift", parts.options.relift);
    fields.setting("eigenvalues", parts.options.eigenvalues, 0);
    fields.setting("drop_dependent", parts.options.dictionary.drop_dependent);
    fields.setting("tolerance", parts.options.dictionary.tolerance);
    fields.part("library", parts.library,
                [](auto& inner, auto& library) { tell_library(inner, library); });
    fields.tensor("encoder", parts.encoder);
    using Compression = std::remove_cvref_t<decltype(parts.compression)>;
    auto matrix = parts.compression.matrix(), leak = parts.compression.leak();
    fields.tensor("matrix", matrix);
    fields.tensor("leak", leak);
    // The compression itself, unless it was held to an isometry.
    fields.tensor("reduced_operator", parts.reduced_operator, matrix);
    if constexpr (Fields::reads)
      parts.compression = Compression(std::move(matrix), std::move(leak));
    fields.tensor("observation", parts.observation);
    fields.tensor("missed", parts.missed);
    fields.tensor("eigenvalues", parts.spectrum.eigenvalues);
    fields.tensor("residuals", parts.spectrum.residuals);
    fields.tensor("eigenfunctions", parts.spectrum.functions);
    fields.tensor("modes", parts.spectrum.modes);
    fields.tensor("amplitudes", parts.amplitudes);
    fields.tensor("input_operator", parts.input_operator, Eigen::MatrixXd());
    fields.tensor("bilinear_operator", parts.bilinear_operator, Eigen::MatrixXd());
  }

  static auto blank(TrainingFacts training) {
    using Parts = std::remove_cvref_t<decltype(std::declval<const Model&>().parts())>;
    using Compression = decltype(Parts::compression);
    const Eigen::MatrixXd nothing = Eigen::MatrixXd::Zero(1, 1);
    return Parts{{}, features::Polynomial{}, std::move(training), {}, Compression(nothing, nothing),
                 {}, {}, {}, {}, {}, {}, {}, {}};
  }

  static Matrix probe_inputs(const Model& model) {
    const TrainingFacts& facts = model.training();
    RandomStream random(20);
    return Matrix::NullaryExpr(facts.dimension, model.context(), [&](Eigen::Index i, Eigen::Index) {
      return Scalar(random.uniform(facts.lower[i], facts.upper[i]));
    });
  }

  /// Coordinates cancel where functions nearly depend on each other: the sum of the sizes of all
  /// terms is what rounding is relative to.
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const auto& parts = model.parts();
    const Eigen::MatrixXd window = inputs.template cast<double>().reshaped(1, inputs.size());
    Eigen::MatrixXd values(1, parts.encoder.rows());
    evaluator(parts.library, model.dimension())->evaluate(window, values);
    Eigen::RowVectorXd sizes = values.cwiseAbs() * parts.encoder.cwiseAbs();
    constexpr Eigen::Index steps = 4;
    Matrix all(model.dimension(), steps);
    for (Eigen::Index k = 0; k < steps; ++k) {
      sizes = (sizes * parts.reduced_operator.cwiseAbs()).eval();
      all.col(k) = (sizes * parts.observation.cwiseAbs()).transpose().template cast<Scalar>();
    }
    return all;
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
