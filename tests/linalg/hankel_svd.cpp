// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/hankel_svd.hpp"

#include <Eigen/SVD>
#include <cmath>
#include <limits>
#include <vector>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using linalg::hankel_svd;
using linalg::HankelOperator;
using linalg::HankelRoute;
using linalg::HankelSvd;

namespace {

const auto all_routes = {HankelRoute::automatic, HankelRoute::qr, HankelRoute::gram,
                         HankelRoute::lanczos, HankelRoute::randomized};

/// Smooth and without end: the Lorenz attractor by the classical Runge-Kutta method, whose Hankel
/// matrix of small steps falls over all decades.
template <typename Scalar = double>
Eigen::MatrixX<Scalar> lorenz_series(Index channels, Index samples, double step) {
  const auto rate = [](const Eigen::Vector3d& v) {
    return Eigen::Vector3d(10 * (v[1] - v[0]), v[0] * (28 - v[2]) - v[1],
                           v[0] * v[1] - 8.0 / 3 * v[2]);
  };
  Eigen::Vector3d v(-8, 8, 27);
  Eigen::MatrixX<Scalar> series(channels, samples);
  for (Index k = 0; k < samples; ++k) {
    series.col(k) = v.head(channels).template cast<Scalar>();
    const Eigen::Vector3d a = rate(v), b = rate(v + step / 2 * a), c = rate(v + step / 2 * b),
                          d = rate(v + step * c);
    v += step / 6 * (a + 2 * b + 2 * c + d);
  }
  return series;
}

template <typename Scalar>
Eigen::MatrixX<Scalar> all_rows(const HankelOperator<Scalar>& h) {
  Eigen::MatrixX<Scalar> rows(h.rows(), h.cols());
  h.write_rows(0, rows);
  return rows;
}

Eigen::VectorXd exact_values(const Eigen::MatrixXd& matrix) {
  using Matrix = Eigen::MatrixX<long double>;
  const bool tall = matrix.rows() >= matrix.cols();
  const Matrix a = (tall ? matrix : Eigen::MatrixXd(matrix.transpose())).cast<long double>();
  return Eigen::JacobiSVD<Matrix, Eigen::HouseholderQRPreconditioner>(a).singularValues().cast<double>();
}

/// The triples against a dense decomposition, in long double because that of Eigen in double errs by
/// a rounding for each column.
template <typename Scalar>
void check_against_dense(const HankelSvd<Scalar>& found, const HankelOperator<Scalar>& h) {
  const Eigen::MatrixXd dense = all_rows(h).template cast<double>();
  const Eigen::MatrixXd u = found.u.template cast<double>(), v = found.v.template cast<double>();
  const Eigen::VectorXd s = found.singular_values.template cast<double>();
  const Eigen::VectorXd expected = exact_values(dense);
  const double rounding = double(std::numeric_limits<Scalar>::epsilon()) * expected[0];
  const Index k = s.size();
  const double columns = std::max(16.0, double(std::min(dense.rows(), dense.cols())));
  const Eigen::VectorXd forward = (dense * v - u * s.asDiagonal()).colwise().norm();
  const Eigen::VectorXd backward = (dense.transpose() * u - v * s.asDiagonal()).colwise().norm();
  for (Index i = 0; i < k; ++i) {
    CAPTURE(i, s[i], expected[i]);
    CHECK(std::abs(s[i] - expected[i]) / rounding <= columns);
    CHECK(forward[i] / rounding <= 3 * columns + 1e-9 * s[i] / rounding);
    CHECK(std::abs(backward[i] - double(found.residuals[i])) / rounding <= 3 * columns);
    CHECK(backward[i] <= 3 * columns * rounding + std::pow(double(std::numeric_limits<Scalar>::epsilon()), 0.5) * s[i]);
  }
  const double worst = 20 * columns * rounding / s[k - 1];
  CHECK((u.transpose() * u - Eigen::MatrixXd::Identity(k, k)).norm() <= worst);
  CHECK((v.transpose() * v - Eigen::MatrixXd::Identity(k, k)).norm() <= worst);
}

template <typename Scalar>
Trajectory<Scalar> as_run(const Eigen::MatrixX<Scalar>& states) {
  return {TimeGrid::uniform(0, 1, states.cols()), states};
}

}  // namespace

