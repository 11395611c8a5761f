// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/parallel.hpp"
#include "almagest/integrate/integrate.hpp"

namespace almagest::inline ALMAGEST_ABI {

struct EnsembleOptions {
  unsigned threads = 1;              ///< at least 1; the result has the same bits for any number
  double bound = 1e12;               ///< a component beyond it, or a NaN, ends that member
  long long max_steps = 10'000'000;  ///< between two requested times
  Progress progress = {};            ///< called from the calling thread
};

namespace detail {

/// Runs integrated side by side: element type of their states, one number for each run. A cache line of them is one
/// packet of the widest vector registers, so that a step of a small system stays in registers; that of one block hides
/// the latency of another's.
template <typename Scalar>
inline constexpr int lanes = 64 / int(sizeof(Scalar));
inline constexpr std::size_t blocks_together = 4;

template <typename Scalar>
using Lanes = Eigen::Array<Scalar, lanes<Scalar>, 1>;

template <typename System, typename Scalar>
struct LaneState {
  using type = std::vector<Lanes<Scalar>>;
};
template <StaticDimension System, typename Scalar>
struct LaneState<System, Scalar> {
  using type = std::array<Lanes<Scalar>, std::size_t(System::dimension)>;
};

/// A system whose parameters can be replaced by lanes: one value for each run.
template <typename System>
concept Packable = requires(System& system) {
  typename System::template rebind<double>;
  system.parameters();
};

/// One system whose parameters hold those of several, lane by lane.
template <typename Scalar, Packable System>
auto pack(const std::vector<System>& systems, std::size_t first) {
  using Packed = typename System::template rebind<Lanes<Scalar>>;
  Packed packed = [&] {
    if constexpr (requires(Packed p) { p.cells; }) {
      Packed p;
      p.cells = systems.front().cells;
      return p;
    } else {
      return Packed{};
    }
  }();
  for (int lane = 0; lane < lanes<Scalar>; ++lane) {
    const System& one = systems[std::min(first + std::size_t(lane), systems.size() - 1)];
    [&]<std::size_t... k>(std::index_sequence<k...>) {
      auto to = packed.parameters();
      auto from = one.parameters();
      ((std::get<k>(to)[lane] = Scalar(std::get<k>(from))), ...);
    }(std::make_index_sequence<std::tuple_size_v<decltype(packed.parameters())>>());
  }
  return packed;
}

/// Where each member ended, and why.
struct MemberEnd {
  Eigen::Index samples = 0;
  Outcome outcome;
};

/// The members of one block, side by side in lanes, from start to end. A lane that leaves the bound is
/// held at its last good state while the others go on.
template <typename Scalar, typename Method, typename State, typename Systems>
void run_lanes(const Systems& system_of, Eigen::Ref<const Eigen::MatrixX<Scalar>> x0, const TimeGrid& times,
               const Method& method, const Limits& limits, std::size_t first, Eigen::MatrixX<Scalar>& states,
               std::vector<MemberEnd>& ends) {
  constexpr std::size_t width = std::size_t(lanes<Scalar>);
  const std::size_t members = std::size_t(ends.size());
  const std::size_t n = std::size_t(x0.rows());
  const Eigen::Index samples = times.size();
  const auto member = [&](std::size_t b, std::size_t lane) { return first + b * width + lane; };

  std::array<State, blocks_together> x, good;
  Steps<Method, State> steps(method);  // one for all blocks: a fixed step remembers nothing
  const auto systems = [&]<std::size_t... b>(std::index_sequence<b...>) {
    return std::make_tuple(system_of(first + b * width)...);
  }(std::make_index_sequence<blocks_together>());
  std::array<std::array<bool, width>, blocks_together> alive{};

  for (std::size_t b = 0; b < blocks_together; ++b) {
    resize_to(x[b], n);
    for (std::size_t lane = 0; lane < width; ++lane) {
      const std::size_t m = std::min(member(b, lane), members - 1);
      alive[b][lane] = member(b, lane) < members;
      for (std::size_t i = 0; i < n; ++i) x[b][i][Eigen::Index(lane)] = x0(Eigen::Index(i), Eigen::Index(m));
    }
  }
  const auto store = [&](Eigen::Index sample) {
    for (std::size_t b = 0; b < blocks_together; ++b)
      for (std::size_t lane = 0; lane < width; ++lane) {
        if (!alive[b][lane]) continue;
        const Eigen::Index column = Eigen::Index(member(b, lane)) * samples + sample;
        for (std::size_t i = 0; i < n; ++i) states(Eigen::Index(i), column) = x[b][i][Eigen::Index(lane)];
        ends[member(b, lane)].samples = sample + 1;
      }
  };
  // Ends the lanes that are out of bounds; true where one was found.
  const auto retire = [&](double t) {
    for (std::size_t b = 0; b < blocks_together; ++b) {
      if (within(x[b], limits.bound)) continue;
      for (std::size_t lane = 0; lane < width; ++lane) {
        Eigen::VectorX<Scalar> one(static_cast<Eigen::Index>(n));
        for (std::size_t i = 0; i < n; ++i) one[Eigen::Index(i)] = x[b][i][Eigen::Index(lane)];
        if (within(one, limits.bound)) continue;
        if (alive[b][lane]) ends[member(b, lane)].outcome = diverged_at(one, t);
        alive[b][lane] = false;
        for (std::size_t i = 0; i < n; ++i) x[b][i][Eigen::Index(lane)] = good[b][i][Eigen::Index(lane)];
      }
    }
  };

  store(0);
  for (Eigen::Index i = 0; i + 1 < samples; ++i) {
    const double interval = times.interval(i);
    const double needed = std::ceil(interval / method.step * (1 - 1e-12));
    if (!(needed <= double(limits.steps))) {
      for (std::size_t b = 0; b < blocks_together; ++b)
        for (std::size_t lane = 0; lane < width; ++lane)
          if (alive[b][lane]) ends[member(b, lane)].outcome = {Outcome::Kind::stalled, times[i]};
      return;
    }
    const long long count = std::max(1LL, static_cast<long long>(needed));
    const double h = interval / double(count);
    for (long long done = 0; done < count;) {
      const long long chunk = std::min(count - done, 256LL);
      good = x;
      for (long long k = done; k < done + chunk; ++k) {
        const Scalar t = Scalar(times[i] + h * double(k));
        [&]<std::size_t... b>(std::index_sequence<b...>) {
          (steps.step(std::get<b>(systems), x[b], t, Scalar(h)), ...);
        }(std::make_index_sequence<blocks_together>());
      }
      done += chunk;
      retire(times[i] + h * double(done));
    }
    store(i + 1);
  }
}

/// One member on its own, for methods that control their step and systems that know no lanes.
template <typename Scalar, typename Method, typename State, typename System>
MemberEnd run_member(const System& system, const State& start, const TimeGrid& times, const Method& method,
                     const Limits& limits, Eigen::Ref<Eigen::MatrixX<Scalar>> states) {
  State x = start;
  MemberEnd end;
  Propagator<Method, State> propagator(method, limits);
  if (times.size() > 1) propagator.restart(times.interval(0) / 10);
  for (Eigen::Index i = 0;; ++i) {
    for (std::size_t k = 0; k < std::size_t(x.size()); ++k) states(Eigen::Index(k), i) = element(x, k);
    end.samples = i + 1;
    if (i + 1 == times.size()) return end;
    end.outcome = propagator.advance(system, x, times[i], times.interval(i));
    if (!end.outcome) return end;
  }
}

/// Makes the ensemble of what each member reached; members that ended early are shorter, and their
/// attribute `stopped` says why. `info_of(m)` describes member m.
template <typename Scalar, typename InfoOf>
Ensemble<Scalar> collect(Eigen::MatrixX<Scalar> states, const TimeGrid& times, const std::vector<MemberEnd>& ends,
                         const InfoOf& info_of) {
  std::vector<TimeGrid> grids;
  std::vector<std::shared_ptr<const TrajectoryInfo>> info;
  grids.reserve(ends.size());
  info.reserve(ends.size());
  Eigen::Index to = 0;
  for (std::size_t m = 0; m < ends.size(); ++m) {
    const MemberEnd& end = ends[m];
    const Eigen::Index from = Eigen::Index(m) * times.size();
    for (Eigen::Index k = 0; to != from && k < end.samples; ++k) states.col(to + k) = states.col(from + k);
    to += end.samples;
    grids.push_back(end.samples == times.size() ? times : times.slice(0, end.samples));
    info.push_back(info_of(m));
    if (end.outcome) continue;
    TrajectoryInfo told = *info.back();
    told.attributes["stopped"] =
        text(end.outcome.kind == Outcome::Kind::diverged ? "diverged before t = " : "no progress beyond t = ",
             end.outcome.time);
    info.back() = std::make_shared<const TrajectoryInfo>(std::move(told));
  }
  if (to != states.cols()) states.conservativeResize(Eigen::NoChange, to);
  return Ensemble<Scalar>(std::move(states), std::move(grids), std::move(info));
}

template <typename Method, typename System, typename Scalar>
void check_ensemble(const std::vector<System>& systems, const Eigen::MatrixX<Scalar>& x0, const Method& method,
                    const EnsembleOptions& options) {
  constexpr const char* what = "integrate_ensemble";
  methods::check(method, what);
  if (x0.cols() < 1) throw InvalidArgument(text(what, ": x0 has no columns; give one initial state a member."));
  if (x0.rows() < 1) throw InvalidArgument(text(what, ": x0 has no rows; give one value for each component."));
  if (systems.size() > 1 && Eigen::Index(systems.size()) != x0.cols())
    throw DimensionMismatch(text(what, ": ", systems.size(), " systems for ", x0.cols(),
                                 " initial states; give one system, or one for each member."));
  for (const System& system : systems)
    if (const std::size_t expected = dimension_of(system); expected > 0 && std::size_t(x0.rows()) != expected)
      throw DimensionMismatch(text(what, ": the initial states have dimension ", x0.rows(),
                                   ", but the system has dimension ", expected, "; give one row for each component."));
  check_halves<Method>(std::size_t(x0.rows()), what);
  if (options.threads < 1) throw InvalidArgument(text(what, ": threads is 0; give at least 1."));
  check_finite(what, "x0", x0);
}

template <typename Scalar, typename System, typename Method>
Ensemble<Scalar> integrate_ensemble(const std::vector<System>& systems, const Eigen::MatrixX<Scalar>& x0,
                                    const TimeGrid& times, const Method& method, const EnsembleOptions& options) {
  using LaneStateOf = typename LaneState<System, Scalar>::type;
  using State = StateOf<System, Eigen::VectorX<Scalar>>;
  check_ensemble(systems, x0, method, options);
  const bool varied = systems.size() > 1;
  const std::size_t members = std::size_t(x0.cols());
  const Limits limits = limits_of(options.bound, options.max_steps, "integrate_ensemble");
  Eigen::MatrixX<Scalar> states(x0.rows(), Eigen::Index(members) * times.size());
  std::vector<MemberEnd> ends(members);
  const auto system_of = [&](std::size_t m) -> const System& { return systems[varied ? m : 0]; };

  constexpr std::size_t together = std::size_t(lanes<Scalar>) * blocks_together;
  const auto in_lanes = [&](const auto& lane_system_of) {
    in_parallel((members + together - 1) / together, options.threads, options.progress, "integrate_ensemble",
                [&](std::size_t block, unsigned) {
                  run_lanes<Scalar, Method, LaneStateOf>(lane_system_of, x0, times, method, limits, block * together,
                                                         states, ends);
                });
  };
  constexpr bool one_in_lanes = methods::FixedStep<Method> && !methods::Symplectic<Method> &&
                                VectorField<System, LaneStateOf, Scalar>;
  bool done = false;
  if constexpr (one_in_lanes) {
    if (!varied) {
      in_lanes([&](std::size_t) { return std::cref(systems.front()); });
      done = true;
    } else if constexpr (Packable<System>) {
      in_lanes([&](std::size_t first) { return pack<Scalar>(systems, first); });
      done = true;
    }
  }
  if (!done)
    in_parallel(members, options.threads, options.progress, "integrate_ensemble", [&](std::size_t m, unsigned) {
      ends[m] = run_member<Scalar, Method, State>(
          system_of(m), make_state<State>(x0.col(Eigen::Index(m))), times, method, limits,
          states.middleCols(Eigen::Index(m) * times.size(), times.size()));
    });
  const auto describe_member = [&](std::size_t m) {
    return std::make_shared<const TrajectoryInfo>(describe(system_of(m), std::size_t(x0.rows())));
  };
  const auto common = describe_member(0);
  return collect<Scalar>(std::move(states), times, ends,
                         [&](std::size_t m) { return varied ? describe_member(m) : common; });
}

}  // namespace detail

/// Integrates one system from many initial states, one a column of x0, at the same times.
///
/// With `methods::Rk4` the members advance side by side, one in each lane of the vector registers,
/// which takes a system that is a template over its state's element (those of `almagest::systems` and
/// generic lambdas that call mathematical functions unqualified). Methods that control their step take
/// members one after another, because each needs its own step. Threads share out blocks of members.
/// A member's bits depend neither on the count of threads nor on its neighbours.
///
/// A member that diverges is cut at its last requested time within the bound and says so in its
/// attribute `stopped`; the others are not touched.
///
/// \param x0  dimension x members
/// \throws InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments; Cancelled
template <typename System, typename Derived, typename Method>
  requires Integrable<System, Eigen::VectorX<typename Derived::Scalar>, Method>
auto integrate_ensemble(const System& system, const Eigen::MatrixBase<Derived>& x0, const TimeGrid& times,
                        const Method& method, const EnsembleOptions& options = {}) {
  using Scalar = typename Derived::Scalar;
  return detail::integrate_ensemble<Scalar>(std::vector<System>{system}, Eigen::MatrixX<Scalar>(x0), times, method,
                                            options);
}

/// As above with a system, that is a set of parameters, for each member.
template <typename System, typename Derived, typename Method>
  requires Integrable<System, Eigen::VectorX<typename Derived::Scalar>, Method>
auto integrate_ensemble(const std::vector<System>& systems, const Eigen::MatrixBase<Derived>& x0, const TimeGrid& times,
                        const Method& method, const EnsembleOptions& options = {}) {
  using Scalar = typename Derived::Scalar;
  if (systems.empty()) throw InvalidArgument("integrate_ensemble: systems is empty; give at least 1.");
  return detail::integrate_ensemble<Scalar>(systems, Eigen::MatrixX<Scalar>(x0), times, method, options);
}

}  // namespace almagest::inline ALMAGEST_ABI
