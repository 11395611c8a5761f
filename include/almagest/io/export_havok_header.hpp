// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "almagest/core/files.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Havok;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {

/// The linear part of a HAVOK model as a C++17 header that needs no other, for a simulation code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`, `dimension`, `delays`, `rank`, and `inputs`: how many coordinates force;
/// - `lift(window, z)`: delay coordinates of the last `delays` samples, oldest first, each of `dimension`
///   numbers; the last `inputs` of them are the forcing;
/// - `step(z, next)`: the coordinates one time step later, the forcing falling to 0 within the step; the
///   two must not overlap;
/// - `drive(u, next)`: makes u the forcing at the end of that step, linear within it, where anything forces;
/// - `observe(z, x)`: the newest sample.
///
/// Numbers have the digits that give their bits; nothing is allocated. Where the forcing is small, so
/// is what a forecast misses; `z[rank - 1]` of a lifted window tells when it is not.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const koopman::Havok<Scalar>& model, const std::string& name) {
  using detail::text;
  detail::check_identifier(name);
  const auto& parts = model.parts();
  detail::LinearTables<Scalar> tables;
  tables.about = text("// A forced linear model of windows of samples learned by almagest ", ALMAGEST_VERSION,
                      " (HAVOK).\n//\n// Time step: ", *model.training().step, ". Exponents and residuals:\n",
                      detail::spectrum_comment(model.exponents(), model.residuals()));
  tables.encoder = parts.singular_values.cwiseInverse().asDiagonal() * parts.basis.transpose();
  tables.map = model.propagator();
  tables.newest = parts.basis.bottomRows(model.dimension()) * parts.singular_values.asDiagonal();
  tables.driven = model.ramp();
  return detail::linear_header(tables, model.training(), name,
                               "Makes u the forcing at the end of that step, linear within it.");
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const koopman::Havok<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
