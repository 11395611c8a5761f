// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Text from numbers without `<sstream>`, which would cost every user compile time.

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::detail {

inline void append(std::string& out, std::string_view piece) { out += piece; }
inline void append(std::string& out, char piece) { out += piece; }

template <typename Number>
  requires std::integral<Number> || std::floating_point<Number>
void append(std::string& out, Number value) {
  char buffer[64];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

/// Concatenates its arguments; numbers appear in the shortest form that reads back to the same value.
template <typename... Pieces>
std::string text(const Pieces&... pieces) {
  std::string out;
  (append(out, pieces), ...);
  return out;
}

/// A number with a given count of significant digits.
inline std::string rounded(double value, int digits) {
  char buffer[64];
  return {buffer,
          std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, digits).ptr};
}

}  // namespace almagest::inline ALMAGEST_ABI::detail
