// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <tuple>
#include <utility>
#include <vector>

#include "almagest/core/concepts.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/integrate/methods.hpp"
#include "almagest/integrate/propagator.hpp"
#include "almagest/integrate/stop_when.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// What may be said of an integration besides its method.
struct IntegrateOptions {
  double bound = 1e12;              ///< a component beyond it, or a NaN, counts as divergence
  long long max_steps = 10'000'000; ///< between two requested times
  Progress progress = {};           ///< called at each hundredth, in a long run ten times a second
};

namespace detail {

/// What the system itself can tell of a run: by its names and parameters, or in its own words.
template <typename System>
TrajectoryInfo describe(const System& system, std::size_t dimension) {
  if constexpr (requires { { system.describe(dimension) } -> std::same_as<TrajectoryInfo>; })
    return system.describe(dimension);
  TrajectoryInfo info;
  if constexpr (requires { System::variables.size(); })
    if (System::variables.size() == dimension) info.names.assign(System::variables.begin(), System::variables.end());
  if constexpr (requires { system.parameters(); System::parameter_names.size(); }) {
    std::size_t i = 0;
    std::apply([&](const auto&... value) {
      if constexpr ((std::convertible_to<decltype(value), double> && ...))
        ((info.parameters[std::string(System::parameter_names[i++])] = double(value)), ...);
    }, system.parameters());
  }
  return info;
}

[[noreturn]] inline void fail(const Outcome& outcome, const Limits& limits, const TrajectoryInfo& info,
                              const char* what = "integrate") {
  if (outcome.kind == Outcome::Kind::diverged) {
    const std::string name = outcome.component < info.names.size()
                                 ? text("component ", outcome.component, " (", info.names[outcome.component], ")")
                                 : text("component ", outcome.component);
    throw IntegrationDiverged(text(what, ": ", name, " reached ", outcome.value, " at t = ", outcome.time,
                                   ", beyond the bound of ", limits.bound,
                                   "; take a smaller step or tolerance, end earlier, or raise bound."),
                              outcome.time);
  }
  throw ConvergenceFailure(text(what, ": no progress beyond t = ", outcome.time,
                                ": the step shrank to nothing, or max_steps = ", limits.steps,
                                " were used up; the system may be stiff (try Rosenbrock4), have a singularity there, "
                                "or need max_steps raised."));
}

template <typename Given>
void check_start(const Given& x0, std::size_t expected, const char* what = "integrate") {
  if (x0.size() == 0) throw InvalidArgument(text(what, ": x0 is empty; give one value for each component."));
  if (expected > 0 && std::size_t(x0.size()) != expected)
    throw DimensionMismatch(text(what, ": x0 has ", x0.size(), " entries, but the system has dimension ", expected,
                                 "; give one value for each component."));
  for (std::size_t i = 0; i < std::size_t(x0.size()); ++i)
    if (!std::isfinite(double(element(x0, i))))
      throw NonFiniteData(text(what, ": x0[", i, "] is not finite; give finite initial values."));
}

/// A Hamiltonian state holds as many momenta as positions.
template <typename Method>
void check_halves([[maybe_unused]] std::size_t entries, [[maybe_unused]] const char* what) {
  if constexpr (methods::Symplectic<Method>)
    if (entries % 2 != 0)
      throw DimensionMismatch(text(what, ": x0 has ", entries,
                                   " entries, but a Hamiltonian state holds as many momenta as positions; give an "
                                   "even count."));
}

/// The dimension that a system insists on; 0 where it takes any.
template <typename System>
std::size_t dimension_of(const System& system) {
  if constexpr (StaticDimension<System>)
    return std::size_t(System::dimension);
  else if constexpr (requires { { system.size() } -> std::convertible_to<std::size_t>; })
    return std::size_t(system.size());
  else
    return 0;
}

/// Where between two states, one step apart, the event happened: bisection on the method itself.
template <typename Method, typename System, typename State, typename Event>
std::pair<State, double> locate(const Method& method, const System& system, const Event& event, const State& before,
                                double t, double h, const Limits& limits) {
  Propagator<Method, State> propagator(method, limits);
  const double start = double(event.g(before, t));
  double low = 0, high = h;
  State x = before;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    if (!(middle > low && middle < high)) break;
    x = before;
    propagator.restart(middle);
    propagator.advance(system, x, t, middle);
    (event.crossed(start, double(event.g(x, t + middle))) ? high : low) = middle;
  }
  x = before;
  propagator.restart(high);
  propagator.advance(system, x, t, high);
  return {x, t + high};
}

