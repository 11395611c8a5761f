// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <string>
#include <type_traits>

#include "almagest/core/files.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/export_header.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Dmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

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
  return text("// ", comment, "\ninline void ", function, "(const scalar* ", from, ", scalar* ", to, ") {\n  for (int i = 0; i < ",
              rows, "; ++i) {\n    scalar sum = 0;\n    for (int j = 0; j < ", columns, "; ++j) sum += tables::", table, "[i * (",
              columns, ") + j] * ", from, "[j];\n    ", to, "[i] = sum;\n  }\n}\n\n");
}

}  // namespace detail

/// A dynamic mode decomposition as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`, `dimension`, `delays`, `rank`, and `inputs`;
/// - `lift(window, z)`: coordinates of the last `delays` samples, oldest first, each of `dimension` numbers;
/// - `step(z, next)`: the coordinates one time step later; the two must not overlap;
/// - `drive(u, next)`: adds what the inputs do in that step, where the model has inputs;
/// - `observe(z, x)`: the newest sample.
///
/// Numbers have the digits that give their bits; nothing is allocated. A forecast lifts once and then steps: it
/// differs from the model's by the order of sums.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const koopman::Dmd<Scalar>& model, const std::string& name) {
  using detail::text, detail::comment_text;
  detail::check_identifier(name);
  const TrainingFacts& facts = model.training();
  const auto& parts = model.parts();
  const Eigen::Index n = model.dimension();
  std::string out = text("// A linear model of ", model.context() > 1 ? "windows of samples" : "samples", " learned by almagest ",
                         ALMAGEST_VERSION, " (dynamic mode decomposition).\n//\n// Time step: ", *facts.step,
                         ". Eigenvalues and residuals:\n");
  for (Eigen::Index j = 0; j < model.rank(); ++j)
    out += text("//   ", model.eigenvalues()[j].real(), " + ", model.eigenvalues()[j].imag(), "i  ",
                almagest::detail::rounded(double(model.residuals()[j]), 3), '\n');
  out += "//\n// The state, and the range in which the model was learned:\n";
  for (Eigen::Index i = 0; i < n; ++i)
    out += text("//   x[", i, "]  ", comment_text(facts.names[std::size_t(i)]), " in [",
                almagest::detail::rounded(facts.lower[i], 6), ", ", almagest::detail::rounded(facts.upper[i], 6), "]\n");
  out += text("#ifndef ALMAGEST_MODEL_", name, "\n#define ALMAGEST_MODEL_", name, "\n\nnamespace ", name, " {\n\nusing scalar = ",
              std::is_same_v<Scalar, float> ? "float" : "double", ";\nconstexpr int dimension = ", n, ", delays = ",
              model.context(), ", rank = ", model.rank(), ", inputs = ", model.input_operator().cols(), ";\n\nnamespace tables {\n");
  const auto add = [&](const char* called, const Eigen::MatrixX<Scalar>& values) { out += detail::table<Scalar>(called, values); };
  add("encoder", parts.scales.cwiseInverse().asDiagonal() * parts.basis.transpose());
  add("map", model.reduced_operator());
  add("newest", parts.basis.bottomRows(n) * parts.scales.asDiagonal());
  if (model.input_operator().cols() > 0) add("driven", model.input_operator());
  out += "}  // namespace tables\n\n";
  out += detail::product("lift", "Coordinates of the last samples, oldest first.", "encoder", "window", "z", "rank",
                         "delays * dimension");
  out += detail::product("step", "Coordinates one time step later; next must not overlap z.", "map", "z", "next", "rank", "rank");
  if (model.input_operator().cols() > 0)
    out += "// Adds what the inputs u do in that step.\ninline void drive(const scalar* u, scalar* next) {\n"
           "  for (int i = 0; i < rank; ++i)\n"
           "    for (int j = 0; j < inputs; ++j) next[i] += tables::driven[i * inputs + j] * u[j];\n}\n\n";
  out += detail::product("observe", "The newest sample.", "newest", "z", "x", "dimension", "rank");
  out += text("}  // namespace ", name, "\n\n#endif  // ALMAGEST_MODEL_", name, '\n');
  return out;
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const koopman::Dmd<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
