// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pieces that all exported headers are made from.

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::io::detail {

using almagest::detail::text;

/// Refuses what cannot be the name of a namespace in C++17 or later.
inline void check_identifier(std::string_view name) {
  // clang-format off
  constexpr std::array<std::string_view, 97> reserved = {
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
      "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return",
      "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit",
      "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum",
      "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline",
      "int", "linux", "long", "main", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
      "operator", "or", "or_eq", "posix", "private", "protected", "public", "register",
      "reinterpret_cast", "requires", "return", "short", "signed", "sizeof", "static",
      "static_assert", "static_cast", "std", "struct", "switch", "template", "this", "thread_local",
      "throw", "true", "try", "typedef", "typeid", "typename", "union", "unix", "unsigned", "using",
      "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq"};
  // Functions of <math.h>, which stand in the global namespace too.
  constexpr std::string_view mathematics =
      " abs acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh drem erf erfc exp exp10 exp2 "
      "expm1 fabs fdim finite floor fma fmax fmin fmod frexp gamma hypot ilogb isinf isnan j0 j1 jn ldexp "
      "lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward "
      "pow pow10 remainder remquo rint round scalb scalbln scalbn signgam significand sin sincos sinh sqrt "
      "tan tanh tgamma trunc y0 y1 yn ";
  // clang-format on
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool spelled = !name.empty() && letter(name.front()) &&
                       std::all_of(name.begin(), name.end(),
                                   [&](char c) { return letter(c) || digit(c) || c == '_'; });
  if (!spelled || name.find("__") != std::string_view::npos)
    throw InvalidArgument(
        text("export_header: name is \"", name,
             "\", which is no C++ identifier; begin with a letter, go on with letters, digits and "
             "single underscores."));
  if (std::find(reserved.begin(), reserved.end(), name) != reserved.end() ||
      mathematics.find(text(' ', name, ' ')) != std::string_view::npos)
    throw InvalidArgument(text("export_header: name is \"", name,
                               "\", a word that C++ keeps for itself; choose another, such as \"",
                               name, "_model\"."));
}

/// Text for a comment of one line: nothing in it can end the comment or continue the line.
inline std::string comment_text(std::string line) {
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '?') c = '_';
  return line;
}

/// A literal that reads back to the same bits.
template <typename Scalar>
std::string literal(Scalar value) {
  std::string digits = text(value);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  if constexpr (std::is_same_v<Scalar, float>) digits += 'f';
  return digits;
}

/// The names of the components, and where the model knows them, as comments.
inline std::string state_comment(const TrainingFacts& facts, const char* learned) {
  std::string out = text("//\n// The state, and the range in which the ", learned, " learned:\n");
  for (Eigen::Index i = 0; i < facts.dimension; ++i)
    out += text("//   x[", i, "]  ", comment_text(facts.names[std::size_t(i)]), " in [",
                almagest::detail::rounded(facts.lower[i], 6), ", ",
                almagest::detail::rounded(facts.upper[i], 6), "]\n");
  return out;
}

inline std::string opening(const std::string& name, const char* includes = "") {
  return text("#ifndef ALMAGEST_MODEL_", name, "\n#define ALMAGEST_MODEL_", name, "\n\n", includes,
              "namespace ", name, " {\n\n");
}

inline std::string closing(const std::string& name) {
  return text("}  // namespace ", name, "\n\n#endif  // ALMAGEST_MODEL_", name, '\n');
}

/// "inline constexpr scalar name[6] = {...};", row by row, a few numbers a line.
template <typename Scalar>
std::string table(const char* name, const Eigen::MatrixX<Scalar>& values) {
  constexpr std::size_t widest = 96;
  std::string out = text("inline constexpr scalar ", name, '[', values.size(), "] = {"), line = "\n   ";
  for (Eigen::Index i = 0; i < values.rows(); ++i)
    for (Eigen::Index j = 0; j < values.cols(); ++j) {
      const std::string number = ' ' + literal(values(i, j)) + ',';
      if (line.size() + number.size() > widest) {
        out += line;
        line = "\n   ";
      }
      line += number;
    }
  return out + line + "};\n";
}

/// "inline void name(const scalar* from, scalar* to) { to = table * from }"
inline std::string product(const char* function, const char* comment, const char* table, const char* from,
                           const char* to, const char* rows, const char* columns) {
  return text("// ", comment, "\ninline void ", function, "(const scalar* ", from, ", scalar* ", to,
              ") {\n  for (int i = 0; i < ", rows, "; ++i) {\n    scalar sum = 0;\n    for (int j = 0; j < ", columns,
              "; ++j) sum += tables::", table, "[i * (", columns, ") + j] * ", from, "[j];\n    ", to,
              "[i] = sum;\n  }\n}\n\n");
}

/// Eigenvalues or exponents with their residuals, as comments.
template <typename Values, typename Residuals>
std::string spectrum_comment(const Values& values, const Residuals& residuals) {
  std::string out;
  for (Eigen::Index j = 0; j < values.size(); ++j)
    out += text("//   ", values[j].real(), " + ", values[j].imag(), "i  ",
                almagest::detail::rounded(double(residuals[j]), 3), '\n');
  return out;
}

/// What a linear model of windows is exported from.
template <typename Scalar>
struct LinearTables {
  std::string about;  ///< comments
  Eigen::MatrixX<Scalar> encoder, map, driven, newest;  ///< driven: without columns where nothing drives
};

/// The header of a linear model on coordinates of windows.
template <typename Scalar>
std::string linear_header(const LinearTables<Scalar>& model, const TrainingFacts& facts,
                          const std::string& name, const char* drive_comment) {
  const Eigen::Index inputs = model.driven.cols(), delays = model.encoder.cols() / facts.dimension;
  std::string out = model.about + state_comment(facts, "model was") + opening(name);
  out += text("using scalar = ", std::is_same_v<Scalar, float> ? "float" : "double", ";\nconstexpr int dimension = ",
              facts.dimension, ", delays = ", delays, ", rank = ", model.map.rows(), ", inputs = ", inputs,
              ";\n\nnamespace tables {\n");
  out +=
      table<Scalar>("encoder", model.encoder) + table<Scalar>("map", model.map) + table<Scalar>("newest", model.newest);
  if (inputs > 0) out += table<Scalar>("driven", model.driven);
  out += "}  // namespace tables\n\n";
  out += product("lift", "Coordinates of the last samples, oldest first.", "encoder", "window", "z", "rank",
                 "delays * dimension");
  out +=
      product("step", "Coordinates one time step later; next must not overlap z.", "map", "z", "next", "rank", "rank");
  if (inputs > 0)
    out += text("// ", drive_comment, "\ninline void drive(const scalar* u, scalar* next) {\n"
                "  for (int i = 0; i < rank; ++i)\n"
                "    for (int j = 0; j < inputs; ++j) next[i] += tables::driven[i * inputs + j] * u[j];\n}\n\n");
  out += product("observe", "The newest sample.", "newest", "z", "x", "dimension", "rank");
  return out + closing(name);
}

}  // namespace almagest::inline ALMAGEST_ABI::io::detail
