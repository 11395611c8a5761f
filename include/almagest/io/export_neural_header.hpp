// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "almagest/core/files.hpp"
#include "almagest/io/header_parts.hpp"
#include "almagest/io/neural_format.hpp"

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

/// "inline constexpr int name[6] = {...};"
template <typename Integers>
std::string integer_table(const char* name, const Integers* values, Eigen::Index count) {
  std::string out = text("inline constexpr int ", name, '[', count, "] = {"), line = "\n   ";
  for (Eigen::Index k = 0; k < count; ++k) {
    const std::string number = text(' ', values[k], ',');
    if (line.size() + number.size() > 96) out += line, line = "\n   ";
    line += number;
  }
  return out + line + "};\n";
}

inline std::string activation_function(std::size_t function) {
  constexpr std::array bodies = {
      "return std::tanh(x);",
      "return scalar(1) / (scalar(1) + std::exp(-x));",
      "return x > scalar(0) ? x : scalar(0);",
      "return scalar(0.5) * x * (scalar(1) + std::tanh(scalar(0.7978845608028654) * (x + scalar(0.044715) * x * x * x)));",
      "return x / (scalar(1) + std::exp(-x));",
      "return (x > scalar(0) ? x : scalar(0)) + std::log1p(std::exp(-std::abs(x)));"};
  return text("inline scalar activated(scalar x) { ", bodies[function], " }\n\n");
}

/// Tables and the function `net(z, y)` of a perceptron.
template <typename Mlp, typename Vector>
std::string perceptron_code(const Mlp& mlp, Eigen::Index dimension, const Vector& parameters) {
  using Matrix = Eigen::MatrixX<typename Vector::Scalar>;
  std::string tables = "namespace tables {\n", body;
  Eigen::Index at = 0, width = dimension, widest = dimension;
  const std::size_t layers = mlp.hidden.size() + 1;
  for (std::size_t k = 0; k < layers; ++k) {
    const Eigen::Index next = k + 1 < layers ? mlp.hidden[k] : dimension;
    const Matrix weights = parameters.segment(at, next * width).reshaped(next, width),
                 bias = parameters.segment(at + next * width, next);
    tables += table<typename Vector::Scalar>(text("weights", k).c_str(), weights) +
              table<typename Vector::Scalar>(text("bias", k).c_str(), bias);
    const std::string from = k == 0 ? "z" : (k % 2 == 1 ? "a" : "b"),
                      to = k + 1 == layers ? "y" : (k % 2 == 0 ? "a" : "b");
    body +=
        text("  affine<", next, ", ", width, ">(tables::weights", k, ", tables::bias", k, ", ", from, ", ", to, ");\n");
    if (k + 1 < layers) body += text("  for (int i = 0; i < ", next, "; ++i) ", to, "[i] = activated(", to, "[i]);\n");
    at += next * (width + 1);
    width = next;
    widest = std::max(widest, next);
  }
  std::string scratch;
  if (layers > 1) scratch = text("  scalar a[", widest, ']', layers > 2 ? text(", b[", widest, ']') : "", ";\n");
  return tables + "}  // namespace tables\n\n" + (layers > 1 ? activation_function(std::size_t(mlp.activation)) : "") +
         "template <int rows, int columns>\n"
         "inline void affine(const scalar* weights, const scalar* bias, const scalar* x, scalar* y) {\n"
         "  for (int i = 0; i < rows; ++i) {\n    scalar sum = bias[i];\n"
         "    for (int j = 0; j < columns; ++j) sum += weights[i * columns + j] * x[j];\n    y[i] = sum;\n  }\n}\n\n"
         "// The network on normalized states.\ninline void net(const scalar* z, scalar* y) {\n" +
         scratch + body + "}\n\n";
}

/// The structured network as loops over one table of parameters.
inline constexpr const char* structured_factor =
    R"(// A step of the radix-2 Fourier transform, `depth` times, and a dense core.
