// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The model file: one format for all models, in the layout of safetensors. Its fields are
/// described in `docs/methods/model_file.md`.
///
/// This border of the compiled library is crossed by types only whose layout does not depend on
/// compiler flags: the library is tuned for the machine that built it, its users are not.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "almagest/core/config.hpp"

namespace almagest::compiled {

/// Numbers in row-major order, as NumPy sees them.
struct Tensor {
  std::string dtype;  ///< "F64", "F32" or "I64": double, float, std::int64_t
  std::vector<std::int64_t> shape;
  std::string bytes;  ///< little-endian
};

/// What a model knows of the runs it learned from; TrainingFacts in plain types.
struct Training {
  struct Axis {
    std::int64_t count = 0;
    double length = 0, lower = 0;
  };
  std::int64_t dimension = 0, samples = 0, window = 2;
  std::optional<double> step;
  double quietest = 0;
  std::vector<std::string> names;
  std::vector<double> lower, upper;
  std::vector<Axis> grid;  ///< empty where the state is no field
};

/// What a model file holds.
struct Archive {
  std::string kind;             ///< which model: "sindy", "hankel_dmd", ...
  std::string library_version;  ///< of the library that wrote the model; empty: this one
  std::string origin;           ///< the file it was read from, for error texts; not stored
  std::map<std::string, double> architecture;  ///< degree, delays, ...; a switch is 0 or 1
  Training training;
  std::vector<std::string> warnings;  ///< what the fit found doubtful
  std::map<std::string, Tensor> tensors;
};

/// The version of the format that is written, and the latest that can be read.
inline constexpr int archive_version = 1;

/// \name Model files
/// The same archive gives the same bytes on every machine. Reading checks everything that it relies
/// on: lengths, offsets, types, versions, a checksum over the content, and that all numbers are
/// finite.
///
/// \throws IoError with the file, what was found, what was expected and the remedy. Writing throws
///         NonFiniteData for a tensor with a NaN or an infinity, and InvalidArgument for a tensor
///         whose shape does not fit its values or a text that is not UTF-8.
/// @{
ALMAGEST_EXPORT std::string encode_archive(const Archive& archive);
ALMAGEST_EXPORT Archive decode_archive(std::string_view bytes, const std::string& origin);
ALMAGEST_EXPORT void write_archive(const std::string& path, const Archive& archive);
ALMAGEST_EXPORT Archive read_archive(const std::string& path);
ALMAGEST_EXPORT std::string kind_of_archive(const std::string& path);
/// @}

}  // namespace almagest::compiled
