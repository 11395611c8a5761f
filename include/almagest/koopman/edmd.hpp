// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/koopman/edmd_accumulator.hpp"
#include "almagest/koopman/edmd_model.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {
namespace detail {

template <typename Scalar>
EdmdAccumulator<Scalar> edmd_accumulator(const std::vector<TrajectoryView<Scalar>>& several,
                                         features::Library library, Eigen::Index inputs = 0,
                                         bool bilinear = false) {
  if (several.empty())
    throw InvalidArgument("fit_edmd: no runs were given; give at least 1 trajectory.");
  return EdmdAccumulator<Scalar>(std::move(library), several.front().dimension(), inputs, bilinear);
}

}  // namespace detail

/// Fits an Edmd to a trajectory or to several, with any FeatureLibrary: see EdmdAccumulator for the
/// data, cost and errors, and Edmd for the model.
///
/// \throws InvalidArgument also for fewer pairs than functions, and for a dictionary that is
/// singular
///         on the data, with the names of the functions that depend on the others (`drop_dependent`
///         leaves them out).
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_edmd(const Data& data, features::Library library, const EdmdOptions& options = {}) {
  const auto several = runs(data);
  auto accumulator = detail::edmd_accumulator(several, std::move(library));
  accumulator.update(several);
  return accumulator.solve(options);
}

/// The same under a quadrature: one weight for each pair of consecutive samples.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_edmd(const Data& data, features::Library library,
              const Eigen::Ref<const Eigen::VectorXd>& weights, const EdmdOptions& options = {}) {
  const auto several = runs(data);
  auto accumulator = detail::edmd_accumulator(several, std::move(library));
  accumulator.update(several, weights);
  return accumulator.solve(options);
}

/// What EDMD with control may be told.
struct EdmdcOptions {
  bool bilinear = false;  ///< inputs multiply the functions as well, as a control-affine law does
  EdmdOptions edmd = {};
};

/// Fits an Edmd to runs with inputs, of which column k acts from sample k to the next:
/// \f[ \hat\psi_{k+1} \approx \hat\psi_k A + u_k B \quad \text{or} \quad \hat\psi_{k+1} \approx \hat\psi_k
/// (A + \sum_i u_{k,i} C_i) + u_k B \f]
/// with `bilinear`, by least squares on all of it. The model forecasts under inputs that it never saw, by
/// `forecast(history, inputs)`. Inputs that only add are met where the functions are linear in the state;
/// the square of a driven component takes the bilinear form.
///
/// Cost and errors as of fit_edmd with N + inputs functions, or N (1 + inputs) + inputs with `bilinear`.
///
/// References: M. Korda, I. Mezic, Linear predictors for nonlinear dynamical systems, Automatica 93
/// (2018), https://doi.org/10.1016/j.automatica.2018.03.046; S. Peitz, S. E. Otto, C. W. Rowley,
/// Data-driven model predictive control using interpolated Koopman generators, SIAM J. Appl. Dyn. Syst. 19
/// (2020), https://doi.org/10.1137/20M1325678
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_edmdc(const Data& data, features::Library library, const EdmdcOptions& options = {}) {
  const auto several = runs(data);
  if (several.empty())
    throw InvalidArgument("fit_edmdc: no runs were given; give at least 1 trajectory.");
  const Eigen::Index inputs = several.front().inputs().rows();
  if (inputs == 0)
    throw InvalidArgument(
        "fit_edmdc: the first run has no inputs; give runs with inputs, or use fit_edmd.");
  auto accumulator =
      detail::edmd_accumulator(several, std::move(library), inputs, options.bilinear);
  accumulator.update(several);
  return accumulator.solve(options.edmd);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
