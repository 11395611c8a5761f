// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Core>
#include <cmath>

#include "almagest/neural/separable.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using neural::Atom;
using neural::Separable;

namespace {

Eigen::MatrixXd box(Eigen::Index dimension, Eigen::Index samples, std::uint64_t seed) {
  RandomStream random(seed);
  Eigen::MatrixXd x = Eigen::MatrixXd::NullaryExpr(dimension, samples, [&] { return random.uniform(-1.0, 2.0); });
  x.col(0).setConstant(-1), x.col(1).setConstant(2);
  return x;
}

double relative_error(const neural::SeparableFunction& f, const Eigen::MatrixXd& x, const Eigen::VectorXd& y) {
  double worst = 0;
  for (Eigen::Index k = 0; k < x.cols(); ++k) worst = std::max(worst, std::abs(f(x.col(k)) - y[k]));
  return worst / y.cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("A separable network recovers a target of its rank", "[neural]") {
  for (const Atom kind : {Atom::spline, Atom::radial}) {
    const Separable options{.rank = 2, .atoms = 5, .kind = kind, .sweeps = 400, .ridge = 1e-26, .seed = 3};
    const Eigen::Index d = 4;
    RandomStream random(5);
    const Eigen::MatrixXd coefficients =
        Eigen::MatrixXd::NullaryExpr(options.atoms, options.rank * d, [&] { return random.normal(); });
    const neural::SeparableFunction target(options, Eigen::VectorXd::Constant(d, -1), Eigen::VectorXd::Constant(d, 2),
                                           coefficients);
    const Eigen::MatrixXd x = box(d, 600, 1), unseen = box(d, 300, 2);
    Eigen::VectorXd y(x.cols()), truth(unseen.cols());
    for (Eigen::Index k = 0; k < x.cols(); ++k) y[k] = target(x.col(k));
    for (Eigen::Index k = 0; k < unseen.cols(); ++k) truth[k] = target(unseen.col(k));
    const double error = relative_error(fit_separable(x, y, options), unseen, truth);
    CAPTURE(int(kind), error);
    CHECK(error < 1e-10);
    // With a rank too few it cannot.
    Separable fewer = options;
    fewer.rank = 1;
    CHECK(relative_error(fit_separable(x, y, fewer), unseen, truth) > 1e-3);
  }
}

TEST_CASE("Splines of a separable network add up to 1 and join smoothly", "[neural]") {
  const neural::SeparableFunction f({.rank = 1, .atoms = 7}, Eigen::VectorXd::Zero(1), Eigen::VectorXd::Ones(1),
                                    Eigen::MatrixXd::Ones(7, 1));
  Eigen::ArrayXd a(7), b(7);
  for (const double x : {0.0, 0.1, 0.25, 0.5, 0.77, 1.0}) {
    f.evaluate_atoms(x, 0, a);
    CHECK(a.sum() == Approx(1).epsilon(1e-14));
    f.evaluate_atoms(x + 1e-9, 0, b);
    CHECK((a - b).abs().maxCoeff() < 1e-8);
  }
}

TEST_CASE("A separable map forecasts", "[neural]") {
  // Lotka and Volterra's equations have increments of rank 1 and 2 for small steps.
  Eigen::MatrixXd states(2, 2500);
  Eigen::Vector2d x(1.2, 0.6);
  for (Eigen::Index k = 0; k < states.cols(); ++k) {
    states.col(k) = x;
    for (int j = 0; j < 100; ++j) x += 0.0005 * Eigen::Vector2d(x[0] * (1 - x[1]), x[1] * (x[0] - 1));
  }
  const Trajectory<double> run(TimeGrid::uniform(0, 0.05, states.cols()), states);
  const auto model = neural::fit(Separable{.rank = 3, .atoms = 6}, TrajectoryView<double>(run).slice(0, 2000));
  CHECK(model.parameter_count() == 2 * 2 * 3 * 6);
  const auto ahead = model.forecast(TrajectoryView<double>(run).slice(0, 2000), 200);
  REQUIRE(ahead.size() == 200);
  const double error = (ahead.states() - states.middleCols(2000, 200)).cwiseAbs().maxCoeff();
  CAPTURE(error);
  CHECK(error < 0.01);
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Separable{.atoms = 3}, run); }),
             ContainsSubstring("atoms is 3"));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Separable{.rank = 0}, run); }),
             ContainsSubstring("rank is 0"));
  const Trajectory<double> still(TimeGrid::uniform(0, 1, 20), Eigen::MatrixXd::Constant(1, 20, 3));
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Separable{}, still); }),
             ContainsSubstring("component 0 has the one value 3"));
}
