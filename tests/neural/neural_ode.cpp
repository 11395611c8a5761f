// SPDX-License-Identifier: BSD-3-Clause
// Models in continuous time.
#include <Eigen/Core>
#include <array>
#include <cmath>
#include <vector>

#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/integrate/integrate.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "almagest/systems/lotka_volterra.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using neural::NeuralOde;
using neural::Training;

namespace {

constexpr systems::LotkaVolterra<> lotka_volterra_of_one{1, 1, 1, 1};

Trajectory<double> lotka_volterra_run(double q, double p, const TimeGrid& times) {
  return integrate(lotka_volterra_of_one, {q, p}, times, methods::Fehlberg78{1e-11, 1e-11});
}

}  // namespace

TEST_CASE("A neural differential equation learns Lotka and Volterra's from irregular samples", "[neural]") {
  RandomStream random(4);
  Eigen::VectorXd irregular(200);
  irregular[0] = 0;
  for (Eigen::Index k = 1; k < irregular.size(); ++k) irregular[k] = irregular[k - 1] + random.uniform(0.02, 0.2);
  const std::vector<Trajectory<double>> data{lotka_volterra_run(1, 1.5, TimeGrid(irregular)),
                                             lotka_volterra_run(1.5, 0.6, TimeGrid(irregular)),
                                             lotka_volterra_run(2, 2, TimeGrid::uniform(0, 0.1, 200))};
  const Training options{.epochs = 300, .batch = 64, .rate = 1e-2, .rollout = 2, .seed = 3};
  const auto model = neural::fit(NeuralOde{.hidden = {32}}, data, options);
  CHECK(!model.training().step);
  const auto truth = lotka_volterra_run(1.2, 1.2, TimeGrid::uniform(0, 0.05, 200));
  const auto ahead = model.forecast(TrajectoryView<double>(truth).slice(0, 2), 198);
  CHECK(ahead.verdict().text() == "fine");
  const double error = (ahead.states() - truth.states().rightCols(198)).cwiseAbs().maxCoeff();
  CAPTURE(error, model.parts().history.back().loss);
  CHECK(error < 0.05);
  // The vector field is integrated by any method, and is that of the system.
  const auto flow =
      integrate(model, Eigen::VectorXd(truth[1]), truth.times().slice(1, 199), methods::DormandPrince54{1e-8, 1e-8});
  CHECK((flow.states().rightCols(198) - ahead.states()).cwiseAbs().maxCoeff() < 1e-3);
  Eigen::VectorXd x = truth[40], rate(2), up(2), down(2);
  Eigen::MatrixXd J;
  model.jacobian(x, J, 0.0);
  for (Eigen::Index j = 0; j < 2; ++j) {
    const Eigen::VectorXd e = 1e-5 * Eigen::VectorXd::Unit(2, j);
    model(Eigen::VectorXd(x + e), up, 0.0);
    model(Eigen::VectorXd(x - e), down, 0.0);
    CHECK((J.col(j) - (up - down) / 2e-5).norm() < 1e-6 * J.norm());
  }
  CHECK(model.parameter_count() == 32 * 3 + 2 * 33);
}

TEST_CASE("Both gradients train, the same each time", "[neural]") {
  const auto run = lotka_volterra_run(1, 1.5, TimeGrid::uniform(0, 0.2, 60)),
             held = lotka_volterra_run(1.4, 1, TimeGrid::uniform(0, 0.2, 40));
  const Training options{.epochs = 12, .batch = 16, .rate = 1e-2, .seed = 1};
  const auto discrete = neural::fit(NeuralOde{.hidden = {8}, .substeps = 2}, run, held, options);
  const auto again = neural::fit(NeuralOde{.hidden = {8}, .substeps = 2}, run, held, options);
  CHECK(discrete.parts().parameters == again.parts().parameters);
  const auto adjoint = neural::fit(NeuralOde{.hidden = {8}, .tolerance = 1e-8}, run, held, options);
  CHECK((adjoint.parts().parameters - discrete.parts().parameters).norm() < 1e-3 * discrete.parts().parameters.norm());
  CHECK(adjoint.parts().history.back().validation < 0.8 * adjoint.parts().history.front().validation);
  CHECK(adjoint.forecast(run, 5).size() == 5);
}

TEST_CASE("A neural differential equation of Lorenz has the exponents of Lorenz", "[neural]") {
  const auto run =
      integrate(systems::Lorenz63{}, {-8, 8, 27}, TimeGrid::uniform(0, 0.02, 1200), methods::Fehlberg78{1e-9, 1e-9});
  const Training options{.epochs = 120, .batch = 128, .rate = 1e-2, .seed = 2};
  const auto model = neural::fit(NeuralOde{.hidden = {32}}, run, options);
  const auto spectrum = diagnostics::lyapunov_spectrum(model, Eigen::VectorXd(run[500]),
                                                       {.duration = 40, .transient = 5, .tolerance = 1e-4});
  CAPTURE(spectrum.exponents.transpose(), model.parts().history.back().loss);
  CHECK(spectrum.exponents[0] == Approx(0.9056).margin(0.35));
  CHECK(std::abs(spectrum.exponents[1]) < 0.3);
  CHECK(spectrum.exponents[2] < -11);
  CHECK(model.forecast(run, 500).verdict().text() == "fine");
}

TEST_CASE("Given rates are learned without a solver", "[neural]") {
  const auto run = lotka_volterra_run(1, 1.5, TimeGrid::uniform(0, 0.1, 120));
  Eigen::MatrixXd rates(2, run.size());
  for (Eigen::Index k = 0; k < run.size(); ++k) {
    const std::array<double, 2> x{run[k][0], run[k][1]};
    std::array<double, 2> rate;
    lotka_volterra_of_one(x, rate, 0.0);
    rates.col(k) << rate[0], rate[1];
  }
  const auto model = neural::fit_rates(NeuralOde{.hidden = {16}}, run, std::vector<Eigen::MatrixXd>{rates},
                                       Training{.epochs = 200, .batch = 32, .rate = 1e-2});
  CHECK(model.parts().history.back().loss < 2e-3);
  CHECK_THAT(sentence<DimensionMismatch>(
                 [&] { neural::fit_rates(NeuralOde{}, run, std::vector<Eigen::MatrixXd>{rates.leftCols(7)}); }),
             ContainsSubstring("rates of a run (samples)"));
}

TEST_CASE("What no differential equation can be learned from is refused", "[neural]") {
  const auto run = lotka_volterra_run(1, 1.5, TimeGrid::uniform(0, 0.1, 5));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(NeuralOde{.substeps = 0}, run); }),
             ContainsSubstring("substeps is 0"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(NeuralOde{.tolerance = -1}, run); }),
             ContainsSubstring("tolerance is -1"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(NeuralOde{.hidden = {0}}, run); }),
             ContainsSubstring("0 units"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(NeuralOde{}, run, Training{.rollout = 9}); }),
             ContainsSubstring("no run has more than 9 samples"));
}
