// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/core/sample_sink.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/spectral/adaptive.hpp"
#include "almagest/spectral/exponential.hpp"
#include "almagest/spectral/ledger.hpp"
#include "almagest/spectral/sampler.hpp"
#include "almagest/spectral/split_step.hpp"
#include "almagest/spectral/wave_step.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// \name What carries an equation through time by a method
/// \throws DimensionMismatch for a grid of another shape, InvalidArgument for a method whose settings make no
///         sense.
/// @{
template <SemilinearEquation Equation, ExponentialMethod Method>
std::unique_ptr<Evolution<typename Equation::Value>> evolution(const Equation& equation, const SpatialGrid& grid,
                                                               const Method& method, const SolveOptions& options = {}) {
  detail::check_method(method);
  using Discrete = Semidiscrete<Equation>;
  return std::make_unique<detail::ExponentialSteps<Discrete, Method>>(
      Discrete(equation, grid, options.dealiasing, options.planning()), method);
}
template <SemilinearEquation Equation>
std::unique_ptr<Evolution<typename Equation::Value>> evolution(const Equation& equation, const SpatialGrid& grid,
                                                               const Etdrk32& method,
                                                               const SolveOptions& options = {}) {
  detail::check_method(method);
  using Discrete = Semidiscrete<Equation>;
  return std::make_unique<detail::AdaptiveSteps<Discrete>>(
      Discrete(equation, grid, options.dealiasing, options.planning()), method);
}
template <SplitEquation Equation, SplittingMethod Method>
std::unique_ptr<Evolution<std::complex<double>>> evolution(const Equation& equation, const SpatialGrid& grid,
                                                           const Method& method, const SolveOptions& options = {}) {
  detail::check_method(method);
  return std::make_unique<detail::SplitSteps<Equation>>(equation, grid, detail::composition<Method>(), method.step,
                                                        options.planning());
}
template <WaveEquation Equation, SymplecticMethod Method>
std::unique_ptr<Evolution<double>> evolution(const Equation& equation, const SpatialGrid& grid, const Method& method,
                                             const SolveOptions& options = {}) {
  detail::check_method(method);
  return std::make_unique<detail::WaveSteps<Equation>>(equation, grid, detail::composition<Method>(), method.step,
                                                       options.planning());
}
/// @}

/// Solves an equation on a periodic grid: the samples are the fields at the requested times.
///
/// `u0` holds the field at the first time, component after component, each flattened with the last axis
/// fastest; of a wave equation the field and its velocity. Steps are cut so that every requested time is
/// hit exactly. Memory: the samples, and 10 to 20 fields of work space; no allocation within a step.
///
/// A run that blows up ends: the samples before it are returned, and `ledger.stopped` says when and at
/// which wavenumber. `ledger.warnings` says what is doubtful: a field that is not periodic, one that the
/// grid cannot resolve, a size that transforms are slow for.
///
/// With `options.checkpoint` a run that was ended goes on from its file, to the same bits.
///
/// \throws DimensionMismatch for u0 or a grid of another shape, NonFiniteData, InvalidArgument for a step
///         that is not positive or the checkpoint of another run, IoError for one that is damaged, Cancelled.
template <typename Equation, typename Method, typename Derived>
auto solve(const Equation& equation, const SpatialGrid& grid, const Eigen::MatrixBase<Derived>& u0,
           const TimeGrid& times, const Method& method, const SolveOptions& options = {})
  requires requires { evolution(equation, grid, method, options); }
{
  using Value = typename decltype(evolution(equation, grid, method, options))::element_type::Value;
  return detail::solve<Value>([&] { return evolution(equation, grid, method, options); }, grid,
                              u0.template cast<Value>(), times, options);
}

/// The same, for more samples than memory holds: they go to `sink` one after another, such as an
/// io::NetcdfStream. Returns the ledger.
template <typename Equation, typename Method, typename Derived, typename Value>
Ledger solve_into(SampleSink<Value>& sink, const Equation& equation, const SpatialGrid& grid,
                  const Eigen::MatrixBase<Derived>& u0, const TimeGrid& times, const Method& method,
                  const SolveOptions& options = {})
  requires requires { evolution(equation, grid, method, options); }
{
  return detail::solve_into<Value>(sink, [&] { return evolution(equation, grid, method, options); }, grid,
                                   u0.template cast<Value>(), times, options);
}

/// Solves an equation from many initial fields, one a column of `u0`, at the same times. Members are solved
/// one after another, each while it is in the cache, and shared out over threads; a member has the same bits
/// as if it were solved alone, for any number of threads. One that blows up is shorter than the others, and
/// its ledger says why. There are no checkpoints of ensembles.
///
/// \throws as solve; InvalidArgument for no members or no threads.
template <typename Equation, typename Method, typename Derived>
auto solve_ensemble(const Equation& equation, const SpatialGrid& grid, const Eigen::MatrixBase<Derived>& u0,
                    const TimeGrid& times, const Method& method, unsigned threads = 1, const SolveOptions& options = {})
  requires requires { evolution(equation, grid, method, options); }
{
  using Value = typename decltype(evolution(equation, grid, method, options))::element_type::Value;
  return detail::solve_ensemble<Value>([&] { return evolution(equation, grid, method, options); }, grid,
                                       u0.template cast<Value>(), times, threads, options);
}

}  // namespace almagest::inline ALMAGEST_ABI::spectral
