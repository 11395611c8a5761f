// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <type_traits>
#include <utility>

#include "almagest/core/random.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/io/model_format.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Model;
}  // namespace almagest::inline ALMAGEST_ABI::sindy

namespace almagest::inline ALMAGEST_ABI::io {

/// A SINDy model: the settings of its library, the coefficients and the report of the fit. The
/// probe is the right-hand side at states within the bounds of the training.
template <typename Scalar>
struct ModelFormat<sindy::Model<Scalar>> {
  using Model = sindy::Model<Scalar>;
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "sindy";

  static void write(const Model& model, compiled::Archive& archive) {
    const auto* library = model.library().template as<features::Polynomial>();
    if (!library)
      throw InvalidArgument(
          "save: the law's library is no Polynomial, and files hold no others yet; export_header "
          "writes laws whose features have formulas.");
    archive.architecture["degree"] = library->degree;
    archive.architecture["bias"] = library->bias;
    archive.architecture["cross_terms"] = library->cross_terms;
    archive.tensors["coefficients"] = detail::tensor(model.coefficients());
    const auto& report = model.report();
    archive.warnings = report.warnings;
    if (std::isfinite(report.condition)) archive.architecture["condition"] = report.condition;
    if (report.residuals.size() > 0)
      archive.tensors["report.residuals"] = detail::tensor(report.residuals);
  }

  static Model read(const compiled::Archive& archive, TrainingFacts training) {
    using Library = features::Polynomial;
    using Report = std::remove_cvref_t<decltype(std::declval<Model>().report())>;
    const Library library{detail::count_setting<int>(archive, "degree"),
                          detail::setting(archive, "bias") != 0,
                          detail::setting(archive, "cross_terms") != 0};
    Report report;
    report.warnings = archive.warnings;
    if (archive.architecture.count("condition"))
      report.condition = detail::setting(archive, "condition");
    if (archive.tensors.count("report.residuals"))
      report.residuals = detail::matrix<double>(archive, "report.residuals", training.dimension);
    Matrix coefficients = detail::matrix<Scalar>(archive, "coefficients");
    return {library, std::move(coefficients), std::move(training), std::move(report)};
  }

  static Matrix probe_inputs(const Model& model) {
    constexpr Eigen::Index states = 4;
    const TrainingFacts& facts = model.training();
    RandomStream random(20);
    return Matrix::NullaryExpr(facts.dimension, states, [&](Eigen::Index i, Eigen::Index) {
      return Scalar(random.uniform(facts.lower[i], facts.upper[i]));
    });
  }

  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    Matrix outputs(model.dimension(), inputs.cols());
    Eigen::VectorX<Scalar> x, rate(model.dimension());
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      x = inputs.col(k);
      model(x, rate, 0.0);
      outputs.col(k) = rate;
    }
    return outputs;
  }

  /// The sum of the sizes of all terms, which is what rounding is relative to.
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const Model sizes(model.library(), model.coefficients().cwiseAbs(), model.training());
    return probe_outputs(sizes, inputs.cwiseAbs());
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
