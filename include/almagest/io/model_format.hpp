// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/archive.hpp"

namespace almagest::inline ALMAGEST_ABI::io {

/// How a kind of model is stored. A model becomes storable by a specialization with
/// - `static constexpr const char* kind`: the name of the kind in the file;
/// - `static void write(const Model&, compiled::Archive&)`: adds settings and tensors;
/// - `static Model read(const compiled::Archive&, TrainingFacts)`: builds the model from them;
/// - `static Matrix probe_inputs(const Model&)`: a few inputs;
/// - `static Matrix probe_outputs(const Model&, const Matrix& inputs)`: what the model makes of
///   them;
/// - `static Matrix probe_sizes(const Model&, const Matrix& inputs)`: the size of the numbers that
///   each output is made from, to which rounding is relative.
///
/// `Matrix` is `Eigen::MatrixX<typename Model::Scalar>`. The probe is replayed when the file is
/// loaded.
template <typename Model>
struct ModelFormat;

namespace detail {

template <typename Scalar>
struct IsComplex : std::false_type {};
template <typename Real>
struct IsComplex<std::complex<Real>> : std::true_type {};

/// A matrix as a row-major tensor: a vector has one axis; complex numbers add a last one of length
/// 2.
template <typename Derived>
compiled::Tensor tensor(const Eigen::MatrixBase<Derived>& matrix) {
  using Scalar = typename Derived::Scalar;
  compiled::Tensor out;
  out.shape.push_back(matrix.rows());
  if constexpr (!Derived::IsVectorAtCompileTime) out.shape.push_back(matrix.cols());
  std::vector<typename Eigen::NumTraits<Scalar>::Real> values;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i)
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      values.push_back(Eigen::numext::real(matrix(i, j)));
      if constexpr (IsComplex<Scalar>::value) values.push_back(matrix(i, j).imag());
    }
  if constexpr (IsComplex<Scalar>::value) out.shape.push_back(2);
  out.values = std::move(values);
  return out;
}

[[noreturn]] inline void misfit(const compiled::Archive& archive, std::string_view found) {
  throw IoError(almagest::detail::text("load: \"", archive.origin, "\" holds a model of kind \"",
                                       archive.kind, "\" whose parts do not fit: ", found,
                                       "; it was not written by almagest, save the model anew."));
}

/// The tensor `name` as a matrix of `rows` rows (-1: any); the inverse of `tensor`.
template <typename Scalar>
Eigen::MatrixX<Scalar> matrix(const compiled::Archive& archive, const std::string& name,
                              Eigen::Index rows = -1) {
  using Real = typename Eigen::NumTraits<Scalar>::Real;
  using almagest::detail::text;
  const auto found = archive.tensors.find(name);
  if (found == archive.tensors.end()) misfit(archive, text("there is no tensor \"", name, "\""));
  const auto& [shape, numbers] = found->second;
  const auto* values = std::get_if<std::vector<Real>>(&numbers);
  if (!values) {
    constexpr bool single = std::is_same_v<Real, float>;
    throw IoError(
        text("load: \"", archive.origin, "\" holds a model in ", single ? "double" : "single",
             " precision, but one in ", single ? "single" : "double",
             " precision is asked for; load it as a model of ", single ? "double." : "float."));
  }
  constexpr std::size_t parts = IsComplex<Scalar>::value ? 2 : 1;
  const std::size_t axes = shape.size() - (parts - 1);
  if (shape.size() < parts || axes > 2 || (parts == 2 && shape.back() != 2))
    misfit(archive, text("tensor \"", name, "\" has ", shape.size(), " axes"));
  const Eigen::Index columns = axes == 2 ? shape[1] : 1;
  if (rows >= 0 && shape[0] != rows)
    misfit(archive,
           text("tensor \"", name, "\" has ", shape[0], " rows where ", rows, " are expected"));
  Eigen::MatrixX<Scalar> out(shape.front(), columns);
  const Real* value = values->data();
  for (Eigen::Index i = 0; i < out.rows(); ++i)
    for (Eigen::Index j = 0; j < columns; ++j, value += parts) {
      if constexpr (parts == 2)
        out(i, j) = {value[0], value[1]};
      else
        out(i, j) = *value;
    }
  return out;
}

template <typename T>
T setting(const compiled::Archive& archive, const std::string& name) {
  const auto found = archive.architecture.find(name);
  const T* value = found == archive.architecture.end() ? nullptr : std::get_if<T>(&found->second);
  if (!value)
    misfit(archive,
           almagest::detail::text("its architecture has no \"", name, "\" of the expected type"));
  return *value;
}

/// A setting that counts something, within the range of `Integer` and of sense.
template <typename Integer>
Integer count_setting(const compiled::Archive& archive, const std::string& name) {
  const auto value = setting<std::int64_t>(archive, name);
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max())
    misfit(archive,
           almagest::detail::text("\"", name, "\" is ", value, " where a count is expected"));
  return Integer(value);
}

inline compiled::Training plain(const TrainingFacts& facts) {
  compiled::Training out;
  out.dimension = facts.dimension;
  out.samples = facts.samples;
  out.window = facts.window;
  out.step = facts.step;
  out.quietest = facts.quietest;
  out.names = facts.names;
  out.lower.assign(facts.lower.begin(), facts.lower.end());
  out.upper.assign(facts.upper.begin(), facts.upper.end());
  if (facts.grid)
    for (const auto& axis : facts.grid->axes())
      out.grid.push_back({axis.count, axis.length, axis.lower});
  return out;
}

inline TrainingFacts training_facts(const compiled::Training& plain) {
  TrainingFacts facts;
  facts.dimension = Eigen::Index(plain.dimension);
  facts.samples = Eigen::Index(plain.samples);
  facts.window = Eigen::Index(plain.window);
  facts.step = plain.step;
  facts.quietest = plain.quietest;
  facts.names = plain.names;
  facts.lower =
      Eigen::Map<const Eigen::VectorXd>(plain.lower.data(), Eigen::Index(plain.lower.size()));
  facts.upper =
      Eigen::Map<const Eigen::VectorXd>(plain.upper.data(), Eigen::Index(plain.upper.size()));
  if (!plain.grid.empty()) {
    std::vector<SpatialGrid::Axis> axes;
    for (const auto& axis : plain.grid)
      axes.push_back({Eigen::Index(axis.count), axis.length, axis.lower});
    facts.grid = SpatialGrid(std::move(axes));
  }
  return facts;
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::io
