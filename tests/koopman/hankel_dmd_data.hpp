// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "almagest/core/trajectory.hpp"
#include "support/catch.hpp"

/// Series for the tests of Hankel-DMD: sums of waves, whose exponents are known, and the Lorenz attractor.
namespace series {

using almagest::TimeGrid, almagest::Trajectory;
using Eigen::Index;
using Complex = std::complex<double>;

/// One channel: the sum of amplitude * exp(growth t) * sin(frequency t + phase). Summed in long
/// double: the rounding of frequency * t alone would be noise far above that of the samples.
struct Wave {
  double amplitude, frequency, phase = 0, growth = 0;
};

template <typename Scalar = double>
Trajectory<Scalar> waves(const std::vector<Wave>& parts, double step, Index samples,
                         double start = 0, double offset = 0) {
  using Long = long double;
  Eigen::MatrixX<Scalar> states(1, samples);
  for (Index k = 0; k < samples; ++k) {
    const Long t = Long(start) + Long(step) * Long(k);
    Long sum = Long(offset);
    for (const Wave& w : parts)
      sum += Long(w.amplitude) * std::exp(Long(w.growth) * t) * std::sin(Long(w.frequency) * t + Long(w.phase));
    states(0, k) = Scalar(sum);
  }
  return {TimeGrid::uniform(start, step, samples), states};
}

/// The Lorenz attractor, after a transient, by the classical Runge-Kutta method.
inline Trajectory<double> lorenz(double step, Index samples, int substeps = 1) {
  const auto rate = [](const Eigen::Vector3d& v) {
    return Eigen::Vector3d(10 * (v[1] - v[0]), v[0] * (28 - v[2]) - v[1],
                           v[0] * v[1] - 8.0 / 3 * v[2]);
  };
  Eigen::Vector3d v(-8, 8, 27);
  const double h = step / substeps;
  Eigen::MatrixXd states(3, samples);
  for (Index k = 0; k < samples; ++k) {
    states.col(k) = v;
    for (int i = 0; i < substeps; ++i) {
      const Eigen::Vector3d a = rate(v), b = rate(v + h / 2 * a), c = rate(v + h / 2 * b),
                            d = rate(v + h * c);
      v += h / 6 * (a + 2 * b + 2 * c + d);
    }
  }
  return {TimeGrid::uniform(0, step, samples), states};
}

/// Greatest distance of an expected eigenvalue from the nearest found one.
template <typename Found>
double farthest(const std::vector<Complex>& expected, const Found& found) {
  double worst = 0;
  for (const Complex& e : expected) {
    double nearest = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < found.size(); ++j)
      nearest = std::min(nearest, std::abs(e - Complex(found[j])));
    worst = std::max(worst, nearest);
  }
  return worst;
}

template <typename A, typename B>
double largest_difference(const A& a, const B& b) {
  REQUIRE(a.rows() == b.rows());
  REQUIRE(a.cols() == b.cols());
  return double((a - b).cwiseAbs().maxCoeff());
}

inline const std::vector<Wave> three_waves = {{2, 1.3, 0.2}, {0.5, 4.1, 1.0}, {0.1, 9.0, 2.0}};

}  // namespace series