TEMPLATE_TEST_CASE("Every route agrees with a dense decomposition", "[hankel_svd]", float, double) {
  RandomStream random(1);
  for (const Index channels : {1, 2})
    for (const Index samples : {30, 201})
      for (const Index delays : {1, 8, 29, 90}) {
        if (delays > samples) continue;
        // Noise on a wave: values of every size, none of them small.
        const auto series = Eigen::MatrixX<TestType>::NullaryExpr(channels, samples, [&](Index a, Index k) {
          return TestType(std::sin(0.3 * double(k) + double(a)) + 0.2 * random.normal());
        });
        const HankelOperator<TestType> h(series, delays);
        const Index all = std::min(h.rows(), h.cols());
        for (const Index rank : {Index(1), std::min<Index>(all, 6), all})
          for (const HankelRoute route : all_routes) {
            CAPTURE(channels, samples, delays, rank, name_of(route));
            const auto found = hankel_svd(h, rank, {.route = route, .most_steps = 3000});
            CHECK(found.singular_values.size() == rank);
            check_against_dense(found, h);
          }
      }
}

TEST_CASE("Several runs are one matrix", "[hankel_svd]") {
  const auto series = lorenz_series(2, 1000, 0.02);
  const std::vector<Trajectory<double>> runs = {
      as_run<double>(series.leftCols(300)), as_run<double>(series.middleCols(310, 20)),
      as_run<double>(series.rightCols(500))};
  const HankelOperator<double> h({runs.begin(), runs.end()}, 25);
  for (const HankelRoute route : all_routes) {
    CAPTURE(name_of(route));
    check_against_dense(hankel_svd(h, 5, {.route = route}), h);
  }
}

TEST_CASE("Singular values down to 1e-12 of the largest keep the digits of a dense decomposition",
          "[hankel_svd]") {
  const auto series = lorenz_series(1, 3000, 0.001);
  const HankelOperator<double> h(series, 100);
  for (const HankelRoute route : all_routes) {
    CAPTURE(name_of(route));
    const auto found = hankel_svd(h, 13, {.route = route});
    REQUIRE(found.singular_values.size() == 13);
    CHECK(found.singular_values[12] < 1e-11 * found.singular_values[0]);
    check_against_dense(found, h);
    // Squares cannot hold these: the route is left for another, and that is told.
    CHECK(found.route != HankelRoute::gram);
    CHECK(found.route != HankelRoute::automatic);
    CHECK(found.warnings.empty());
  }
}

TEST_CASE("Where values fall gently, squares are projected back to full accuracy", "[hankel_svd]") {
  const auto series = lorenz_series(1, 4000, 0.004);
  const HankelOperator<double> h(series, 300);
  const auto found = hankel_svd(h, 12, {.route = HankelRoute::gram});
  CHECK(found.route == HankelRoute::gram);
  const Eigen::BDCSVD<Eigen::MatrixXd> dense(all_rows(h), Eigen::ComputeThinV);
  const double fall = dense.singularValues()[11] / dense.singularValues()[0];
  CHECK(fall < 0.1);
  CHECK(fall > 1e-3);
  for (Index i = 0; i < 12; ++i) {
    CAPTURE(i);
    CHECK(found.singular_values[i] == Approx(dense.singularValues()[i]).epsilon(1e-12));
    CHECK(std::abs(std::abs(found.v.col(i).dot(dense.matrixV().col(i))) - 1) < 1e-9);
    CHECK(found.residuals[i] < 1e-9 * found.singular_values[i]);
  }
}

TEST_CASE("The route follows the size and the fall", "[hankel_svd]") {
  const auto slow = lorenz_series(1, 20000, 0.01), fast = lorenz_series(1, 20000, 0.0005);
  CHECK(hankel_svd(HankelOperator<double>(slow, 5), 3).route == HankelRoute::qr);
  CHECK(hankel_svd(HankelOperator<double>(slow, 2000), 8).route == HankelRoute::gram);
  CHECK(hankel_svd(HankelOperator<double>(fast, 400), 16).route == HankelRoute::lanczos);
  CHECK(hankel_svd(HankelOperator<double>(slow, 19000), 4).route == HankelRoute::lanczos);
}

TEST_CASE("A periodic series, whose values come in exact pairs", "[hankel_svd]") {
  // Windows and delays are whole periods: H^T H is circulant.
  const Index period = 24, delays = 10 * period, samples = 30 * period - 1 + delays;
  const auto series = Eigen::MatrixXd::NullaryExpr(
      1, samples, [&](Index, Index k) { return double(k % period) / double(period) + 2; });
  const HankelOperator<double> h(series, delays);
  for (const HankelRoute route : all_routes) {
    CAPTURE(name_of(route));
    const auto found = hankel_svd(h, 10, {.route = route});
    REQUIRE(found.singular_values.size() == 10);
    check_against_dense(found, h);
    for (Index i = 1; i < 9; i += 2)
      CHECK(found.singular_values[i] == Approx(found.singular_values[i + 1]).epsilon(1e-12));
  }
}

