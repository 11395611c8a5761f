// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dmd_model.hpp"
#include "almagest/koopman/reduction.hpp"
#include "almagest/koopman/regression.hpp"
#include "almagest/koopman/dmd_spectrum.hpp"
#include "almagest/koopman/learner.hpp"
#include "almagest/koopman/state_basis.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

inline void check_options(const char* what, const DmdOptions& options) {
  if (options.delays < 1)
    throw InvalidArgument(
        text(what, ": delays is ", options.delays, "; give at least 1 sample a window."));
  if (options.state_rank < 0)
    throw InvalidArgument(text(what, ": state_rank is ", options.state_rank,
                               "; give a positive count of directions, or 0 to keep all."));
  check_rank_options(what, options);
}

/// All runs have the same inputs.
template <typename Scalar>
void check_same_inputs(const char* what, const std::vector<TrajectoryView<Scalar>>& several) {
  const Eigen::Index expected = several.front().inputs().rows();
  for (const auto& run : several)
    if (run.inputs().rows() != expected)
      throw InvalidArgument(text(what, ": a run has inputs, ", run.inputs().rows(), " where ", expected,
                                 " are expected, as the first run has; give every run the same inputs."));
}

/// Two pairs of windows are the least that tells a map from a coincidence.
template <typename Scalar>
void check_length(const char* what, const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index delays,
                  std::vector<std::string>& warnings) {
  Eigen::Index pairs = 0, longest = 0;
  std::size_t left_out = 0;
  for (const auto& run : several) {
    const Eigen::Index count = window_count(run, delays + 1);
    pairs += count;
    longest = std::max(longest, run.size());
    if (count == 0) ++left_out;
  }
  if (pairs < 2) {
    const std::string given = several.size() == 1
                                  ? text("the trajectory has ", longest)
                                  : text("the longest of ", several.size(), " runs has ", longest);
    throw InvalidArgument(text(what, ": ", delays, " delays need at least ", delays + 2,
                               " samples, but ", given,
                               "; give a longer trajectory or fewer delays."));
  }
  if (left_out > 0)
    warnings.push_back(text(left_out, " of ", several.size(), " runs have fewer than ", delays + 1,
                            " samples, too few for ", delays, " delays; they were left out."));
}

/// The first window of the first run that has one, `n x d`.
template <typename Scalar>
Eigen::MatrixX<Scalar> first_window(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index delays) {
  const auto first = std::find_if(several.begin(), several.end(),
                                  [&](const auto& run) { return run.size() >= delays; });
  return first->states().leftCols(delays);
}

template <typename Scalar>
Eigen::VectorX<Scalar> coordinates(const DmdParts<Scalar>& parts, const Eigen::MatrixX<Scalar>& window) {
  return parts.scales.cwiseInverse().asDiagonal() * (parts.basis.transpose() * window.reshaped());
}

/// From windows in few coordinates to the map and its spectrum. States are coordinates on the columns of `q`
/// where there is one.
template <typename Scalar>
void fit_step(const char* what, Reduction<Scalar> reduced, const Eigen::MatrixX<Scalar>& inputs,
              const Eigen::MatrixX<Scalar>& first, const Eigen::MatrixX<Scalar>* q, DmdParts<Scalar>& parts) {
  ReducedStep<Scalar> step = regress(reduced, inputs, parts.options.regression, parts.warnings);
  parts.singular_values = std::move(reduced.singular_values);
  parts.basis = std::move(reduced.basis);
  parts.scales = std::move(reduced.scales);
  note_rank(parts.options, parts.basis.cols());
  parts.reduced_operator = std::move(step.a);
  parts.input_operator = std::move(step.b);
  // What the inputs do is no part of the map that has eigenvalues.
  if (inputs.cols() > 0) reduced.c -= inputs * parts.input_operator.transpose();
  Eigen::MatrixX<Scalar> observe = parts.basis.topRows(first.rows()) * parts.scales.asDiagonal();
  if (q) observe = *q * observe;
  const Eigen::VectorX<Scalar> start = coordinates(parts, first);
  parts.spectrum =
      dmd_spectrum<Scalar>({parts.reduced_operator, reduced.q, reduced.c, observe, start}, what, parts.warnings);
}

template <typename Scalar>
void fit_runs(const char* what, const std::vector<TrajectoryView<Scalar>>& several,
              const Eigen::MatrixX<Scalar>* q, DmdParts<Scalar>& parts) {
  const Eigen::MatrixX<Scalar> first = first_window(several, parts.options.delays);
  if (products_pay(several, parts.options))
    return fit_step(what, reduce_by_products(what, several, parts.options, parts.warnings),
                    Eigen::MatrixX<Scalar>(), first, q, parts);
  WindowPairs<Scalar> pairs = factor_pairs(several, parts.options.delays);
  // Before they went on a basis of all that they span.
  if (q && parts.options.state_rank == 0) pairs.width = q->rows() * parts.options.delays;
  fit_step(what, reduce_pairs(what, pairs, parts.options, parts.warnings), pairs.u, first, q, parts);
}

