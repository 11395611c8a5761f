// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <type_traits>
#include <utility>

#include "almagest/core/random.hpp"
#include "almagest/io/model_format.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Dmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {

/// A dynamic mode decomposition of any kind: its options and all its parts. The probe is a short forecast.
template <typename Scalar>
struct ModelFormat<koopman::Dmd<Scalar>> {
  using Model = koopman::Dmd<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  /// Of the whole family: the first of it gave the name.
  static constexpr const char* kind = "hankel_dmd";

  static void write(const Model& model, compiled::Archive& archive) {
    const auto& parts = model.parts();
    archive.architecture["delays"] = double(parts.options.delays);
    archive.architecture["rank"] = double(parts.options.rank);
    archive.architecture["energy"] = parts.options.energy;
    // Told only where they differ from a plain Hankel-DMD, whose file is older than the family.
    const auto tell = [&](const char* name, double value, double usual) {
      if (value != usual) archive.architecture[name] = value;
    };
    using Method = std::remove_cvref_t<decltype(parts.method)>;
    tell("method", double(parts.method), double(Method::hankel));
    tell("state_rank", double(parts.options.state_rank), 0);
    tell("regression", double(parts.options.regression), 0);
    archive.warnings = parts.warnings;
    archive.tensors["singular_values"] = detail::tensor(parts.singular_values);
    archive.tensors["basis"] = detail::tensor(parts.basis);
    if (parts.singular_values.size() < model.rank() || parts.scales != parts.singular_values.head(model.rank()))
      archive.tensors["scales"] = detail::tensor(parts.scales);
    archive.tensors["reduced_operator"] = detail::tensor(parts.reduced_operator);
    if (parts.input_operator.cols() > 0) archive.tensors["input_operator"] = detail::tensor(parts.input_operator);
    archive.tensors["eigenvalues"] = detail::tensor(parts.spectrum.eigenvalues);
    archive.tensors["modes"] = detail::tensor(parts.spectrum.modes);
    archive.tensors["amplitudes"] = detail::tensor(parts.spectrum.amplitudes);
    archive.tensors["residuals"] = detail::tensor(parts.spectrum.residuals);
  }

  static Model read(const compiled::Archive& archive, TrainingFacts training) {
    using Complex = std::complex<Scalar>;
    std::remove_cvref_t<decltype(std::declval<Model>().parts())> parts;
    parts.options.delays = detail::count_setting<Eigen::Index>(archive, "delays");
    parts.options.rank = detail::count_setting<Eigen::Index>(archive, "rank");
    parts.options.energy = detail::setting(archive, "energy");
    const auto told = [&](const char* name, std::size_t otherwise) {
      return archive.architecture.contains(name) ? detail::count_setting<std::size_t>(archive, name) : otherwise;
    };
    using Parts = decltype(parts);
    using Method = decltype(Parts::method);
    using Regression = decltype(Parts::options.regression);
    parts.options.state_rank = Eigen::Index(told("state_rank", 0));
    parts.options.regression = Regression(told("regression", 0));
    parts.method = Method(told("method", std::size_t(Method::hankel)));
    parts.warnings = archive.warnings;
    parts.training = std::move(training);
    parts.singular_values = column<Scalar>(archive, "singular_values");
    parts.basis = detail::matrix<Scalar>(archive, "basis");
    parts.scales = archive.tensors.contains("scales") ? column<Scalar>(archive, "scales")
                                                      : parts.singular_values.head(std::min(parts.singular_values.size(), parts.basis.cols()));
    if (archive.tensors.contains("input_operator"))
      parts.input_operator = detail::matrix<Scalar>(archive, "input_operator");
    parts.reduced_operator = detail::matrix<Scalar>(archive, "reduced_operator");
    parts.spectrum.eigenvalues = column<Complex>(archive, "eigenvalues");
    parts.spectrum.modes = detail::matrix<Complex>(archive, "modes");
    parts.spectrum.amplitudes = column<Complex>(archive, "amplitudes");
    parts.spectrum.residuals = column<Scalar>(archive, "residuals");
    return Model(std::move(parts));
  }

  /// A window that the model can represent: random coordinates of the size that they had in
  /// training.
  static Matrix probe_inputs(const Model& model) {
    RandomStream random(20);
    const auto& parts = model.parts();
    const Scalar size =
        Scalar(1 / std::sqrt(double(std::max<Eigen::Index>(parts.training.samples, 1))));
    Eigen::VectorX<Scalar> z = Eigen::VectorX<Scalar>::NullaryExpr(
        model.rank(), [&](Eigen::Index) { return size * Scalar(random.normal()); });
    z = z.cwiseProduct(parts.scales).eval();
    const Eigen::VectorX<Scalar> window = parts.basis * z;
    return window.reshaped(model.dimension(), model.context());
  }

  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    constexpr Eigen::Index steps = 4;
    const Trajectory<Scalar> window(TimeGrid::uniform(0, *model.training().step, inputs.cols()),
                                    inputs);
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

 private:
  template <typename Number>
  static Eigen::VectorX<Number> column(const compiled::Archive& archive, const char* name) {
    const Eigen::MatrixX<Number> values = detail::matrix<Number>(archive, name);
    if (values.cols() != 1)
      detail::misfit(archive, almagest::detail::text("tensor \"", name, "\" is no vector"));
    return values.col(0);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
