// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/text.hpp"
#include "almagest/spectral/exponential.hpp"
#include "almagest/spectral/steppers.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral::detail {

/// One step of Etdrk3 and, for nothing, of the exponential midpoint rule
/// \f$ E v + h(\varphi_1 - 2\varphi_2) N(v) + 2h\varphi_2 N(a) \f$ of order 2. Their difference is
/// \f$ h(4\varphi_3 - \varphi_2)\,(N(v) - 2N(a) + N(b)) \f$, which needs no table of its own.
template <typename Discrete>
class EmbeddedPair {
 public:
  EmbeddedPair(const Discrete& discrete, double h) : tables_(discrete), step_(h) {
    tables_.fill(discrete, h, etdrk3_factors<typename Tables<Discrete, 7>::Scalar>(h / double(discrete.points())));
  }
  double step() const { return step_; }

  /// From the state to `next` and the estimate of its error; the state stays. The fields of `next` are made.
  void attempt(Discrete& discrete, ModeArray& next_state, ModeArray& error, ModeArray& end) {
    using Modes = typename Discrete::Modes;
    const auto [E, E2, Q, B, F1, F2, F3] = tables_.readers();
    const Eigen::Index n = discrete.modes();
    const auto v = discrete.state().pointer(), w = next_state.pointer(), d = error.pointer(), e = end.pointer();
    discrete.to_products();
    discrete.pass([=, E = E, E2 = E2, Q = Q, B = B, F1 = F1, F3 = F3](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Mode<double> r = rate[std::size_t(c)], state = v[s + c * n], whole = E(s, c) * state;
        e.set(s + c * n, whole - B(s, c) * r);
        w.set(s + c * n, whole + F1(s, c) * r);
        d.set(s + c * n, F3(s, c) * r);
        next[std::size_t(c)] = E2(s, c) * state + Q(s, c) * r;
      }
    });
    discrete.to_products();
    discrete.pass([=, B = B, F2 = F2, F3 = F3](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Mode<double> r = rate[std::size_t(c)];
        w.set(s + c * n, w[s + c * n] + F2(s, c) * r);
        d.set(s + c * n, d[s + c * n] - 2.0 * (F3(s, c) * r));
        next[std::size_t(c)] = e[s + c * n] + 2.0 * (B(s, c) * r);
      }
    });
    discrete.to_products();
    discrete.pass([=, F3 = F3](Eigen::Index s, const Modes& rate, Modes& next) {
      for (int c = 0; c < Discrete::components; ++c) {
        const Mode<double> last = F3(s, c) * rate[std::size_t(c)];
        next[std::size_t(c)] = w[s + c * n] + last;
        w.set(s + c * n, next[std::size_t(c)]);
        d.set(s + c * n, d[s + c * n] + last);
      }
    });
  }

 private:
  Tables<Discrete, 7> tables_;
  double step_;
};

/// An evolution that chooses its steps by Etdrk32.
///
/// The steps of an interval T are \f$ T/2^m \f$ and stand at multiples of their length, so that they fill it
/// exactly. Tables of the last few lengths are kept.
template <typename Discrete>
class AdaptiveSteps final : public Evolution<typename Discrete::Value> {
 public:
  using Value = typename Discrete::Value;
  using typename Evolution<Value>::UseMemory;

  AdaptiveSteps(Discrete discrete, const Etdrk32& method)
      : discrete_(std::move(discrete)),
        method_(method),
        next_(discrete_.state().size()),
        error_(discrete_.state().size()),
        end_(discrete_.state().size()) {}

