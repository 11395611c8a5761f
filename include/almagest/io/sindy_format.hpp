// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/io/features_format.hpp"
#include "almagest/io/fields.hpp"
#include "almagest/io/model_format.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Model;
template <typename Scalar>
class MapModel;
class PdeModel;
}  // namespace almagest::inline ALMAGEST_ABI::sindy

namespace almagest::inline ALMAGEST_ABI::io {

namespace detail {

/// What all forms of SINDy share: coefficients and the report of the fit (without the paths of its
/// optimizer). The probe is the law at random values of its variables.
template <typename Model>
struct LawFormat {
  using Matrix = Eigen::MatrixX<typename Model::Scalar>;

  static void write_law(const Model& model, compiled::Archive& archive) {
    archive.tensors["coefficients"] = tensor(model.coefficients());
    const auto& report = model.report();
    archive.warnings = report.warnings;
    if (std::isfinite(report.condition)) archive.architecture["condition"] = report.condition;
    const auto store = [&](const char* name, const auto& values) {
      if (values.size() > 0) archive.tensors[name] = tensor(values);
    };
    store("report.residuals", report.residuals);
    store("report.errors", report.errors);
    store("report.inclusion", report.inclusion);
    if (report.members.empty()) return;
    const Eigen::Index targets = report.members.front().cols();
    Eigen::MatrixXd members(report.members.front().rows(), targets * Eigen::Index(report.members.size()));
    for (std::size_t k = 0; k < report.members.size(); ++k)
      members.middleCols(targets * Eigen::Index(k), targets) = report.members[k];
    store("report.members", members);
  }

  /// The report that a model of these coefficients has.
  static auto report(const compiled::Archive& archive, const Matrix& coefficients) {
    std::remove_cvref_t<decltype(std::declval<const Model&>().report())> out;
    out.warnings = archive.warnings;
    if (archive.architecture.count("condition")) out.condition = setting(archive, "condition");
    const auto restore = [&](const char* name, auto& values, Eigen::Index rows) {
      if (archive.tensors.count(name)) values = matrix<double>(archive, name, rows);
    };
    const Eigen::Index features = coefficients.rows(), targets = coefficients.cols();
    restore("report.residuals", out.residuals, targets);
    restore("report.errors", out.errors, features);
    restore("report.inclusion", out.inclusion, features);
    Eigen::MatrixXd members;
    restore("report.members", members, features);
    for (Eigen::Index k = 0; targets > 0 && k + targets <= members.cols(); k += targets)
      out.members.push_back(members.middleCols(k, targets));
    return out;
  }

  static Eigen::Index probe_rows(const Model& model) { return model.law().variables(); }
  static Eigen::Index output_rows(const Model& model) { return model.law().targets(); }

  static Matrix probe_outputs(const Model& model, const Matrix& inputs) {
    Matrix outputs(model.law().targets(), inputs.cols());
    Eigen::VectorX<typename Model::Scalar> value(model.law().targets());
    for (Eigen::Index k = 0; k < inputs.cols(); ++k) {
      model.law().evaluate([&](std::size_t i) { return inputs(Eigen::Index(i), k); }, value);
      outputs.col(k) = value;
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
        .template cast<typename Model::Scalar>();
  }
};

/// A law or a map of a state and inputs: the settings of its library, and names of inputs. The probe
/// takes states within the bounds of the training.
template <typename Model>
struct StateLawFormat : LawFormat<Model> {
  using typename LawFormat<Model>::Matrix;
  using Scalar = typename Model::Scalar;

  static void write(const Model& model, compiled::Archive& archive) {
    FieldWriter fields(archive);
    if (const auto* library = model.law().library().template as<features::Polynomial>())
      LibraryFormat<features::Polynomial>::tell(fields, *library);  // as in files of old
    else
      fields.part("library", model.law().library(), [](auto& inner, auto& held) { tell_library(inner, held); });
    if (!model.input_names().empty()) fields.texts("input_names", model.input_names());
    LawFormat<Model>::write_law(model, archive);
  }

