// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/pde_fit.hpp"

#include <cmath>
#include <complex>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "core/sentence.hpp"
#include "sindy/fields.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::SpatialGrid;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::Verdict;
namespace sindy = almagest::sindy;
using sindy::FiniteDifference;
using sindy::PdeLibrary;
using sindy::PdeModel;
using sindy::SpaceDerivatives;
using sindy::Stlsq;

namespace {

using Terms = std::map<std::string, double>;

/// The terms of an equation with their coefficients.
Terms terms(const PdeModel& model, Eigen::Index field = 0) {
  Terms out;
  const auto names = model.feature_names();
  for (Eigen::Index f = 0; f < model.coefficients().rows(); ++f)
    if (model.coefficients()(f, field) != 0) out[names[std::size_t(f)]] = model.coefficients()(f, field);
  return out;
}

/// The largest relative error of the coefficients; 1 where other terms were found.
double misfit(const Terms& found, const Terms& truth) {
  double worst = found.size() == truth.size() ? 0 : 1;
  for (const auto& [name, value] : truth)
    worst = std::max(worst, found.contains(name) ? std::abs(found.at(name) / value - 1) : 1);
  return worst;
}

const Terms kdv_terms{{"u u_x", -6}, {"u_xxx", -1}};

std::vector<std::string> names_of(const PdeLibrary& library, std::size_t axes, Eigen::Index fields) {
  const sindy::detail::JetLibrary jets{library, axes, fields};
  const auto variables = jets.variable_names();
  return evaluator(jets, Eigen::Index(variables.size()))->names(variables);
}

/// The largest error of D^orders of sin(x) cos(2 y) on [0, 2 pi)^2.
double derivative_error(const PdeLibrary& library, Eigen::Index n, const sindy::detail::MultiIndex& orders) {
  const double circle = 2 * std::numbers::pi, pi = std::numbers::pi;
  const SpatialGrid grid({{n, circle}, {n, circle}});
  sindy::detail::FieldDerivatives<double> derive(grid, library, {{0, orders}});
  Eigen::VectorXd u(n * n), expected(n * n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) {
      const double x = circle * double(i) / double(n), y = circle * double(j) / double(n);
      u[i * n + j] = std::sin(x) * std::cos(2 * y);
      expected[i * n + j] =
          std::sin(x + orders[0] * pi / 2) * std::pow(2, orders[1]) * std::cos(2 * y + orders[1] * pi / 2);
    }
  Eigen::MatrixXd jet(n * n, 1);
  derive(u, jet);
  return (jet.col(0) - expected).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("sindy pde: terms by name") {
  using Names = std::vector<std::string>;
  CHECK(names_of({}, 1, 1) == Names{"u", "u^2", "u_x", "u u_x", "u^2 u_x", "u_xx", "u u_xx", "u^2 u_xx"});
  CHECK(names_of({.degree = 1, .order = 1, .bias = true}, 2, 1) == Names{"1", "u", "u_x", "u u_x", "u_y", "u u_y"});
  CHECK(names_of({.degree = 0, .order = 2}, 2, 1) == Names{"u_x", "u_y", "u_xx", "u_xy", "u_yy"});
  CHECK(names_of({.degree = 0, .order = 1, .factors = 2}, 1, 2) == Names{"u_x", "v_x", "u_x^2", "u_x v_x", "v_x^2"});
  CHECK(names_of({.degree = 0, .order = 1, .fields = {"h"}, .parameters = {"nu"}}, 1, 1) == Names{"h_x", "nu h_x"});
  CHECK(names_of({.degree = 1, .order = 0}, 1, 4) == Names{"u0", "u1", "u2", "u3"});
}

TEST_CASE("sindy pde: spectral derivatives are exact, differences of their order") {
  for (const sindy::detail::MultiIndex orders : {sindy::detail::MultiIndex{1, 0, 0}, {0, 3, 0}, {2, 1, 0}}) {
    CHECK(derivative_error({.order = 3}, 12, orders) < 1e-12);
    for (const int accuracy : {2, 4, 6})
      for (const bool periodic : {true, false}) {
        const PdeLibrary library{
            .order = 3, .space = SpaceDerivatives::finite_differences, .accuracy = accuracy, .periodic = periodic};
        const double coarse = derivative_error(library, 32, orders), fine = derivative_error(library, 64, orders);
        CAPTURE(accuracy, periodic, orders[0], orders[1], coarse, fine);
        CHECK(std::log2(coarse / fine) > accuracy - 0.4);
      }
  }
}

TEST_CASE("sindy pde: KdV's two solitons") {
  const auto run = fields::kdv_run();
  const auto model = sindy::fit_pde(run, PdeLibrary{.order = 3}, Stlsq{.threshold = 0.3});
  CAPTURE(model.equations());
  CHECK(misfit(terms(model), kdv_terms) < 1e-4);
  CHECK(model.equations(2) == std::vector<std::string>{"u_t = -6.00 u u_x - 1.00 u_xxx"});
  CHECK(model.report().residuals[0] < 1e-3);

  // The field does not move at the ends: a grid that does not close learns as well.
  const PdeLibrary open{.order = 3, .space = SpaceDerivatives::finite_differences, .accuracy = 8, .periodic = false};
  CHECK(misfit(terms(sindy::fit_pde(run, open, Stlsq{.threshold = 0.3})), kdv_terms) < 1e-3);
}

TEST_CASE("sindy pde: Burgers, several runs, a share of the points") {
  const std::vector<Trajectory<double>> runs{fields::burgers_run(0.3), fields::burgers_run(0.3, 64, 40)};
  const Terms truth{{"u u_x", -1}, {"u_xx", 0.3}};
  const auto model = sindy::fit_pde(runs, PdeLibrary{.order = 3}, Stlsq{.threshold = 0.05});
  CAPTURE(model.equations());
  CHECK(misfit(terms(model), truth) < 1e-6);
  CHECK(model.training().samples == 141);

  const auto some = [&](std::uint64_t seed) {
    return sindy::fit_pde(runs, PdeLibrary{.order = 3}, Stlsq{.threshold = 0.05}, FiniteDifference{8},
                          {.share = 0.1, .seed = seed});
  };
  CHECK(misfit(terms(some(1)), truth) < 1e-5);
  CHECK(some(1).coefficients() == some(1).coefficients());
  CHECK(some(1).coefficients() != some(2).coefficients());
}

TEST_CASE("sindy pde: a parameter of every run") {
  std::vector<Trajectory<double>> runs;
  for (const double nu : {0.2, 0.3, 0.5}) {
    const auto run = fields::burgers_run(nu);
    almagest::TrajectoryInfo info = run.info();
    info.parameters["nu"] = nu;
    runs.emplace_back(run.times(), run.states(), info);
  }
  const auto model = sindy::fit_pde(runs, PdeLibrary{.parameters = {"nu"}}, Stlsq{.threshold = 0.1});
  CAPTURE(model.equations());
  CHECK(misfit(terms(model), {{"u u_x", -1}, {"nu u_xx", 1}}) < 1e-4);

  // Its values come with the history, or are given.
  const auto ahead = model.forecast(runs[2].slice(0, 50), 20);
  CHECK((ahead.states() - runs[2].states().middleCols(50, 20)).cwiseAbs().maxCoeff() < 1e-4);
  Eigen::VectorXd rate(64);
  const Eigen::VectorXd u = runs[0].states().col(0);
  CHECK(sentence<InvalidArgument>([&] { model(u, rate, 0.0); }) ==
        "sindy::PdeModel: the equation has the parameter nu, which has no value here; take the model `at` a value of "
        "it.");
  model.at({{"nu", 0.2}})(u, rate, 0.0);
  CHECK(rate.allFinite());
}

TEST_CASE("sindy pde: two axes and products of derivatives") {
  const auto run = fields::kpz_run();
  const Terms truth{{"h_xx", 0.4}, {"h_yy", 0.4}, {"h_x^2", 0.5}, {"h_y^2", 0.5}};
  const auto model =
      sindy::fit_pde(run, PdeLibrary{.degree = 0, .factors = 2, .fields = {"h"}}, Stlsq{.threshold = 0.05});
  CAPTURE(model.equations());
  CHECK(misfit(terms(model), truth) < 1e-4);
  const auto ahead = model.forecast(run.slice(0, 31), 30);
  REQUIRE(ahead.size() == 30);
  CHECK((ahead.states() - run.states().rightCols(30)).cwiseAbs().maxCoeff() < 1e-4);
}

TEST_CASE("sindy pde: forecasts are those of the equation") {
  const auto run = fields::burgers_run(0.3, 128);
  const PdeLibrary library{.degree = 1};
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(5, 1);  // u, u_x, u u_x, u_xx, u u_xx
  law(2, 0) = -1;
  law(3, 0) = 0.3;
  const auto learned = sindy::fit_pde(run, library, Stlsq{.threshold = 0.05});
  const PdeModel exact(library, *run.info().grid, law, learned.training());
  const auto ahead = exact.forecast(run.slice(0, 1), 100);
  REQUIRE(ahead.size() == 100);
  CHECK(ahead.verdict().text() == "fine");
  CHECK((ahead.states() - run.states().rightCols(100)).cwiseAbs().maxCoeff() < 1e-8);

  const auto first = exact.forecast(run.slice(0, 1), 7);
  const auto rest = exact.forecast(first, 5);
  CHECK(first.states() == ahead.states().leftCols(7));
  CHECK(rest.states() == ahead.states().middleCols(7, 5));

  // The vector field: differences of the exact solution.
  Eigen::VectorXd rate(128);
  const Eigen::VectorXd u = run.states().col(50);
  exact(u, rate, 0.0);
  const Eigen::VectorXd slope = sindy::differentiate(run, FiniteDifference{8}).col(50);
  CHECK((rate - slope).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("sindy pde: solitons are forecast through their meeting") {
  const auto run = fields::kdv_run();
  const auto model = sindy::fit_pde(run.slice(0, 120), PdeLibrary{.degree = 1, .order = 3}, Stlsq{.threshold = 0.3});
  const auto ahead = model.forecast(run.slice(0, 120), 60);
  REQUIRE(ahead.size() == 60);
  CHECK((ahead.states() - run.states().middleCols(120, 60)).cwiseAbs().maxCoeff() < 0.01);
}

TEST_CASE("sindy pde: an equation that amplifies short waves has no forecast") {
  const auto run = fields::burgers_run();
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(2, 1);  // u_x, u_xx
  law(1, 0) = -100;
  const auto training = sindy::fit_pde(run, PdeLibrary{}, Stlsq{.threshold = 0.05}).training();
  const PdeModel wrong({.degree = 0}, *run.info().grid, law, training);
  CHECK_THROWS_AS(wrong.forecast(run, 10), almagest::ConvergenceFailure);
}

TEST_CASE("sindy pde: what cannot be learned from is refused in sentences") {
  const auto run = fields::burgers_run();
  const auto fit = [&](const auto& data, const PdeLibrary& library, const sindy::PdeSampling& sampling = {}) {
    static_cast<void>(sindy::fit_pde(data, library, Stlsq{}, FiniteDifference{2}, sampling));
  };
  CHECK(sentence<InvalidArgument>([&] { fit(Trajectory<double>(run.times(), run.states()), {}); }) ==
        "sindy::fit_pde: run 0 has no grid, so that its state is no field; give it one (TrajectoryInfo::grid).");
  const Trajectory<std::complex<double>> complex(run.times(), run.states().cast<std::complex<double>>(), run.info());
  CHECK(sentence<InvalidArgument>([&] { fit(complex, {}); }) ==
        "sindy::fit_pde: the fields are complex, but terms are those of real fields; give the real and the imaginary "
        "part as two fields, one after the other.");
  const std::vector<Trajectory<double>> unlike{run, fields::burgers_run(0.3, 48)};
  CHECK(sentence<InvalidArgument>([&] { fit(unlike, {}); }) ==
        "sindy::fit_pde: runs 0 and 1 live on different grids, of 64 and 48 points; interpolate them to one.");
  CHECK(sentence<InvalidArgument>([&] { fit(run, {.parameters = {"mu"}}); }) ==
        "sindy::fit_pde: run 0 has no parameter mu; set it (TrajectoryInfo::parameters).");
  CHECK(sentence<InvalidArgument>([&] { fit(run, {.periodic = false}); }) ==
        "PdeLibrary: periodic is false, but spectral derivatives are those of periodic fields; choose finite differences.");
  for (const PdeLibrary& bad : {PdeLibrary{.degree = -1}, PdeLibrary{.order = 9}, PdeLibrary{.factors = 0},
                                PdeLibrary{.accuracy = 3}, PdeLibrary{.degree = 0, .order = 0}})
    CHECK_THROWS_AS(fit(run, bad), InvalidArgument);
  CHECK_THROWS_AS(fit(run, {}, {.share = 0}), InvalidArgument);
  CHECK_THROWS_AS(fit(run, {.fields = {"a", "b"}}), almagest::DimensionMismatch);

  const auto open = sindy::fit_pde(run, PdeLibrary{.space = SpaceDerivatives::finite_differences, .periodic = false},
                                   Stlsq{.threshold = 0.05});
  CHECK_THROWS_AS(open.forecast(run, 1), InvalidArgument);
}