  std::unique_ptr<Evolution<Value>> clone() const override { return std::make_unique<AdaptiveSteps>(*this); }
  Eigen::Index dimension() const override { return discrete_.dimension(); }
  double load(const Value* values) override {
    control_ = Control();
    const double lost = discrete_.load(values);
    discrete_.prime();
    return lost;
  }
  void store(Value* values) const override { discrete_.store(values); }
  std::string failure() const override {
    if (control_.stalled)
      return almagest::detail::text("the tolerances asked for steps below ",
                                    almagest::detail::rounded(control_.wanted, 2), " at ", discrete_.largest_mode(),
                                    "; loosen them, or give the grid more points");
    return discrete_.finite() ? "" : blow_up(discrete_.largest_mode());
  }
  std::vector<std::string> quantities() const override { return discrete_.quantities(); }
  int invariants() const override { return discrete_.invariants(); }
  Eigen::MatrixX2d conserved() const override { return integrals(discrete_); }
  long long transforms_done() const override { return discrete_.transforms_done(); }
  long long transforms_alone() override {
    discrete_.transforms_alone();
    return discrete_.transforms();
  }
  double step_of(double interval) const override { return std::ldexp(interval, -level_of(interval)); }
  void memory(const UseMemory& use) override {
    use_modes(discrete_.state(), use);
    use(&control_.wanted, sizeof control_.wanted);
  }
  void restored() override { discrete_.prime(); }

  long long advance(double interval) override {
    long long steps = 0;
    int level = level_of(interval);
    // The place in the interval, in units of its smallest step.
    for (long long place = 0; place < 1LL << finest;) {
      // Steps may be longer where they would stand at a multiple of their length.
      for (const int wanted = level_of(interval); level > wanted && place % (1LL << (finest - level + 1)) == 0;)
        --level;
      const double h = std::ldexp(interval, -level);
      pair_of(h).attempt(discrete_, next_, error_, end_);
      const double ratio = error_ratio();
      const double factor = 0.9 / std::cbrt(std::max(ratio, 1e-3));
      if (ratio <= 1) {
        std::swap(discrete_.state(), next_);
        place += 1LL << (finest - level);
        control_.wanted = h * std::min(factor, 4.0);
        ++steps;
        if (steps % steps_between_pulses(dimension()) == 0) this->pulse(std::ldexp(double(place), -finest));
      } else {
        control_.wanted = std::isfinite(ratio) ? h * std::clamp(factor, 0.1, 0.5) : 0.1 * h;
        level = level_of(interval);
        discrete_.prime();
        if (level < finest) continue;
        control_.stalled = true;
        break;
      }
      level = std::max(level, level_of(interval));
    }
    return steps;
  }

 private:
  static constexpr int finest = 40;
  static constexpr std::size_t pairs_kept = 4;

  struct Control {
    double wanted = HUGE_VAL;  // the step that the last error asks for
    bool stalled = false;
  };

  int level_of(double interval) const {
    if (!(control_.wanted < interval)) return 0;
    return std::min(finest, int(std::ceil(std::log2(interval / control_.wanted))));
  }

  EmbeddedPair<Discrete>& pair_of(double h) {
    const auto kept = std::find_if(pairs_.begin(), pairs_.end(), [&](const auto& pair) { return pair.step() == h; });
    if (kept != pairs_.end()) {
      std::rotate(kept, kept + 1, pairs_.end());
    } else {
      if (pairs_.size() == pairs_kept) pairs_.erase(pairs_.begin());
      pairs_.emplace_back(discrete_, h);
    }
    return pairs_.back();
  }

  /// Of the last attempt: its error against what is allowed.
  double error_ratio() const {
    std::array<double, std::size_t(Discrete::components)> errors, fields;
    discrete_.mean_squares(error_, errors.data());
    discrete_.mean_squares(next_, fields.data());
    double largest = 0;
    for (std::size_t c = 0; c < errors.size(); ++c) {
      if (errors[c] == 0) continue;  // of a field that stays 0, where not even 0 is too much
      const double ratio = std::sqrt(errors[c]) / (method_.absolute + method_.relative * std::sqrt(fields[c]));
      if (!(ratio <= largest)) largest = ratio;  // NaN stays
    }
    return largest;
  }

  Discrete discrete_;
  Etdrk32 method_;
  ModeArray next_, error_, end_;
  std::vector<EmbeddedPair<Discrete>> pairs_;
  Control control_;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral::detail
