// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// What carries a field through time: an equation on a grid, and a method.
///
/// The loops over modes and points know both as types; what calls them once a sample, such as solve, goes
/// through this interface and is compiled once.
template <typename Value_>
class Evolution {
 public:
  using Value = Value_;

  virtual ~Evolution() = default;
  virtual std::unique_ptr<Evolution> clone() const = 0;

  virtual Eigen::Index dimension() const = 0;
  /// Begins with this field. Returns the share of its squares that lies in modes which are not kept.
  virtual double load(const Value* values) = 0;
  virtual void store(Value* values) const = 0;
  /// Goes on for an interval of time; returns the steps that it took.
  virtual long long advance(double interval) = 0;
  /// The first step that it would try of an interval.
  virtual double step_of(double interval) const = 0;
  /// Why the field is not what the equation says; empty where it is.
  virtual std::string failure() const = 0;

  virtual std::vector<std::string> quantities() const = 0;
  /// How many of them, from the first on, the exact solution never changes.
  virtual int invariants() const = 0;
  /// Of each quantity the integral, and in a second column that of its absolute density.
  virtual Eigen::MatrixX2d conserved() const = 0;

  virtual long long transforms_done() const = 0;
  /// Does some transforms and nothing else; returns how many, 0 where a step has none. For measuring, after a
  /// run: it works on the memory of the stages, and before the run may go on it must be loaded or restored.
  virtual long long transforms_alone() = 0;

  /// Calls `use(memory, bytes)` for each piece of memory on which the future depends. Who has written such
  /// memory calls `restored()`, and the run goes on with the same bits as the one that it was read from.
  using UseMemory = std::function<void(void*, std::size_t)>;
  virtual void memory(const UseMemory& use) = 0;
  virtual void restored() = 0;

  /// Called now and then within `advance` with the share of the interval that is done; may throw.
  using Pulse = std::function<void(double)>;
  void on_pulse(Pulse pulse) { pulse_ = std::move(pulse); }

 protected:
  Evolution() = default;
  Evolution(const Evolution&) = default;
  Evolution& operator=(const Evolution&) = default;

  void pulse(double done) const {
    if (pulse_) pulse_(done);
  }

 private:
  Pulse pulse_;
};

namespace detail {

/// Why a run ends whose field is not finite.
inline std::string blow_up(const std::string& mode) {
  return "the run blew up at " + mode + "; give the stepper a smaller step, or the grid more points";
}

/// So many that a pulse costs nothing and comes every few milliseconds.
inline long long steps_between_pulses(Eigen::Index dimension) { return std::max<long long>(1, 65536 / dimension); }

/// An evolution in steps of one length: an interval is cut into the fewest equal ones that are not longer
/// than the method's.
template <typename Value>
class FixedSteps : public Evolution<Value> {
 public:
  double load(const Value* values) final {
    begun_ = false;
    loaded_ = true;
    return put(values);
  }

  long long advance(double interval) final {
    const long long count = count_of(interval);
    const double h = interval / double(count);
    // Intervals of a uniform grid differ by rounding; the tables for their step need not. The first ones
    // do not depend on what ran before.
    if (loaded_ ? h != prepared_ : !(std::abs(h - prepared_) <= 1e-12 * h)) {
      prepare(h);
      prepared_ = h;
      begun_ = false;
    }
    loaded_ = false;
    if (!begun_) begin(true);
    begun_ = true;
    between_pulses_ = steps_between_pulses(this->dimension());
    steps(count);
    return count;
  }
  double step_of(double interval) const final { return interval / double(count_of(interval)); }

  void memory(const typename Evolution<Value>::UseMemory& use) final {
    use(&prepared_, sizeof prepared_);
    use(&begun_, sizeof begun_);
    use(&loaded_, sizeof loaded_);
    field_memory(use);
  }
  void restored() final {
    if (prepared_ > 0) prepare(prepared_);
    if (begun_) begin(false);
  }

 protected:
  explicit FixedSteps(double longest_step) : longest_(longest_step) {}

  virtual double put(const Value* values) = 0;
  /// Makes the tables for steps h.
  virtual void prepare(double h) = 0;
  /// Before the first step after the field or h has changed, or, not anew, after the memory was restored.
  virtual void begin(bool anew) = 0;
  /// Calls `beat` after each.
  virtual void steps(long long count) = 0;
  virtual void field_memory(const typename Evolution<Value>::UseMemory& use) = 0;

  /// After step k of `count`, counted from 0.
  void beat(long long k, long long count) const {
    if ((k + 1) % between_pulses_ == 0) this->pulse(double(k + 1) / double(count));
  }

 private:
  long long count_of(double interval) const {
    const double count = std::ceil(interval / longest_ * (1 - 1e-12));
    if (!(count < 1e15))
      throw InvalidArgument(almagest::detail::text("spectral::solve: step is ", longest_, ", so that an interval of ",
                                                   interval, " takes ", almagest::detail::rounded(count, 3),
                                                   " steps; give a longer step."));
    return std::max(1LL, static_cast<long long>(count));
  }

  double longest_, prepared_ = 0;
  long long between_pulses_ = 1;
  bool begun_ = false, loaded_ = true;
};

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
