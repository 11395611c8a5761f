// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Models to files and back. Needs `almagest::compiled`, and the header of the model that is saved or
/// loaded: this one declares the models only.

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/archive.hpp"
#include "almagest/io/dmd_format.hpp"
#include "almagest/io/edmd_format.hpp"
#include "almagest/io/exponential_format.hpp"
#include "almagest/io/havok_format.hpp"
#include "almagest/io/model_format.hpp"
#include "almagest/io/neural_format.hpp"
#include "almagest/io/recurrent_format.hpp"
#include "almagest/io/neural_ode_format.hpp"
#include "almagest/io/parametric_format.hpp"
#include "almagest/io/sindy_format.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// A model that can be stored: ModelFormat knows it.
template <typename Model>
concept Storable = requires(const Model& model, compiled::Archive& archive) {
  ModelFormat<Model>::kind;
  ModelFormat<Model>::write(model, archive);
};

namespace detail {

template <typename Model>
Eigen::Index probe_rows(const Model& model) {
  if constexpr (requires { ModelFormat<Model>::probe_rows(model); })
    return ModelFormat<Model>::probe_rows(model);
  else if constexpr (requires { ModelFormat<Model>::probe_rows; })
    return ModelFormat<Model>::probe_rows;
  else
    return model.dimension();
}

template <typename Model>
Eigen::Index output_rows(const Model& model) {
  if constexpr (requires { ModelFormat<Model>::output_rows(model); })
    return ModelFormat<Model>::output_rows(model);
  else
    return model.dimension();
}

/// Replays the probe. Another set of vector instructions rounds otherwise, another model errs
/// otherwise.
template <typename Model>
void replay_probe(const compiled::Archive& archive, const Model& model) {
  using Format = ModelFormat<Model>;
  using Scalar = typename Model::Scalar;
  constexpr double tolerance = std::is_same_v<Scalar, float> ? 1e-5 : 1e-12;
  const auto inputs = matrix<Scalar>(archive, "probe.inputs", probe_rows<Model>(model));
  const auto expected = matrix<Scalar>(archive, "probe.outputs", output_rows<Model>(model));
  const auto given = Format::probe_outputs(model, inputs);
  if (given.cols() != expected.cols())
    misfit(archive, almagest::detail::text("its probe has ", expected.cols(), " outputs where ",
                                           given.cols(), " are expected"));
  const auto sizes = Format::probe_sizes(model, inputs);
  for (Eigen::Index k = 0; k < given.cols(); ++k)
    for (Eigen::Index i = 0; i < given.rows(); ++i)
      if (!(std::abs(double(given(i, k)) - double(expected(i, k))) <=
            tolerance * double(sizes(i, k))))
        throw IoError(almagest::detail::text(
            "load: the model in \"", archive.origin, "\", saved by almagest ",
            archive.library_version, ", fails its probe: output ", k, " gives ", given(i, k),
            " in component ", i, " where ", expected(i, k), " is expected; almagest ",
            ALMAGEST_VERSION,
            " understands it otherwise, load it with the version that saved it or train it "
            "again."));
}

}  // namespace detail

/// What a model file will hold, probe included.
template <Storable Model>
compiled::Archive to_archive(const Model& model) {
  using Format = ModelFormat<Model>;
  compiled::Archive archive;
  archive.kind = Format::kind;
  detail::store(model.training(), archive.training);
  Format::write(model, archive);
  const auto inputs = Format::probe_inputs(model);
  archive.tensors["probe.inputs"] = detail::tensor(inputs);
  archive.tensors["probe.outputs"] = detail::tensor(Format::probe_outputs(model, inputs));
  return archive;
}

/// The model of an archive, its probe replayed; the errors are those of `load`.
template <Storable Model>
Model from_archive(const compiled::Archive& archive) {
  using almagest::detail::text;
  if (archive.kind != ModelFormat<Model>::kind)
    throw IoError(text("load: \"", archive.origin, "\" holds a model of kind \"", archive.kind,
                       "\", but one of kind \"", ModelFormat<Model>::kind,
                       "\" is asked for; load it as what it is."));
  try {
    Model model = ModelFormat<Model>::read(archive, detail::training_facts(archive.training));
    detail::replay_probe(archive, model);
    return model;
  } catch (const IoError&) {
    throw;
  } catch (const Error& error) {
    detail::misfit(archive, error.what());
  }
}

/// Saves a model: `sindy::Model`, `MapModel`, `PdeModel`, `koopman::Dmd`, `Edmd`, `Havok`, `OptimizedDmd`, `BaggedDmd`,
/// `MultiresolutionDmd`, `neural::NetworkModel`, `ReservoirModel`, `NvarModel`, or whatever else ModelFormat
/// knows.
///
/// The file holds numbers and text only, bit for bit; it carries what the model knows of its
/// training, and a probe. Its layout is that of safetensors, described in
/// `docs/methods/model_file.md`. It appears complete or not at all.
///
/// \throws IoError for a file that cannot be written; NonFiniteData, InvalidArgument for a model
///         that no file can hold (see write_archive).
template <Storable Model>
void save(const Model& model, const std::string& path) {
  compiled::write_archive(path, to_archive(model));
}

/// Loads a model, as in `io::load<sindy::Model<double>>("lorenz.almagest")`: the same bits that
/// were saved, and so the same forecasts.
///
/// Before it is returned, its probe is replayed: outputs must be those of the model that was saved,
/// to \f$ 10^{-12} \f$ (\f$ 10^{-5} \f$ in single precision) relative to the terms they are summed
/// from, since programs compiled for other vector instructions round otherwise.
///
/// \throws IoError for a file that cannot be read, is foreign, damaged, of a newer format, of
///         another kind or precision than asked for, or whose probe fails.
template <Storable Model>
Model load(const std::string& path) {
  return from_archive<Model>(compiled::read_archive(path));
}

namespace detail {

template <typename Any, Storable First, Storable... Others>
Any whichever(const compiled::Archive& archive, const std::string& known) {
  if (archive.kind == ModelFormat<First>::kind) return from_archive<First>(archive);
  const std::string so_far =
      almagest::detail::text(known, known.empty() ? "\"" : ", \"", ModelFormat<First>::kind, '"');
  if constexpr (sizeof...(Others) > 0)
    return whichever<Any, Others...>(archive, so_far);
  else
    throw IoError(almagest::detail::text("load_any: \"", archive.origin, "\" holds a model of kind \"", archive.kind,
                                         "\", but ", so_far, " are looked for; add what it is to them."));
}

}  // namespace detail

/// Loads whichever of some models a file holds, as its kind says:
/// \code
/// const auto model = io::load_any<sindy::Model<double>, koopman::Dmd<double>>(path);
/// std::visit([&](const auto& forecaster) { show(forecaster.forecast(history, 100)); }, model);
/// \endcode
///
/// \throws IoError as `load` does, and for a model of none of these kinds.
template <Storable... Models>
std::variant<Models...> load_any(const std::string& path) {
  return detail::whichever<std::variant<Models...>, Models...>(compiled::read_archive(path), "");
}

/// The kind of the model in a file: "sindy", "hankel_dmd", "edmd", ...
inline std::string kind_of(const std::string& path) { return compiled::kind_of_archive(path); }

}  // namespace almagest::inline ALMAGEST_ABI::io
