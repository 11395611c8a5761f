// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <utility>

#include "almagest/core/trajectory.hpp"
#include "almagest/io/fields.hpp"
#include "almagest/io/linear_probe.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
// Declared only: who has such a model has included it, and nobody else should pay for it.
template <typename Scalar>
class Havok;
}  // namespace almagest::inline ALMAGEST_ABI::koopman

namespace almagest::inline ALMAGEST_ABI::io {

/// A forced linear model, with the forcing of its training: what bursts are measured by. The probe is
/// a short forecast without forcing.
template <typename Scalar>
struct ModelFormat<koopman::Havok<Scalar>> : PartsFormat<koopman::Havok<Scalar>>,
                                             LinearProbe<koopman::Havok<Scalar>> {
  using Matrix = Eigen::MatrixX<Scalar>;
  static constexpr const char* kind = "havok";

  template <typename Fields, typename Parts>
  static void tell(Fields& fields, Parts& parts) {
    fields.setting("delays", parts.options.delays);
    fields.setting("rank", parts.options.rank);
    fields.setting("forcing", parts.options.forcing);
    fields.setting("structured", parts.options.structured);
    fields.setting("energy", parts.options.energy, 1 - 1e-10);
    fields.tensor("singular_values", parts.singular_values);
    fields.tensor("basis", parts.basis);
    fields.tensor("linear", parts.linear);
    fields.tensor("input", parts.input);
    fields.tensor("exponents", parts.exponents);
    fields.tensor("modes", parts.modes);
    fields.tensor("amplitudes", parts.amplitudes);
    fields.tensor("residuals", parts.residuals);
    fields.tensor("unexplained", parts.unexplained);
    const Trajectory<Scalar> blank(TimeGrid::uniform(0, 1, 1), Matrix::Zero(1, 1));
    fields.list("runs", parts.forcing, blank,
                [&](auto& inner, auto& run) { tell_run(inner, run, parts.options.forcing); });
  }

  static Matrix probe_inputs(const koopman::Havok<Scalar>& model) {
    return ModelFormat::window(model, model.parts().basis, model.parts().singular_values);
  }

 private:
  /// Times are told where they are not uniform to the last bit.
  template <typename Fields, typename Run>
  static void tell_run(Fields& fields, Run& run, Eigen::Index forcing) {
    double start = run.times().front(), step = run.times().step() > 0 ? run.times().step() : 1;
    Matrix states = run.states();
    fields.setting("start", start);
    fields.setting("step", step);
    fields.tensor("forcing", states);
    if constexpr (Fields::reads)
      if (states.rows() != forcing)
        fields.misfit(almagest::detail::text("a run has ", states.rows(), " forcing components where ", forcing,
                                             " are expected"));
    const TimeGrid even = TimeGrid::uniform(start, step, states.cols());
    Eigen::VectorXd times = run.times().values();
    fields.tensor("times", times, even.values());
    if constexpr (Fields::reads)
      run = Run(times.size() == even.size() && times == even.values() ? even : TimeGrid(times), std::move(states));
  }
};

}  // namespace almagest::inline ALMAGEST_ABI::io
