// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What writing and reading of model files share.

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "almagest/core/text.hpp"
#include "almagest/io/archive.hpp"

namespace almagest::compiled::layout {

using detail::text;

inline constexpr std::string_view format_name = "almagest-model";
inline constexpr std::uint64_t largest_header = 100'000'000;  // as in other readers of safetensors

template <typename Scalar>
inline constexpr const char* dtype_of = std::is_same_v<Scalar, double>  ? "F64"
                                        : std::is_same_v<Scalar, float> ? "F32"
                                                                        : "I64";

inline const char* dtype(const Tensor& tensor) {
  return std::visit(
      [](const auto& values) {
        return dtype_of<typename std::decay_t<decltype(values)>::value_type>;
      },
      tensor.values);
}

inline std::string_view bytes_of(const Tensor& tensor) {
  return std::visit(
      [](const auto& values) {
        return std::string_view(reinterpret_cast<const char*>(values.data()),
                                values.size() * sizeof(values[0]));
      },
      tensor.values);
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

inline std::optional<std::size_t> first_non_finite(const Tensor& tensor) {
  return std::visit(
      [](const auto& values) -> std::optional<std::size_t> {
        if constexpr (std::is_floating_point_v<typename std::decay_t<decltype(values)>::value_type>)
          for (std::size_t i = 0; i < values.size(); ++i)
            if (!std::isfinite(values[i])) return i;
        return std::nullopt;
      },
      tensor.values);
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
    sum.add_text(dtype(tensor));
    sum.add_text(shape_text(tensor));
    sum.add(bytes_of(tensor));
  }
  return sum.hexadecimal();
}

}  // namespace almagest::compiled::layout
