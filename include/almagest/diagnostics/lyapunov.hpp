// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "almagest/core/progress.hpp"
#include "almagest/diagnostics/growth.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/integrate/tangent.hpp"

namespace almagest::inline ALMAGEST_ABI::diagnostics {

namespace detail {

/// Follows `columns` tangent vectors (Dynamic: as many as components) along the flow of a system.
template <int columns, typename System, typename State>
LyapunovSpectrum follow_flow(const System& system, State x, const LyapunovOptions& options) {
  using T = Tangent<State, columns>;
  using Dual = typename T::Dual;
  const methods::Fehlberg78 method{options.tolerance, options.tolerance};
  const Limits limits{options.bound};
  const TrajectoryInfo info = describe(system, std::size_t(x.size()));
  if (options.transient > 0) {
    Propagator<methods::Fehlberg78, State> settle(method, limits);
    settle.restart(options.transient / 1e4);
    if (const Outcome end = settle.advance(system, x, 0, options.transient); !end) fail(end, limits, info);
  }
  const auto n = Eigen::Index(x.size());
  const Eigen::Index width = columns == Eigen::Dynamic ? n : columns;
  typename T::Matrix v = T::Matrix::Identity(n, width);
  Dual state = T::join(x, v), before = state;
  Propagator<methods::Fehlberg78, Dual> propagator(method, limits);
  GrowthRecord record(width);
  // Where directions grow apart by more than six digits, the weaker drown in the errors of the
  // stronger; factorizing more often than needed costs time. The interval adapts between the two.
  const double most = std::log(1e6), least = std::log(10);
  double done = 0, interval = options.duration / 1e4;
  propagator.restart(interval);
  for (int tick = 0; done < options.duration;) {
    const double take = std::min(interval, options.duration - done);
    before = state;
    const Outcome end = propagator.advance(system, state, options.transient + done, take);
    v = T::get(state, width);
    const Eigen::VectorXd growth = GrowthRecord::orthonormalize(v);
    const double apart = std::max(growth.maxCoeff(), 0.0) - std::min(growth.minCoeff(), 0.0);
    // Over a long interval tangents may leave the bound where the state does not.
    if (!end && !(take > 1e-6)) fail(end, limits, info);
    if (!end || !(apart < most)) {
      state = before;
      interval = take / 2;
      propagator.restart(interval / 10);
      if (!(interval > 1e-12 * options.duration))
        throw ConvergenceFailure(text("lyapunov_spectrum: tangent vectors grow apart without bound at t = ",
                                      options.transient + done, "; the flow is singular there."));
      continue;
    }
    record.add(growth, take);
    T::set(state, v);
    done += take;
    if (apart < least) interval = std::min(2 * interval, options.duration / 100);
    if (++tick % 256 == 0) report(options.progress, done / options.duration, "lyapunov_spectrum");
  }
  return record.spectrum();
}

/// The same for a map.
template <int columns, typename Map, typename State>
LyapunovSpectrum follow_map(const Map& map, State x, const LyapunovOptions& options) {
  using T = Tangent<State, columns>;
  using Dual = typename T::Dual;
  const Limits limits{options.bound};
  const TrajectoryInfo info = describe(map, std::size_t(x.size()));
  const auto n = Eigen::Index(x.size());
  const Eigen::Index width = columns == Eigen::Dynamic ? n : columns;
  typename T::Matrix v = T::Matrix::Identity(n, width);
  Dual state = T::join(x, v), next = state;
  GrowthRecord record(width);
  const auto settle = static_cast<long long>(options.transient), count = static_cast<long long>(options.duration);
  if (count < 1)
    throw InvalidArgument(text("lyapunov_spectrum: duration is ", options.duration,
                               ", but counts the iterations of a map; give at least 1."));
  for (long long k = 0; k < settle + count; ++k) {
    map(state, next);
    std::swap(state, next);
    if (!within(state, options.bound)) fail(diverged_at(state, double(k + 1)), limits, info);
    v = T::get(state, width);
    if (k < settle)
      v.setIdentity();
    else
      record.add(GrowthRecord::orthonormalize(v), 1);
    T::set(state, v);
    if (k % 65536 == 0) report(options.progress, double(k) / double(settle + count), "lyapunov_spectrum");
  }
  return record.spectrum();
}

template <int columns, typename System, typename Given>
LyapunovSpectrum follow(const System& system, const Given& x0, const LyapunovOptions& options) {
  using State = StateOf<System, Given>;
  using Dual = typename DualState<State, columns>::type;
  check(options);
  check_start(x0, dimension_of(system));
  const State x = make_state<State>(x0);
  if constexpr (VectorField<System, Dual, RealOf<State>>)
    return follow_flow<columns>(system, x, options);
  else
    return follow_map<columns>(system, x, options);
}

/// A vector field or a map that runs on dual numbers.
template <typename System, typename Given>
concept HasTangent = VectorField<System, SeededState<StateOf<System, Given>>, RealOf<StateOf<System, Given>>> ||
                     StateMap<System, SeededState<StateOf<System, Given>>>;

}  // namespace detail

/// The Lyapunov spectrum: mean exponential growth rates of as many tangent vectors as components,
/// followed along the flow in dual numbers and re-orthonormalized by QR.
///
/// Their sum is the mean divergence of the flow, one of them is zero for a flow that settles on no
/// fixed point, and they come in pairs of opposite sign for a Hamiltonian. The error falls with the
/// square root of the duration (`standard_errors`).
///
/// Cost: about (dimension + 1) times an integration over transient + duration with Fehlberg 7(8).
///
/// \param system  a vector field or a map, templated over its scalar
/// \param x0      initial state, as for `integrate`
/// \throws InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments; IntegrationDiverged,
///         ConvergenceFailure from the integration; Cancelled
///
/// G. Benettin et al., Meccanica 15 (1980), https://doi.org/10.1007/BF02128236
template <typename System, typename Given>
  requires detail::HasTangent<System, Given>
LyapunovSpectrum lyapunov_spectrum(const System& system, const Given& x0, const LyapunovOptions& options = {}) {
  return detail::follow<detail::static_size<detail::StateOf<System, Given>>>(system, x0, options);
}

/// The largest Lyapunov exponent alone, from one tangent vector. As `lyapunov_spectrum`.
template <typename System, typename Given>
  requires detail::HasTangent<System, Given>
double largest_lyapunov_exponent(const System& system, const Given& x0, const LyapunovOptions& options = {}) {
  return detail::follow<1>(system, x0, options).exponents[0];
}

}  // namespace almagest::inline ALMAGEST_ABI::diagnostics
