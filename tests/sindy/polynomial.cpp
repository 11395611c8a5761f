// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/polynomial.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::sindy::Monomials;
using almagest::sindy::Polynomial;
using Names = std::vector<std::string>;

TEST_CASE("Features come by degree, then in lexicographic order", "[sindy]") {
  const Names variables{"x", "y", "z"};
  CHECK(Monomials({.degree = 2}, 3).names(variables) ==
        Names{"1", "x", "y", "z", "x^2", "x y", "x z", "y^2", "y z", "z^2"});
  CHECK(Monomials({.degree = 3}, 2).names({"u", "v"}) ==
        Names{"1", "u", "v", "u^2", "u v", "v^2", "u^3", "u^2 v", "u v^2", "v^3"});
  CHECK(Monomials({.degree = 2, .bias = false}, 2).names({"x", "y"}) ==
        Names{"x", "y", "x^2", "x y", "y^2"});
  CHECK(Monomials({.degree = 3, .cross_terms = false}, 2).names({"x", "y"}) ==
        Names{"1", "x", "y", "x^2", "y^2", "x^3", "y^3"});
  CHECK(Monomials({.degree = 0}, 3).names(variables) == Names{"1"});
  CHECK(Monomials({.degree = 4}, 1).names({"x"}) == Names{"1", "x", "x^2", "x^3", "x^4"});
}

TEST_CASE("There are as many features as the binomial coefficient says, each once", "[sindy]") {
  for (int dimension = 1; dimension <= 5; ++dimension)
    for (int degree = 0; degree <= 5; ++degree) {
      const Monomials monomials({.degree = degree}, dimension);
      Eigen::Index binomial = 1;
      for (int k = 1; k <= degree; ++k) binomial = binomial * (dimension + k) / k;
      REQUIRE(monomials.size() == binomial);
      const Eigen::MatrixXi& exponents = monomials.exponents();
      CHECK(exponents.minCoeff() >= 0);
      CHECK(exponents.rowwise().sum().maxCoeff() == degree);
      for (Eigen::Index f = 1; f < monomials.size(); ++f)
        for (Eigen::Index g = 0; g < f; ++g) REQUIRE(exponents.row(f) != exponents.row(g));
    }
}

TEMPLATE_TEST_CASE("A block of states is evaluated to the products of its powers", "[sindy]", float,
                   double) {
  const bool cross_terms = GENERATE(true, false);
  const Monomials monomials({.degree = 4, .cross_terms = cross_terms}, 3);
  const Eigen::MatrixX<TestType> states = Eigen::MatrixX<TestType>::Random(17, 3);
  Eigen::MatrixX<TestType> features(17, monomials.size());
  monomials.evaluate(states, features);
  for (Eigen::Index f = 0; f < monomials.size(); ++f)
    for (Eigen::Index i = 0; i < 17; ++i) {
      double expected = 1;
      for (Eigen::Index j = 0; j < 3; ++j)
        expected *= std::pow(double(states(i, j)), monomials.exponents()(f, j));
      REQUIRE(std::abs(double(features(i, f)) - expected) <=
              4 * double(Eigen::NumTraits<TestType>::epsilon()));
    }
}

TEST_CASE("Impossible libraries are refused", "[sindy]") {
  CHECK_THAT(sentence<InvalidArgument>([] { Monomials({.degree = -1}, 3); }),
             ContainsSubstring("degree is -1") && ContainsSubstring("give 0 or more"));
  CHECK_THAT(sentence<InvalidArgument>([] { Monomials({.degree = 0, .bias = false}, 3); }),
             ContainsSubstring("degree 0") && ContainsSubstring("bias = false") &&
                 ContainsSubstring("raise the degree"));
  CHECK_THAT(sentence<InvalidArgument>([] { Monomials({.degree = 2}, 0); }),
             ContainsSubstring("dimension 0") && ContainsSubstring("at least 1"));
  // 50 variables to degree 5: binomial(55, 5) = 3 478 761.
  CHECK_THAT(sentence<InvalidArgument>([] { Monomials({.degree = 5}, 50); }),
             ContainsSubstring("degree 5") && ContainsSubstring("dimension 50") &&
                 ContainsSubstring("3.47876e+06 features") && ContainsSubstring("at most 10000") &&
                 ContainsSubstring("lower the degree"));
  CHECK_THAT(sentence<InvalidArgument>([] { Monomials({.degree = 2'000'000'000}, 1'000'000); }),
             ContainsSubstring("degree 2000000000") && ContainsSubstring("at most 10000"));
  CHECK_NOTHROW(Monomials({.degree = 5, .cross_terms = false}, 50));
}
