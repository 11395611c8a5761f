// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/flow.hpp"
#include "almagest/sindy/polynomial.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "sindy/data.hpp"
#include "support/catch.hpp"

using almagest::sindy::Monomials;
using Flow = almagest::sindy::detail::TaylorFlow<>;
using almagest::sindy::Law;
using almagest::sindy::Polynomial;

namespace {

struct Term {
  std::vector<int> exponents;
  int component;
  double coefficient;
};

Flow flow(int degree, int dimension, const std::vector<Term>& terms) {
  const Monomials monomials({.degree = degree}, dimension);
  Eigen::MatrixXd coefficients = Eigen::MatrixXd::Zero(monomials.size(), dimension);
  for (const Term& term : terms)
    for (Eigen::Index f = 0; f < monomials.size(); ++f) {
      const Eigen::Map<const Eigen::RowVectorXi> wanted(term.exponents.data(), dimension);
      if (monomials.exponents().row(f) == wanted)
        coefficients(f, term.component) = term.coefficient;
    }
  return Flow(Law<double>(Polynomial{.degree = degree}, dimension, coefficients));
}

Law<double> lorenz_law(int degree) {
  const Polynomial library{.degree = degree};
  return {library, 3, data::lorenz_law(Monomials(library, 3).exponents())};
}

Eigen::VectorXd state(std::initializer_list<double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.begin(), Eigen::Index(values.size()));
}

}  // namespace

TEST_CASE("The flow meets solutions in closed form, over short and long intervals", "[sindy]") {
  SECTION("logistic growth") {
    Flow logistic = flow(2, 1, {{{1}, 0, 3}, {{2}, 0, -1.5}});
    for (double t : {1e-6, 0.01, 1.0, 7.0}) {
      Eigen::VectorXd x = state({0.1});
      REQUIRE(logistic.advance(x, t) == nullptr);
      CHECK(x[0] == Approx(2 / (1 + 19 * std::exp(-3 * t))).epsilon(1e-13));
    }
  }
  SECTION("an oscillator, for a hundred periods at once") {
    Flow oscillator = flow(1, 2, {{{0, 1}, 0, 1}, {{1, 0}, 1, -1}});
    Eigen::VectorXd x = state({1, 0});
    const double t = 200 * 3.141592653589793 + 0.5;
    REQUIRE(oscillator.advance(x, t) == nullptr);
    CHECK(x[0] == Approx(std::cos(0.5)).epsilon(1e-11));
    CHECK(x[1] == Approx(-std::sin(0.5)).epsilon(1e-11));
  }
  SECTION("constants only") {
    Flow drift = flow(0, 2, {{{0, 0}, 0, 2.5}});
    Eigen::VectorXd x = state({1, 3});
    REQUIRE(drift.advance(x, 4) == nullptr);
    CHECK(x == state({11, 3}));
  }
  SECTION("decay through the smallest numbers to zero") {
    Flow decay = flow(1, 1, {{{1}, 0, -50}});
    Eigen::VectorXd x = state({1});
    REQUIRE(decay.advance(x, 0.5) == nullptr);
    CHECK(x[0] == Approx(std::exp(-25)).epsilon(1e-11));
    REQUIRE(decay.advance(x, 20) == nullptr);
    CHECK(std::abs(x[0]) < 1e-250);
  }
  SECTION("a fixed point") {
    Flow logistic = flow(2, 1, {{{1}, 0, 3}, {{2}, 0, -1.5}});
    Eigen::VectorXd x = state({2});
    REQUIRE(logistic.advance(x, 1000) == nullptr);
    CHECK(x[0] == 2);
  }
}

TEST_CASE("Terms that vanish at the start are not overlooked", "[sindy]") {
  // x = t^(power + 1) / (power + 1), whose series begins long after the first terms have vanished.
  const int power = GENERATE(3, 8, 9, 20, 31, 40);
  Flow hidden = flow(power, 2, {{{0, power}, 0, 1}, {{0, 0}, 1, 1}});
  Eigen::VectorXd x = state({0, 0});
  REQUIRE(hidden.advance(x, 1) == nullptr);
  CHECK(x[0] == Approx(1.0 / (power + 1)).epsilon(1e-10));
  CHECK(x[1] == Approx(1).epsilon(1e-15));
}

TEST_CASE("Parts of a product need not appear themselves", "[sindy]") {
  // x' = x^2 y^2 z with y' = z' = 0: 1/x falls by y^2 z t.
  Flow product = flow(5, 3, {{{2, 2, 1}, 0, 1}});
  Eigen::VectorXd x = state({0.5, 2, 0.25});
  REQUIRE(product.advance(x, 1.5) == nullptr);
  CHECK(x[0] == Approx(1 / (1 / 0.5 - 1.5)).epsilon(1e-12));
}

TEST_CASE("The flow of Lorenz63 agrees with Runge and Kutta", "[sindy]") {
  Flow lorenz(lorenz_law(3));
  const double step = GENERATE(0.002, 0.1, 0.9);
  const auto truth = data::lorenz(5, step, {1, 2, 20});
  Eigen::VectorXd x = truth[0];
  for (Eigen::Index i = 1; i < truth.size(); ++i) {
    REQUIRE(lorenz.advance(x, step) == nullptr);
    CHECK((x - truth[i]).cwiseAbs().maxCoeff() < 1e-9);
  }
}

TEST_CASE("An advance has no memory", "[sindy]") {
  Flow used(lorenz_law(2));
  Eigen::VectorXd elsewhere = state({30, -20, 80});
  REQUIRE(used.advance(elsewhere, 3.7) == nullptr);
  Flow fresh(lorenz_law(2));
  Eigen::VectorXd a = state({1, 2, 3}), b = a;
  REQUIRE(used.advance(a, 0.4) == nullptr);
  REQUIRE(fresh.advance(b, 0.4) == nullptr);
  CHECK(a == b);
}

TEST_CASE("A solution that blows up is told from one that is merely large", "[sindy]") {
  Flow square = flow(2, 1, {{{2}, 0, 1}});  // x = 1 / (1 / x0 - t)
  Eigen::VectorXd x = state({1});
  REQUIRE(square.advance(x, 0.999) == nullptr);
  CHECK(x[0] == Approx(1000).epsilon(1e-9));
  x = state({1});
  const char* why = square.advance(x, 1.5);
  REQUIRE(why != nullptr);
  CHECK_THAT(std::string(why), ContainsSubstring("blows up"));
  Flow growth = flow(1, 1, {{{1}, 0, 10}});
  x = state({1});
  REQUIRE(growth.advance(x, 30) == nullptr);
  CHECK(std::log(x[0]) == Approx(300).epsilon(1e-12));
}

TEST_CASE("A law too stiff for its sample interval is given up in bounded time", "[sindy]") {
  Flow stiff = flow(1, 2, {{{1, 0}, 0, -1e9}, {{0, 1}, 0, 1e9}, {{0, 1}, 1, 1}});  // x follows y
  Eigen::VectorXd x = state({3, 1});
  const char* why = stiff.advance(x, 1);
  REQUIRE(why != nullptr);
  CHECK_THAT(std::string(why), ContainsSubstring("too stiff"));
}
