// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Test functions of the weak form, on the samples of a run.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

/// What the equation is integrated against along time.
enum class TestFunction {
  bump,  ///< \f$ (1 - s^2)^p \f$
  step   ///< 1 on its window: the integral form \f$ x(t_b) - x(t_a) = \int_{t_a}^{t_b} f \f$
};

/// The weak form of an equation: multiplied by smooth test functions on small windows and integrated,
/// so that derivatives of the samples become derivatives of the test functions.
///
/// A test function is a product of bumps \f$ (1 - s^2)^p \f$, one along each axis, of the given half
/// widths: in samples of time (on uneven times, in mean steps), and in points along each axis of a grid.
/// Half widths of 0 are chosen: a tenth of the shortest run, at most 100 samples, and a tenth of the
/// axis, neither below 4. `degree` 0 is p = 4 for ordinary equations, and 4 more than the highest
/// derivative of partial ones: the integrals are sums over samples, whose error falls as the width of the window
/// in samples to the power p + 1, less the order of the derivative.
///
/// The windows stand at `count` places drawn at random from those where they fit, or with `count` 0 at all of them.
struct WeakForm {
  Eigen::Index count = 1000;
  Eigen::Index half_time = 0;
  std::vector<Eigen::Index> half_space = {};  ///< one for each axis; empty: chosen
  int degree = 0;
  TestFunction time = TestFunction::bump;
  std::uint64_t seed = 0;
};

namespace detail {

inline void check(const WeakForm& form, int order) {
  using almagest::detail::text;
  if (form.count < 0)
    throw InvalidArgument(
        text("WeakForm: count is ", form.count, "; give how many test functions, or 0 for all places."));
  if (form.half_time < 0 || form.half_time == 1)
    throw InvalidArgument(
        text("WeakForm: half_time is ", form.half_time, "; give 2 samples or more, or 0 for a choice."));
  for (const Eigen::Index half : form.half_space)
    if (half < 0 || half == 1)
      throw InvalidArgument(text("WeakForm: half_space is ", half, "; give 2 points or more, or 0 for a choice."));
  if (form.degree != 0 && (form.degree <= order || form.degree > 40))
    throw InvalidArgument(text("WeakForm: degree is ", form.degree, ", but derivatives of order ", order,
                               " go to the test functions; give ", order + 1, " to 40, or 0 for a choice."));
}

/// Half the width of a window, chosen where it is 0.
inline Eigen::Index half_width(Eigen::Index given, Eigen::Index extent, Eigen::Index most) {
  return given > 0 ? given : std::clamp<Eigen::Index>(extent / 10, 4, most);
}

/// \f$ \frac{d^n}{ds^n} (1 - s^2)^p \f$ on [-1, 1], zero outside. By Leibniz' rule on
/// \f$ (1 - s)^p (1 + s)^p \f$, which cancels nothing at the ends.
template <typename Real>
Real bump(int p, int n, Real s) {
  if (!(std::abs(s) < 1)) return 0;
  Real sum = 0, binomial = 1;
  for (int k = 0; k <= n; ++k) {
    Real factor = binomial * (k % 2 == 0 ? Real(1) : Real(-1));
    for (int j = 0; j < k; ++j) factor *= Real(p - j);
    for (int j = 0; j < n - k; ++j) factor *= Real(p - j);
    if (k <= p && n - k <= p) sum += factor * std::pow(1 - s, Real(p - k)) * std::pow(1 + s, Real(p - n + k));
    binomial = binomial * Real(n - k) / Real(k + 1);
  }
  return sum;
}

/// Weights of 2 half + 1 equally spaced points for the mean of a function under a bump and, by parts,
/// of its derivatives: column n holds \f$ \phi^{(n)} \f$, all divided by the sum of \f$ \phi \f$.
template <typename Real>
Eigen::MatrixX<Real> bump_weights(int p, int orders, Eigen::Index half, Real spacing) {
  Eigen::MatrixX<Real> w(2 * half + 1, orders + 1);
  for (int n = 0; n <= orders; ++n)
    for (Eigen::Index j = -half; j <= half; ++j)
      w(j + half, n) = bump(p, n, Real(j) / Real(half)) / std::pow(spacing * Real(half), Real(n));
  return w / w.col(0).sum();
}

/// A window of samples: the weights for the mean of a function of time, and for that of a rate.
template <typename Real>
struct TimeWindow {
  Eigen::Index first = 0;
  Eigen::VectorX<Real> value, rate;
};

/// The windows of test functions along the times of a run.
template <typename Real>
class TimeWindows {
 public:
  using Vector = Eigen::VectorX<Real>;