inline void factor(const scalar* p, const scalar* x, scalar* y) {
  constexpr int size = 2 * dimension, core = size >> depth;
  scalar stage[size];
  for (int k = 0; k < size; ++k) stage[k] = x[k];
  const scalar* d = p;
  for (int r = size; r > core; r /= 2) {
    for (int first = 0; first < size; first += r)
      for (int k = first; k < first + r / 2; ++k) {
        const scalar top = stage[k], bottom = stage[k + r / 2];
        stage[k] = top + bottom;
        stage[k + r / 2] = d[k - first] * (top - bottom);
      }
    d += r / 2;
  }
  for (int block = 0; block < size / core; ++block) {
    int place = 0;
    for (int s = 0; s < depth; ++s) place |= ((block >> (depth - 1 - s)) & 1) << s;
    for (int i = 0; i < core; ++i) {
      scalar sum = 0;
      for (int j = 0; j < core; ++j) sum += d[j * core + i] * stage[block * core + j];
      y[place + (i << depth)] = sum;
    }
  }
}

)";

inline constexpr const char* plain_net = R"(// The network on normalized states.
inline void net(const scalar* z, scalar* y) {
  constexpr int size = 2 * dimension, core = size >> depth, spectrum = size - core + core * core;
  constexpr int set = spectrum + 3 * dimension, sets = tied ? 1 : copies;
  scalar padded[size] = {}, lifted[size] = {}, h[size], lowered[size];
  for (int i = 0; i < dimension; ++i) padded[i] = z[i], y[i] = 0;
  for (int c = 0; c < copies; ++c) {
    const scalar* p = tables::parameters + (tied ? 0 : c * set);
    const scalar* bias = tables::parameters + sets * set + 4 * c * dimension;
    if (c == 0 || !tied) factor(p, padded, lifted);
    for (int k = 0; k < size; ++k) h[k] = p[spectrum + k] * std::tanh(lifted[k] + bias[k]);
    factor(p, h, lowered);
    for (int i = 0; i < dimension; ++i) {
      const int from = dimension - 1 - i;
      const scalar turned = scalar(1) / (scalar(1) + std::exp(-(lowered[from] + bias[size + from]))) + bias[size + dimension + i];
      if (turned > scalar(0)) y[i] += p[spectrum + size + i] * turned;
    }
  }
  for (int i = 0; i < dimension; ++i) y[i] += tables::parameters[sets * set + 4 * copies * dimension + i];
}

)";

/// The improved form with its dense end.
inline constexpr const char* improved_net =
    R"(inline scalar gelu(scalar x) {
  return scalar(0.5) * x * (scalar(1) + std::tanh(scalar(0.7978845608028654) * (x + scalar(0.044715) * x * x * x)));
}
inline scalar silu(scalar x) { return x / (scalar(1) + std::exp(-x)); }

// The network on normalized states.
inline void net(const scalar* z, scalar* y) {
  constexpr int size = 2 * dimension, core = size >> depth, spectrum = size - core + core * core;
  constexpr int biases = spectrum + 3 * dimension, end = biases + (4 * copies + 1) * dimension;
  constexpr int back = end + hidden * (dimension + 1), scale = back + dimension * (hidden + 1);
  const scalar* const p = tables::parameters;
  scalar padded[size] = {}, start[size], spread[size], h[size], lowered[size], sum[dimension], bent[hidden];
  for (int i = 0; i < dimension; ++i) padded[i] = z[i], sum[i] = p[end - dimension + i];
  factor(p, padded, start);
  for (int k = 0; k < size; ++k) {
    const scalar d = p[spectrum + k];
    start[k] = std::tanh(start[k]);
    spread[k] = (d > scalar(0) ? d : scalar(0)) + std::log1p(std::exp(-std::abs(d))) + scalar(1e-4);
  }
  for (int c = 0; c < copies; ++c) {
    const scalar* bias = p + biases + 4 * c * dimension;
    for (int k = 0; k < size; ++k) h[k] = spread[k] * (start[k] + bias[k]);
    factor(p, h, lowered);
    for (int i = 0; i < dimension; ++i) {
      const int from = dimension - 1 - i;
      const scalar seen = gelu(lowered[from] + bias[size + from]) + bias[size + dimension + i];
      sum[i] += p[spectrum + size + i] * silu(seen);
    }
  }
  for (int j = 0; j < hidden; ++j) {
    scalar lifted = p[back - hidden + j];
    for (int i = 0; i < dimension; ++i) lifted += p[end + i * hidden + j] * sum[i];
    bent[j] = silu(lifted);
  }
  const scalar grown = scaled ? std::exp(p[scaled ? scale : 0]) : scalar(1);
  for (int i = 0; i < dimension; ++i) {
    scalar out = sum[i] + p[scale - dimension + i];
    for (int j = 0; j < hidden; ++j) out += p[back + j * dimension + i] * bent[j];
    y[i] = grown * out;
  }
}

)";

