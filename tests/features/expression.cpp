// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/features/expression.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "almagest/features/expression_derivative.hpp"
#include "almagest/features/expression_text.hpp"
#include "almagest/features/expressions.hpp"
#include "almagest/features/factorization.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest::features;
using almagest::DimensionMismatch;
using almagest::InvalidArgument;

namespace {

const std::vector<std::string> xyz = {"x", "y", "z"};

double value(const Expression& formula, double x, double y, double z) {
  const double state[] = {x, y, z};
  const auto& code = formula.code();
  return detail::run<double>(
      code.data(), code.data() + code.size(), [&](std::uint32_t i) { return state[i]; },
      [](double number) { return number; });
}
double value(const std::string& formula, double x = 0.7, double y = -1.3, double z = 2.5) {
  return value(parse(formula, xyz), x, y, z);
}

}  // namespace

TEST_CASE("Formulas mean what they mean on paper", "[features]") {
  const double x = 0.7, y = -1.3, z = 2.5;
  CHECK(value("x + y * z") == x + y * z);
  CHECK(value("(x + y) * z") == (x + y) * z);
  CHECK(value("x - y - z") == (x - y) - z);
  CHECK(value("x / y / z") == (x / y) / z);
  CHECK(value("x / (y z)") == x / (y * z));
  CHECK(value("2 x y") == 2 * x * y);
  CHECK(value("2x(y + 1)") == 2 * x * (y + 1));
  CHECK(value("-x^2") == -(x * x));
  CHECK(value("(-x)**2") == x * x);
  CHECK(value("2^-1") == 0.5);
  CHECK(value("z^0.5") == std::pow(z, 0.5));
  CHECK(value("z^(-2)") == 1 / (z * z));
  CHECK(value("1e-3*x") == 1e-3 * x);
  CHECK(value("sin(2*pi*x) exp(-y)") == std::sin(2 * 3.14159265358979323846 * x) * std::exp(-y));
  CHECK(value("log(z) + sqrt(z) + abs(y) + tan(x)") ==
        std::log(z) + std::sqrt(z) + std::abs(y) + std::tan(x));
  CHECK(value("sinh(x) - cosh(y) / tanh(z)") ==
        Approx(std::sinh(x) - std::cosh(y) / std::tanh(z)).epsilon(1e-15));
  CHECK(value("x*-y") == x * -y);
}

TEST_CASE("What is printed reads back as the same formula", "[features]") {
  for (const char* formula :
       {"x + y z", "(x + y) z", "x - (y - z)", "x / (y z)", "x / y / z", "-x^2", "(-x)^2", "x^(-3)",
        "sin(2 x) exp(-y) / (1 + z^2)", "(x y)^2", "-(x + y)", "x (-y)", "1e-07 x"}) {
    CAPTURE(formula);
    const Expression parsed = parse(formula, xyz);
    for (const Notation notation : {Notation::plain, Notation::python}) {
      const std::string text = print(parsed, xyz, notation);
      CAPTURE(text);
      CHECK(value(parse(text, xyz), 0.7, -1.3, 2.5) == value(formula));
    }
  }
  CHECK(print(parse("sin(2*x) y^2 / (1 + z)", xyz), xyz) == "sin(2 x) y^2 / (1 + z)");
  CHECK(print(parse("sqrt(x) / (1 + z)", xyz), xyz, Notation::latex) == "\\frac{\\sqrt{x}}{1 + z}");
  CHECK(print(parse("x^2 y^-1", xyz), xyz, Notation::python) == "x**2 * y**(-1)");
  CHECK(print(parse("2 x^2", xyz), xyz, Notation::cpp) == "S(2.0) * power(x, 2)");
}

TEST_CASE("What stands behind a coefficient keeps its meaning", "[features]") {
  for (const char* formula : {"x - y", "-x y", "-x^2", "-2", "x y", "x / y", "sin(x)", "x^2", "-x/(1 + x)"}) {
    const std::string text = "3 " + print_factor(parse(formula, xyz), xyz);
    CAPTURE(text);
    CHECK(value(text) == Approx(3 * value(formula)).epsilon(1e-14));
  }
  CHECK(print_factor(parse("x y", xyz), xyz) == "x y");
  CHECK(print_factor(parse("x - y", xyz), xyz, Notation::latex) == "\\left(x - y\\right)");
}