TEST_CASE("A noise floor and a rank beyond the data are told", "[hankel_svd]") {
  RandomStream random(4);
  const Index samples = 6000, delays = 60;
  Eigen::MatrixXd clean(1, samples), noisy(1, samples);
  for (Index k = 0; k < samples; ++k) {
    // The rounding of frequency * t alone would be noise far above that of the samples.
    clean(0, k) = double(std::sin(0.1L * k) + 0.3L * std::sin(0.37L * k + 1));
    noisy(0, k) = clean(0, k) + 1e-6 * random.normal();
  }
  for (const HankelRoute route : {HankelRoute::qr, HankelRoute::lanczos, HankelRoute::randomized}) {
    CAPTURE(name_of(route));
    CHECK(hankel_svd(HankelOperator<double>(clean, delays), 4, {.route = route}).warnings.empty());
    CHECK(hankel_svd(HankelOperator<double>(noisy, delays), 4, {.route = route}).warnings.empty());
    const auto beyond = hankel_svd(HankelOperator<double>(clean, delays), 9, {.route = route});
    CHECK(beyond.singular_values.size() == 4);
    REQUIRE(beyond.warnings.size() == 1);
    CHECK_THAT(beyond.warnings[0],
               ContainsSubstring("rank is 9") && ContainsSubstring("rank 4 to rounding"));
    const auto floor =
        hankel_svd(HankelOperator<double>(noisy, delays), 8, {.route = route, .most_steps = 1000});
    REQUIRE(floor.warnings.size() == 1);
    CHECK_THAT(floor.warnings[0], ContainsSubstring("noise floor") && ContainsSubstring("number 5") &&
                                      ContainsSubstring("use rank 4 or less"));
  }
  const auto short_of = hankel_svd(HankelOperator<double>(noisy, 600), 30,
                                   {.route = HankelRoute::lanczos, .most_steps = 31});
  REQUIRE_FALSE(short_of.warnings.empty());
  CHECK_THAT(short_of.warnings.back(),
             ContainsSubstring("steps did not suffice") && ContainsSubstring("most_steps"));
}

TEST_CASE("Numbers whose squares over- or underflow are decomposed", "[hankel_svd]") {
  const auto series = lorenz_series(1, 800, 0.01);
  for (const HankelRoute route : all_routes) {
    const auto plain = hankel_svd(HankelOperator<double>(series, 60), 6, {.route = route});
    for (const int power : {900, -900}) {
      CAPTURE(name_of(route), power);
      const Eigen::MatrixXd scaled = std::ldexp(1.0, power) * series;
      const auto found = hankel_svd(HankelOperator<double>(scaled, 60), 6, {.route = route});
      CHECK((found.singular_values * std::ldexp(1.0, -power) - plain.singular_values).norm() <
            1e-14 * plain.singular_values[0]);
    }
  }
}

TEST_CASE("The same seed gives the same bits of a Hankel decomposition", "[hankel_svd]") {
  const HankelOperator<double> h(lorenz_series(1, 2000, 0.01), 200);
  for (const HankelRoute route : all_routes) {
    const auto one = hankel_svd(h, 6, {.route = route}), two = hankel_svd(h, 6, {.route = route});
    CHECK((one.u.array() == two.u.array()).all());
    CHECK((one.v.array() == two.v.array()).all());
    CHECK((one.singular_values.array() == two.singular_values.array()).all());
  }
}

TEST_CASE("What a Hankel decomposition refuses", "[hankel_svd]") {
  const HankelOperator<double> h(lorenz_series(1, 50, 0.01), 10);
  CHECK_THROWS_WITH(hankel_svd(h, 0), ContainsSubstring("hankel_svd: rank is 0"));
  CHECK_THROWS_WITH(hankel_svd(h, 11), ContainsSubstring("rank is 11") &&
                                           ContainsSubstring("41 x 10") && ContainsSubstring("or less"));
  CHECK_THROWS_WITH(hankel_svd(h, 3, {.tolerance = 2}), ContainsSubstring("tolerance is 2"));
  const HankelOperator<double> still(Eigen::MatrixXd::Zero(1, 50), 10);
  CHECK_THROWS_AS(hankel_svd(still, 2), InvalidArgument);
  CHECK_THROWS_WITH(hankel_svd(still, 2), ContainsSubstring("0 throughout"));
}