  static Model read(const compiled::Archive& archive, TrainingFacts training) {
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
    Matrix coefficients = matrix<Scalar>(archive, "coefficients");
    auto report = LawFormat<Model>::report(archive, coefficients);
    return {std::move(library), std::move(coefficients), std::move(training), std::move(report), std::move(inputs)};
  }

  static Matrix probe_inputs(const Model& model) {
    constexpr Eigen::Index states = 4;
    const TrainingFacts& facts = model.training();
    const Eigen::Index history = facts.dimension * model.context();
    RandomStream random(20);
    return Matrix::NullaryExpr(model.law().variables(), states, [&](Eigen::Index i, Eigen::Index) {
      const Eigen::Index component = i % facts.dimension;
      return i < history ? Scalar(random.uniform(facts.lower[component], facts.upper[component]))
                         : Scalar(random.uniform(-1, 1));
    });
  }
};

}  // namespace detail

template <typename Scalar>
struct ModelFormat<sindy::Model<Scalar>> : detail::StateLawFormat<sindy::Model<Scalar>> {
  static constexpr const char* kind = "sindy";
};

template <typename Scalar>
struct ModelFormat<sindy::MapModel<Scalar>> : detail::StateLawFormat<sindy::MapModel<Scalar>> {
  static constexpr const char* kind = "sindy_map";
};

/// An equation of fields: its terms, the grid, the values of its parameters.
template <typename Model>
requires std::is_same_v<Model, sindy::PdeModel>
struct ModelFormat<Model> : detail::LawFormat<Model> {
  using typename detail::LawFormat<Model>::Matrix;
  static constexpr const char* kind = "sindy_pde";

  static void write(const Model& model, compiled::Archive& archive) {
    FieldWriter fields(archive);
    fields.part("library", model.library(), [](auto& inner, auto& library) { tell(inner, library); });
    std::vector<std::string> names;
    Eigen::VectorXd values(Eigen::Index(model.parameters().size()));
    for (const auto& [name, value] : model.parameters()) {
      values[Eigen::Index(names.size())] = value;
      names.push_back(name);
    }
    fields.texts("parameter_names", names);
    if (values.size() > 0) fields.tensor("parameter_values", values);
    archive.training.grid.clear();
    for (const auto& axis : model.grid().axes()) archive.training.grid.push_back({axis.count, axis.length, axis.lower});
    detail::LawFormat<Model>::write_law(model, archive);
  }

  static Model read(const compiled::Archive& archive, TrainingFacts training) {
    FieldReader fields(archive);
    std::remove_cvref_t<decltype(std::declval<const Model&>().library())> library;
    fields.part("library", library, [](auto& inner, auto& found) { tell(inner, found); });
    std::vector<std::string> names;
    Eigen::VectorXd values;
    fields.texts("parameter_names", names);
    if (!names.empty()) fields.tensor("parameter_values", values);
    if (values.size() != Eigen::Index(names.size())) fields.misfit("its parameters have other names than values");
    std::map<std::string, double> parameters;
    for (std::size_t k = 0; k < names.size(); ++k) parameters[names[k]] = values[Eigen::Index(k)];
    if (!training.grid) fields.misfit("there is no grid");
    SpatialGrid grid = *training.grid;
    Matrix coefficients = detail::matrix<double>(archive, "coefficients");
    auto report = detail::LawFormat<Model>::report(archive, coefficients);
    return {std::move(library),  std::move(grid),   std::move(coefficients),
            std::move(training), std::move(report), std::move(parameters)};
  }

  static Matrix probe_inputs(const Model& model) {
    RandomStream random(20);
    return Matrix::NullaryExpr(model.law().variables(), 4, [&] { return random.uniform(-1, 1); });
  }

 private:
  template <typename Fields, typename Library>
  static void tell(Fields& fields, Library& library) {
    static constexpr std::array spaces{"spectral", "finite differences"};
    fields.setting("degree", library.degree);
    fields.setting("order", library.order);
    fields.setting("factors", library.factors);
    fields.setting("bias", library.bias);
    fields.texts("fields", library.fields);
    fields.texts("parameters", library.parameters);
    fields.choice("space", library.space, spaces);
    fields.setting("accuracy", library.accuracy);
    fields.setting("periodic", library.periodic);
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
