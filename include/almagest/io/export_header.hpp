// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#include "almagest/core/files.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Model;
}  // namespace almagest::inline ALMAGEST_ABI::sindy

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

/// "dxdt[0] = S(-10.0) * x[0] + S(10.0) * x[1];", in the order in which the model adds and
/// multiplies.
template <typename Scalar>
std::string component_statement(const sindy::Model<Scalar>& model, Eigen::Index component) {
  constexpr std::size_t widest = 96;
  std::string out, line = text("  dxdt[", component, "] =");
  bool first = true;
  for (Eigen::Index feature = 0; feature < model.exponents().rows(); ++feature) {
    const Scalar value = model.coefficients()(feature, component);
    if (value == Scalar(0)) continue;
    std::string term = first ? (value < 0 ? " -" : " ") : (value < 0 ? " - " : " + ");
    // A factor 1 changes no bit and need not be written, unless it stands alone.
    bool bare = std::abs(value) == Scalar(1) && model.exponents().row(feature).any();
    if (!bare) term += text("S(", literal(std::abs(value)), ')');
    for (Eigen::Index i = 0; i < model.dimension(); ++i)
      for (int power = 0; power < model.exponents()(feature, i); ++power)
        term += text(std::exchange(bare, false) ? "x[" : " * x[", i, ']');
    if (line.size() + term.size() > widest) {
      out += line + '\n';
      line = "           ";
    }
    line += term;
    first = false;
  }
  return out + line + (first ? " S(0);\n" : ";\n");
}

}  // namespace detail

/// The law of a SINDy model as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`: `double` or `float`, the precision of the model;
/// - `dimension`: the entries of the state;
/// - `rhs(x, dxdt)`: writes the derivative of the state `x`; a function of `scalar`, and a template
///   for other types of numbers;
/// - `step(x, dt)`: advances `x` in place by one step of the classical Runge-Kutta method of order
///   4.
///
/// Only terms that are not zero appear, as products; coefficients have the digits that give their
/// bits. Terms are added in the order of the model, so that `rhs` differs from it by the compiler's
/// fused multiplications at most. Nothing is allocated. The names of the variables, the bounds of
/// the training and the equations stand in comments.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const sindy::Model<Scalar>& model, const std::string& name) {
  using detail::text, detail::comment_text;
  detail::check_identifier(name);
  const TrainingFacts& facts = model.training();
  const std::string scalar = std::is_same_v<Scalar, float> ? "float" : "double";

  std::string out = text("// A law of motion learned by almagest ", ALMAGEST_VERSION,
                         " (sparse regression on polynomials).\n//\n");
  for (const auto& equation : model.equations()) out += text("//   ", comment_text(equation), '\n');
  out += detail::state_comment(facts, "law was") + detail::opening(name);
  out += text("using scalar = ", scalar, ";\nconstexpr int dimension = ", facts.dimension, ";\n\n");

  std::string body;
  for (Eigen::Index i = 0; i < facts.dimension; ++i) body += detail::component_statement(model, i);
  const bool state_matters = body.find("x[") != std::string::npos;
  out += text(
      "// Writes the derivative of the state x into dxdt, which must not overlap x.\n"
      "template <typename S>\ninline void rhs(const S* ",
      state_matters ? "x" : "/*x*/", ", S* dxdt) {\n", body,
      "}\n\n"
      "inline void rhs(const scalar* x, scalar* dxdt) { rhs<scalar>(x, dxdt); }\n\n");
  out +=
      R"(// Advances the state x by the time dt: one step of the classical Runge-Kutta method of order 4.
template <typename S>
inline void step(S* x, S dt) {
  S k1[dimension], k2[dimension], k3[dimension], k4[dimension], y[dimension];
  rhs<S>(x, k1);
  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * S(0.5) * k1[i];
  rhs<S>(y, k2);
  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * S(0.5) * k2[i];
  rhs<S>(y, k3);
  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * k3[i];
  rhs<S>(y, k4);
  for (int i = 0; i < dimension; ++i)
    x[i] = x[i] + dt / S(6) * (k1[i] + S(2) * k2[i] + S(2) * k3[i] + k4[i]);
}

inline void step(scalar* x, scalar dt) { step<scalar>(x, dt); }
)";
  return out + '\n' + detail::closing(name);
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const sindy::Model<Scalar>& model, const std::string& path,
                   const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
