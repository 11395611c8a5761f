// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <type_traits>
#include <utility>

#include "almagest/core/random.hpp"
#include "almagest/io/features_format.hpp"
#include "almagest/io/fields.hpp"
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
    FieldWriter fields(archive);
    if (const auto* library = model.library().template as<features::Polynomial>())
      LibraryFormat<features::Polynomial>::tell(fields, *library);  // as in files of old
    else
      fields.part("library", model.library(), [](auto& inner, auto& held) { tell_library(inner, held); });
    if (!model.input_names().empty()) fields.texts("input_names", model.input_names());
    archive.tensors["coefficients"] = detail::tensor(model.coefficients());
    const auto& report = model.report();
    archive.warnings = report.warnings;
    if (std::isfinite(report.condition)) archive.architecture["condition"] = report.condition;
    if (report.residuals.size() > 0)
      archive.tensors["report.residuals"] = detail::tensor(report.residuals);
  }

  static Model read(const compiled::Archive& archive, TrainingFacts training) {
    using Report = std::remove_cvref_t<decltype(std::declval<Model>().report())>;
    FieldReader fields(archive);
    features::Library library = features::Polynomial{};
    if (fields.is("degree")) {
      features::Polynomial polynomial;
      LibraryFormat<features::Polynomial>::tell(fields, polynomial);
      library = polynomial;
    } else {
      fields.part("library", library, [](auto& inner, auto& found) { tell_library(inner, found); });
    }
    std::vector<std::string> inputs;
    if (archive.tensors.count("input_names")) fields.texts("input_names", inputs);
    Report report;
    report.warnings = archive.warnings;
    if (archive.architecture.count("condition"))
      report.condition = detail::setting(archive, "condition");
    if (archive.tensors.count("report.residuals"))
      report.residuals = detail::matrix<double>(archive, "report.residuals", training.dimension);
    Matrix coefficients = detail::matrix<Scalar>(archive, "coefficients");
    return {std::move(library), std::move(coefficients), std::move(training), std::move(report), std::move(inputs)};
  }

  static Matrix probe_inputs(const Model& model) {
    constexpr Eigen::Index states = 4;
    const TrainingFacts& facts = model.training();
    RandomStream random(20);
    return Matrix::NullaryExpr(model.law().variables(), states, [&](Eigen::Index i, Eigen::Index) {
      return i < facts.dimension ? Scalar(random.uniform(facts.lower[i], facts.upper[i]))
                                 : Scalar(random.uniform(-1, 1));
    });
  }

  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    Matrix outputs(model.dimension(), inputs.cols());
    Eigen::VectorX<Scalar> rate(model.dimension());
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      model.law().evaluate([&](std::size_t i) { return inputs(Eigen::Index(i), k); }, rate);
      outputs.col(k) = rate;
    }
    return outputs;
  }

  /// The sum of the sizes of all terms, which is what rounding is relative to.
  static Matrix probe_sizes(const Model& model, const Matrix& inputs) {
    const Eigen::MatrixXd variables = inputs.transpose().template cast<double>();
    Eigen::MatrixXd values(inputs.cols(), model.law().features().size());
    model.law().features().evaluate(variables, values);
    return (values.cwiseAbs() * model.coefficients().cwiseAbs().template cast<double>())
        .transpose()
        .template cast<Scalar>();
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
