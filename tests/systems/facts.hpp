// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>

#include "almagest/core/random.hpp"
#include "almagest/integrate/integrate.hpp"

/// \file
/// Facts that many systems share, as functions to check them by.

/// A state drawn at random, components of order `size`.
template <typename Scalar, std::size_t dimension>
std::array<Scalar, dimension> random_state(almagest::RandomStream& random, double size = 1) {
  std::array<Scalar, dimension> x;
  for (Scalar& value : x) value = Scalar(size * random.normal());
  return x;
}

/// The right-hand side at one state.
template <typename System, typename State>
State rate_of(const System& system, const State& x, typename State::value_type t = 0) {
  State rate{};
  system(x, rate, t);
  return rate;
}

/// Largest change of `quantity` along an accurate run of `duration` from x, relative to its first
/// value.
template <typename System, typename State, typename Quantity>
double relative_change(const System& system, const State& x, double duration,
                       const Quantity& quantity) {
  const auto run = almagest::integrate(system, x, almagest::TimeGrid::uniform(0, duration / 50, 51),
                                       almagest::methods::Fehlberg78{1e-13, 1e-13});
  const double first = double(quantity(run[0]));
  double most = 0;
  for (Eigen::Index k = 1; k < run.size(); ++k)
    most = std::max(most, std::abs(double(quantity(run[k])) / first - 1));
  return most;
}