  /// \throws InvalidArgument where the windows are wider than the run.
  TimeWindows(const TimeGrid& times, Eigen::Index half, int degree, TestFunction kind, std::size_t run,
              const char* what)
      : times_(times), half_(half), degree_(degree), kind_(kind) {
    using almagest::detail::text;
    if (times.size() < 2 * half + 1)
      throw InvalidArgument(text(what, ": test functions of ", 2 * half + 1, " samples (half_time ", half,
                                 ") are wider than run ", run, ", which has ", times.size(),
                                 " samples; give a smaller half_time or a longer run."));
    width_ = (times.back() - times.front()) * double(half) / double(times.size() - 1);
    if (times.is_uniform()) {
      if (kind == TestFunction::bump) {
        const Eigen::MatrixX<Real> w = bump_weights<Real>(degree, 1, half, Real(times.step()));
        uniform_ = {0, w.col(0), -w.col(1)};
      } else {
        step_window(Vector::LinSpaced(2 * half + 1, 0, Real(times.step()) * Real(2 * half)), uniform_);
      }
      for (Eigen::Index c = half; c + half < times.size(); ++c) centres_.push_back(c);
      return;
    }
    for (Eigen::Index c = 0; c < times.size(); ++c)
      if (kind == TestFunction::step ? c >= half && c + half < times.size()
                                     : times[c] - width_ >= times.front() && times[c] + width_ <= times.back())
        centres_.push_back(c);
    if (centres_.empty())
      throw InvalidArgument(text(what, ": no sample of run ", run, " is half a test function (half_time ", half,
                                 ") away from both its ends; give a smaller half_time."));
  }

  /// The samples that may be the middle of a window.
  const std::vector<Eigen::Index>& centres() const { return centres_; }

  /// The first sample of a window, and the one after its last.
  Eigen::Index begin(Eigen::Index centre) const {
    return even() ? centre - half_ : first_after(times_[centre] - width_);
  }
  Eigen::Index end(Eigen::Index centre) const {
    return even() ? centre + half_ + 1 : first_after(times_[centre] + width_);
  }

  const TimeWindow<Real>& at(Eigen::Index centre) {
    TimeWindow<Real>& window = times_.is_uniform() ? uniform_ : own_;
    window.first = begin(centre);
    if (times_.is_uniform()) return window;
    const Eigen::Index n = end(centre) - window.first;
    // Differences from the middle's own time: a late start costs no digits.
    Vector nodes(n);
    for (Eigen::Index j = 0; j < n; ++j) nodes[j] = Real(times_[window.first + j] - times_[centre]);
    if (kind_ == TestFunction::step) {
      step_window(nodes, window);
      return window;
    }
    window.value.resize(n);
    window.rate.resize(n);
    for (Eigen::Index j = 0; j < n; ++j) {
      const Eigen::Index sample = window.first + j, last = times_.size() - 1;
      const Real share = Real(times_[std::min(sample + 1, last)] - times_[std::max<Eigen::Index>(sample - 1, 0)]) / 2;
      const Real s = nodes[j] / Real(width_);
      window.value[j] = share * bump(degree_, 0, s);
      window.rate[j] = -share * bump(degree_, 1, s) / Real(width_);
    }
    const Real mean = window.value.sum();
    window.value /= mean;
    window.rate /= mean;
    return window;
  }

 private:
  /// Whether windows have a fixed count of samples.
  bool even() const { return times_.is_uniform() || kind_ == TestFunction::step; }
  Eigen::Index first_after(double time) const {
    Eigen::Index low = 0, high = times_.size();
    while (low < high) {
      const Eigen::Index middle = (low + high) / 2;
      if (times_[middle] > time)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  /// The integral over a window by the trapezoid; on uniform times with Gregory's corrections at the ends, an
  /// error of the fourth order.
  void step_window(const Vector& nodes, TimeWindow<Real>& window) const {
    const Eigen::Index n = nodes.size();
    const Real length = nodes[n - 1] - nodes[0];
    window.value.setZero(n);
    window.rate.setZero(n);
    for (Eigen::Index j = 0; j + 1 < n; ++j) {
      const Real share = (nodes[j + 1] - nodes[j]) / (2 * length);
      window.value[j] += share;
      window.value[j + 1] += share;
    }
    if (times_.is_uniform() && n >= 6) {
      const Real h = 1 / Real(n - 1);
      const Real ends[3] = {Real(3) / 8, Real(7) / 6, Real(23) / 24};
      for (Eigen::Index j = 0; j < 3; ++j) window.value[j] = window.value[n - 1 - j] = h * ends[j];
    }
    window.rate[0] = -1 / length;
    window.rate[n - 1] = 1 / length;
  }

  TimeGrid times_;
  Eigen::Index half_;
  int degree_;
  TestFunction kind_;
  double width_ = 0;
  std::vector<Eigen::Index> centres_;
  TimeWindow<Real> uniform_, own_;
};

/// Draws `count` of `places` at random, or all of them, in ascending order (Knuth's algorithm S).
class Draw {
 public:
  Draw(std::uint64_t seed, std::size_t run, double places, double count)
      : random_(seed, run), left_(places), wanted_(std::min(places, count)) {}

  /// Whether the next place is drawn.
  bool next() {
    const bool drawn = wanted_ >= left_ || random_.uniform() * left_ < wanted_;
    left_ -= 1;
    if (drawn) wanted_ -= 1;
    return drawn;
  }

 private:
  RandomStream random_;
  double left_, wanted_;
};

/// How many of `count` test functions go to each run, in proportion to its places; all of them for 0.
inline std::vector<double> shares(const std::vector<double>& places, Eigen::Index count) {
  if (count == 0) return places;
  double all = 0, so_far = 0;
  for (const double p : places) all += p;
  std::vector<double> out;
  for (const double p : places) {
    const double before = std::round(double(count) * so_far / all);
    so_far += p;
    out.push_back(std::round(double(count) * so_far / all) - before);
  }
  return out;
}

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::sindy
