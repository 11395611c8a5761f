// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/diagnostics/power_spectrum.hpp"

#include <cmath>
#include <numbers>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::diagnostics;

namespace {

template <typename Scalar, typename Function>
Trajectory<Scalar> sampled(Eigen::Index samples, double step, const Function& f) {
  Eigen::MatrixX<Scalar> x(1, samples);
  for (Eigen::Index k = 0; k < samples; ++k) x(0, k) = Scalar(f(double(k) * step));
  return {TimeGrid::uniform(0, step, samples), x};
}

double integral(const PowerSpectrum& s) { return s.density.row(0).sum() * s.frequencies[1]; }

}  // namespace

TEMPLATE_TEST_CASE("a sinusoid has its variance at its frequency", "", float, double) {
  const auto run =
      sampled<TestType>(4096, 0.01, [](double t) { return 3 * std::sin(2 * std::numbers::pi * 6.25 * t) + 5; });
  const auto s = power_spectrum(run, {.segment = 1024});
  Eigen::Index peak = 0;
  s.density.row(0).maxCoeff(&peak);
  CHECK(s.frequencies[peak] == Approx(6.25));
  CHECK(integral(s) == Approx(4.5).epsilon(1e-3));
  CHECK(s.frequencies[s.frequencies.size() - 1] == Approx(50));
}

TEST_CASE("white noise has a flat density that integrates to its variance") {
  RandomStream random(7);
  const auto run = sampled<double>(1 << 16, 0.5, [&](double) { return 2 * random.normal(); });
  const auto s = power_spectrum(run, {.segment = 512});
  CHECK(integral(s) == Approx(4).epsilon(0.03));
  const auto half = s.density.cols() / 2;
  CHECK(s.density.row(0).segment(2, half - 2).mean() ==
        Approx(s.density.row(0).segment(half, half - 2).mean()).epsilon(0.05));
}

TEST_CASE("odd segments keep the variance too") {
  RandomStream random(11);
  const auto run = sampled<double>(1 << 15, 1.0, [&](double) { return random.normal(); });
  CHECK(integral(power_spectrum(run, {.segment = 101})) == Approx(1).epsilon(0.03));
}

TEST_CASE("runs that have no spectrum are refused") {
  const auto run = sampled<double>(100, 0.1, [](double t) { return t; });
  CHECK_THROWS_AS(power_spectrum(run, {.segment = 101}), InvalidArgument);
  CHECK_THROWS_AS(power_spectrum(run.slice(0, 7)), InvalidArgument);
  Eigen::VectorXd uneven = run.times().values();
  uneven[50] += 0.01;
  CHECK_THROWS_AS(power_spectrum(Trajectory<double>(TimeGrid(uneven), run.states())), InvalidArgument);
}
