// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
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
/// loaded. Inputs and outputs have a row for each component of the state, or as many as `probe_rows`
/// (a constant or a function of the model) and `output_rows(model)` say. A model that has `parts()` derives from PartsFormat and states those once, for
/// both ways.
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
  using Real = typename Eigen::NumTraits<Scalar>::Real;
  const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> dense = matrix;
  compiled::Tensor out;
  out.dtype = std::is_same_v<Real, float> ? "F32" : "F64";
  out.shape.push_back(matrix.rows());
  if constexpr (!Derived::IsVectorAtCompileTime) out.shape.push_back(matrix.cols());
  if constexpr (IsComplex<Scalar>::value) out.shape.push_back(2);
  out.bytes.assign(reinterpret_cast<const char*>(dense.data()),
                   std::size_t(dense.size()) * sizeof(Scalar));
  return out;
}

template <typename Archive>
[[noreturn]] void misfit(const Archive& archive, const std::string& found) {
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
  constexpr bool single = std::is_same_v<Real, float>, complex = IsComplex<Scalar>::value;
  const auto found = archive.tensors.find(name);
  if (found == archive.tensors.end()) misfit(archive, text("there is no tensor \"", name, "\""));
  const auto& [dtype, shape, bytes] = found->second;
  if (dtype != (single ? "F32" : "F64"))
    throw IoError(
        text("load: \"", archive.origin, "\" holds a model in ", single ? "double" : "single",
             " precision, but one in ", single ? "single" : "double",
             " precision is asked for; load it as a model of ", single ? "double." : "float."));
  const Eigen::Index axes = Eigen::Index(shape.size()) - complex;
  if (axes < 1 || axes > 2 || (complex && shape.back() != 2))
    misfit(archive, text("tensor \"", name, "\" has ", shape.size(), " axes"));
  if (rows >= 0 && shape[0] != rows)
    misfit(archive,
           text("tensor \"", name, "\" has ", shape[0], " rows where ", rows, " are expected"));
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> out(
      shape[0], axes == 2 ? shape[1] : 1);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(out.data()));
  return out;
}

template <typename Archive>
double setting(const Archive& archive, const std::string& name) {
  const auto found = archive.architecture.find(name);
  if (found == archive.architecture.end())
    misfit(archive, almagest::detail::text("its architecture has no \"", name, '"'));
  return found->second;
}

/// A setting that counts something, within reason.
template <typename Integer, typename Archive>
Integer count_setting(const Archive& archive, const std::string& name) {
  const double value = setting(archive, name);
  if (!(value >= 0 && value < 2147483648.0 && value == std::trunc(value)))
    misfit(archive,
           almagest::detail::text('"', name, "\" is ", value, " where a count is expected"));
  return Integer(value);
}

inline void store(const TrainingFacts& facts, compiled::Training& out) {
  out.dimension = facts.dimension;
  out.samples = facts.samples;
  out.window = facts.window;
  out.step = facts.step;
  out.quietest = facts.quietest;
  out.names = facts.names;
  out.lower.assign(facts.lower.data(), facts.lower.data() + facts.lower.size());
  out.upper.assign(facts.upper.data(), facts.upper.data() + facts.upper.size());
  if (facts.grid)
    for (const auto& axis : facts.grid->axes())
      out.grid.push_back({axis.count, axis.length, axis.lower});
}

inline TrainingFacts training_facts(const compiled::Training& plain) {
  TrainingFacts facts;
  facts.dimension = Eigen::Index(plain.dimension);
  facts.samples = Eigen::Index(plain.samples);
  facts.window = Eigen::Index(plain.window);
  facts.step = plain.step;
  facts.quietest = plain.quietest;
  facts.names = plain.names;
  facts.lower.resize(Eigen::Index(plain.lower.size()));
  facts.upper.resize(Eigen::Index(plain.upper.size()));
  std::copy(plain.lower.begin(), plain.lower.end(), facts.lower.data());
  std::copy(plain.upper.begin(), plain.upper.end(), facts.upper.data());
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