TEST_CASE("Errors of formulas point at their place", "[features]") {
  const auto fault = [](const char* formula) {
    return sentence<InvalidArgument>([&] { parse(formula, xyz); });
  };
  CHECK_THAT(fault("x + w*y"), ContainsSubstring("'w' is unknown") && ContainsSubstring("x, y, z") &&
                                   ContainsSubstring("\n  x + w*y\n      ^"));
  CHECK_THAT(fault("(x + y"), ContainsSubstring("closing parenthesis") && ContainsSubstring("\n        ^"));
  CHECK_THAT(fault("x +"), ContainsSubstring("ends too early"));
  CHECK_THAT(fault(""), ContainsSubstring("ends too early"));
  CHECK_THAT(fault("x ) y"), ContainsSubstring("not expected"));
  CHECK_THAT(fault("sin x"), ContainsSubstring("in parentheses"));
  CHECK_THAT(fault("x^y"), ContainsSubstring("exponent must be a number"));
  CHECK_THAT(fault("x $ y"), ContainsSubstring("not expected"));
  std::string nested = "x";
  for (int k = 0; k < 40; ++k) nested = "y/(" + nested + ")";
  CHECK_THAT(fault(nested.c_str()), ContainsSubstring("more than 32"));
  for (const char* open : {"(", "-", "sin(", "x^("}) {
    std::string deep;
    for (int k = 0; k < 100'000; ++k) deep += open;
    CHECK_THAT(fault(deep.c_str()), ContainsSubstring("nested too deeply"));
  }
}

TEST_CASE("Derivatives of formulas are those of differences", "[features]") {
  for (const char* formula :
       {"x^3 y - z/x", "sin(x y) + cos(x) + tan(x)", "exp(-x^2) log(x)", "sqrt(x) abs(y x)",
        "sinh(x) cosh(x) tanh(x)", "1 / (1 + x^2)", "y z", "x^2.5 - x^(-2)"}) {
    CAPTURE(formula);
    const Expression f = parse(formula, xyz);
    const double h = 1e-5, difference = (value(f, 0.7 + h, -1.3, 2.5) - value(f, 0.7 - h, -1.3, 2.5)) / (2 * h);
    CHECK(value(derivative(f, 0), 0.7, -1.3, 2.5) == Approx(difference).epsilon(1e-8).margin(1e-9));
  }
  CHECK(derivative(parse("y z", xyz), 0).is_constant(0));
}

TEST_CASE("A product falls apart into number, variables and the rest", "[features]") {
  const Factorization product = factorize(parse("2 x sin(y) 3 x^2 (y + z) z", xyz));
  CHECK(product.number == 6);
  CHECK(product.variables == std::vector<std::uint32_t>{0, 0, 0, 2});
  CHECK(value(Expression::of(product.rest), 0.7, -1.3, 2.5) == std::sin(-1.3) * (-1.3 + 2.5));
  CHECK(factorize(parse("4", xyz)).rest.empty());
  CHECK_THROWS_AS(Expression::of({{Operation::add, 0, 0}}), InvalidArgument);
}

TEST_CASE("Formulas are features of states", "[features]") {
  const Expressions library{{"sin(x) y", "1", "x + y"}, {"x", "y"}};
  const auto made = evaluator(library, 2);
  CHECK(made->names({"p", "q"}) == std::vector<std::string>{"sin(p) q", "1", "(p + q)"});
  Eigen::MatrixXd states(3, 2), values(3, 3);
  states << 0.1, 2, -0.4, 3, 1.5, -1;
  made->evaluate(states, values);
  for (int k = 0; k < 3; ++k) {
    CHECK(values(k, 0) == Approx(std::sin(states(k, 0)) * states(k, 1)));
    CHECK(values(k, 1) == 1);
    CHECK(values(k, 2) == states(k, 0) + states(k, 1));
  }
  made->evaluate(states, values, {0, 1});
  CHECK(values(1, 0) == Approx(std::cos(-0.4)));
  CHECK(values(1, 2) == 0);
  CHECK_THROWS_AS(evaluator(Expressions{}, 2), InvalidArgument);
  CHECK_THROWS_AS(evaluator(library, 3), DimensionMismatch);
  CHECK_THROWS_AS(evaluator(Expressions{{"x0 x1"}}, 1), InvalidArgument);
}

TEST_CASE("Tensor bases and compositions have formulas with their values", "[features]") {
  const std::vector<Interval> box = {{-2, 3}};
  const Library legendre = Legendre{.degree = 4, .box = box};
  const Library libraries[] = {
      Polynomial{.degree = 3}, legendre, Chebyshev{.degree = 5, .box = box}, Fourier{.degree = 2},
      Hermite{.degree = 3}, Product{{Polynomial{.degree = 1}, Selection{{1}, legendre}}},
      Concatenation{{Expressions{{"x0 / (2 + x1^2)"}}, Fourier{.degree = 1}}}};
  Eigen::MatrixXd states(2, 2);
  states << 0.3, -1.2, 1.7, 0.4;
  for (const Library& library : libraries) {
    const auto made = evaluator(library, 2);
    Eigen::MatrixXd values(2, made->size());
    made->evaluate(states, values);
    const auto formulas = made->formulas();
    REQUIRE(Eigen::Index(formulas.size()) == made->size());
    for (Eigen::Index f = 0; f < made->size(); ++f)
      for (Eigen::Index k = 0; k < 2; ++k)
        CHECK(value(formulas[std::size_t(f)], states(k, 0), states(k, 1), 0) ==
              Approx(values(k, f)).epsilon(1e-12).margin(1e-13));
  }
  Eigen::MatrixXd centres(2, 1);
  centres << 0, 0;
  CHECK_THROWS_AS(evaluator(RadialBasis{centres, RadialKind::gaussian, 1}, 2)->formulas(), InvalidArgument);
}
