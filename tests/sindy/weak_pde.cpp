// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/weak_pde.hpp"

#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "core/sentence.hpp"
#include "sindy/fields.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::SpatialGrid;
using almagest::Trajectory;
namespace sindy = almagest::sindy;
using sindy::PdeLibrary;
using sindy::PdeModel;
using sindy::Stlsq;
using sindy::WeakForm;
using sindy::detail::DifferentialMonomial;
using sindy::detail::JetVariable;
using sindy::detail::MultiIndex;
using sindy::detail::WeakPart;

namespace {

/// The largest relative error of the coefficients; 1 where other terms were found.
double weak_misfit(const PdeModel& model, const std::map<std::string, double>& truth) {
  const auto names = model.feature_names();
  double worst = 0;
  for (Eigen::Index f = 0; f < model.coefficients().rows(); ++f) {
    const double found = model.coefficients()(f, 0);
    const auto wanted = truth.find(names[std::size_t(f)]);
    if (wanted == truth.end())
      worst = std::max(worst, found == 0 ? 0.0 : 1.0);
    else
      worst = std::max(worst, std::abs(found / wanted->second - 1));
  }
  return worst;
}

std::vector<WeakPart> by_parts(const DifferentialMonomial& monomial) {
  std::vector<WeakPart> parts;
  sindy::detail::integrate_by_parts({1, {}, monomial}, parts);
  return parts;
}

const JetVariable u{0, {0, 0, 0}}, ux{0, {1, 0, 0}}, uxx{0, {2, 0, 0}}, uxxx{0, {3, 0, 0}}, vx{1, {1, 0, 0}};

/// The largest difference, over all terms and windows, between the sums of the terms themselves and those of
/// their weak form, for fields of a few waves.
double weak_difference(const SpatialGrid& grid, Eigen::Index fields, const PdeLibrary& library, Eigen::Index half) {
  const sindy::detail::JetLibrary jets{library, grid.axes().size(), fields};
  const sindy::detail::WeakTerms terms(jets);
  Eigen::VectorXd state(grid.size() * fields);
  const Eigen::Index last = grid.axes().back().count;
  for (Eigen::Index c = 0; c < fields; ++c)
    for (Eigen::Index i = 0; i < grid.size(); ++i) {
      const double x = 2 * std::numbers::pi * double(i % last) / double(last);
      const double y = 2 * std::numbers::pi * double(i / last) * double(last) / double(grid.size());
      state[c * grid.size() + i] = 0.5 + std::sin(x + double(c)) + (grid.axes().size() > 1 ? std::cos(y - x) : 0);
    }
  WeakForm form;
  form.half_space.assign(grid.axes().size(), half);
  const sindy::detail::SpaceWindows<double> windows(grid, form, terms, 12, true, "test");
  const auto monomial_of = [&](const DifferentialMonomial& monomial) {
    std::vector<JetVariable> all;
    for (const auto& [variable, power] : monomial) all.push_back(variable);
    Eigen::VectorXd product = Eigen::VectorXd::Ones(grid.size());
    if (all.empty()) return product;
    sindy::detail::FieldDerivatives<double> derive(grid, library, all);
    Eigen::MatrixXd jet(grid.size(), Eigen::Index(all.size()));
    derive(state, jet);
    for (std::size_t k = 0; k < all.size(); ++k)
      for (int p = 0; p < monomial.at(all[k]); ++p) product.array() *= jet.col(Eigen::Index(k)).array();
    return product;
  };
  const Eigen::MatrixXi exponents = jets.exponents();
  const auto variables = jets.variables();
  double worst = 0;
  Eigen::VectorXd everywhere;
  for (Eigen::Index f = 0; f < exponents.rows(); ++f) {
    DifferentialMonomial term;
    for (std::size_t k = 0; k < variables.size(); ++k)
      if (exponents(f, Eigen::Index(k)) > 0) term[variables[k]] = exponents(f, Eigen::Index(k));
    Eigen::VectorXd direct, weak = Eigen::VectorXd::Zero(grid.size());
    windows.everywhere(monomial_of(term), {}, direct);
    for (std::size_t k = 0; k < terms.integrals().size(); ++k) {
      const double coefficient = terms.combination()(Eigen::Index(k), f);
      if (coefficient == 0) continue;
      const Eigen::VectorXd field = monomial_of(terms.monomials()[terms.integrals()[k].monomial]);
      windows.everywhere(field, terms.integrals()[k].test, everywhere);
      weak += coefficient * everywhere;
      // At one point and at all points is the same.
      worst = std::max(worst, std::abs(windows.at(field, 3, terms.integrals()[k].test) - everywhere[3]) /
                                  (1 + std::abs(everywhere[3])));
    }
    worst = std::max(worst, (direct - weak).cwiseAbs().maxCoeff() / (1 + direct.cwiseAbs().maxCoeff()));
  }
  return worst;
}

}  // namespace

