// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <limits>

#include "almagest/core/random.hpp"
#include "almagest/linalg/linear_operator.hpp"
#include "support/catch.hpp"

template <typename Scalar>
Eigen::MatrixX<Scalar> normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  almagest::RandomStream random(seed);
  return Eigen::MatrixX<Scalar>::NullaryExpr(rows, columns,
                                             [&](Eigen::Index, Eigen::Index) { return Scalar(random.normal()); });
}

/// Both products of the operator are those of the matrix, to rounding relative to |A| |x|.
template <typename Operator>
void check_products(const Operator& a, const Eigen::MatrixX<typename Operator::Scalar>& dense) {
  using Scalar = typename Operator::Scalar;
  REQUIRE(a.rows() == dense.rows());
  REQUIRE(a.cols() == dense.cols());
  const double rounding = 10 * double(std::numeric_limits<Scalar>::epsilon());
  for (const Eigen::Index vectors : {1, 3}) {
    const auto x = normal_matrix<Scalar>(a.cols(), vectors, 91);
    const auto y = normal_matrix<Scalar>(a.rows(), vectors, 92);
    CHECK(double((almagest::linalg::product(a, x) - dense * x).norm()) <=
          rounding * double(dense.norm()) * double(x.norm()));
    CHECK(double((almagest::linalg::adjoint_product(a, y) - dense.transpose() * y).norm()) <=
          rounding * double(dense.norm()) * double(y.norm()));
  }
}
