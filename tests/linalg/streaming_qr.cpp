// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/streaming_qr.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using almagest::linalg::StreamingQr;
using Eigen::Index;

namespace {

template <typename Scalar>
Eigen::MatrixX<Scalar> random_matrix(Index rows, Index columns, std::uint64_t seed) {
  almagest::RandomStream random(seed);
  return Eigen::MatrixX<Scalar>::NullaryExpr(rows, columns,
                                             [&](Index, Index) { return Scalar(random.normal()); });
}

template <typename Scalar>
StreamingQr<Scalar> factor(const Eigen::MatrixX<Scalar>& matrix) {
  StreamingQr<Scalar> qr(matrix.cols());
  qr.update(matrix);
  return qr;
}

/// |R^T R - A^T A| / |A|^2, in double, in units of the rounding of the scalar.
template <typename Scalar>
double gram_error(const Eigen::MatrixX<Scalar>& triangle, const Eigen::MatrixX<Scalar>& matrix) {
  const Eigen::MatrixXd r = triangle.template cast<double>(), a = matrix.template cast<double>();
  return (r.transpose() * r - a.transpose() * a).norm() / a.squaredNorm() /
         double(std::numeric_limits<Scalar>::epsilon());
}

/// The triangle with a non-negative diagonal, which is unique where the matrix has full rank.
template <typename Scalar>
Eigen::MatrixX<Scalar> signless(Eigen::MatrixX<Scalar> triangle) {
  for (Index i = 0; i < triangle.rows(); ++i)
    if (triangle(i, i) < 0) triangle.row(i) *= -1;
  return triangle;
}

template <typename Scalar>
Eigen::MatrixX<Scalar> orthonormal(Index rows, Index columns, std::uint64_t seed) {
  const Eigen::HouseholderQR<Eigen::MatrixX<Scalar>> qr(random_matrix<Scalar>(rows, columns, seed));
  return qr.householderQ() * Eigen::MatrixX<Scalar>::Identity(rows, columns);
}

}  // namespace

TEMPLATE_TEST_CASE("The triangle has the Gram matrix of the rows", "[streaming_qr]", float,
                   double) {
  // Around the widths of panels and blocks, where an index slips first.
  for (const Index columns : {1, 2, 7, 8, 9, 16, 23, 60})
    for (const Index rows : {1, 5, 60, 127, 128, 129, 1500}) {
      CAPTURE(rows, columns);
      const auto a = random_matrix<TestType>(rows, columns, 1);
      const auto qr = factor(a);
      CHECK(qr.rows() == rows);
      CHECK(qr.columns() == columns);
      CHECK(qr.triangle().isUpperTriangular(TestType(0)));
      CHECK(gram_error<TestType>(qr.triangle(), a) < 8);
    }
}

TEMPLATE_TEST_CASE("Rows in pieces, or merged from two factors, give the same triangle",
                   "[streaming_qr]", float, double) {
  const Index columns = 13;
  const auto a = random_matrix<TestType>(1111, columns, 2);
  const auto whole = signless<TestType>(factor(a).triangle());
  const TestType tolerance = 50 * std::numeric_limits<TestType>::epsilon() * whole.norm();

  StreamingQr<TestType> pieces(columns);
  for (Index first = 0, count = 1; first < a.rows(); first += count, count = 2 * count + 1) {
    count = std::min(count, a.rows() - first);
    pieces.update(a.middleRows(first, count));
  }
  CHECK(pieces.rows() == a.rows());
  CHECK((signless<TestType>(pieces.triangle()) - whole).norm() < tolerance);

  StreamingQr<TestType> upper(columns), lower(columns);
  upper.update(a.topRows(400));
  lower.update(a.bottomRows(711));
  upper.merge(lower);
  CHECK(upper.rows() == a.rows());
  CHECK((signless<TestType>(upper.triangle()) - whole).norm() < tolerance);

  upper.merge(upper);
  CHECK(upper.rows() == 2 * a.rows());
  CHECK((signless<TestType>(upper.triangle()) - std::sqrt(TestType(2)) * whole).norm() <
        2 * tolerance);

  upper.merge(StreamingQr<TestType>(columns));
  CHECK(upper.rows() == 2 * a.rows());
}

TEST_CASE("The same rows give the same bits", "[streaming_qr]") {
  const auto a = random_matrix<double>(3000, 31, 3);
  CHECK((factor(a).triangle().array() == factor(a).triangle().array()).all());
}

TEST_CASE("Columns graded over eleven decades keep all their digits", "[streaming_qr]") {
  // Powers of two pass through every operation unchanged, so the triangle scales bit for bit.
  const auto a = random_matrix<double>(700, 12, 4);
  Eigen::VectorXd scales(12);
  for (Index i = 0; i < 12; ++i) scales[i] = std::ldexp(1.0, -int(3.4 * double(i)));
  REQUIRE(scales[11] < 1e-11);
  const Eigen::MatrixXd graded = a * scales.asDiagonal();
  const Eigen::MatrixXd expected = factor(a).triangle() * scales.asDiagonal();
  CHECK((factor(graded).triangle() - expected)
            .cwiseQuotient(expected.cwiseAbs().cwiseMax(1e-300))
            .cwiseAbs()
            .maxCoeff() < 1e-13);
}