template <typename Event, typename System, typename Given, typename Method>
auto integrate(const System& system, const Given& x0, const TimeGrid& times, const Method& method, const Event* event,
               const IntegrateOptions& options) {
  using State = StateOf<System, Given>;
  using Scalar = RealOf<State>;
  using Matrix = typename Trajectory<Scalar>::Matrix;
  methods::check(method, "integrate");
  check_start(x0, dimension_of(system));
  check_halves<Method>(std::size_t(x0.size()), "integrate");
  const Limits limits = limits_of(options.bound, options.max_steps, "integrate");
  State x = make_state<State>(x0);
  TrajectoryInfo info = describe(system, std::size_t(x.size()));

  Matrix states(Eigen::Index(x.size()), times.size());
  const auto store = [&](Eigen::Index sample) {
    for (std::size_t i = 0; i < std::size_t(x.size()); ++i) states(Eigen::Index(i), sample) = element(x, i);
  };
  store(0);
  Pulse pulse(options.progress, "integrate", double(times.size() - 1));
  Propagator<Method, State> propagator(method, limits, &pulse);
  if (times.size() > 1) propagator.restart(times.interval(0) / 10);
  for (Eigen::Index i = 0; i + 1 < times.size(); ++i) {
    Outcome outcome;
    if constexpr (std::is_void_v<Event>) {
      outcome = propagator.advance(system, x, times[i], times.interval(i));
    } else {
      State before = x;
      double t_before = times[i];
      outcome = propagator.advance(system, x, times[i], times.interval(i),
                                   [&](const State& a, double ta, const State& b, double tb) {
                                     before = a;
                                     t_before = ta;
                                     const double from = double(event->g(a, ta)), to = double(event->g(b, tb));
                                     if (std::isnan(from) || std::isnan(to))
                                       throw NonFiniteData(text("integrate: stop_when gave not a number at t = ",
                                                                std::isnan(from) ? ta : tb,
                                                                "; give a function that is finite along the orbit."));
                                     return event->crossed(from, to);
                                   });
      if (outcome.kind == Outcome::Kind::stopped) {
        double t_event;
        std::tie(x, t_event) = locate(method, system, *event, before, t_before, outcome.time - t_before, limits);
        const Eigen::Index last = t_event > times[i] ? i + 1 : i;
        store(last);
        Eigen::VectorXd until = times.slice(0, last + 1).values();
        until[last] = t_event;
        info.attributes["stopped"] = text("by the event at t = ", t_event);
        return Trajectory<Scalar>(TimeGrid(std::move(until)), Matrix(states.leftCols(last + 1)), std::move(info));
      }
    }
    if (!outcome) fail(outcome, limits, info);
    store(i + 1);
    pulse.reached(double(i + 1));
  }
  return Trajectory<Scalar>(times, std::move(states), std::move(info));
}

/// States of integers would be integrated in integers.
template <typename System, typename Given>
concept RealStates = std::floating_point<RealOf<StateOf<System, Given>>>;

}  // namespace detail

/// A system that a method can integrate from an initial state of type `Given`: a separable Hamiltonian for
/// the symplectic methods; for the others a right-hand side, differentiable where the method is implicit.
template <typename System, typename Given, typename Method>
concept Integrable = detail::RealStates<System, Given> &&
    ((methods::Symplectic<Method> && SeparableHamiltonian<System, detail::HalfOf<detail::StateOf<System, Given>>>) ||
     (!methods::Symplectic<Method> &&
      VectorField<System, detail::StateOf<System, Given>, detail::RealOf<detail::StateOf<System, Given>>> &&
      (!methods::Implicit<Method> || Differentiable<System, detail::StateOf<System, Given>>)));

/// Integrates \f$ \dot x = f(x, t) \f$ from x0 and returns the states at exactly the given times, the
/// first of which is x0 itself.
///
/// \param system  a right-hand side in Boost.Odeint's form, `system(x, dxdt, t)`: a struct of
///                `almagest::systems`, a functor or a lambda
/// \param x0      std::array, std::vector or Eigen vector of float or double. Its type is the type of
///                the state, but a system of known dimension is always integrated in a static one
/// \param times   requested times; the last step before each ends on it, nothing is interpolated
/// \param method  one of `almagest::methods`
///
/// Costs the method's evaluations and nothing else: no allocation in the loop for static states.
///
/// \throws InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments, before any work;
///         IntegrationDiverged when a component leaves `options.bound` (the text says which and when);
///         ConvergenceFailure when the step shrinks to nothing or max_steps is used up;
///         Cancelled by the progress callback
template <typename System, typename Given, typename Method>
  requires(!methods::Symplectic<Method>) && detail::RealStates<System, Given> &&
          VectorField<System, detail::StateOf<System, Given>, detail::RealOf<detail::StateOf<System, Given>>> &&
          (!methods::Implicit<Method> || Differentiable<System, detail::StateOf<System, Given>>)
auto integrate(const System& system, const Given& x0, const TimeGrid& times, const Method& method,
               const IntegrateOptions& options = {}) {
  return detail::integrate<void>(system, x0, times, method, static_cast<void*>(nullptr), options);
}

/// As above for a separable Hamiltonian and a symplectic method: asks for `velocity` and `force`
/// instead of a right-hand side.
template <typename System, typename Given, methods::Symplectic Method>
  requires detail::RealStates<System, Given> &&
           SeparableHamiltonian<System, detail::HalfOf<detail::StateOf<System, Given>>>
auto integrate(const System& system, const Given& x0, const TimeGrid& times, const Method& method,
               const IntegrateOptions& options = {}) {
  return detail::integrate<void>(system, x0, times, method, static_cast<void*>(nullptr), options);
}

/// As above, but ends where an event happens; that state is the last sample, its time the last time,
/// and the attribute `stopped` says so.
template <typename System, typename Given, typename Method, typename Function>
  requires Integrable<System, Given, Method>
auto integrate(const System& system, const Given& x0, const TimeGrid& times, const Method& method,
               const StopWhen<Function>& event, const IntegrateOptions& options = {}) {
  return detail::integrate(system, x0, times, method, &event, options);
}

/// Initial values in braces: `integrate(Lorenz63{}, {-8, 8, 27}, times, method)`.
template <StaticDimension System, typename Method>
auto integrate(const System& system, const double (&x0)[std::size_t(System::dimension)], const TimeGrid& times,
               const Method& method, const IntegrateOptions& options = {}) {
  return integrate(system, std::to_array(x0), times, method, options);
}

}  // namespace almagest::inline ALMAGEST_ABI
