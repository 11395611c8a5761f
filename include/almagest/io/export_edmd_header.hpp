// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "almagest/core/files.hpp"
#include "almagest/io/features_code.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Edmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {

/// An EDMD of any kind as a C++17 header that needs no other than the standard library's, for a simulation
/// code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`, `dimension`, `delays`: samples in a window, `rank`, `features`;
/// - `evaluate(window, f)`: the functions of the library at the last `delays` samples, oldest first, each of
///   `dimension` numbers;
/// - `lift(window, z)`: coordinates of those samples;
/// - `step(z, next)`: the coordinates one time step later; the two must not overlap;
/// - `observe(z, x)`: the newest sample;
/// - `relift`: whether the model forecasts by lifting what it observed anew after each step.
///
/// Computes in double precision, as the model does; numbers have the digits that give their bits. Nothing is
/// allocated: the features lie on the stack.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word, and for a library of
///         features of a type of the user's own.
template <typename Scalar>
std::string header_text(const koopman::Edmd<Scalar>& model, const std::string& name) {
  if (model.inputs() > 0)
    throw InvalidArgument(detail::text("export_header: the model has ", model.inputs(),
                                       " inputs, which the header of an EDMD does not take; save it instead."));
  using detail::text;
  detail::check_identifier(name);
  const auto& parts = model.parts();
  std::vector<std::string> variables;
  for (Eigen::Index j = 0; j < model.dimension() * model.context(); ++j) variables.push_back(text("window[", j, ']'));
  detail::FeatureCode<double> code;
  code.add(parts.library, model.dimension(), variables, "f", 0);

  std::string out = text("// A linear model in the span of features learned by almagest ", ALMAGEST_VERSION, " (",
                         model.options().measure_preserving ? "measure-preserving " : "",
                         "extended dynamic mode decomposition).\n//\n");
  if (model.training().step) out += text("// Time step: ", *model.training().step, ". ");
  out += (model.training().step ? "Eigenvalues and residuals:\n" : "// Eigenvalues and residuals:\n") +
         detail::spectrum_comment(model.eigenvalues(), model.residuals());
  out += detail::state_comment(model.training(), "model was") + "#include <cmath>\n\n" + detail::opening(name);
  out += text("using scalar = double;\nconstexpr int dimension = ", model.dimension(), ", delays = ", model.context(),
              ", rank = ", model.rank(), ", features = ", parts.encoder.rows(), ";\nconstexpr bool relift = ",
              model.options().relift ? "true" : "false", ";\n\nnamespace tables {\n");
  const auto add = [&](const char* called, const Eigen::MatrixXd& values) {
    out += detail::table<double>(called, values);
  };
  add("encoder", parts.encoder.transpose());
  add("map", parts.reduced_operator.transpose());
  add("newest", parts.observation.transpose());
  out += code.tables() + "}  // namespace tables\n\n";
  const bool state_matters = code.statements().find("window[") != std::string::npos;
  out += text("// The functions of the library at the last samples, oldest first.\ninline void evaluate(const scalar* ",
              state_matters ? "window" : "/*window*/", ", scalar* f) {\n", code.statements(), "}\n\n");
  out += detail::product("encode", "Coordinates from the functions.", "encoder", "f", "z", "rank", "features");
  out += "// Coordinates of the last samples, oldest first.\ninline void lift(const scalar* window, scalar* z) {\n"
         "  scalar f[features];\n  evaluate(window, f);\n  encode(f, z);\n}\n\n";
  out += detail::product("step", "Coordinates one time step later; next must not overlap z.", "map", "z", "next",
                         "rank", "rank");
  out += detail::product("observe", "The newest sample.", "newest", "z", "x", "dimension", "rank");
  return out + detail::closing(name);
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const koopman::Edmd<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
