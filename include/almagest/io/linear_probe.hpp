// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// The probe of a linear model on the coordinates of windows: a window that it can represent, and the
/// four samples after it.
template <typename Model>
struct LinearProbe {
  using Scalar = typename Model::Scalar;
  using Matrix = Eigen::MatrixX<Scalar>;

  /// Random coordinates of the size that they had in training, `scales` times directions of windows.
  template <typename Basis, typename Scales>
  static Matrix window(const Model& model, const Basis& basis, const Scales& scales) {
    RandomStream random(20);
    const Scalar size =
        Scalar(1 / std::sqrt(double(std::max<Eigen::Index>(model.training().samples, 1))));
    Eigen::VectorX<Scalar> z = Eigen::VectorX<Scalar>::NullaryExpr(
        model.rank(), [&](Eigen::Index) { return size * Scalar(random.normal()); });
    z = z.cwiseProduct(scales).eval();
    const Eigen::VectorX<Scalar> samples = basis * z;
    return samples.reshaped(model.dimension(), model.context());
  }

  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    constexpr Eigen::Index steps = 4;
    const Trajectory<Scalar> window(
        TimeGrid::uniform(0, model.training().step.value_or(1), inputs.cols()), inputs);
    Eigen::VectorX<Scalar> z = model.lift(window), next(model.rank()), sample(model.dimension());
    auto workspace = model.workspace();
    Matrix outputs(model.dimension(), steps);
    for (Eigen::Index k = 0; k < steps; ++k) {
      model.step(z, next, workspace);
      z.swap(next);
      model.observe(z, sample);
      outputs.col(k) = sample;
    }
    return outputs;
  }

  /// Rounding mixes the samples of a window; the largest of all is the measure.
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const Matrix outputs = probe_outputs(model, inputs);
    const Scalar largest = std::max(inputs.cwiseAbs().maxCoeff(), outputs.cwiseAbs().maxCoeff());
    return Matrix::Constant(outputs.rows(), outputs.cols(), largest);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