template <typename Stnn, typename Vector>
std::string structured_code(const Stnn& stnn, const Vector& parameters) {
  const auto& options = stnn.options;
  const std::string form = options.improved ? text(", hidden = ", options.head,
                                                   ";\nconstexpr bool scaled = ", options.scaled ? "true" : "false")
                                            : text(";\nconstexpr bool tied = ", options.tied ? "true" : "false");
  return text("constexpr int copies = ", options.copies, ", depth = ", options.depth, form,
              ";\n\nnamespace tables {\n") +
         table<typename Vector::Scalar>("parameters", parameters) + "}  // namespace tables\n\n" + structured_factor +
         (options.improved ? improved_net : plain_net);
}

template <typename Model>
std::string neural_opening(const Model& model, const std::string& name, const char* what) {
  check_identifier(name);
  return text("// A network learned by almagest ", ALMAGEST_VERSION, " (", what,
              ").\n//\n// Time step: ", *model.training().step, ".\n", state_comment(model.training(), "network was"),
              opening(name, "#include <cmath>\n\n"),
              "using scalar = ", std::is_same_v<typename Model::Scalar, float> ? "float" : "double",
              ";\nconstexpr int dimension = ", model.dimension(), ";\n");
}

}  // namespace detail

/// A trained perceptron or structured network as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`, `scalar`, `dimension` and `step(x, next)`: the state one time step
/// later; the two must not overlap. Numbers have the digits that give their bits; nothing is allocated.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const neural::NetworkModel<Scalar>& model, const std::string& name) {
  const auto& parts = model.parts();
  const Eigen::VectorX<Scalar> unit = parts.normalization.deviation.cwiseProduct(parts.scale);
  const bool dense = parts.architecture.index() == 0;
  std::string out = detail::neural_opening(model, name, dense ? "multilayer perceptron" : "structured network");
  out += dense ? '\n' + detail::perceptron_code(std::get<0>(parts.architecture), model.dimension(), parts.parameters)
               : detail::structured_code(std::get<1>(parts.architecture), parts.parameters);
  out += "namespace tables {\n" + detail::table<Scalar>("mean", parts.normalization.mean) +
         detail::table<Scalar>("deviation", parts.normalization.deviation) + detail::table<Scalar>("unit", unit) +
         "}  // namespace tables\n\n";
  out +=
      "// The state one time step later; next must not overlap x.\ninline void step(const scalar* x, scalar* next) {\n"
      "  scalar z[dimension];\n"
      "  for (int i = 0; i < dimension; ++i) z[i] = (x[i] - tables::mean[i]) / tables::deviation[i];\n"
      "  net(z, next);\n"
      "  for (int i = 0; i < dimension; ++i) next[i] = x[i] + tables::unit[i] * next[i];\n}\n\n";
  return out + detail::closing(name);
}

/// An echo-state network as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`, `dimension`, `units`, and `context`: the samples that set the state of the units;
/// - `drive(x, r)`: the state r of the units, zeros at first, after the sample x;
/// - `observe(r, x)`: the sample that follows.
///
/// A forecast drives the units with `context` samples of history, then observes and drives in turn.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const neural::ReservoirModel<Scalar>& model, const std::string& name) {
  using detail::table;
  const auto& parts = model.parts();
  const auto& A = parts.recurrent;
  std::string out = detail::neural_opening(model, name, "echo-state network");
  out += detail::text("constexpr int units = ", model.units(), ", context = ", model.context(),
                      ";\n\nnamespace tables {\n");
  const Eigen::VectorX<Scalar> values = Eigen::Map<const Eigen::VectorX<Scalar>>(A.valuePtr(), A.nonZeros());
  out += detail::integer_table("starts", A.outerIndexPtr(), A.rows() + 1) +
         detail::integer_table("columns", A.innerIndexPtr(), A.nonZeros()) + table<Scalar>("recurrent", values) +
         table<Scalar>("input", parts.input) + table<Scalar>("bias", parts.bias) +
         table<Scalar>("readout", parts.readout) + table<Scalar>("mean", parts.normalization.mean) +
         table<Scalar>("deviation", parts.normalization.deviation) + "}  // namespace tables\n\n";
  out += R"(// The state r of the units after the sample x.
