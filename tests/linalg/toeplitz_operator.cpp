// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/toeplitz_operator.hpp"

#include <limits>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using linalg::CirculantOperator;
using linalg::ToeplitzOperator;

namespace {

template <typename Scalar>
Eigen::MatrixX<Scalar> noise_block(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixX<Scalar>::NullaryExpr(rows, columns,
                                             [&](Index, Index) { return Scalar(random.normal()); });
}

template <typename Operator>
void check_both_products(const Operator& a, const Eigen::MatrixX<typename Operator::Scalar>& dense) {
  using Scalar = typename Operator::Scalar;
  const double rounding = 10 * double(std::numeric_limits<Scalar>::epsilon());
  const auto x = noise_block<Scalar>(a.cols(), 2, 91), y = noise_block<Scalar>(a.rows(), 2, 92);
  CHECK(double((linalg::product(a, x) - dense * x).norm()) <=
        rounding * double(dense.norm()) * double(x.norm()));
  CHECK(double((linalg::adjoint_product(a, y) - dense.transpose() * y).norm()) <=
        rounding * double(dense.norm()) * double(y.norm()));
}

}  // namespace

TEMPLATE_TEST_CASE("A circulant operator of any size, primes included", "[toeplitz_operator]", float,
                   double) {
  for (const Index n : {1, 2, 3, 8, 17, 30, 101, 1000}) {
    CAPTURE(n);
    const Eigen::VectorX<TestType> c = noise_block<TestType>(n, 1, 1);
    const auto dense = Eigen::MatrixX<TestType>::NullaryExpr(
        n, n, [&](Index i, Index j) { return c[(i - j + n) % n]; });
    check_both_products(CirculantOperator<TestType>(c), dense);
  }
}

TEMPLATE_TEST_CASE("A Toeplitz operator of any shape", "[toeplitz_operator]", float, double) {
  for (const Index rows : {1, 2, 7, 64, 301})
    for (const Index cols : {1, 2, 5, 64, 97}) {
      CAPTURE(rows, cols);
      const Eigen::VectorX<TestType> column = noise_block<TestType>(rows, 1, 1);
      Eigen::VectorX<TestType> row = noise_block<TestType>(cols, 1, 2);
      row[0] = column[0];
      const auto dense = Eigen::MatrixX<TestType>::NullaryExpr(
          rows, cols, [&](Index i, Index j) { return i >= j ? column[i - j] : row[j - i]; });
      check_both_products(ToeplitzOperator<TestType>(column, row), dense);
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