TEST_CASE("sindy weak pde: derivatives go to the test function") {
  // u u_x = (u^2 / 2)_x
  auto parts = by_parts({{u, 1}, {ux, 1}});
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].coefficient == -0.5);
  CHECK(parts[0].test == MultiIndex{1, 0, 0});
  CHECK(parts[0].integrand == DifferentialMonomial{{u, 2}});
  // u_xxx alone
  parts = by_parts({{uxxx, 1}});
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].coefficient == -1);
  CHECK(parts[0].test == MultiIndex{3, 0, 0});
  CHECK(parts[0].integrand == DifferentialMonomial{{u, 1}});
  // u u_xx = (u^2 / 2)_xx - u_x^2
  parts = by_parts({{u, 1}, {uxx, 1}});
  REQUIRE(parts.size() == 2);
  for (const WeakPart& part : parts)
    CHECK((part.integrand == DifferentialMonomial{{u, 2}}
               ? part.coefficient == 0.5 && part.test == MultiIndex{2, 0, 0}
               : part.integrand == DifferentialMonomial{{ux, 2}} && part.coefficient == -1));
  // u v_x is no derivative of anything, nor is u_x^2.
  parts = by_parts({{u, 1}, {vx, 1}});
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].integrand == DifferentialMonomial{{u, 1}, {vx, 1}});
  CHECK(by_parts({{ux, 2}})[0].integrand == DifferentialMonomial{{ux, 2}});
}

TEST_CASE("sindy weak pde: every term equals its weak form") {
  const double circle = 2 * std::numbers::pi;
  CHECK(weak_difference(SpatialGrid::periodic(64, 0, circle), 2, {.degree = 2, .order = 3}, 24) < 1e-8);
  CHECK(weak_difference(SpatialGrid::periodic(64, 0, circle), 1, {.degree = 3, .order = 4, .factors = 2}, 30) < 1e-6);
  CHECK(weak_difference(SpatialGrid({{32, circle}, {32, circle}}), 2, {.degree = 1, .order = 2}, 15) < 1e-8);
}

TEST_CASE("sindy weak pde: Burgers and KdV without noise") {
  const auto burgers = sindy::fit_weak(fields::burgers_run(), PdeLibrary{.order = 3}, Stlsq{.threshold = 0.05},
                                       WeakForm{.half_space = {20}});
  CAPTURE(burgers.equations());
  CHECK(weak_misfit(burgers, {{"u u_x", -1}, {"u_xx", 0.3}}) < 1e-4);
  const auto kdv = sindy::fit_weak(fields::kdv_run(), PdeLibrary{.order = 3}, Stlsq{.threshold = 0.3});
  CAPTURE(kdv.equations());
  CHECK(weak_misfit(kdv, {{"u u_x", -6}, {"u_xxx", -1}}) < 1e-4);
  CHECK(kdv.forecast(fields::kdv_run().slice(0, 1), 3).size() == 3);
}

TEST_CASE("sindy weak pde: with 1 % of noise the weak form holds and the strong one does not") {
  const auto clean = fields::burgers_run(0.3, 128, 201);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto noisy = fields::with_noise_of(clean, 0.01, seed);
    const auto weak = sindy::fit_weak(noisy, PdeLibrary{.order = 3}, Stlsq{.threshold = 0.1},
                                      WeakForm{.half_space = {30}, .seed = seed});
    CAPTURE(seed, weak.equations());
    CHECK(weak_misfit(weak, {{"u u_x", -1}, {"u_xx", 0.3}}) < 0.01);
  }
  const auto strong =
      sindy::fit_pde(fields::with_noise_of(clean, 0.01, 1), PdeLibrary{.order = 3}, Stlsq{.threshold = 0.01});
  CHECK(weak_misfit(strong, {{"u u_x", -1}, {"u_xx", 0.3}}) > 0.1);
}

