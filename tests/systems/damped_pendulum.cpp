// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/damped_pendulum.hpp"

#include <cmath>
#include <numbers>

#include "almagest/integrate/stop_when.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;
using std::numbers::pi;

namespace {

/// Four times the time from a start at rest to the bottom.
double period(const systems::DampedPendulum<>& pendulum, double amplitude) {
  const auto bottom = stop_when([](const auto& x, double) { return x[0]; });
  const auto run = integrate(pendulum, std::array{amplitude, 0.0}, TimeGrid::uniform(0, 5, 5),
                             methods::Fehlberg78{1e-14, 1e-14}, bottom);
  return 4 * run.times().back();
}

/// The exact period, 2 pi sqrt(l/g) / M(1, cos(amplitude/2)), M the arithmetic-geometric mean.
double exact_period(const systems::DampedPendulum<>& pendulum, double amplitude) {
  double a = 1, b = std::cos(amplitude / 2);
  while (std::abs(a - b) > 1e-15) {
    const double mean = (a + b) / 2;
    b = std::sqrt(a * b);
    a = mean;
  }
  return 2 * pi * std::sqrt(pendulum.length / pendulum.gravity) / a;
}

}  // namespace

TEST_CASE("The pendulum's period at any amplitude is the elliptic integral") {
  const systems::DampedPendulum<> pendulum{9.81, 0.7, 0};
  for (double amplitude : {0.3, 1.0, 2.0, 3.0, 3.1}) {
    INFO("amplitude " << amplitude);
    CHECK(period(pendulum, amplitude) == Approx(exact_period(pendulum, amplitude)).epsilon(1e-10));
  }
  // Small swings: 2 pi sqrt(l/g) (1 + amplitude^2 / 16).
  CHECK(period(pendulum, 1e-3) ==
        Approx(2 * pi * std::sqrt(0.7 / 9.81) * (1 + 1e-6 / 16)).epsilon(1e-11));
}

TEST_CASE("The pendulum's energy is constant without friction, swinging or turning over") {
  const systems::DampedPendulum<> pendulum{9.81, 1.3, 0};
  const auto energy = [&](const auto& x) { return pendulum.energy(x); };
  CHECK(relative_change(pendulum, std::array{2.5, 0.0}, 30, energy) < 1e-11);
  CHECK(relative_change(pendulum, std::array{0.0, 9.0}, 30, energy) < 1e-11);
}

TEST_CASE("Small damped swings are those of the damped oscillator") {
  const systems::DampedPendulum<> pendulum;
  const double start = 1e-5, t = 7;
  const auto run = integrate(pendulum, std::array{start, 0.0}, TimeGrid::uniform(0, t, 2),
                             methods::Fehlberg78{1e-13, 1e-20});
  const double decay = pendulum.damping / 2;
  const double omega = std::sqrt(pendulum.gravity / pendulum.length - decay * decay);
  const double expected =
      start * std::exp(-decay * t) * (std::cos(omega * t) + decay / omega * std::sin(omega * t));
  CHECK(std::abs(run[1][0] - expected) < 1e-8 * start);
}
