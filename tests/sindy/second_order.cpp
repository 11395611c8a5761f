// SPDX-License-Identifier: BSD-3-Clause
// Laws of second order from positions alone.
#include "almagest/sindy/second_order.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/features/composition.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/sindy/flow.hpp"
#include "almagest/sindy/spectral_derivative.hpp"
#include "almagest/systems/henon_heiles.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using sindy::FiniteDifference;
using sindy::Polynomial;
using sindy::Stlsq;

namespace {

/// The leading components of a run.
Trajectory<double> positions(const Trajectory<double>& run, Eigen::Index count, std::vector<std::string> names) {
  TrajectoryInfo info;
  info.names = std::move(names);
  return {run.times(), Eigen::MatrixXd(run.states().topRows(count)), info};
}

Trajectory<double> henon_heiles(Eigen::Index samples, double step) {
  const systems::HenonHeiles<> system;
  return integrate(system, std::array{0.1, 0.2, 0.3, -0.1}, TimeGrid::uniform(0, step, samples),
                   methods::Fehlberg78{1e-12, 1e-12});
}

}  // namespace

TEST_CASE("A law of second order is learned from positions", "[sindy]") {
  const auto run = henon_heiles(4001, 0.02);
  const auto seen = positions(run, 2, {"x", "y"});
  const auto model = sindy::fit_second_order(seen, Polynomial{2}, Stlsq{.threshold = 0.05}, FiniteDifference{8});
  CHECK(model.equations(3) == std::vector<std::string>{"x' = 1.000 x_dot", "y' = 1.000 y_dot",
                                                       "x_dot' = -1.000 x - 2.000 x y",
                                                       "y_dot' = -1.000 y - 1.000 x^2 + 1.000 y^2"});
  CHECK(model.coefficients().leftCols(2).maxCoeff() == 1);
  // Rounding of the positions, divided by the square of the step, is all that is left of an error.
  CHECK(std::abs(model.coefficients()(1, 2) + 1) < 1e-9);
  CHECK(model.report().residuals.size() == 4);
  CHECK(model.report().residuals.head(2).isZero(0));

  const auto history = sindy::with_velocities(TrajectoryView<double>(seen).slice(0, 100), FiniteDifference{8});
  CHECK(history.info().names == std::vector<std::string>{"x", "y", "x_dot", "y_dot"});
  CHECK((history.states().bottomRows(2) - run.states().block(2, 0, 2, 100)).cwiseAbs().maxCoeff() < 1e-9);
  const auto ahead = model.forecast(history, 1000);
  REQUIRE(ahead.verdict());
  CHECK((ahead.states() - run.states().middleCols(100, 1000)).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("Errors of accelerations fall with the order of the differences", "[sindy]") {
  const auto error = [](double step) {
    const auto run = henon_heiles(Eigen::Index(std::lround(40 / step)), step);
    const auto model = sindy::fit_second_order(positions(run, 2, {"x", "y"}), Polynomial{2}, Stlsq{.threshold = 0.05},
                                               FiniteDifference{4});
    return std::abs(model.coefficients()(1, 2) + 1);
  };
  const double order = std::log2(error(0.08) / error(0.04));
  CHECK(order > 3.5);
  CHECK(order < 4.6);
}

TEST_CASE("A forced oscillator of second order is learned with its input", "[sindy]") {
  // x'' = -x - 0.3 x' + 2 u with u = cos 2t: the particular solution and a free one.
  const Eigen::Index samples = 3000;
  const TimeGrid times = TimeGrid::uniform(0, 0.01, samples);
  const double omega = std::sqrt(1 - 0.15 * 0.15), den = 9 + 0.36;
  Eigen::MatrixXd x(1, samples), u(1, samples);
  for (Eigen::Index k = 0; k < samples; ++k) {
    const double t = times[k];
    u(0, k) = std::cos(2 * t);
    x(0, k) = 2 * (-3 * std::cos(2 * t) + 0.6 * std::sin(2 * t)) / den + std::exp(-0.15 * t) * std::cos(omega * t);
  }
  TrajectoryInfo info;
  info.names = {"x"};
  info.input_names = {"u"};
  const Trajectory<double> run(times, x, info, u);
  const auto model = sindy::fit_second_order(run, Polynomial{1}, Stlsq{.threshold = 0.05}, FiniteDifference{6});
  CHECK(model.equations(2) == std::vector<std::string>{"x' = 1.00 x_dot", "x_dot' = -1.00 x - 0.30 x_dot + 2.00 u"});
  CHECK(std::abs(model.coefficients()(3, 1) - 2) < 1e-8);
}

TEST_CASE("Free motion has no acceleration, and no term", "[sindy]") {
  const TimeGrid times = TimeGrid::uniform(0, 0.01, 500);
  const Trajectory<double> run(times, Eigen::MatrixXd(3 + 2 * times.values().transpose().array()));
  const auto model = sindy::fit_second_order(run, Polynomial{1});
  CHECK(model.coefficients().col(1).isZero(0));
}

TEST_CASE("Laws of second order refuse what cannot make them", "[sindy]") {
  const auto run = positions(henon_heiles(100, 0.02), 2, {"x", "y"});
  CHECK_THAT(
      sentence<InvalidArgument>([&] { sindy::fit_second_order(run, features::Selection{{0, 1}, Polynomial{2}}); }),
      ContainsSubstring("velocity of component 0"));
  CHECK_THAT(sentence<InvalidArgument>([&] {
               sindy::fit_second_order(run, Polynomial{}, Stlsq{}, sindy::GivenRates{{Eigen::MatrixXd(run.states())}});
             }),
             ContainsSubstring("GivenRates"));
  CHECK_THAT(sentence<InvalidArgument>([&] {
               sindy::fit_second_order(TrajectoryView<double>(run).slice(0, 4), Polynomial{1}, Stlsq{},
                                       FiniteDifference{4});
             }),
             ContainsSubstring("needs at least 5"));
}
