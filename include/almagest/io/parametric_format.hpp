// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <type_traits>
#include <utility>

#include "almagest/core/trajectory.hpp"
#include "almagest/io/dmd_format.hpp"
#include "almagest/io/fields.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class ParametricDmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {

/// A parametric DMD: the decomposition of all runs, and what each parameter has of its own. The probe is a
/// short forecast of the former, and a step by the map of each parameter; logarithms of maps are not in the
/// file, and would leave more than rounding to the machine.
template <typename Scalar>
struct ModelFormat<koopman::ParametricDmd<Scalar>> : PartsFormat<koopman::ParametricDmd<Scalar>> {
  using Model = koopman::ParametricDmd<Scalar>;
  using Pooled = ModelFormat<koopman::Dmd<Scalar>>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "parametric_dmd";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.part("pooled", parts.pooled, [](auto& inner, auto& pooled) { Pooled::tell(inner, pooled); });
    fields.tensor("parameters", parts.parameters);
    fields.setting("interpolate_maps", parts.interpolate_maps);
    fields.list("fits", parts.fits, {}, [](auto& inner, auto& fit) {
      inner.tensor("triangle", fit.triangle);
      inner.tensor("map", fit.map);
      inner.tensor("first", fit.first);
    });
  }
  static auto blank(TrainingFacts&& training) {
    std::remove_cvref_t<decltype(std::declval<const Model&>().parts())> parts;
    parts.pooled.training = std::move(training);
    return parts;
  }
  template <typename Parts>
  static auto& warnings_of(Parts& parts) {
    return parts.pooled.warnings;
  }

  static Matrix probe_inputs(const Model& model) { return Pooled::probe_inputs(model.pooled()); }
  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    const Matrix ahead = Pooled::probe_outputs(model.pooled(), inputs);
    const auto& fits = model.parts().fits;
    Matrix all(model.dimension(), ahead.cols() + Eigen::Index(fits.size()));
    all.leftCols(ahead.cols()) = ahead;
    const Trajectory<Scalar> window(TimeGrid::uniform(0, model.training().step.value_or(1), inputs.cols()), inputs);
    const Eigen::VectorX<Scalar> z = model.pooled().lift(window);
    Eigen::VectorX<Scalar> next(z.size()), sample(model.dimension());
    for (Eigen::Index k = 0; k < Eigen::Index(fits.size()); ++k) {
      next = fits[std::size_t(k)].map * z;
      model.pooled().observe(next, sample);
      all.col(ahead.cols() + k) = sample;
    }
    return all;
  }
  /// As of all linear models: the largest number is the measure.
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const Matrix outputs = probe_outputs(model, inputs);
    const Scalar largest = std::max(inputs.cwiseAbs().maxCoeff(), outputs.cwiseAbs().maxCoeff());
    return Matrix::Constant(outputs.rows(), outputs.cols(), largest);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
