// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/toeplitz_operator.hpp"

#include <limits>

#include "linalg/products.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using linalg::CirculantOperator;
using linalg::ToeplitzOperator;

TEMPLATE_TEST_CASE("A circulant operator of any size, primes included", "[toeplitz_operator]", float,
                   double) {
  for (const Index n : {1, 2, 3, 8, 17, 30, 101, 1000}) {
    CAPTURE(n);
    const Eigen::VectorX<TestType> c = normal_matrix<TestType>(n, 1, 1);
    const Eigen::MatrixX<TestType> dense = Eigen::MatrixX<TestType>::NullaryExpr(
        n, n, [&](Index i, Index j) { return c[(i - j + n) % n]; });
    check_products(CirculantOperator<TestType>(c), dense);
  }
}

TEMPLATE_TEST_CASE("A Toeplitz operator of any shape", "[toeplitz_operator]", float, double) {
  for (const Index rows : {1, 2, 7, 64, 301})
    for (const Index cols : {1, 2, 5, 64, 97}) {
      CAPTURE(rows, cols);
      const Eigen::VectorX<TestType> column = normal_matrix<TestType>(rows, 1, 1);
      Eigen::VectorX<TestType> row = normal_matrix<TestType>(cols, 1, 2);
      row[0] = column[0];
      const Eigen::MatrixX<TestType> dense = Eigen::MatrixX<TestType>::NullaryExpr(
          rows, cols, [&](Index i, Index j) { return i >= j ? column[i - j] : row[j - i]; });
      check_products(ToeplitzOperator<TestType>(column, row), dense);
    }
}

TEST_CASE("What circulant and Toeplitz operators refuse", "[toeplitz_operator]") {
  const Eigen::VectorXd none, one = Eigen::VectorXd::Ones(3), other = 2 * one;
  CHECK_THROWS_AS(CirculantOperator<double>(none), InvalidArgument);
  CHECK_THROWS_WITH(CirculantOperator<double>(none), ContainsSubstring("first_column has 0"));
  CHECK_THROWS_WITH(ToeplitzOperator<double>(one, none), ContainsSubstring("first_row 0"));
  CHECK_THROWS_WITH(ToeplitzOperator<double>(one, other),
                    ContainsSubstring("begins with 1") && ContainsSubstring("first_row with 2"));
  Eigen::VectorXd bad = one;
  bad[2] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(CirculantOperator<double>(bad), NonFiniteData);
  CHECK_THROWS_AS(ToeplitzOperator<double>(one, bad), NonFiniteData);
}
