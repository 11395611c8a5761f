// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Runs with known laws, for the tests of sindy.

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/integrate.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lotka_volterra.hpp"

namespace data {

using almagest::TimeGrid;
using almagest::Trajectory;

/// Any system on any times, to about 1e-13.
template <typename System, typename State>
Trajectory<double> run(const System& system, const State& x0, const TimeGrid& times) {
  return almagest::integrate(system, x0, times, almagest::methods::Fehlberg78{1e-13, 1e-13});
}

/// Lorenz63 at 10, 28, 8/3.
inline Trajectory<double> lorenz(Eigen::Index samples = 10'000, double step = 0.002,
                                 std::array<double, 3> x0 = {-8, 8, 27}) {
  return run(almagest::systems::Lorenz63<>{}, x0, TimeGrid::uniform(0, step, samples));
}

/// The coefficients of Lorenz63 in the features of `exponents`, zero for all others.
inline Eigen::MatrixXd lorenz_law(const Eigen::MatrixXi& exponents) {
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(exponents.rows(), 3);
  for (Eigen::Index f = 0; f < exponents.rows(); ++f) {
    const Eigen::RowVector3i e = exponents.row(f);
    if (e == Eigen::RowVector3i(1, 0, 0)) law.row(f) << -10, 28, 0;
    if (e == Eigen::RowVector3i(0, 1, 0)) law.row(f) << 10, -1, 0;
    if (e == Eigen::RowVector3i(0, 0, 1)) law(f, 2) = -8.0 / 3;
    if (e == Eigen::RowVector3i(1, 0, 1)) law(f, 1) = -1;
    if (e == Eigen::RowVector3i(1, 1, 0)) law(f, 2) = 1;
  }
  return law;
}

/// Whether exactly the coefficients that are not zero in `law` are not zero in `found`.
template <typename Found>
bool same_support(const Found& found, const Eigen::MatrixXd& law) {
  return ((found.array() != 0) == (law.array() != 0)).all();
}

/// Strictly increasing times whose steps vary at random between `1 - jitter` and `1 + jitter`
/// steps.
inline TimeGrid uneven(Eigen::Index count, double step, double jitter, std::uint64_t seed = 1) {
  almagest::RandomStream random(seed);
  Eigen::VectorXd times(count);
  double t = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    times[i] = t;
    t += step * random.uniform(1 - jitter, 1 + jitter);
  }
  return TimeGrid(times);
}

}  // namespace data
