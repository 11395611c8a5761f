// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <string_view>

/// \file
/// Problems with known solutions. Each has `start()` and `exact(t)` for the state at time t.

/// x'' = -x from (1, 0).
template <typename Scalar>
struct Oscillator {
  using State = std::array<Scalar, 2>;
  template <typename X, typename Rate, typename Time>
  void operator()(const X& x, Rate& dxdt, Time) const {
    dxdt[0] = x[1];
    dxdt[1] = -x[0];
  }
  template <typename Half>
  void velocity(const Half& p, Half& dqdt) const {
    dqdt = p;
  }
  template <typename Half>
  void force(const Half& q, Half& dpdt) const {
    dpdt[0] = -q[0];
  }
  static State start() { return exact(0); }
  static State exact(double t) { return {Scalar(std::cos(t)), Scalar(-std::sin(t))}; }
};

/// x' = x (1 - x) from 1/10.
template <typename Scalar>
struct Growth {
  using State = std::array<Scalar, 1>;
  template <typename X, typename Rate, typename Time>
  void operator()(const X& x, Rate& dxdt, Time) const {
    dxdt[0] = x[0] * (1 - x[0]);
  }
  static State start() { return exact(0); }
  static State exact(double t) { return {Scalar(1 / (1 + 9 * std::exp(-t)))}; }
};

/// x' = x cos t from 1: the solution e^(sin t) shows whether a method evaluates at the right times.
template <typename Scalar>
struct Driven {
  using State = std::array<Scalar, 1>;
  template <typename X, typename Rate, typename Time>
  void operator()(const X& x, Rate& dxdt, Time t) const {
    using std::cos;
    dxdt[0] = x[0] * Scalar(cos(t));
  }
  static State start() { return exact(0); }
  static State exact(double t) { return {Scalar(std::exp(std::sin(t)))}; }
};

/// y' = -1000 (y - cos t), stiff and forced, from 0: after a fast start it follows cos t closely.
template <typename Scalar>
struct StiffDriven {
  static constexpr double rate = 1000;
  using State = std::array<Scalar, 1>;
  template <typename X, typename Rate, typename Time>
  void operator()(const X& x, Rate& dxdt, Time t) const {
    using std::cos;
    dxdt[0] = -Scalar(rate) * (x[0] - Scalar(cos(t)));
  }
  static State start() { return {Scalar(0)}; }
  static State exact(double t) {
    constexpr double r2 = rate * rate;
    return {Scalar((r2 * std::cos(t) + rate * std::sin(t) - r2 * std::exp(-rate * t)) / (r2 + 1))};
  }
};

/// Largest difference of two states.
template <typename A, typename B>
double distance(const A& a, const B& b) {
  double most = 0;
  for (int i = 0; i < int(a.size()); ++i) {
    const auto k = static_cast<decltype(a.size())>(i);
    const auto l = static_cast<decltype(b.size())>(i);
    const double d = std::abs(double(a[k]) - double(b[l]));
    if (!(d <= most)) most = d;  // a NaN stays
  }
  return most;
}

/// The order of convergence seen where an error shrinks from `coarse` to `fine` as h is halved.
inline double order_of(double coarse, double fine) { return std::log2(coarse / fine); }
