// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/van_der_pol.hpp"

#include <cmath>
#include <numbers>

#include "almagest/integrate/stop_when.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

namespace {

/// Period of the limit cycle: the time from one rising passage of x through 0 to the next, after
/// `settling` units of time.
template <typename Method>
double period(double mu, double settling, const Method& method) {
  const systems::VanDerPol<> system{mu};
  const auto rising = stop_when([](const auto& x, double) { return x[0]; }, Crossing::rising);
  const auto settled =
      integrate(system, std::array{2.0, 0.0}, TimeGrid::uniform(0, settling, 2), method);
  const TimeGrid long_enough = TimeGrid::uniform(0, 10 + 2 * mu, 3);
  const auto first = integrate(system, settled[1], long_enough, method, rising);
  const auto second = integrate(system, first[first.size() - 1], long_enough, method, rising);
  return second.times().back();
}

}  // namespace

TEST_CASE("Van der Pol's period for small mu is 2 pi (1 + mu^2 / 16) up to mu^4") {
  const methods::Fehlberg78 method{1e-13, 1e-13};
  // The next term is -5 mu^4 / 3072.
  for (double mu : {0.1, 0.2}) {
    const double rest = period(mu, 40 / mu, method) / (2 * std::numbers::pi) - 1 - mu * mu / 16;
    CHECK(rest / std::pow(mu, 4) == Approx(-5.0 / 3072).epsilon(0.05));
  }
}

TEST_CASE("Van der Pol's period for large mu is (3 - 2 ln 2) mu up to mu^(-1/3)") {
  // The next terms are 3 a mu^(-1/3), with -a the first zero of Airy's function, and O(ln(mu) /
  // mu).
  const double a = 2.338107410459767;
  for (double mu : {100.0, 1000.0}) {
    const double expected = (3 - 2 * std::numbers::ln2) * mu + 3 * a * std::pow(mu, -1.0 / 3);
    CHECK(period(mu, 3 * mu, methods::Rosenbrock4{1e-9, 1e-9}) ==
          Approx(expected).margin(3 * std::log(mu) / mu));
  }
}

TEST_CASE("Van der Pol's limit cycle for small mu has amplitude 2") {
  const systems::VanDerPol<> system{0.01};
  const auto run =
      integrate(system, std::array{0.5, 0.0}, TimeGrid::uniform(0, 1500, 2), methods::Fehlberg78{});
  CHECK(std::hypot(run[1][0], run[1][1]) == Approx(2).margin(0.02));
}
