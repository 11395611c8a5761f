// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <concepts>
#include <utility>

#include "almagest/core/concepts.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/diagnostics/growth.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

/// A learned one-step map of an inner state that tells how tangent vectors go through a step.
/// `model.lift(history)` is the state at the end of a history, `model.tangent(state, v, out)` writes the
/// Jacobian's products with the columns of v.
template <typename Model>
concept TangentStepper = Stepper<Model> &&
    requires(const Model& model, const TrajectoryView<typename Model::Scalar>& history,
             const Eigen::VectorX<typename Model::Scalar>& state, Eigen::MatrixX<typename Model::Scalar>& v) {
      { model.lift(history) } -> std::convertible_to<Eigen::VectorX<typename Model::Scalar>>;
      model.tangent(state, v, v);
    };

/// The Lyapunov spectrum of a trained surrogate itself, along its own free run after a history: of the
/// leading `exponents` directions (0: as many as the inner state has entries), per unit of time.
///
/// `duration` and `transient` are in units of time, and count in steps of the training. Compare with
/// the system's spectrum: a surrogate that foresees well for a while need not have its exponents.
///
/// Cost of a step: a product of the Jacobian with as many vectors as exponents, and their QR.
///
/// \throws DimensionMismatch, InvalidArgument for a history that does not fit the training or options
///         out of range; ConvergenceFailure where the free run leaves the bound; Cancelled.
///
/// Reference: G. Benettin et al., Meccanica 15 (1980), https://doi.org/10.1007/BF02128236
template <TangentStepper Model>
LyapunovSpectrum lyapunov_spectrum(const Model& model, const TrajectoryView<typename Model::Scalar>& history,
                                   const LyapunovOptions& options = {}, Eigen::Index exponents = 0) {
  using detail::text;
  using Scalar = typename Model::Scalar;
  detail::check(options);
  const double step =
      almagest::detail::check_history(model.training(), model.context(), history, 1, "lyapunov_spectrum");
  Eigen::VectorX<Scalar> x = model.lift(history), next = x;
  if (exponents < 0 || exponents > x.size())
    throw InvalidArgument(text("lyapunov_spectrum: exponents is ", exponents, ", but the model's inner state has ",
                               x.size(), " entries; give at most that many, or 0 for all."));
  const Eigen::Index width = exponents > 0 ? exponents : x.size();
  const auto settle = static_cast<long long>(options.transient / step),
             count = static_cast<long long>(options.duration / step);
  if (count < 1)
    throw InvalidArgument(text("lyapunov_spectrum: duration is ", options.duration, ", less than a time step, ", step,
                               "; give at least that."));
  auto space = model.workspace();
  Eigen::MatrixX<Scalar> v = Eigen::MatrixX<Scalar>::Identity(x.size(), width), after = v;
  detail::GrowthRecord record(width);
  for (long long k = 0; k < settle + count; ++k) {
    if (k >= settle) {
      model.tangent(x, v, after);
      v.swap(after);
      record.add(detail::GrowthRecord::orthonormalize(v), step);
    }
    model.step(x, next, space);
    x.swap(next);
    if (!(double(x.cwiseAbs().maxCoeff()) <= options.bound))
      throw ConvergenceFailure(text("lyapunov_spectrum: the model's free run leaves the bound ", options.bound,
                                    " after ", k + 1, " steps; it has no attractor to measure."));
    if (k % 4096 == 0)
      almagest::detail::report(options.progress, double(k) / double(settle + count), "lyapunov_spectrum");
  }
  return record.spectrum();
}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
