// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/compression.hpp"

#include <Eigen/SVD>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using koopman::Compression;
using Complex = std::complex<double>;

namespace {

Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index cols, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, cols, [&] { return random.normal(); });
}

double direct(const Eigen::MatrixXd& a, const Eigen::MatrixXd& s, Complex z) {
  Eigen::MatrixXcd all(a.rows() + s.rows(), a.cols());
  all << a.cast<Complex>() - z * Eigen::MatrixXcd::Identity(a.rows(), a.cols()), s.cast<Complex>();
  return Eigen::JacobiSVD<Eigen::MatrixXcd>(all).singularValues().tail(1)[0];
}

}  // namespace

TEST_CASE("The pseudospectrum is the least singular value, however small", "[compression]") {
  const Eigen::Index n = 24;
  const Eigen::MatrixXd a = normal_matrix(n, n, 1) / std::sqrt(double(n)),
                        noise = normal_matrix(n, n, 2);
  const Complex eigenvalue = Eigen::EigenSolver<Eigen::MatrixXd>(a).eigenvalues()[0];
  for (const double leak : {1.0, 1e-3, 1e-6, 1e-9, 1e-12, 0.0}) {
    const Eigen::MatrixXd s = leak * noise;
    const Compression<double> compression(a, s);
    for (const Complex z : {eigenvalue, eigenvalue + 1e-5, Complex(0.3), Complex(0, 0),
                            Complex(2, 1), Complex(0.1, -0.7)}) {
      const double expected = direct(a, s, z);
      CHECK(std::abs(compression.tau(z) - expected) < 1e-10 * expected + 1e-14);
      const auto function = compression.pseudo_eigenfunction(z);
      CHECK(function.coefficients.norm() == Approx(1));
      const double measured =
          compression.residuals(Eigen::VectorXcd::Constant(1, z), function.coefficients)[0];
      CHECK(measured == Approx(function.residual).margin(1e-14));
    }
  }
}

TEST_CASE("Nearly equal singular values do not blur the least", "[compression]") {
  // A normal matrix: tau is the distance from the spectrum, here from two points equally far.
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(5, 5);
  a.diagonal() << 1, 1 + 1e-9, -1, 0.5, 3;
  const Compression<double> compression(a, Eigen::MatrixXd::Zero(5, 5));
  CHECK(compression.tau(2) == Approx(1 - 1e-9).epsilon(1e-13));
  CHECK(compression.tau(0.75) == Approx(0.25).epsilon(1e-13));
  CHECK(compression.tau({0, 1}) == Approx(std::hypot(0.5, 1)).epsilon(1e-13));
  CHECK(compression.tau(3) < 1e-14);
  const std::vector<Complex> grid = {2, 3, {0, 1}, {0, -1}};
  const Eigen::VectorXd tau = compression.pseudospectrum(grid);
  CHECK(tau[2] == compression.tau({0, 1}));
  CHECK(tau[3] == tau[2]);
  CHECK(Compression<double>(Eigen::MatrixXd::Zero(2, 2), Eigen::MatrixXd::Zero(2, 2)).tau(0) == 0);
}

TEST_CASE("What a Compression refuses", "[compression]") {
  const Eigen::MatrixXd a = Eigen::MatrixXd::Identity(3, 3);
  CHECK_THROWS_AS(Compression<double>(a.topRows(2), a), DimensionMismatch);
  CHECK_THROWS_AS(Compression<double>(a, a.leftCols(2)), DimensionMismatch);
  CHECK_THROWS_AS(Compression<double>(a * std::numeric_limits<double>::infinity(), a),
                  NonFiniteData);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(Compression<double>(a, a).tau(nan), NonFiniteData);
  CHECK_THROWS_AS(Compression<double>(a, a).pseudospectrum(std::vector<Complex>{2, {nan, 1}}),
                  NonFiniteData);
}
