// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The concepts of the library. Each has a page in `docs/concepts` with its valid expressions.

#include <Eigen/Core>
#include <concepts>
#include <type_traits>

#include "almagest/core/forecast.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// A right-hand side in Boost.Odeint's form: `system(x, dxdt, t)` writes dx/dt of the state `x` at time
/// `t` into `dxdt`. A struct, a lambda and a function pointer will do.
template <typename System, typename State, typename Time = double>
concept VectorField = requires(const System& system, const State& x, State& dxdt, Time t) { system(x, dxdt, t); };

/// A discrete-time map: `map(x, next)` writes the state after `x` into `next`.
template <typename Map, typename State>
concept StateMap = requires(const Map& map, const State& x, State& next) { map(x, next); };

/// A Hamiltonian H(q, p) = T(p) + V(q) on states (q, p), each of half the dimension:
/// `velocity(p, dqdt)` writes \f$ \partial T/\partial p \f$, `force(q, dpdt)` writes
/// \f$ -\partial V/\partial q \f$.
template <typename System, typename Half>
concept SeparableHamiltonian = requires(const System& system, const Half& half, Half& rate) {
  system.velocity(half, rate);
  system.force(half, rate);
};

/// A system whose count of components is known to the compiler.
template <typename System>
concept StaticDimension = requires { { System::dimension } -> std::convertible_to<int>; };

/// A learned model: it says how much history it needs and continues it.
///
/// `forecast(history, steps)` returns a Forecast of `steps` samples after the last one of `history`,
/// or fewer where its verdict says so.
template <typename Model>
concept Forecaster = std::copyable<Model> &&
    requires(const Model& model, const TrajectoryView<typename Model::Scalar>& history, Eigen::Index steps) {
      { model.dimension() } -> std::convertible_to<Eigen::Index>;
      { model.context() } -> std::convertible_to<Eigen::Index>;
      { model.forecast(history, steps) } -> std::same_as<Forecast<typename Model::Scalar>>;
      { model.training() } -> std::convertible_to<const TrainingFacts&>;
    };

/// A model or system with a one-step map: `step(in, out, workspace)` writes the state one time step
/// after `in` into `out` and allocates nothing; `model.workspace()` makes the workspace.
template <typename Model>
concept Stepper = requires(const Model& model, const Eigen::VectorX<typename Model::Scalar>& in,
                           Eigen::VectorX<typename Model::Scalar>& out) {
  { model.workspace() };
  requires requires(decltype(model.workspace())& workspace) { model.step(in, out, workspace); };
};

}  // namespace almagest::inline ALMAGEST_ABI
