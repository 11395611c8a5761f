// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#include "almagest/core/files.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/features/expression_text.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Model;
}  // namespace almagest::inline ALMAGEST_ABI::sindy

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

/// A term without its sign: the number, the formula, the variables, as the law multiplies them.
inline std::string term_text(const std::string& number, const features::Factorization& part,
                             const std::vector<std::string>& variables) {
  std::string out = number;
  const auto times = [&](const std::string& factor) { out += (out.empty() ? "" : " * ") + factor; };
  if (!part.rest.empty()) {
    const std::string formula = features::print(features::Expression::of(part.rest), variables,
                                                features::Notation::cpp);
    times('(' + formula + ')');
  }
  for (const std::uint32_t variable : part.variables) times(variables[variable]);
  return out;
}

/// "dxdt[0] = S(-10.0) * x[0] + S(10.0) * x[1];", in the order in which the model adds and
/// multiplies.
template <typename Law>
std::string component_statement(const Law& law, const std::vector<std::string>& variables,
                                Eigen::Index component) {
  using Scalar = typename Law::Scalar;
  constexpr std::size_t widest = 96;
  std::string out, line = text("  dxdt[", component, "] =");
  bool first = true;
  for (Eigen::Index feature = 0; feature < law.coefficients().rows(); ++feature) {
    if (law.coefficients()(feature, component) == Scalar(0)) continue;
    const auto part = features::factorize(law.formulas()[std::size_t(feature)]);
    const Scalar value = part.number == 1
                             ? law.coefficients()(feature, component)
                             : Scalar(double(law.coefficients()(feature, component)) * part.number);
    std::string term = first ? (value < 0 ? " -" : " ") : (value < 0 ? " - " : " + ");
    // A factor 1 changes no bit and need not be written, unless it stands alone.
    const bool bare =
        std::abs(value) == Scalar(1) && !(part.variables.empty() && part.rest.empty());
    term += term_text(bare ? "" : text("S(", literal(std::abs(value)), ')'), part, variables);
    if (line.size() + term.size() > widest) {
      out += line + '\n';
      line = "           ";
    }
    line += term;
    first = false;
  }
  return out + line + (first ? " S(0);\n" : ";\n");
}

/// x to a constant power, as the library evaluates it.
inline constexpr const char* power_function = R"(template <typename S>
inline S power(const S& x, double exponent) {
  using std::pow;
  const double size = exponent < 0 ? -exponent : exponent;
  if (size > 1e4 || size != double(int(size))) return S(pow(x, S(exponent)));
  S out = x;
  for (int k = 1; k < int(size); ++k) out *= x;
  return exponent < 0 ? S(S(1) / out) : out;
}

)";

/// The functions that the statements of `rhs` call, if any.
inline std::string functions_of(const std::string& body) {
  std::string out;
  for (const auto& function : features::named_functions)
    if (body.find(text(function.name, '(')) != std::string::npos)
      out += text("  using std::", function.name, ";\n");
  return out;
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
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word, and for a library without formulas.
template <typename Scalar>
std::string header_text(const sindy::Model<Scalar>& model, const std::string& name) {
  using detail::text, detail::comment_text;
  detail::check_identifier(name);
  static_cast<void>(model.law().features().formulas());  // throws where there are none
  const TrainingFacts& facts = model.training();
  const std::string scalar = std::is_same_v<Scalar, float> ? "float" : "double";

  std::string out = text("// A law of motion learned by almagest ", ALMAGEST_VERSION,
                         " (sparse regression on polynomials).\n//\n");
  for (const auto& equation : model.equations()) out += text("//   ", comment_text(equation), '\n');
  out += detail::state_comment(facts, "law was");
  std::vector<std::string> variables;
  for (Eigen::Index i = 0; i < model.law().variables(); ++i)
    variables.push_back(i < facts.dimension ? text("x[", i, ']')
                                            : text("u[", i - facts.dimension, ']'));
  std::string body;
  for (Eigen::Index i = 0; i < facts.dimension; ++i)
    body += detail::component_statement(model.law(), variables, i);
  const bool calls = !detail::functions_of(body).empty() || body.find("power(") != std::string::npos;
  out += detail::opening(name, calls ? "#include <cmath>\n\n" : "");
  if (body.find("power(") != std::string::npos) out += detail::power_function;
  out += text("using scalar = ", scalar, ";\nconstexpr int dimension = ", facts.dimension, ";\n\n");

  const auto named = [&](const char* array) {
    return text(body.find(text(array, '[')) == std::string::npos ? text("/*", array, "*/") : array);
  };
  const bool driven = model.law().variables() > facts.dimension;
  const std::string inputs = driven ? text("const S* ", named("u"), ", ") : "";
  const std::string scalar_inputs = driven ? "const scalar* u, " : "", given = driven ? "u, " : "";
  out += text("// Writes the derivative of the state x", driven ? " under the inputs u" : "",
              " into dxdt, which must not overlap x.\ntemplate <typename S>\ninline void rhs(const S* ",
              named("x"), ", ", inputs, "S* dxdt) {\n", detail::functions_of(body), body,
              "}\n\ninline void rhs(const scalar* x, ", scalar_inputs,
              "scalar* dxdt) { rhs<scalar>(x, ", given, "dxdt); }\n\n");
  out += text("// Advances the state x by the time dt: one step of the classical Runge-Kutta method of order 4",
              driven ? ",\n// under constant inputs" : "",
              ".\ntemplate <typename S>\ninline void step(S* x, ", driven ? "const S* u, " : "",
              "S dt) {\n"
              "  S k1[dimension], k2[dimension], k3[dimension], k4[dimension], y[dimension];\n"
              "  rhs<S>(x, ", given, "k1);\n"
              "  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * S(0.5) * k1[i];\n"
              "  rhs<S>(y, ", given, "k2);\n"
              "  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * S(0.5) * k2[i];\n"
              "  rhs<S>(y, ", given, "k3);\n"
              "  for (int i = 0; i < dimension; ++i) y[i] = x[i] + dt * k3[i];\n"
              "  rhs<S>(y, ", given, "k4);\n"
              "  for (int i = 0; i < dimension; ++i)\n"
              "    x[i] = x[i] + dt / S(6) * (k1[i] + S(2) * k2[i] + S(2) * k3[i] + k4[i]);\n}\n\n"
              "inline void step(scalar* x, ", scalar_inputs, "scalar dt) { step<scalar>(x, ", given,
              "dt); }\n");
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
