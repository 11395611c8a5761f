// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <complex>
#include <string>
#include <type_traits>
#include <vector>

#include "almagest/core/files.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/io/header_parts.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class OptimizedDmd;
template <typename Scalar>
class BaggedDmd;
template <typename Scalar>
class MultiresolutionDmd;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {
namespace detail {

/// Sums of exponentials in real numbers: a term is a real exponential or a conjugate pair, with the real and
/// the imaginary part of its amplitude. The first of a pair stands for both.
template <typename Scalar>
struct RealTerms {
  using Matrix = Eigen::MatrixX<Scalar>;
  std::vector<Eigen::Index> heads;
  Matrix growth, frequency, real_modes, imaginary_modes;  ///< 1 x terms and n x terms, pairs doubled

  template <typename Model>
  explicit RealTerms(const Model& model) {
    const auto& omega = model.exponents();
    for (Eigen::Index j = 0; j < omega.size(); j += omega[j].imag() != 0 ? 2 : 1) heads.push_back(j);
    const auto terms = Eigen::Index(heads.size());
    growth.resize(1, terms), frequency.resize(1, terms);
    real_modes.resize(model.dimension(), terms), imaginary_modes.resize(model.dimension(), terms);
    for (Eigen::Index k = 0; k < terms; ++k) {
      const Eigen::Index j = heads[std::size_t(k)];
      const Scalar count = omega[j].imag() != 0 ? Scalar(2) : Scalar(1);
      growth(0, k) = omega[j].real();
      frequency(0, k) = omega[j].imag();
      real_modes.col(k) = count * model.modes().col(j).real();
      imaginary_modes.col(k) = count * model.modes().col(j).imag();
    }
  }

