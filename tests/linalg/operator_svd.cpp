// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/operator_svd.hpp"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <cmath>
#include <limits>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using linalg::DenseOperator;
using linalg::lanczos_svd;
using linalg::OperatorSvd;
using linalg::randomized_svd;

namespace {

template <typename Scalar>
Eigen::MatrixX<Scalar> gaussian(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixX<Scalar>::NullaryExpr(rows, columns,
                                             [&](Index, Index) { return Scalar(random.normal()); });
}

/// A matrix of known singular values, exact to the rounding of the scalar.
template <typename Scalar>
Eigen::MatrixX<Scalar> with_values(Index rows, Index columns, const Eigen::VectorXd& sigma) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> left(gaussian<double>(rows, sigma.size(), 21));
  const Eigen::HouseholderQR<Eigen::MatrixXd> right(gaussian<double>(columns, sigma.size(), 22));
  const Eigen::MatrixXd u = left.householderQ() * Eigen::MatrixXd::Identity(rows, sigma.size());
  const Eigen::MatrixXd v = right.householderQ() * Eigen::MatrixXd::Identity(columns, sigma.size());
  return (u * sigma.asDiagonal() * v.transpose()).cast<Scalar>();
}

/// Values against the largest one's rounding, triples, and bases.
template <typename Scalar>
void check_triples(const OperatorSvd<Scalar>& found, const Eigen::MatrixX<Scalar>& matrix,
                   const Eigen::VectorXd& expected, double slack = 1) {
  const Eigen::MatrixXd a = matrix.template cast<double>(), u = found.u.template cast<double>(),
                        v = found.v.template cast<double>();
  const Eigen::VectorXd s = found.singular_values.template cast<double>();
  const Index k = s.size();
  REQUIRE(k <= expected.size());
  // A rounding for each column that is rotated, and some for the long sums of the products.
  const double rounding = double(std::numeric_limits<Scalar>::epsilon()) *
                          std::max(16.0, double(std::min(a.rows(), a.cols()))) * slack;
  const double worst = (s - expected.head(k)).cwiseAbs().maxCoeff() / expected[0] / rounding;
  CHECK(worst <= 2);
  const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(k, k);
  CHECK((u.transpose() * u - one).norm() <= 4 * rounding * std::sqrt(double(k)));
  CHECK((v.transpose() * v - one).norm() <= 4 * rounding * std::sqrt(double(k)));
  const double tolerance = std::pow(double(std::numeric_limits<Scalar>::epsilon()), 2.0 / 3);
  const Eigen::VectorXd forward = (a * v - u * s.asDiagonal()).colwise().norm();
  const Eigen::VectorXd backward = (a.transpose() * u - v * s.asDiagonal()).colwise().norm();
  for (Index i = 0; i < k; ++i) {
    CAPTURE(i, s[i]);
    CHECK(forward[i] <= tolerance * s[i] + 4 * rounding * expected[0]);
    CHECK(backward[i] <= tolerance * s[i] + 4 * rounding * expected[0]);
  }
  CHECK(found.converged);
}

/// In long double, because Eigen's decomposition in double errs by a rounding for each column.
template <typename Scalar>
Eigen::VectorXd dense_values(const Eigen::MatrixX<Scalar>& matrix) {
  using Matrix = Eigen::MatrixX<long double>;
  return Eigen::JacobiSVD<Matrix>(matrix.template cast<long double>()).singularValues().template cast<double>();
}

}  // namespace

TEMPLATE_TEST_CASE("Any shape and any rank, by Lanczos and by random blocks", "[operator_svd]", float,
                   double) {
  for (const Index rows : {1, 2, 9, 40, 130})
    for (const Index columns : {1, 3, 9, 40}) {
      const auto matrix = gaussian<TestType>(rows, columns, std::uint64_t(100 * rows + columns));
      const DenseOperator<TestType> a(matrix);
      const Eigen::VectorXd expected = dense_values<TestType>(matrix);
      const Index all = std::min(rows, columns);
      for (const Index rank : {Index(1), (all + 1) / 2, all}) {
        CAPTURE(rows, columns, rank);
        const auto lanczos = lanczos_svd(a, rank);
        CHECK(lanczos.singular_values.size() == rank);
        check_triples<TestType>(lanczos, matrix, expected);
        const auto randomized = randomized_svd(a, rank, {.most_steps = 2000});
        CHECK(randomized.singular_values.size() == rank);
        check_triples<TestType>(randomized, matrix, expected);
      }
    }
}

TEST_CASE("Values over twelve decades keep the digits that a dense decomposition keeps",
          "[operator_svd]") {
  Eigen::VectorXd sigma(40);
  for (Index i = 0; i < 40; ++i) sigma[i] = 3 * std::pow(7.6, -double(i) * 13 / 15);
  for (const bool wide : {false, true}) {
    Eigen::MatrixXd matrix = with_values<double>(700, 50, sigma);
    if (wide) matrix.transposeInPlace();
    const DenseOperator<double> a(matrix);
    REQUIRE(sigma[15] / sigma[0] < 4e-12);
    const auto lanczos = lanczos_svd(a, 16), randomized = randomized_svd(a, 16);
    for (const auto* found : {&lanczos, &randomized}) {
      REQUIRE(found->singular_values.size() == 16);
      check_triples<double>(*found, matrix, dense_values<double>(matrix));
      for (Index i = 0; i < 16; ++i) {
        CAPTURE(i);
        CHECK(std::abs(found->singular_values[i] / sigma[i] - 1) < 1e-15 * sigma[0] / sigma[i] + 1e-14);
      }
    }
    CHECK(lanczos.steps < 50);
    CHECK(randomized.steps <= 4);
  }
}

