// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/svd.hpp"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <cmath>
#include <limits>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using almagest::linalg::svd;
using Eigen::Index;

namespace {

template <typename Scalar>
Eigen::MatrixX<Scalar> scattered_matrix(Index rows, Index columns, std::uint64_t seed) {
  almagest::RandomStream random(seed);
  return Eigen::MatrixX<Scalar>::NullaryExpr(rows, columns,
                                             [&](Index, Index) { return Scalar(random.normal()); });
}

Eigen::MatrixXd orthonormal(Index rows, Index columns, std::uint64_t seed) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(scattered_matrix<double>(rows, columns, seed));
  return qr.householderQ() * Eigen::MatrixXd::Identity(rows, columns);
}

/// The factors multiply to the matrix, their columns are orthonormal, the values positive and
/// sorted.
template <typename Scalar>
void check_decomposition(const Eigen::MatrixX<Scalar>& a) {
  const auto result = svd<Scalar>(a);
  const Index k = result.singular_values.size();
  CAPTURE(a.rows(), a.cols(), k);
  REQUIRE(result.u.rows() == a.rows());
  REQUIRE(result.u.cols() == k);
  REQUIRE(result.v.rows() == a.cols());
  REQUIRE(result.v.cols() == k);
  const auto rounding =
      double(std::numeric_limits<Scalar>::epsilon()) * double(std::max(a.rows(), a.cols()));
  const Eigen::MatrixXd u = result.u.template cast<double>(), v = result.v.template cast<double>();
  const Eigen::VectorXd s = result.singular_values.template cast<double>();
  CHECK((u * s.asDiagonal() * v.transpose() - a.template cast<double>()).norm() <=
        4 * rounding * s.norm());
  CHECK((u.transpose() * u - Eigen::MatrixXd::Identity(k, k)).norm() <=
        8 * rounding * std::sqrt(double(k)));
  CHECK((v.transpose() * v - Eigen::MatrixXd::Identity(k, k)).norm() <=
        8 * rounding * std::sqrt(double(k)));
  for (Index i = 0; i < k; ++i) CHECK(s[i] > 0);
  for (Index i = 1; i < k; ++i) CHECK(s[i] <= s[i - 1]);
}

}  // namespace

TEMPLATE_TEST_CASE("Any shape is decomposed", "[svd]", float, double) {
  for (const Index rows : {1, 2, 5, 30, 70})
    for (const Index columns : {1, 2, 5, 30, 70}) {
      const auto a = scattered_matrix<TestType>(rows, columns, std::uint64_t(100 * rows + columns));
      check_decomposition<TestType>(a);
      CHECK(svd<TestType>(a).singular_values.size() == std::min(rows, columns));
    }
}

TEST_CASE("Singular values agree with Eigen's Jacobi decomposition", "[svd]") {
  const auto a = scattered_matrix<double>(60, 40, 1);
  const Eigen::VectorXd expected = Eigen::JacobiSVD<Eigen::MatrixXd>(a).singularValues();
  // Both are backward stable: off by at most a few roundings of the largest value for each column.
  const double rounding = 40 * std::numeric_limits<double>::epsilon() * expected[0];
  CHECK((svd<double>(a).singular_values - expected).cwiseAbs().maxCoeff() <= 4 * rounding);
}

TEST_CASE("Values over eleven decades", "[svd]") {
  Eigen::VectorXd sigma(12);
  for (Index i = 0; i < 12; ++i) sigma[i] = std::pow(10.0, -double(i));
  const Eigen::MatrixXd a =
      orthonormal(50, 12, 2) * sigma.asDiagonal() * orthonormal(12, 12, 3).transpose();
  check_decomposition<double>(a);
  CHECK((svd<double>(a).singular_values - sigma).cwiseAbs().maxCoeff() < 2e-15);

  // Columns of different scale are no loss at all: rotations work to relative accuracy.
  const Eigen::MatrixXd graded = orthonormal(50, 12, 4) * sigma.asDiagonal();
  const Eigen::VectorXd found = svd<double>(graded).singular_values;
  CHECK((found - sigma).cwiseQuotient(sigma).cwiseAbs().maxCoeff() < 1e-14);
}

TEMPLATE_TEST_CASE("What is rounding is dropped", "[svd]", float, double) {
  const Eigen::MatrixX<TestType> low =
      scattered_matrix<TestType>(40, 3, 5) * scattered_matrix<TestType>(3, 25, 6);
  const auto result = svd<TestType>(low);
  check_decomposition<TestType>(low);
  // A few values at rounding level may remain, none above it.
  REQUIRE(result.singular_values.size() >= 3);
  CHECK(result.singular_values[2] > TestType(0.1));
  for (Index i = 3; i < result.singular_values.size(); ++i)
    CHECK(result.singular_values[i] <
          40 * std::numeric_limits<TestType>::epsilon() * result.singular_values[0]);

  CHECK(svd<TestType>(Eigen::MatrixX<TestType>::Zero(4, 6)).singular_values.size() == 0);
  CHECK(svd<TestType>(Eigen::MatrixX<TestType>(0, 3)).v.rows() == 3);
}

TEMPLATE_TEST_CASE("Equal singular values, and numbers whose squares over- or underflow", "[svd]",
                   float, double) {
  check_decomposition<TestType>(Eigen::MatrixX<TestType>::Identity(12, 12));
  const auto a = scattered_matrix<TestType>(15, 15, 7);
  const auto plain = svd<TestType>(a).singular_values;
  const int exponent = std::numeric_limits<TestType>::max_exponent * 3 / 4;
  for (const int power : {exponent, -exponent}) {
    const TestType scale = std::ldexp(TestType(1), power);
    const Eigen::MatrixX<TestType> scaled = scale * a;
    CHECK((svd<TestType>(scaled).singular_values / scale - plain).norm() <
          20 * std::numeric_limits<TestType>::epsilon() * plain.norm());
  }
}

TEST_CASE("A matrix with a NaN is refused", "[svd]") {
  Eigen::MatrixXd a = scattered_matrix<double>(4, 4, 8);
  a(2, 3) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(svd<double>(a), almagest::NonFiniteData);
  CHECK_THROWS_WITH(svd<double>(a), ContainsSubstring("component 2 of sample 3"));
}