/// Checks options and runs, and notes what the training consists of.
template <typename Scalar>
void check_training(const char* what, const std::vector<TrajectoryView<Scalar>>& several, bool with_inputs,
                    DmdParts<Scalar>& parts) {
  const DmdOptions& options = parts.options;
  check_options(what, options);
  parts.training = almagest::detail::training_facts(several, {}, what);
  if (with_inputs)
    check_same_inputs(what, several);
  else
    refuse_inputs(several, what);
  if (several.front().inputs().rows() > 0 && options.regression != Regression::least_squares)
    throw InvalidArgument(text(what, ": regression is forward-backward or of total least squares, which know no "
                                     "inputs; ask for least squares."));
  check_length(what, several, options.delays, parts.warnings);
  parts.training.step = required_step(several, what, "fit_optimized_dmd");
}

template <typename Scalar>
Dmd<Scalar> fit_dmd(const char* what, DmdMethod method, const std::vector<TrajectoryView<Scalar>>& several,
                    const DmdOptions& options, bool with_inputs) {
  DmdParts<Scalar> parts;
  parts.method = method;
  parts.options = options;
  check_training(what, several, with_inputs, parts);
  if (options.state_rank == 0 && parts.training.dimension <= sample_count(several)) {
    fit_runs<Scalar>(what, several, nullptr, parts);
  } else {
    const Eigen::Index hoped = options.state_rank > 0 ? options.state_rank : options.delays == 1 ? options.rank : 0;
    StateBasis<Scalar> basis = state_basis(several, hoped);
    if (options.state_rank > 0) truncate(basis, options.state_rank);
    fit_runs(what, basis.views(), &basis.q, parts);
    parts.basis = basis.expand(parts.basis);
  }
  return Dmd<Scalar>(std::move(parts));
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Dmd<float> fit_dmd(const char*, DmdMethod, const std::vector<TrajectoryView<float>>&,
                                                   const DmdOptions&, bool);
extern template ALMAGEST_EXPORT Dmd<double> fit_dmd(const char*, DmdMethod, const std::vector<TrajectoryView<double>>&,
                                                    const DmdOptions&, bool);
#endif

}  // namespace detail

/// Fits a dynamic mode decomposition to a trajectory or to several: whatever `runs` accepts, of float
/// or double. Snapshot pairs that are no time series are two-sample runs.
///
/// With `delays = 1` this is the projected decomposition of the textbooks (Tu et al.), whose eigenvalues
/// are those of the exact one; with more it works on windows (Hankel-DMD), with `state_rank` besides on
/// windows of the leading spatial directions (higher-order DMD). `regression` removes the bias of noise.
/// No window straddles two runs, and nothing is squared.
///
/// Cost: with n components, m samples, d delays, \f$ 2 m (n(d+1))^2 \f$ flops and memory for
/// \f$ (n(d+1))^2 \f$ numbers. Fields of more components than samples go on a basis of what they span
/// first: \f$ 4 n m (r + 10) \f$ flops where a rank r is given that holds them to rounding, else
/// \f$ 4 n m^2 \f$. Long windows of a known rank: what `linalg::hankel_svd` costs.
///
/// \throws InvalidArgument for options out of range, a rank above the numerical rank of the
///         windows, too few samples, inputs, non-uniform or different time steps;
///         DimensionMismatch for runs of different dimension.
///
/// See Dmd for the model, and `warnings()` of the result for what is doubtful.
///
/// References: J. H. Tu et al., J. Comput. Dyn. 1 (2014), https://doi.org/10.3934/jcds.2014.1.391;
/// S. Le Clainche, J. M. Vega, Higher order dynamic mode decomposition, SIAM J. Appl. Dyn. Syst. 16
/// (2017), https://doi.org/10.1137/15M1054924
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_dmd(const Data& data, const DmdOptions& options = {}) {
  return detail::fit_dmd("fit_dmd", DmdMethod::plain, runs(data), options, false);
}

/// Fits a decomposition with inputs, \f$ z_{k+1} = \hat A z_k + \hat B u_k \f$: runs carry the inputs,
/// of which column k acts from sample k to the next. The model forecasts under inputs that it never saw.
///
/// Cost and errors as of fit_dmd; the inputs count as further components. Residuals are those of the map
/// without inputs.
///
/// Reference: J. Proctor, S. Brunton, J. N. Kutz, Dynamic mode decomposition with control, SIAM J. Appl.
/// Dyn. Syst. 15 (2016), https://doi.org/10.1137/15M1013857
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_dmdc(const Data& data, const DmdOptions& options = {}) {
  return detail::fit_dmd("fit_dmdc", DmdMethod::control, runs(data), options, true);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