  /// Real and imaginary part of each amplitude.
  template <typename Amplitudes>
  Matrix amplitudes(const Amplitudes& all) const {
    Matrix out(2 * Eigen::Index(heads.size()), 1);
    for (std::size_t k = 0; k < heads.size(); ++k)
      out.col(0).segment(2 * Eigen::Index(k), 2) << all[heads[k]].real(), all[heads[k]].imag();
    return out;
  }
};

/// Amplitudes at the last sample of a window from its samples, oldest first: a matrix, found column by column.
template <typename Scalar, typename Model>
Eigen::MatrixX<Scalar> amplitude_encoder(const Model& model, const RealTerms<Scalar>& terms) {
  const Eigen::Index n = model.dimension(), samples = model.context();
  const double step = model.training().step.value_or(1);
  const TimeGrid times = TimeGrid::uniform(0, step, samples);
  const Scalar since = Scalar(step * double(samples - 1));
  Eigen::MatrixX<Scalar> encoder(2 * Eigen::Index(terms.heads.size()), n * samples);
  for (Eigen::Index column = 0; column < encoder.cols(); ++column) {
    Eigen::MatrixX<Scalar> window = Eigen::MatrixX<Scalar>::Zero(n, samples);
    window.reshaped()[column] = 1;
    const Trajectory<Scalar> run(times, window);
    const Eigen::VectorX<std::complex<Scalar>> last =
        model.amplitudes_of(run).array() *
        (model.exponents().array() * std::complex<Scalar>(since)).exp();
    encoder.col(column) = terms.amplitudes(last);
  }
  return encoder;
}

}  // namespace detail

/// An optimized DMD as a C++17 header that needs no other than the standard library's, for a simulation code.
///
/// The text defines, in the namespace `name`:
///
/// - `scalar`, `dimension`, `terms`: exponentials and pairs of them;
/// - `evaluate(t, x)`: the state of the first training run at the time t of its own clock;
/// - `samples` and `lift(window, b)`: the `2 * terms` amplitudes that fit the last `samples` samples best, oldest
///   first, a training's time step apart; not for a model of non-uniform times with a longer context than 1;
/// - `forecast(b, t, x)`: the state a time t after the last of them.
///
/// Numbers have the digits that give their bits; nothing is allocated.
///
/// \throws InvalidArgument for a name that is no C++ identifier or a reserved word.
template <typename Scalar>
std::string header_text(const koopman::OptimizedDmd<Scalar>& model, const std::string& name) {
  using detail::text;
  detail::check_identifier(name);
  const detail::RealTerms<Scalar> terms(model);
  const bool lifts = model.training().step.has_value() || model.context() == 1;
  std::string out = text("// A sum of exponentials in time learned by almagest ", ALMAGEST_VERSION,
                         " (optimized dynamic mode decomposition).\n//\n// Exponents and residuals:\n",
                         detail::spectrum_comment(model.exponents(), model.residuals()));
  out += detail::state_comment(model.training(), "model was") +
         "#include <cmath>\n\n" + detail::opening(name);
  out += text("using scalar = ", std::is_same_v<Scalar, float> ? "float" : "double",
              ";\nconstexpr int dimension = ", model.dimension(), ", terms = ", terms.heads.size());
  if (lifts) out += text(", samples = ", model.context());
  out += text(";\nconstexpr scalar start = ", detail::literal(Scalar(model.parts().start)),
              ";  // of the training run\n\nnamespace tables {\n");
  const auto add = [&](const char* called, const Eigen::MatrixX<Scalar>& values) {
    out += detail::table<Scalar>(called, values);
  };
  add("growth", terms.growth);
  add("frequency", terms.frequency);
  add("real_modes", terms.real_modes);
  add("imaginary_modes", terms.imaginary_modes);
  add("trained", terms.amplitudes(model.amplitudes()));
  if (lifts) add("encoder", detail::amplitude_encoder(model, terms));
  out += "}  // namespace tables\n\n";
  if (lifts)
    out += detail::product("lift", "Amplitudes that fit the last samples, oldest first, best.", "encoder", "window",
                           "b", "2 * terms", "samples * dimension");
  out += R"(// The state a time t after the amplitudes are b.
inline void forecast(const scalar* b, scalar t, scalar* x) {
  for (int i = 0; i < dimension; ++i) x[i] = 0;
  for (int k = 0; k < terms; ++k) {
    const scalar size = std::exp(tables::growth[k] * t);
    const scalar c = size * std::cos(tables::frequency[k] * t), s = size * std::sin(tables::frequency[k] * t);
    const scalar real = c * b[2 * k] - s * b[2 * k + 1], imaginary = s * b[2 * k] + c * b[2 * k + 1];
    for (int i = 0; i < dimension; ++i)
      x[i] += tables::real_modes[i * terms + k] * real - tables::imaginary_modes[i * terms + k] * imaginary;
  }
}

// The state of the training run at the time t of its clock.
inline void evaluate(scalar t, scalar* x) { forecast(tables::trained, t - start, x); }

)";
  return out + detail::closing(name);
}

/// The mean model of a bagged DMD, as an optimized DMD.
template <typename Scalar>
std::string header_text(const koopman::BaggedDmd<Scalar>& model, const std::string& name) {
  return header_text(model.model(), name);
}

/// What a multi-resolution DMD forecasts with, the last segments of all its levels, as an optimized DMD. Earlier
/// segments stay behind.
template <typename Scalar>
std::string header_text(const koopman::MultiresolutionDmd<Scalar>& model, const std::string& name) {
  return header_text(model.last(), name);
}

/// Writes `header_text(model, name)` to a file, which appears complete or not at all.
///
/// \throws InvalidArgument as header_text does, IoError for a file that cannot be written.
template <typename Scalar>
void export_header(const koopman::OptimizedDmd<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}
template <typename Scalar>
void export_header(const koopman::BaggedDmd<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}
template <typename Scalar>
void export_header(const koopman::MultiresolutionDmd<Scalar>& model, const std::string& path, const std::string& name) {
  files::write_file(path, header_text(model, name));
}

}  // namespace almagest::inline ALMAGEST_ABI::io
