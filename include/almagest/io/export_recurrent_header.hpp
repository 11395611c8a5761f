// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <string>
#include <type_traits>
#include <variant>

#include "almagest/core/files.hpp"
#include "almagest/io/header_parts.hpp"
#include "almagest/io/recurrent_format.hpp"

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

/// What follows the tables of every piecewise-linear network.
inline constexpr const char* observed_units = R"(// The units where a forecast begins: at the sample x.
inline void start(const scalar* x, scalar* z) {
  for (int i = 0; i < dimension; ++i) z[i] = (x[i] - tables::mean[i]) / tables::deviation[i];
  for (int i = dimension; i < units; ++i) {
    z[i] = scalar(0);
    for (int j = 0; j < dimension; ++j) z[i] += tables::begin[(i - dimension) * dimension + j] * z[j];
  }
}

// Puts a sample of history into the units after a step.
inline void drive(const scalar* x, scalar* z) {
  for (int i = 0; i < dimension; ++i) z[i] = (x[i] - tables::mean[i]) / tables::deviation[i];
}

// The state that units show.
inline void observe(const scalar* z, scalar* x) {
  for (int i = 0; i < dimension; ++i) x[i] = z[i] * tables::deviation[i] + tables::mean[i];
}

)";

inline constexpr const char* almost_linear_step = R"(// The units one time step later; next must not overlap z.
inline void step(const scalar* z, scalar* next) {
  for (int i = 0; i < units; ++i) {
    scalar sum = scalar(0);
    for (int j = 0; j < units; ++j)
      sum += tables::weights[i * units + j] * (j >= units - rectified && z[j] < scalar(0) ? scalar(0) : z[j]);
    next[i] = sum + tables::kept[i] * z[i] + tables::shift[i];
  }
}

)";

inline constexpr const char* shallow_step = R"(// The units one time step later; next must not overlap z.
inline void step(const scalar* z, scalar* next) {
  scalar bent[hidden];
  for (int k = 0; k < hidden; ++k) {
    scalar sum = scalar(0);
    for (int j = 0; j < units; ++j) sum += tables::second[k * units + j] * z[j];
    const scalar moved = sum + tables::second_shift[k];
    bent[k] = (moved > scalar(0) ? moved : scalar(0)) - (clipped && sum > scalar(0) ? sum : scalar(0));
  }
  for (int i = 0; i < units; ++i) {
    scalar sum = scalar(0);
    for (int k = 0; k < hidden; ++k) sum += tables::first[i * hidden + k] * bent[k];
    next[i] = sum + tables::kept[i] * z[i] + tables::shift[i];
  }
}

)";

}  // namespace detail

/// A piecewise-linear recurrent network as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`, `scalar`, `dimension`, `units` and `context`; `start(x, z)`, the
/// units at a sample; `step(z, next)`, which must not overlap; `drive(x, z)`, which puts a sample of history
/// into the units after a step; and `observe(z, x)`, the state. Nothing is allocated.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const neural::PlrnnModel<Scalar>& model, const std::string& name) {
  using detail::table, detail::text;
  using Matrix = Eigen::MatrixX<Scalar>;
  detail::check_identifier(name);
  const auto& parts = model.parts();
  const Eigen::Index n = model.units(), d = model.dimension();
  std::string out = text("// A piecewise-linear recurrent network learned by almagest ", ALMAGEST_VERSION,
                         ".\n//\n// Time step: ", *model.training().step, ".\n",
                         detail::state_comment(model.training(), "network was"), detail::opening(name),
                         "using scalar = ", std::is_same_v<Scalar, float> ? "float" : "double",
                         ";\nconstexpr int dimension = ", d, ", units = ", n, ", context = ", model.context());
  const auto part = [&](Eigen::Index first, Eigen::Index rows, Eigen::Index columns) {
    return Matrix(parts.parameters.segment(first, rows * columns).reshaped(rows, columns));
  };
  std::string tables = "namespace tables {\n" + table<Scalar>("kept", part(0, n, 1)), step;
  if (const auto* alrnn = std::get_if<0>(&parts.architecture)) {
    out += text(", rectified = ", alrnn->rectified, ";\n\n");
    tables += table<Scalar>("weights", part(n, n, n)) + table<Scalar>("shift", part(n + n * n, n, 1));
    step = detail::almost_linear_step;
  } else {
    const auto& shallow = std::get<1>(parts.architecture);
    const Eigen::Index h = shallow.hidden;
    out += text(", hidden = ", h, ";\nconstexpr bool clipped = ", shallow.clipped ? "true" : "false", ";\n\n");
    tables += table<Scalar>("first", part(n, n, h)) + table<Scalar>("second", part(n + n * h, h, n)) +
              table<Scalar>("shift", part(n + 2 * n * h, n, 1)) +
              table<Scalar>("second_shift", part(2 * n + 2 * n * h, h, 1));
    step = detail::shallow_step;
  }
  // An array needs an entry, though no unit is beyond the state.
  Matrix begin = Matrix::Zero(1, 1);
  if (n > d) begin = part(model.layer().parameters(), n - d, d);
  tables += table<Scalar>("begin", begin) + table<Scalar>("mean", parts.normalization.mean) +
            table<Scalar>("deviation", parts.normalization.deviation) + "}  // namespace tables\n\n";
  return out + tables + step + detail::observed_units + detail::closing(name);
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const neural::PlrnnModel<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