TEST_CASE("sindy weak pde: two axes, all places, steps in time, and differences in space") {
  const auto run = fields::kpz_run();
  const std::map<std::string, double> truth{{"h_xx", 0.4}, {"h_yy", 0.4}, {"h_x^2", 0.5}, {"h_y^2", 0.5}};
  const PdeLibrary library{.degree = 0, .factors = 2, .fields = {"h"}};
  for (WeakForm form : {WeakForm{.half_space = {10, 12}}, WeakForm{.count = 0, .half_time = 12, .half_space = {10, 12}},
                        WeakForm{.half_time = 8, .half_space = {10, 12}, .time = sindy::TestFunction::step}}) {
    const auto model = sindy::fit_weak(run, library, Stlsq{.threshold = 0.05}, form);
    CAPTURE(model.equations());
    CHECK(weak_misfit(model, truth) < 1e-3);
  }
  PdeLibrary open = library;
  open.space = sindy::SpaceDerivatives::finite_differences;
  open.periodic = false;
  const auto model = sindy::fit_weak(run, open, Stlsq{.threshold = 0.05}, WeakForm{.half_space = {8, 10}});
  CAPTURE(model.equations());
  CHECK(weak_misfit(model, truth) < 5e-3);
}

TEST_CASE("sindy weak pde: several runs with parameters, repeatable draws") {
  std::vector<Trajectory<double>> runs;
  for (const double nu : {0.2, 0.3, 0.5}) {
    const auto run = fields::burgers_run(nu);
    almagest::TrajectoryInfo info = run.info();
    info.parameters["nu"] = nu;
    runs.emplace_back(run.times(), run.states(), info);
  }
  const auto fit = [&](const WeakForm& form) {
    return sindy::fit_weak(runs, PdeLibrary{.parameters = {"nu"}}, Stlsq{.threshold = 0.1}, form);
  };
  const auto model = fit({.half_space = {20}, .seed = 9});
  CAPTURE(model.equations());
  CHECK(weak_misfit(model, {{"u u_x", -1}, {"nu u_xx", 1}}) < 1e-3);
  CHECK(model.coefficients() == fit({.half_space = {20}, .seed = 9}).coefficients());
  CHECK(model.coefficients() != fit({.half_space = {20}, .seed = 8}).coefficients());
}

TEST_CASE("sindy weak pde: uneven times") {
  Eigen::VectorXd times(301);
  almagest::RandomStream random(2);
  for (Eigen::Index k = 0; k < times.size(); ++k) times[k] = 0.01 * (double(k) + random.uniform(-0.3, 0.3));
  const auto run = fields::run_1d(SpatialGrid::periodic(64, 0, 2 * std::numbers::pi), almagest::TimeGrid(times),
                                  [](double x, double t) { return fields::burgers(0.3, x, t + 1); });
  const auto model =
      sindy::fit_weak(run, PdeLibrary{.order = 3}, Stlsq{.threshold = 0.05}, WeakForm{.half_space = {20}});
  CAPTURE(model.equations());
  CHECK(weak_misfit(model, {{"u u_x", -1}, {"u_xx", 0.3}}) < 5e-3);
}

TEST_CASE("sindy weak pde: test functions wider than the data are refused") {
  const auto run = fields::burgers_run(0.3, 64, 30);
  const auto fit = [&](const WeakForm& form) { static_cast<void>(sindy::fit_weak(run, PdeLibrary{}, Stlsq{}, form)); };
  CHECK(sentence<InvalidArgument>([&] { fit({.half_time = 15}); }) ==
        "sindy::fit_weak: test functions of 31 samples (half_time 15) are wider than run 0, which has 30 samples; give a "
        "smaller half_time or a longer run.");
  CHECK(sentence<InvalidArgument>([&] { fit({.half_space = {32}}); }) ==
        "sindy::fit_weak: test functions of 65 points (half_space 32) are wider than axis 0, which has 64; give a smaller "
        "half_space.");
  CHECK_THROWS_AS(fit({.half_space = {8, 8}}), almagest::DimensionMismatch);
  CHECK_THROWS_AS(fit({.degree = 2}), InvalidArgument);
}