inline void drive(const scalar* x, scalar* r) {
  scalar z[dimension], next[units];
  for (int i = 0; i < dimension; ++i) z[i] = (x[i] - tables::mean[i]) / tables::deviation[i];
  for (int i = 0; i < units; ++i) {
    scalar sum = 0, driven = 0;
    for (int k = tables::starts[i]; k < tables::starts[i + 1]; ++k) sum += tables::recurrent[k] * r[tables::columns[k]];
    for (int j = 0; j < dimension; ++j) driven += tables::input[i * dimension + j] * z[j];
    next[i] = std::tanh(sum + driven + tables::bias[i]);
  }
  for (int i = 0; i < units; ++i) r[i] = next[i];
}

// The sample that follows.
inline void observe(const scalar* r, scalar* x) {
  for (int i = 0; i < dimension; ++i) {
    const scalar* weights = tables::readout + i * (units + 1);
    scalar sum = weights[0];
    for (int k = 0; k < units; ++k) sum += weights[k + 1] * (k % 2 == 0 ? r[k] * r[k] : r[k]);
    x[i] = sum * tables::deviation[i] + tables::mean[i];
  }
}

)";
  return out + detail::closing(name);
}

/// A nonlinear vector autoregression as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`, `dimension`, and `context`: the samples of history that a step needs;
/// - `foresee(window, x)`: the sample x that follows a window of `context` samples, one after the other, the oldest first.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const neural::NvarModel<Scalar>& model, const std::string& name) {
  using detail::table, detail::integer_table;
  const auto& parts = model.parts();
  const auto& monomials = model.monomials();
  std::vector<int> factors, variables;
  for (Eigen::Index f = 0; f < monomials.size(); ++f) {
    factors.push_back(int(monomials.parent(f)));
    variables.push_back(int(monomials.variable(f)));
  }
  std::string out = detail::neural_opening(model, name, "nonlinear vector autoregression");
  out += detail::text("constexpr int context = ", model.context(), ", delays = ", parts.options.delays, ", stride = ",
                      parts.options.stride, ", features = ", monomials.size(), ";\n\nnamespace tables {\n",
                      "// A feature is the one named here times the variable; -1 is 1.\n") +
         integer_table("factors", factors.data(), monomials.size()) +
         integer_table("variables", variables.data(), monomials.size()) + table<Scalar>("readout", parts.readout) +
         table<Scalar>("mean", parts.normalization.mean) + table<Scalar>("deviation", parts.normalization.deviation) +
         "}  // namespace tables\n\n";
  out += R"(// The sample after a window of samples, the oldest first.
inline void foresee(const scalar* window, scalar* x) {
  scalar z[delays * dimension], seen[features];
  for (int j = 0; j < delays; ++j)
    for (int i = 0; i < dimension; ++i)
      z[j * dimension + i] = (window[(context - 1 - j * stride) * dimension + i] - tables::mean[i]) / tables::deviation[i];
  for (int f = 0; f < features; ++f) {
    const int factor = tables::factors[f], variable = tables::variables[f];
    seen[f] = (factor < 0 ? scalar(1) : seen[factor]) * (variable < 0 ? scalar(1) : z[variable]);
  }
  for (int i = 0; i < dimension; ++i) {
    scalar sum = 0;
    for (int f = 0; f < features; ++f) sum += tables::readout[i * features + f] * seen[f];
    x[i] = (z[i] + sum) * tables::deviation[i] + tables::mean[i];
  }
}

)";
  return out + detail::closing(name);
}

/// \name To files
/// Write `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
/// @{
template <typename Scalar>
void export_header(const neural::NetworkModel<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}
template <typename Scalar>
void export_header(const neural::ReservoirModel<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}
template <typename Scalar>
void export_header(const neural::NvarModel<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}
/// @}

}  // namespace almagest::inline ALMAGEST_ABI::io
