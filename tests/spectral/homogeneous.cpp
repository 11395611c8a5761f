// SPDX-License-Identifier: BSD-3-Clause
// What is the same everywhere follows an ordinary differential equation.
#include <array>
#include <cmath>

#include "almagest/integrate/integrate.hpp"
#include "almagest/spectral/equations/phase_field.hpp"
#include "almagest/spectral/equations/reaction_diffusion.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const auto times = TimeGrid::uniform(0, 5, 7);
const SpatialGrid plane({{4, 1.0}, {6, 2.0}});

/// Both components of a run that began the same everywhere, against the path of its rates.
template <typename Equation, typename Rates>
double error(const Equation& equation, const Rates& rates, const std::array<double, 2>& start) {
  Eigen::VectorXd u0(2 * plane.size());
  u0 << Eigen::VectorXd::Constant(plane.size(), start[0]), Eigen::VectorXd::Constant(plane.size(), start[1]);
  const auto run = solve(equation, plane, u0, times, Etdrk4{0.02});
  const auto path = integrate(rates, start, times, methods::Fehlberg78{1e-12, 1e-12});
  double worst = 0;
  for (Eigen::Index i = 0; i < times.size(); ++i)
    for (int c = 0; c < 2; ++c)
      worst = std::max(
          worst, (run.trajectory[i].segment(c * plane.size(), plane.size()).array() - path[i][c]).abs().maxCoeff());
  CHECK((path[times.size() - 1] - path[0]).norm() > 0.1);
  return worst;
}

}  // namespace

TEST_CASE("Reactions without gradients are ordinary differential equations") {
  using State = std::array<double, 2>;
  const auto gray_scott = [](const State& x, State& rate, double) {
    rate[0] = -x[0] * x[1] * x[1] + 0.04 * (1 - x[0]);
    rate[1] = x[0] * x[1] * x[1] - 0.1 * x[1];
  };
  CHECK(error(GrayScott<>(), gray_scott, {0.6, 0.3}) < 1e-11);
  const auto fitzhugh_nagumo = [](const State& x, State& rate, double) {
    rate[0] = x[0] - x[0] * x[0] * x[0] / 3 - x[1] + 0.5;
    rate[1] = 0.08 * (x[0] + 0.7 - 0.8 * x[1]);
  };
  CHECK(error(FitzHughNagumo<>(), fitzhugh_nagumo, {-1, 0.2}) < 2e-8);
}

TEST_CASE("Growth without gradients is logistic") {
  const auto line = SpatialGrid::periodic(8, 0, 1);
  const auto fisher = solve(FisherKpp<>(1, 0.3), line, Eigen::VectorXd::Constant(8, 0.02), times, Etdrk4{0.02});
  const auto allen = solve(AllenCahn<>(), line, Eigen::VectorXd::Constant(8, -0.02), times, Etdrk4{0.02});
  for (Eigen::Index i = 0; i < times.size(); ++i) {
    const double logistic = 1 / (1 + (1 / 0.02 - 1) * std::exp(-0.3 * times[i]));
    const double square = 1 / (1 + (1 / 0.0004 - 1) * std::exp(-2 * times[i]));
    CHECK((fisher.trajectory[i].array() - logistic).abs().maxCoeff() < 1e-10);
    CHECK((allen.trajectory[i].array() + std::sqrt(square)).abs().maxCoeff() < 2e-8);
  }
}
