// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Whether a golden file is read and written as it was.

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "almagest/io/model_file.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

namespace golden {

namespace compiled = almagest::compiled;


template <typename Scalar>
inline std::string path(const std::string& kind) {
  const char* precision = std::is_same_v<Scalar, float> ? "float" : "double";
  return ALMAGEST_SOURCE_DIR "/tests/golden/" + kind + "_" + precision + "_v1.almagest";
}

/// Numbers of order one that agree to a few roundings.
template <typename Scalar>
void check_close(const std::string& a, const std::string& b) {
  for (std::size_t at = 0; at < a.size(); at += sizeof(Scalar)) {
    Scalar one, other;
    std::memcpy(&one, a.data() + at, sizeof(Scalar));
    std::memcpy(&other, b.data() + at, sizeof(Scalar));
    CHECK(std::abs(one - other) <= 8 * std::numeric_limits<Scalar>::epsilon());
  }
}

/// Whether two archives agree in all but what rounding and versions may change.
inline void check_same_content(compiled::Archive a, compiled::Archive b) {
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    INFO(name);
    REQUIRE(b.tensors.count(name) == 1);
    const compiled::Tensor& other = b.tensors.at(name);
    CHECK(tensor.dtype == other.dtype);
    CHECK(tensor.shape == other.shape);
    REQUIRE(tensor.bytes.size() == other.bytes.size());
    if (tensor.dtype == "I64")
      CHECK(tensor.bytes == other.bytes);
    else if (tensor.dtype == "F32")
      check_close<float>(tensor.bytes, other.bytes);
    else
      check_close<double>(tensor.bytes, other.bytes);
  }
  for (auto* archive : {&a, &b}) {
    archive->library_version = "any";
    archive->tensors.clear();
  }
  CHECK(compiled::encode_archive(a) == compiled::encode_archive(b));
}

template <typename Model>
void check_golden(const std::string& file, const Model& model) {
  const std::string bytes = content(file);
  const compiled::Archive archive = compiled::decode_archive(bytes, file);
  CHECK(compiled::encode_archive(archive) == bytes);
  check_same_content(archive, almagest::io::to_archive(model));
}

}  // namespace golden
