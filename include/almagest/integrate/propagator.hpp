// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/progress.hpp"
#include "almagest/core/text.hpp"
#include "almagest/integrate/methods.hpp"
#include "almagest/integrate/odeint.hpp"
#include "almagest/integrate/state.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// A state left its bound, or turned into a NaN, during integration.
class IntegrationDiverged : public ConvergenceFailure {
 public:
  IntegrationDiverged(const std::string& text, double time) : ConvergenceFailure(text), time_(time) {}
  /// When the first state out of bounds was reached.
  double time() const { return time_; }

 private:
  double time_;
};

namespace detail {

/// How an advance ended.
struct Outcome {
  enum class Kind { arrived, stopped, diverged, stalled };
  Kind kind = Kind::arrived;
  double time = 0;
  std::size_t component = 0;
  double value = 0;
  explicit operator bool() const { return kind == Kind::arrived; }
};

/// Limits that keep a run from wandering off or going on for ever.
struct Limits {
  double bound = 1e12;           ///< largest allowed size of a component
  long long steps = 10'000'000;  ///< between two requested times
};

/// \throws InvalidArgument for limits that no run could keep.
inline Limits limits_of(double bound, long long max_steps, const char* what) {
  if (!(bound > 0))
    throw InvalidArgument(text(what, ": bound is ", bound, "; give a positive number, or infinity for none."));
  if (max_steps < 1) throw InvalidArgument(text(what, ": max_steps is ", max_steps, "; give at least 1."));
  return {bound, max_steps};
}

/// The outcome that names the largest component, or the first that is a NaN.
template <typename State>
Outcome diverged_at(const State& x, double t) {
  Outcome out{Outcome::Kind::diverged, t};
  double largest = -1;
  for (std::size_t i = 0; i < std::size_t(x.size()); ++i) {
    const double size = double(magnitude(element(x, i)));
    if (std::isnan(out.value) || size <= largest) continue;
    out.component = i;
    out.value = largest = size;
  }
  return out;
}

/// Never ends an advance.
struct NeverStop {
  template <typename State>
  bool operator()(const State&, double, const State&, double) const {
    return false;
  }
};

/// Advances a state from time to time; integrate, forecasts and ensembles all stand on it.
///
/// With a fixed step the guard looks every 256 steps; when it finds a state out of bounds those steps
/// are taken again one by one to say when it happened. Every 256 steps, of however many intervals, a pulse
/// hears what fraction of the interval is done.
template <typename Method, typename State>
class Propagator {
 public:
  using Real = RealOf<State>;

  explicit Propagator(const Method& method, const Limits& limits = {}, Pulse* pulse = nullptr)
      : method_(method), limits_(limits), steps_(method), pulse_(pulse && *pulse ? pulse : nullptr) {}

  /// Forgets the past: what comes depends on the state alone. `trial` is the first step to try where
  /// the method controls it.
  void restart([[maybe_unused]] double trial) {
    if constexpr (methods::Controlled<Method>) {
      trial_ = trial;
      steps_.reset();
    }
  }

  /// Advances x from t by `interval`. After every step `stop(x_before, t_before, x, t)` may end it.
  template <typename System, typename Stop = NeverStop>
  Outcome advance(const System& system, State& x, double t, double interval, const Stop& stop = {}) {
    if constexpr (methods::FixedStep<Method>)
      return fixed(system, x, t, interval, stop);
    else
      return controlled(system, x, t, interval, stop);
  }

 private:
  template <typename Stop>
  static constexpr bool watched = !std::is_same_v<Stop, NeverStop>;

  template <typename System, typename Stop>
  Outcome fixed(const System& system, State& x, double t, double interval, const Stop& stop) {
    if (interval != interval_) {
      const double count = std::ceil(interval / method_.step * (1 - 1e-12));
      if (!(count <= double(limits_.steps))) return {Outcome::Kind::stalled, t};
      interval_ = interval;
      count_ = std::max(1LL, static_cast<long long>(count));
    }
    const double h = interval / double(count_);
    for (long long done = 0; done < count_;) {
      const long long chunk = watched<Stop> ? 1 : std::min(count_ - done, 256LL);
      before_ = x;
      for (long long k = done; k < done + chunk; ++k) steps_.step(system, x, Real(t + h * double(k)), Real(h));
      if (!within(x, limits_.bound)) {
        x = before_;
        for (long long k = done; k < done + chunk; ++k) {
          steps_.step(system, x, Real(t + h * double(k)), Real(h));
          if (!within(x, limits_.bound)) return diverged_at(x, t + h * double(k + 1));
        }
      }
      done += chunk;
      if (pulse_) beat(chunk, double(done) / double(count_));
      if constexpr (watched<Stop>)
        if (stop(before_, t + h * double(done - 1), x, t + h * double(done)))
          return {Outcome::Kind::stopped, t + h * double(done)};
    }
    return {};
  }

  template <typename System, typename Stop>
  Outcome controlled(const System& system, State& x, double t, double interval, const Stop& stop) {
    if (!(trial_ > 0)) trial_ = interval;
    double done = 0;
    for (long long tried = 0; done < interval; ++tried) {
      if (pulse_) beat(1, done / interval);
      // A remainder that is mere rounding is not worth a step of its own.
      const double rest = interval - done;
      const bool last = trial_ >= rest * (1 - 1e-12);
      const double h = last ? rest : trial_;
      if (tried >= limits_.steps || is_nothing(h, t + done, interval)) return {Outcome::Kind::stalled, t + done};
      if constexpr (watched<Stop>) before_ = x;
      Real now = Real(t + done), next = Real(h);
      if (!steps_.attempt(system, x, now, next)) {
        trial_ = double(next) < h && double(next) > 0 ? double(next) : h / 2;
        continue;
      }
      if (!within(x, limits_.bound)) return diverged_at(x, t + done + h);
      const double from = done;
      done = last ? interval : done + double(Real(h));
      // A step that was cut short to end on time must not shrink the next one.
      trial_ = last ? std::max(trial_, double(next)) : double(next);
      if constexpr (watched<Stop>)
        if (stop(before_, t + from, x, t + done)) return {Outcome::Kind::stopped, t + done};
    }
    return {};
  }

  /// Whether a step is lost in the rounding of the time and small in the interval too, which may be long for its start.
  static bool is_nothing(double h, double now, double interval) {
    using Number = std::numeric_limits<double>;
    return !(h > 1e-14 * interval) && !(h > std::max(4 * Number::epsilon() * std::abs(now), Number::min()));
  }

  void beat(long long steps, double fraction) {
    if ((quiet_ += steps) < 256) return;
    quiet_ = 0;
    pulse_->beat(fraction);
  }

  Method method_;
  Limits limits_;
  Steps<Method, State> steps_;
  Pulse* pulse_;
  State before_{};
  double interval_ = 0, trial_ = 0;
  long long count_ = 1, quiet_ = 0;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI
