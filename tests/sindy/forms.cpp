// SPDX-License-Identifier: BSD-3-Clause
// Laws of formulas and with inputs, maps, rational laws, bands of ensembles, fixed points of what was learned.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/diagnostics/fixed_points.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/sindy/ensemble.hpp"
#include "almagest/sindy/fit_map.hpp"
#include "almagest/sindy/forecast_band.hpp"
#include "almagest/sindy/implicit.hpp"
#include "almagest/sindy/law_accumulator.hpp"
#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using features::Delays;
using sindy::FiniteDifference;
using sindy::Polynomial;
using sindy::Stlsq;

namespace {

Trajectory<double> henon(Eigen::Index samples) {
  Eigen::MatrixXd states(2, samples);
  states.col(0) << 0.1, 0.3;
  for (Eigen::Index k = 1; k < samples; ++k)
    states.col(k) << 1 - 1.4 * states(0, k - 1) * states(0, k - 1) + states(1, k - 1), 0.3 * states(0, k - 1);
  TrajectoryInfo info;
  info.names = {"x", "y"};
  return {TimeGrid::uniform(0, 1, samples), states, info};
}

}  // namespace

TEST_CASE("A law of formulas is learned, evaluated and continued", "[sindy]") {
  const features::Expressions library{{"x", "v", "sin(x)", "cos(x)", "x^2 v"}, {"x", "v"}};
  const auto pendulum = [](const auto& x, auto& rate, double) {
    rate[0] = x[1];
    rate[1] = -std::sin(x[0]) - 0.1 * x[1];
  };
  const auto run = data::run(pendulum, Eigen::Vector2d(2.5, 0), TimeGrid::uniform(0, 0.01, 1500));
  const auto model = sindy::fit(run, library, Stlsq{.threshold = 0.05}, FiniteDifference{6});
  CHECK(model.equations(3) == std::vector<std::string>{"x0' = 1.000 x1", "x1' = -0.100 x1 - 1.000 sin(x0)"});
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(5, 2);
  law(1, 0) = 1, law(1, 1) = -0.1, law(2, 1) = -1;
  CHECK((model.coefficients() - law).cwiseAbs().maxCoeff() < 1e-8);

  // The flow of the exact law meets an integrator's.
  const sindy::Model<double> exact(library, law, model.training());
  const auto truth = data::run(pendulum, Eigen::Vector2d(run[700]), TimeGrid::uniform(7, 0.01, 401));
  const auto ahead = exact.forecast(TrajectoryView<double>(run).slice(0, 701), 400);
  REQUIRE(ahead.verdict());
  CHECK((ahead.states() - truth.states().rightCols(400)).cwiseAbs().maxCoeff() < 1e-10);
}

TEST_CASE("A law with inputs is learned and driven", "[sindy]") {
  const auto force = [](double t) { return 2 * std::sin(1.3 * t) + std::cos(0.4 * t); };
  const auto field = [&](const auto& x, auto& rate, double t) {
    rate[0] = x[1];
    rate[1] = -2 * x[0] - 0.3 * x[1] + 0.8 * force(t);
  };
  const double step = 0.005;
  const auto free = data::run(field, Eigen::Vector2d(1, 0), TimeGrid::uniform(0, step, 4001));
  Eigen::MatrixXd inputs(1, free.size());
  for (Eigen::Index k = 0; k < free.size(); ++k) inputs(0, k) = force(step * double(k));
  TrajectoryInfo info;
  info.names = {"x", "v"}, info.input_names = {"f"};
  const Trajectory<double> run(free.times(), free.states(), info, inputs);

  const auto model = sindy::fit(run, Polynomial{.degree = 2}, Stlsq{}, FiniteDifference{6});
  CHECK(model.equations(2) ==
        std::vector<std::string>{"x' = 1.00 v", "v' = -2.00 x - 0.30 v + 0.80 f"});
  const auto ahead =
      model.forecast(TrajectoryView<double>(run).slice(0, 2001), inputs.middleCols(2000, 2000));
  REQUIRE(ahead.verdict());
  // Inputs along lines between samples err by h^2 / 8 times their curvature.
  CHECK((ahead.states() - free.states().rightCols(2000)).cwiseAbs().maxCoeff() < 5e-5);

  Eigen::Vector2d rate, x(0.3, -0.2), expected;
  model.driven([&](double t) { return std::array<double, 1>{force(t)}; })(x, rate, 0.7);
  field(x, expected, 0.7);
  CHECK((rate - expected).norm() < 1e-6);
  CHECK_THAT(sentence<InvalidArgument>([&] { model(x, rate, 0.0); }), ContainsSubstring("driven(u)"));
  CHECK_THAT(sentence<InvalidArgument>([&] { model.forecast(run, 3); }),
             ContainsSubstring("1 inputs") && ContainsSubstring("inputs x steps"));
}

TEST_CASE("A map is learned exactly and iterated", "[sindy]") {
  const auto run = henon(300);
  const auto model = sindy::fit_map(run, Polynomial{});
  CHECK(model.equations(1) == std::vector<std::string>{"x[k+1] = 1.0 + 1.0 y - 1.4 x^2", "y[k+1] = 0.3 x"});
  CHECK(model.report().residuals.maxCoeff() < 1e-13);
  const auto ahead = model.forecast(TrajectoryView<double>(run).slice(0, 100), 20);
  REQUIRE(ahead.verdict());
  CHECK((ahead.states() - run.states().middleCols(100, 20)).cwiseAbs().maxCoeff() < 1e-8);
  std::array<double, 2> x{0.1, 0.3}, next{};
  model(x, next);
  CHECK(next[0] == Approx(1 - 0.014 + 0.3));
}

TEST_CASE("A map of delays sees the past of one component", "[sindy]") {
  const auto whole = henon(300);
  TrajectoryInfo info;
  info.names = {"x"};
  const Trajectory<double> run(whole.times(), Eigen::MatrixXd(whole.states().topRows(1)), info);
  const auto model = sindy::fit_map(run, Delays{2, Polynomial{}});
  CHECK(model.context() == 2);
  CHECK(model.equations(1) == std::vector<std::string>{"x[k+1] = 1.0 + 0.3 x(-1) - 1.4 x^2"});
  const auto ahead = model.forecast(TrajectoryView<double>(run).slice(0, 100), 15);
  CHECK((ahead.states() - run.states().middleCols(100, 15)).cwiseAbs().maxCoeff() < 1e-8);
  Eigen::VectorXd x(1), next(1);
  CHECK_THAT(sentence<InvalidArgument>([&] { model(x, next); }), ContainsSubstring("delays"));
  CHECK_THAT(sentence<InvalidArgument>([&] { model.forecast(TrajectoryView<double>(run).slice(0, 1), 3); }),
             ContainsSubstring("needs 2"));
  CHECK_THAT(sentence<InvalidArgument>([&] { sindy::fit(run, Delays{2, Polynomial{}}); }),
             ContainsSubstring("delays"));
}

TEST_CASE("A map with inputs is learned and driven", "[sindy]") {
  RandomStream random(2);
  Eigen::MatrixXd states(1, 200), inputs(1, 200);
  states(0, 0) = 0.2;
  for (Eigen::Index k = 0; k < 200; ++k) inputs(0, k) = random.uniform(-1, 1);
  for (Eigen::Index k = 1; k < 200; ++k)
    states(0, k) = 0.9 * states(0, k - 1) - 0.2 * std::pow(states(0, k - 1), 3) + 0.5 * inputs(0, k - 1);
  TrajectoryInfo info;
  info.names = {"x"};
  const Trajectory<double> run(TimeGrid::uniform(0, 0.1, 200), states, info, inputs);
  const auto model = sindy::fit_map(run, Polynomial{3});
  CHECK(model.equations(1) == std::vector<std::string>{"x[k+1] = 0.9 x + 0.5 u - 0.2 x^3"});
  const auto ahead = model.forecast(TrajectoryView<double>(run).slice(0, 101), inputs.middleCols(100, 99));
  CHECK((ahead.states() - states.rightCols(99)).cwiseAbs().maxCoeff() < 1e-10);
}

TEST_CASE("A rational law is found, solved for the rate and continued", "[sindy]") {
  // Michaelis and Menten: s' = 0.6 - 1.5 s / (0.3 + s).
  const auto field = [](const auto& x, auto& rate, double) { rate[0] = 0.6 - 1.5 * x[0] / (0.3 + x[0]); };
  std::vector<Trajectory<double>> runs;
  for (const double start : {0.02, 0.5, 1.5, 3.0})
    runs.push_back(data::run(field, Eigen::VectorXd::Constant(1, start), TimeGrid::uniform(0, 0.01, 400)));
  const auto model =
      sindy::fit_rational(runs, Polynomial{3}, Stlsq{.threshold = 0.05}, FiniteDifference{6});
  CHECK(model.warnings().empty());
  Eigen::VectorXd x(1), rate(1), truth(1);
  for (const double at : {0.05, 0.4, 1.0, 2.5}) {
    x[0] = at;
    model(x, rate, 0.0);
    field(x, truth, 0.0);
    CHECK(rate[0] == Approx(truth[0]).epsilon(1e-5));
  }
  // One power of x above and below, as in the law itself.
  CHECK_THAT(model.equations(2)[0], ContainsSubstring("/") && !ContainsSubstring("^"));
  const auto ahead = model.forecast(TrajectoryView<double>(runs[2]).slice(0, 100), 300);
  CHECK((ahead.states() - runs[2].states().rightCols(300)).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("The band of an ensemble holds the truth and grows", "[sindy]") {
  const auto clean = data::lorenz(4000);
  RandomStream random(8);
  Eigen::MatrixXd states = clean.states();
  for (Eigen::Index k = 0; k < states.size(); ++k) states.data()[k] += 0.05 * random.normal();
  const Trajectory<double> run(clean.times(), states, clean.info());
  const auto model =
      sindy::fit(run, Polynomial{}, sindy::EnsembleOf{.optimizer = Stlsq{.threshold = 0.3}, .models = 40},
                 sindy::SavitzkyGolay{.window = 21});
  CHECK(model.report().members.size() == 40);
  const auto history = TrajectoryView<double>(clean).slice(0, 2000);
  const auto band = sindy::forecast_band(model, history, 500, 0.9);
  REQUIRE(band.median.size() == 500);
  CHECK(band.alive.minCoeff() == 1);
  const Eigen::MatrixXd width = band.upper.states() - band.lower.states();
  CHECK(width.minCoeff() >= 0);
  CHECK(width.col(499).norm() > 5 * width.col(10).norm());
  CHECK((band.median.states() - band.lower.states()).minCoeff() >= 0);
  const auto same = sindy::forecast_band(model, history, 500, 0.9, 2);
  CHECK(same.upper.states() == band.upper.states());
  CHECK_THAT(sentence<InvalidArgument>([&] { sindy::forecast_band(sindy::fit(run), history, 5); }),
             ContainsSubstring("no members"));
}

TEST_CASE("Fixed points of a learned law are those of the system", "[diagnostics]") {
  const sindy::Model<double> model = sindy::fit(data::lorenz(), Polynomial{}, Stlsq{}, FiniteDifference{6});
  const auto& facts = model.training();
  const auto points = diagnostics::fixed_points(model, facts.lower, facts.upper);
  REQUIRE(points.size() == 3);
  const double c = std::sqrt(72.0);
  CHECK((points[0].state - Eigen::Vector3d(-c, -c, 27)).norm() < 1e-4);
  CHECK(points[1].state.norm() < 1e-4);
  CHECK((points[2].state - Eigen::Vector3d(c, c, 27)).norm() < 1e-4);
  // (-11 + sqrt(11^2 + 4 * 270)) / 2 at the origin; a slowly growing spiral around the others.
  CHECK(points[1].eigenvalues[0].real() == Approx(11.8277).epsilon(1e-4));
  CHECK(points[0].eigenvalues[0].real() == Approx(0.09396).epsilon(1e-2));
  CHECK(!points[0].stable());
  const auto well = [](const auto& x, auto& rate, double) {
    rate[0] = x[1];
    rate[1] = x[0] - x[0] * x[0] * x[0] - 0.2 * x[1];
  };
  const auto wells = diagnostics::fixed_points(well, Eigen::Vector2d(-2, -2), Eigen::Vector2d(2, 2));
  REQUIRE(wells.size() == 3);
  CHECK(wells[0].stable());
  CHECK(!wells[1].stable());
  CHECK(wells[2].stable());
}

TEST_CASE("A law learned in pieces is that of the whole", "[sindy]") {
  const auto run = data::lorenz(3000), other = data::lorenz(700, 0.002, {1, 2, 20});
  const auto derivative =
      GENERATE(sindy::AnyDerivative(FiniteDifference{4}), sindy::AnyDerivative(sindy::SavitzkyGolay{}));
  const auto whole = sindy::fit(std::vector{run, other}, Polynomial{3}, Stlsq{}, derivative);
  sindy::LawAccumulator pieces(Polynomial{3}, 3, derivative);
  const TrajectoryView<double> view(run);
  for (Eigen::Index at = 0, next = 0; at < 2999; at = next) {
    next = std::min<Eigen::Index>(at + 1 + at % 217, 2999);
    pieces.update(view.slice(at, next - at + 1));
  }
  pieces.update(other);
  const auto law = pieces.solve();
  CHECK(pieces.samples() < 3700);
  CHECK((law.coefficients() - whole.coefficients()).cwiseAbs().maxCoeff() < 1e-10);
  CHECK(law.training().lower == whole.training().lower);
  CHECK(law.training().step == whole.training().step);
  pieces.update(view.slice(0, 2));  // too short for a run, which shows when the next begins
  const Eigen::Index before = pieces.samples();
  pieces.update(other);
  CHECK(pieces.samples() > before + 600);
  CHECK_THAT(pieces.solve().warnings().back(), ContainsSubstring("1 runs") && ContainsSubstring("left out"));
  CHECK_THAT(sentence<InvalidArgument>([] { sindy::LawAccumulator(Polynomial{}, 3, FiniteDifference{}).solve(); }),
             ContainsSubstring("no samples"));
}