TEST_CASE("Singular values over eleven decades survive; a Gram matrix would lose them",
          "[streaming_qr]") {
  const Index count = 12;
  Eigen::VectorXd sigma(count);
  for (Index i = 0; i < count; ++i) sigma[i] = std::pow(10.0, -double(i));
  const Eigen::MatrixXd a = orthonormal<double>(5000, count, 5) * sigma.asDiagonal() *
                            orthonormal<double>(count, count, 6).transpose();
  const Eigen::VectorXd found =
      Eigen::JacobiSVD<Eigen::MatrixXd>(factor(a).triangle()).singularValues();
  // A few roundings of the largest.
  CHECK((found - sigma).cwiseAbs().maxCoeff() < 2e-15);
  CHECK(found[count - 1] == Approx(sigma[count - 1]).epsilon(1e-3));

  const Eigen::MatrixXd gram = a.transpose() * a;
  const Eigen::VectorXd squared =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram).eigenvalues();
  CHECK(std::abs(std::sqrt(std::abs(squared[0])) - sigma[count - 1]) > 10 * sigma[count - 1]);
}

TEMPLATE_TEST_CASE("Fewer rows than columns, and columns of zeros", "[streaming_qr]", float,
                   double) {
  const auto few = random_matrix<TestType>(3, 5, 7);
  const auto qr = factor(few);
  CHECK(gram_error<TestType>(qr.triangle(), few) < 8);
  CHECK(qr.triangle().bottomRows(2).norm() <
        8 * std::numeric_limits<TestType>::epsilon() * few.norm());

  Eigen::MatrixX<TestType> holes = random_matrix<TestType>(300, 9, 8);
  holes.col(0).setZero();
  holes.col(4).setZero();
  holes.col(8) = holes.col(2);
  CHECK(gram_error<TestType>(factor(holes).triangle(), holes) < 8);

  CHECK(StreamingQr<TestType>(4).triangle() == Eigen::MatrixX<TestType>::Zero(4, 4));
  CHECK(factor<TestType>(Eigen::MatrixX<TestType>::Zero(20, 4)).triangle() ==
        Eigen::MatrixX<TestType>::Zero(4, 4));
}

TEMPLATE_TEST_CASE("Numbers whose squares over- or underflow", "[streaming_qr]", float, double) {
  const auto a = random_matrix<TestType>(300, 10, 9);
  const auto plain = factor(a).triangle();
  const int exponent = std::numeric_limits<TestType>::max_exponent * 3 / 4;
  for (const int power : {exponent, -exponent}) {
    const TestType scale = std::ldexp(TestType(1), power);
    const Eigen::MatrixX<TestType> scaled = a * scale;
    const Eigen::MatrixX<TestType> found = factor(scaled).triangle() / scale;
    CAPTURE(power);
    CHECK((found - plain).norm() < 50 * std::numeric_limits<TestType>::epsilon() * plain.norm());
  }
}

TEST_CASE("A part of a larger matrix", "[streaming_qr]") {
  const auto a = random_matrix<double>(500, 20, 10);
  StreamingQr<double> qr(6);
  qr.update(a.block(100, 7, 333, 6));
  const Eigen::MatrixXd part = a.block(100, 7, 333, 6);
  CHECK((qr.triangle().array() == factor(part).triangle().array()).all());
}

TEST_CASE("What a streaming QR refuses", "[streaming_qr]") {
  CHECK_THROWS_AS(StreamingQr<double>(0), almagest::InvalidArgument);
  CHECK_THROWS_WITH(StreamingQr<double>(-2),
                    ContainsSubstring("columns is -2") && ContainsSubstring("at least 1"));

  const auto a = random_matrix<double>(600, 4, 11);
  auto qr = factor(a);
  const Eigen::MatrixXd before = qr.triangle();
  CHECK_THROWS_AS(qr.update(a.leftCols(3)), almagest::DimensionMismatch);
  CHECK_THROWS_WITH(qr.update(a.leftCols(3)),
                    ContainsSubstring("rows has 3 columns") && ContainsSubstring("has 4"));
  CHECK_THROWS_AS(qr.merge(StreamingQr<double>(5)), almagest::DimensionMismatch);

  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Eigen::MatrixXd holed = a;
    holed(555, 2) = bad;
    CHECK_THROWS_AS(qr.update(holed), almagest::NonFiniteData);
    CHECK_THROWS_WITH(qr.update(holed), ContainsSubstring("component 2 of sample 555"));
  }
  // Nothing of the refused rows was taken in.
  CHECK((qr.triangle().array() == before.array()).all());
  CHECK(qr.rows() == 600);
}
