// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What writing and reading of model files share.

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/io/archive.hpp"

namespace almagest::compiled::layout {

using detail::text;

inline constexpr std::string_view format_name = "almagest-model";
inline constexpr std::uint64_t largest_header = 100'000'000;  // as in other readers of safetensors

/// Bytes of one number; 0 for a dtype that is not known.
inline std::uint64_t width(std::string_view dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  return dtype == "F32" ? 4 : 0;
}

inline std::string shape_text(const Tensor& tensor) {
  std::string out;
  for (const auto length : tensor.shape) out += text(out.empty() ? "" : ", ", length);
  return text('[', out, ']');
}

/// Product of the lengths; nothing where it overflows or a length is negative.
inline std::optional<std::uint64_t> elements(const std::vector<std::int64_t>& shape) {
  std::uint64_t product = 1;
  for (const auto length : shape) {
    if (length < 0) return std::nullopt;
    const auto n = std::uint64_t(length);
    if (n > 0 && product > std::uint64_t(std::numeric_limits<std::int64_t>::max()) / 8 / n)
      return std::nullopt;
    product *= n;
  }
  return product;
}

template <typename Scalar>
std::optional<std::size_t> first_non_finite(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(Scalar); ++i) {
    Scalar value;
    std::memcpy(&value, bytes.data() + i * sizeof(Scalar), sizeof(Scalar));
    if (!std::isfinite(value)) return i;
  }
  return std::nullopt;
}

inline std::optional<std::size_t> first_non_finite(const Tensor& tensor) {
  if (tensor.dtype == "F64") return first_non_finite<double>(tensor.bytes);
  if (tensor.dtype == "F32") return first_non_finite<float>(tensor.bytes);
  return std::nullopt;
}

/// FNV-1a over the content, whatever way the header spells it: each entry of the metadata but the
/// checksum, then each tensor, in the order of their names; a zero byte ends each text.
class Checksum {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes)
      hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  }
  void add_text(std::string_view characters) {
    add(characters);
    add(std::string_view("\0", 1));
  }
  std::string hexadecimal() const {
    std::string out(16, '0');
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, hash_, 16).ptr;
    std::copy(digits, end, out.end() - (end - digits));
    return out;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

inline std::string checksum(const std::map<std::string, std::string>& metadata,
                            const std::map<std::string, Tensor>& tensors) {
  Checksum sum;
  for (const auto& [key, value] : metadata) {
    if (key == "checksum") continue;
    sum.add_text(key);
    sum.add_text(value);
  }
  for (const auto& [name, tensor] : tensors) {
    sum.add_text(name);
    sum.add_text(tensor.dtype);
    sum.add_text(shape_text(tensor));
    sum.add(tensor.bytes);
  }
  return sum.hexadecimal();
}

}  // namespace almagest::compiled::layout
