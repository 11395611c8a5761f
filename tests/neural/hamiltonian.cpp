// SPDX-License-Identifier: BSD-3-Clause
// Hamiltonian networks on the pendulum and on Henon and Heiles's system.
#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "almagest/integrate/integrate.hpp"
#include "almagest/neural/hamiltonian.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using neural::HamiltonianNetwork;
using neural::Training;

namespace {

struct FreePendulum {
  template <typename State>
  void operator()(const State& x, State& dxdt, double) const {
    dxdt[0] = x[1];
    dxdt[1] = -std::sin(x[0]);
  }
};

double pendulum_energy(const Eigen::VectorXd& x) { return x[1] * x[1] / 2 - std::cos(x[0]); }

std::vector<Trajectory<double>> swings(double step, Eigen::Index samples) {
  std::vector<Trajectory<double>> out;
  for (const double angle : {0.4, 0.9, 1.4, 1.9})
    out.push_back(integrate(FreePendulum{}, Eigen::Vector2d(angle, 0.1), TimeGrid::uniform(0, step, samples),
                            methods::Fehlberg78{1e-11, 1e-11}));
  return out;
}

std::vector<Eigen::MatrixXd> rates_of(const std::vector<Trajectory<double>>& all) {
  std::vector<Eigen::MatrixXd> rates;
  for (const auto& run : all) {
    rates.emplace_back(2, run.size());
    rates.back().row(0) = run.states().row(1);
    rates.back().row(1) = -run.states().row(0).array().sin();
  }
  return rates;
}

/// Slope of a line through values at 0, 1, ..., times their count: what they drift by in all.
double drift(const Eigen::VectorXd& values) {
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(values.size(), -0.5, 0.5);
  return t.dot((values.array() - values.mean()).matrix()) / t.squaredNorm();
}

}  // namespace

TEST_CASE("A separable Hamiltonian network is learned through a symplectic method and keeps its energy", "[neural]") {
  const auto data = swings(0.2, 60);
  const Training options{.epochs = 500, .batch = 118, .rate = 2e-2, .seed = 1};
  const auto model = neural::fit(HamiltonianNetwork{.hidden = {16}}, data, options);
  CHECK(model.is_separable());
  CHECK(model.parameter_count() == 2 * (16 * 2 + 16));
  const auto truth = integrate(FreePendulum{}, Eigen::Vector2d(1.2, 0), TimeGrid::uniform(0, 0.2, 120),
                               methods::Fehlberg78{1e-11, 1e-11});
  const auto near = model.forecast(TrajectoryView<double>(truth).slice(0, 1), 100);
  const double error = (near.states() - truth.states().middleCols(1, 100)).cwiseAbs().maxCoeff();
  CAPTURE(error, model.parts().history.back().loss);
  CHECK(error < 0.1);
  // 5 000 steps: the energy that was learned swings within a band and has no slope.
  const auto ahead = model.forecast(TrajectoryView<double>(truth).slice(0, 1), 5000);
  CHECK(ahead.verdict().text() == "fine");
  const Eigen::VectorXd learned = model.energy(ahead.states());
  const double band = learned.maxCoeff() - learned.minCoeff();
  CAPTURE(band, drift(learned));
  CHECK(std::abs(drift(learned)) < 0.02 * band);
  const double range = 1 - pendulum_energy(Eigen::Vector2d(1.9, 0.1));
  CHECK(band < 1e-3 * range);
  // integrate's own methods take it; Verlet of half the step has a wider band, and no slope either.
  const auto verlet =
      integrate(model, Eigen::VectorXd(truth[0]), TimeGrid::uniform(0, 0.2, 5000), methods::Verlet{0.1});
  const Eigen::VectorXd energies = model.energy(verlet.states());
  CHECK(std::abs(drift(energies)) < 0.02 * (energies.maxCoeff() - energies.minCoeff()));
  // The gradient of H turned by 90 degrees is the vector field.
  Eigen::VectorXd x = truth[7], rate(2);
  model(x, rate, 0.0);
  for (Eigen::Index i = 0; i < 2; ++i) {
    const Eigen::VectorXd e = 1e-5 * Eigen::VectorXd::Unit(2, i);
    const double slope = (model.energy(x + e)[0] - model.energy(x - e)[0]) / 2e-5;
    CHECK(rate[1 - i] == Approx(i == 0 ? -slope : slope).epsilon(1e-6).margin(1e-8));
  }
}

TEST_CASE("Rates teach a Hamiltonian through its second derivatives", "[neural]") {
  const auto data = swings(0.2, 60);
  const Training options{.epochs = 300, .batch = 60, .rate = 2e-2, .seed = 1};
  const auto model = neural::fit_rates(
      HamiltonianNetwork{.hidden = {24}, .activation = neural::Activation::softplus, .separable = false}, data,
      rates_of(data), options);
  CHECK(model.parts().history.back().loss < 3e-3);
  Eigen::MatrixXd states(2, 40);
  Eigen::VectorXd exact(40);
  for (Eigen::Index k = 0; k < 40; ++k) {
    states.col(k) << 1.5 * std::cos(0.3 * double(k)), std::sin(0.3 * double(k));
    exact[k] = pendulum_energy(states.col(k));
  }
  Eigen::VectorXd learned = model.energy(states);
  learned.array() += exact.mean() - learned.mean();
  CHECK((learned - exact).cwiseAbs().maxCoeff() < 0.05);
  Eigen::VectorXd half(1), rate(1);
  half << 0.3;
  CHECK_THAT(sentence<InvalidArgument>([&] { model.force(half, rate); }), ContainsSubstring("not separable"));
}

TEST_CASE("States of an odd dimension have no Hamiltonian", "[neural]") {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 10), Eigen::MatrixXd::Random(3, 10));
  CHECK_THAT(sentence<DimensionMismatch>([&] { neural::fit(HamiltonianNetwork{}, run); }),
             ContainsSubstring("as many momenta"));
}
