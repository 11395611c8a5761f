// SPDX-License-Identifier: BSD-3-Clause
// Equations on a grid as systems of integrate.
#include "almagest/spectral/flow.hpp"

#include <numbers>

#include "almagest/integrate/ensemble.hpp"
#include "almagest/spectral/equations/burgers.hpp"
#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"
#include "almagest/spectral/equations/schrodinger.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const SpatialGrid line = SpatialGrid::periodic(64, 0, 22), circle = SpatialGrid::periodic(64, 0, 2 * std::numbers::pi);

template <typename A, typename B>
double distance(const A& a, const B& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("Explicit methods on the right-hand side agree with exponential ones") {
  const Eigen::VectorXd u0 = field(circle, [](double x) { return std::sin(x) + 0.3 * std::cos(2 * x); });
  const TimeGrid times = TimeGrid::uniform(0, 0.25, 3);
  const Burgers<> burgers(0.1);
  const auto exact = solve(burgers, circle, u0, times, Etdrk4{1e-3}).trajectory;
  const auto run = integrate(Flow(burgers, circle), u0, times, methods::DormandPrince54{1e-10, 1e-10});
  CHECK(distance(run.states(), exact.states()) < 1e-8);
  CHECK(run.info().grid == circle);
  const auto order = [&](double h) {
    return distance(integrate(Flow(burgers, circle), u0, times, methods::Rk4{h})[2], exact[2]);
  };
  CHECK(std::log2(order(0.0125) / order(0.00625)) == Approx(4).margin(0.3));
}

TEST_CASE("Exponential methods are methods of integrate") {
  const Eigen::VectorXd u0 = gaussian_random_field(line, 2, 4, 1);
  Eigen::VectorXd uneven(4);
  uneven << 0, 0.1, 0.77, 1.3;
  const KuramotoSivashinsky<1> ks;
  const Flow flow(ks, line);
  const auto check = [&](const auto& method) {
    const auto run = integrate(flow, u0, TimeGrid(uneven), method),
               other = solve(ks, line, run[0], TimeGrid(uneven), method).trajectory;
    CHECK(distance(run.states().rightCols(3), other.states().rightCols(3)) < 1e-11);
  };
  check(Etdrk2{0.05});
  check(Etdrk4{0.05});
  const auto exact = solve(ks, line, u0, TimeGrid(uneven), Etdrk4{0.002}).trajectory;
  CHECK(distance(integrate(flow, u0, TimeGrid(uneven), Etdrk32{1e-8, 1e-8}).states().rightCols(3),
                 exact.states().rightCols(3)) < 1e-6);
}

TEST_CASE("Events, ensembles and threads work with them") {
  const Eigen::VectorXd u0 = field(circle, [](double x) { return std::sin(x); });
  const Flow flow(Burgers<>(0.5), circle);
  // The mean square falls through 0.2.
  const auto energy = [](const auto& u, double) { return u.squaredNorm() / 64 - 0.2; };
  const auto run = integrate(flow, u0, TimeGrid::uniform(0, 1, 6), Etdrk4{0.01}, stop_when(energy));
  CHECK(energy(Eigen::VectorXd(run[run.size() - 1]), 0) == Approx(0).margin(1e-12));
  Eigen::MatrixXd starts(64, 3);
  for (int m = 0; m < 3; ++m) starts.col(m) = u0 * (1 + 0.1 * m);
  const TimeGrid times = TimeGrid::uniform(0, 0.5, 3);
  EnsembleOptions options;
  options.threads = 2;
  const auto both = integrate_ensemble(flow, starts, times, Etdrk4{0.01}, options);
  for (std::size_t m = 0; m < 3; ++m) {
    const Eigen::VectorXd start = starts.col(Eigen::Index(m));
    CHECK(both[m].states() == integrate(flow, start, times, Etdrk4{0.01}).states());
  }
}

TEST_CASE("A complex field is a state of pairs") {
  // A plane wave's rate is -i times its frequency.
  const double k = 2 * 2 * std::numbers::pi / 22, frequency = 0.5 * k * k - 0.25;
  Eigen::VectorXd pairs(128), rate(128);
  for (Eigen::Index i = 0; i < 64; ++i)
    pairs.segment<2>(2 * i) << 0.5 * std::cos(k * line.points(0)[i]), 0.5 * std::sin(k * line.points(0)[i]);
  const Flow flow(NonlinearSchrodinger<>(), line);
  flow(pairs, rate, 0.0);
  for (Eigen::Index i = 0; i < 64; ++i) {
    CHECK(rate[2 * i] == Approx(frequency * pairs[2 * i + 1]).margin(1e-14));
    CHECK(rate[2 * i + 1] == Approx(-frequency * pairs[2 * i]).margin(1e-14));
  }
  Eigen::VectorXd wrong(127);
  CHECK_THROWS_AS(flow(wrong, wrong, 0.0), DimensionMismatch);
}
