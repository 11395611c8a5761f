// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/diagnostics/lyapunov.hpp"

#include <array>
#include <cmath>

#include "almagest/systems.hpp"
#include "support/catch.hpp"

using namespace almagest;
using diagnostics::LyapunovOptions;
using diagnostics::lyapunov_spectrum;

TEST_CASE("the Lyapunov spectrum of Lorenz63 is the published one, and its sum the divergence") {
  const systems::Lorenz63<> lorenz;
  const auto s = lyapunov_spectrum(lorenz, std::array{1.0, 1.0, 1.0}, LyapunovOptions{.duration = 5000});
  CHECK(std::abs(s.exponents[0] - 0.9056) < 1e-2);
  CHECK(std::abs(s.exponents[1]) < 1e-2);
  CHECK(std::abs(s.exponents[2] + 14.5723) < 1e-2);
  CHECK(std::abs(s.exponents.sum() - lorenz.divergence()) < 1e-6);
  CHECK(std::abs(s.kaplan_yorke_dimension() - 2.0621) < 2e-3);
  CHECK(s.duration == 5000.0);
  CHECK(s.standard_errors.maxCoeff() < 1e-2);
  CHECK(s.standard_errors.minCoeff() > 0);

  const double largest = diagnostics::largest_lyapunov_exponent(lorenz, std::array{1.0, 1.0, 1.0}, {.duration = 2000});
  CHECK(std::abs(largest - 0.9056) < 2e-2);
}

TEST_CASE("exponents of a Hamiltonian come in pairs of opposite sign") {
  const auto s =
      lyapunov_spectrum(systems::HenonHeiles<>{}, std::array{0.0, 0.1, 0.5, 0.0}, LyapunovOptions{.duration = 500});
  CHECK(std::abs(s.exponents.sum()) < 1e-7);
  CHECK(std::abs(s.exponents[0] + s.exponents[3]) < 1e-3);
}

TEST_CASE("systems of dynamic dimension sum to their divergence") {
  const Eigen::VectorXd x0 = Eigen::VectorXd::LinSpaced(6, 0, 1);
  const auto s = lyapunov_spectrum(systems::Lorenz96<>{8.0, 6}, x0, LyapunovOptions{.duration = 50});
  CHECK(std::abs(s.exponents.sum() + 6) < 1e-7);
  CHECK(s.exponents[0] > 0.1);
}

TEST_CASE("a normal linear flow has the real parts of its eigenvalues, at any duration") {
  const auto linear = [](const auto& x, auto& dxdt, double) {
    dxdt[0] = -0.5 * x[0] + 3.0 * x[1];
    dxdt[1] = -3.0 * x[0] - 0.5 * x[1];
    dxdt[2] = -2.0 * x[2];
  };
  const auto s = lyapunov_spectrum(linear, std::array{1.0, 0.0, 1.0}, LyapunovOptions{.duration = 100, .transient = 5});
  CHECK(std::abs(s.exponents[0] + 0.5) < 1e-6);
  CHECK(std::abs(s.exponents[1] + 0.5) < 1e-6);
  CHECK(std::abs(s.exponents[2] + 2.0) < 1e-6);
  CHECK(s.kaplan_yorke_dimension() == 0.0);
}

TEST_CASE("maps: the logistic map has ln 2, Henon's sums to ln b exactly") {
  const auto logistic =
      lyapunov_spectrum(systems::Logistic<>{}, std::array{0.1234}, LyapunovOptions{.duration = 100'000});
  CHECK(std::abs(logistic.exponents[0] - std::log(2.0)) < 1e-3);
  const systems::Henon<> henon;
  const auto s = lyapunov_spectrum(henon, std::array{0.0, 0.0}, LyapunovOptions{.duration = 100'000});
  CHECK(std::abs(s.exponents.sum() - std::log(0.3)) < 1e-10);
  CHECK(std::abs(s.exponents[0] - 0.4192) < 5e-3);
}

TEST_CASE("the standard error tells the size of the error") {
  const systems::Lorenz63<> lorenz;
  const auto s = lyapunov_spectrum(lorenz, std::array{1.0, 1.0, 1.0}, LyapunovOptions{.duration = 200});
  CHECK(std::abs(s.exponents[0] - 0.9056) < 5 * s.standard_errors[0]);
  CHECK(s.standard_errors[0] > 1e-3);
}

TEST_CASE("errors stay with their exponents, in whatever order these came") {
  const auto spectrum = [](int exact) {
    const auto map = [exact](const auto& x, auto& next) {
      next[exact] = 0.5 * x[exact];
      next[1 - exact] = 3.9 * x[1 - exact] * (1.0 - x[1 - exact]);
    };
    return lyapunov_spectrum(map, std::array{0.3, 0.4}, LyapunovOptions{.duration = 20'000});
  };
  for (const int exact : {0, 1}) {
    const auto s = spectrum(exact);
    CHECK(s.exponents[1] == Approx(-std::log(2.0)).epsilon(1e-12));
    CHECK(s.standard_errors[1] < 1e-10);
    CHECK(s.standard_errors[0] > 1e-4);
  }
  CHECK_THROWS_WITH(lyapunov_spectrum(systems::Henon<>{}, std::array{0.1, 0.1}, LyapunovOptions{.duration = 0.5}),
                    ContainsSubstring("duration is 0.5"));
}

TEST_CASE("bad options are refused with their values; a run that diverges says so") {
  const systems::Lorenz63<> lorenz;
  const std::array x0{1.0, 1.0, 1.0};
  CHECK_THROWS_AS(lyapunov_spectrum(lorenz, x0, LyapunovOptions{.duration = -1}), InvalidArgument);
  CHECK_THROWS_AS(lyapunov_spectrum(lorenz, x0, LyapunovOptions{.transient = -1}), InvalidArgument);
  CHECK_THROWS_AS(lyapunov_spectrum(lorenz, x0, LyapunovOptions{.tolerance = 0}), InvalidArgument);
  CHECK_THROWS_AS(lyapunov_spectrum(lorenz, std::array{1.0, 1.0, std::nan("")}), NonFiniteData);
  CHECK_THROWS_AS(lyapunov_spectrum(systems::Logistic<>{5.0}, std::array{0.3}), IntegrationDiverged);
  CHECK_THROWS_AS(lyapunov_spectrum(systems::Logistic<>{}, std::array{0.3},
                                    LyapunovOptions{.progress = [](double) { return false; }}),
                  Cancelled);
}
