// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// The times of the samples of a trajectory: strictly increasing, uniform or not.
///
/// A uniform grid is \f$ t_i = t_0 + i\,h \f$ for \f$ i = 0 \dots n-1 \f$ and stores three numbers. An
/// explicit grid shares its values with its slices; it counts as uniform when each value lies within
/// \f$ 10^{-9} h \f$ (or four roundings of the largest time) of the uniform grid through its ends.
/// Times carry the unit of the user's data. Copies and slices cost O(1).
///
/// \throws InvalidArgument for an empty grid, a step that is not positive and finite, or values that
///         do not increase (the text names the first offending pair).
class TimeGrid {
 public:
  /// `count` times from `start` on, `step` apart.
  static TimeGrid uniform(double start, double step, Eigen::Index count) {
    if (count < 1)
      throw InvalidArgument(detail::text("TimeGrid: count is ", count, "; a grid needs at least 1 time."));
    if (!std::isfinite(start))
      throw InvalidArgument(detail::text("TimeGrid: start is ", start, "; give a finite time."));
    if (!(step > 0) || !std::isfinite(step))
      throw InvalidArgument(
          detail::text("TimeGrid: step is ", step, "; give a positive, finite step so that times increase."));
    const double largest = std::max(std::abs(start), std::abs(start + step * double(count - 1)));
    if (count > 1 && !(step >= std::nextafter(largest, HUGE_VAL) - largest))
      throw InvalidArgument(detail::text("TimeGrid: step ", step, " is lost in the rounding of times up to ",
                                         start + step * double(count - 1), "; shift the start or enlarge the step."));
    TimeGrid grid;
    grid.start_ = start;
    grid.step_ = step;
    grid.count_ = count;
    return grid;
  }

  /// The given times, kept bit for bit.
  explicit TimeGrid(Eigen::VectorXd values) {
    count_ = values.size();
    if (count_ < 1) throw InvalidArgument("TimeGrid: values is empty; a grid needs at least 1 time.");
    for (Eigen::Index i = 0; i < count_; ++i) {
      if (!std::isfinite(values[i]))
        throw InvalidArgument(detail::text("TimeGrid: values[", i, "] is ", values[i], "; times must be finite."));
      if (i > 0 && !(values[i] > values[i - 1]))
        throw InvalidArgument(detail::text("TimeGrid: values[", i, "] = ", values[i], " does not exceed values[", i - 1,
                                           "] = ", values[i - 1],
                                           "; sort the samples by time and drop repeated ones."));
    }
    start_ = values[0];
    if (count_ > 1) {
      const double h = (values[count_ - 1] - start_) / double(count_ - 1);
      const double largest = std::max(std::abs(start_), std::abs(values[count_ - 1]));
      const double slack = std::max(1e-9 * h, 4 * std::numeric_limits<double>::epsilon() * largest);
      uniform_ = true;
      for (Eigen::Index i = 0; uniform_ && i < count_; ++i)
        uniform_ = std::abs(values[i] - (start_ + h * double(i))) <= slack;
      step_ = uniform_ ? h : 0.0;
    }
    values_ = std::make_shared<const Eigen::VectorXd>(std::move(values));
  }

  Eigen::Index size() const { return count_; }
  double front() const { return (*this)[0]; }
  double back() const { return (*this)[count_ - 1]; }
  double operator[](Eigen::Index i) const { return values_ ? (*values_)[offset_ + i] : start_ + step_ * double(i); }

  /// Whether all steps agree. A single time is uniform; its step is unknown (0) unless it was given.
  bool is_uniform() const { return uniform_; }
  /// The common step of a uniform grid; 0 where it is unknown.
  double step() const {
    if (!uniform_)
      throw InvalidArgument(
          detail::text("TimeGrid: step of a non-uniform grid of ", count_, " times; resample it to a uniform one."));
    return step_;
  }

  /// From time i to the next; the same number for all intervals of a uniform grid.
  double interval(Eigen::Index i) const { return uniform_ && step_ > 0 ? step_ : (*this)[i + 1] - (*this)[i]; }

  Eigen::VectorXd values() const {
    if (values_) return values_->segment(offset_, count_);
    return Eigen::VectorXd::NullaryExpr(count_, [this](Eigen::Index i) { return (*this)[i]; });
  }

  /// The `count` times from index `first` on.
  TimeGrid slice(Eigen::Index first, Eigen::Index count) const {
    if (first < 0 || count < 1 || first > count_ || count > count_ - first)
      throw InvalidArgument(detail::text("TimeGrid: slice of ", count, " times from index ", first, " in a grid of ",
                                         count_, "; a slice must lie inside and hold at least 1 time."));
    TimeGrid part = *this;
    part.count_ = count;
    if (values_) {
      part.offset_ += first;
      part.start_ = part[0];
      // Steps of a part are judged afresh: a run of equal steps in an uneven grid is uniform.
      if (!uniform_) part = TimeGrid(part.values());
    } else {
      part.start_ = (*this)[first];
    }
    return part;
  }

  friend bool operator==(const TimeGrid& a, const TimeGrid& b) {
    if (a.count_ != b.count_) return false;
    for (Eigen::Index i = 0; i < a.count_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }

 private:
  TimeGrid() = default;
  double start_ = 0, step_ = 0;
  Eigen::Index count_ = 0, offset_ = 0;
  bool uniform_ = true;
  std::shared_ptr<const Eigen::VectorXd> values_;
};

}  // namespace almagest::inline ALMAGEST_ABI
