// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/sindy/law.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// `precision` decimals; in scientific notation where those would show little or too much.
inline std::string coefficient_text(double size, int precision) {
  const bool fixed = size >= std::pow(10.0, -precision) && size < 1e6;
  char buffer[64];
  return {buffer,
          std::to_chars(buffer, buffer + sizeof buffer, size,
                        fixed ? std::chars_format::fixed : std::chars_format::scientific, precision)
              .ptr};
}

inline void check_precision(int precision, const char* what) {
  if (precision < 0 || precision > 17)
    throw InvalidArgument(almagest::detail::text(what, ": precision is ", precision,
                                                 "; give 0 to 17 decimals."));
}

/// "left = -10.0000 x + 10.0000 y" for each target of a law, whose features are called `terms`.
/// Between a coefficient and a term stands `times`.
template <typename Scalar>
std::vector<std::string> equations(const Law<Scalar>& law, const std::vector<std::string>& left,
                                   const std::vector<std::string>& terms, int precision,
                                   const char* what, const char* times = " ") {
  check_precision(precision, what);
  std::vector<std::string> lines;
  for (Eigen::Index i = 0; i < law.targets(); ++i) {
    std::string line = left[std::size_t(i)] + " =";
    bool empty = true;
    for (Eigen::Index f = 0; f < law.coefficients().rows(); ++f) {
      const double value = double(law.coefficients()(f, i));
      if (value == 0) continue;
      line += empty ? (value < 0 ? " -" : " ") : (value < 0 ? " - " : " + ");
      line += coefficient_text(std::abs(value), precision);
      if (terms[std::size_t(f)] != "1") line += times + terms[std::size_t(f)];
      empty = false;
    }
    lines.push_back(empty ? line + " 0" : line);
  }
  return lines;
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
