// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <string>

#include "almagest/core/files.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Dmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {
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
  using detail::text;
  detail::check_identifier(name);
  const auto& parts = model.parts();
  detail::LinearTables<Scalar> tables;
  tables.about = text("// A linear model of ", model.context() > 1 ? "windows of samples" : "samples",
                      " learned by almagest ", ALMAGEST_VERSION, " (dynamic mode decomposition).\n//\n// Time step: ",
                      *model.training().step, ". Eigenvalues and residuals:\n",
                      detail::spectrum_comment(model.eigenvalues(), model.residuals()));
  tables.encoder = parts.scales.cwiseInverse().asDiagonal() * parts.basis.transpose();
  tables.map = model.reduced_operator();
  tables.newest = parts.basis.bottomRows(model.dimension()) * parts.scales.asDiagonal();
  tables.driven = model.input_operator();
  return detail::linear_header(tables, model.training(), name, "Adds what the inputs u do in that step.");
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const koopman::Dmd<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