TEST_CASE("Values that fall slowly take more steps and come out right", "[operator_svd]") {
  Eigen::VectorXd sigma(150);
  for (Index i = 0; i < 150; ++i) sigma[i] = std::pow(0.97, double(i));
  const Eigen::MatrixXd matrix = with_values<double>(400, 150, sigma);
  check_triples<double>(lanczos_svd(DenseOperator<double>(matrix), 12), matrix, sigma);
  const auto next = lanczos_svd(DenseOperator<double>(matrix), 12).next;
  REQUIRE(next.size() == 4);
  for (Index i = 0; i < 4; ++i) CHECK(next[i] <= sigma[12 + i] * (1 + 1e-12));
}

TEST_CASE("Repeated values are all found", "[operator_svd]") {
  Eigen::VectorXd sigma(80);
  for (Index i = 0; i < 80; ++i) sigma[i] = 5 * std::pow(0.7, double(i / 2));  // NOLINT: pairs
  const Eigen::MatrixXd pairs = with_values<double>(300, 80, sigma);
  check_triples<double>(lanczos_svd(DenseOperator<double>(pairs), 11), pairs, sigma);
  check_triples<double>(randomized_svd(DenseOperator<double>(pairs), 11), pairs, sigma);
  sigma.head(5).setConstant(9);
  const Eigen::MatrixXd five = with_values<double>(300, 80, sigma);
  check_triples<double>(lanczos_svd(DenseOperator<double>(five), 8), five, sigma);
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(30, 30);
  check_triples<double>(lanczos_svd(DenseOperator<double>(identity), 7), identity,
                        Eigen::VectorXd::Ones(30));
}

TEMPLATE_TEST_CASE("Triples that are rounding are left out", "[operator_svd]", float, double) {
  Eigen::VectorXd sigma(6);
  sigma << 8, 4, 3, 2, 1, 0.5;
  const auto matrix = with_values<TestType>(200, 60, sigma);
  const DenseOperator<TestType> a(matrix);
  const auto lanczos = lanczos_svd(a, 15), randomized = randomized_svd(a, 15);
  for (const auto* found : {&lanczos, &randomized}) {
    REQUIRE(found->singular_values.size() >= 6);
    check_triples<TestType>(*found, matrix, dense_values<TestType>(matrix), 4);
    for (Index i = 6; i < found->singular_values.size(); ++i)
      CHECK(found->singular_values[i] < 64 * std::numeric_limits<TestType>::epsilon());
  }
  const Eigen::MatrixX<TestType> nothing = Eigen::MatrixX<TestType>::Zero(20, 10);
  CHECK(lanczos_svd(DenseOperator<TestType>(nothing), 3).singular_values.size() == 0);
  CHECK(randomized_svd(DenseOperator<TestType>(nothing), 3).singular_values.size() == 0);
}

TEST_CASE("The same seed gives the same bits, another the same triples", "[operator_svd]") {
  const Eigen::VectorXd sigma =
      Eigen::VectorXd::NullaryExpr(50, [](Index i) { return std::pow(0.6, double(i)); });
  const Eigen::MatrixXd matrix = with_values<double>(120, 50, sigma);
  const DenseOperator<double> a(matrix);
  const auto one = lanczos_svd(a, 5), again = lanczos_svd(a, 5), other = lanczos_svd(a, 5, {.seed = 3});
  CHECK((one.u.array() == again.u.array()).all());
  CHECK((one.singular_values.array() == again.singular_values.array()).all());
  CHECK((one.u.array() != other.u.array()).any());
  CHECK(((one.u.transpose() * other.u).cwiseAbs() - Eigen::MatrixXd::Identity(5, 5)).norm() < 1e-9);
  const auto block = randomized_svd(a, 5), same = randomized_svd(a, 5);
  CHECK((block.v.array() == same.v.array()).all());
}

TEST_CASE("Too few steps are told", "[operator_svd]") {
  const auto matrix = gaussian<double>(300, 200, 5);
  const DenseOperator<double> a(matrix);
  const auto lanczos = lanczos_svd(a, 10, {.most_steps = 14});
  CHECK_FALSE(lanczos.converged);
  CHECK(lanczos.residuals.maxCoeff() > 1e-3);
  const auto randomized = randomized_svd(a, 10, {.most_steps = 2});
  CHECK_FALSE(randomized.converged);
  CHECK(randomized.residuals.maxCoeff() > 1e-3);
}

TEST_CASE("What a decomposition of an operator refuses", "[operator_svd]") {
  const auto matrix = gaussian<double>(20, 12, 6);
  const DenseOperator<double> a(matrix);
  CHECK_THROWS_AS(lanczos_svd(a, 0), InvalidArgument);
  CHECK_THROWS_WITH(lanczos_svd(a, 13), ContainsSubstring("lanczos_svd: rank is 13") &&
                                            ContainsSubstring("20 x 12") &&
                                            ContainsSubstring("12 singular values"));
  CHECK_THROWS_WITH(randomized_svd(a, -1), ContainsSubstring("rank is -1"));
  CHECK_THROWS_WITH(lanczos_svd(a, 3, {.tolerance = -1}), ContainsSubstring("tolerance is -1"));
  CHECK_THROWS_WITH(lanczos_svd(a, 3, {.tolerance = std::nan("")}), ContainsSubstring("tolerance"));
  CHECK_THROWS_WITH(lanczos_svd(a, 3, {.most_steps = -2}), ContainsSubstring("most_steps is -2"));
  CHECK_THROWS_WITH(randomized_svd(a, 3, {.oversampling = -2}), ContainsSubstring("oversampling is -2"));
  Eigen::MatrixXd bad = matrix;
  bad(3, 4) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(DenseOperator<double>(bad), NonFiniteData);
}
