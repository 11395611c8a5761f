// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/rank.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"

using namespace almagest::linalg;
using Eigen::Index;

TEMPLATE_TEST_CASE("The numerical rank counts what stands above rounding", "[rank]", float,
                   double) {
  constexpr TestType eps = std::numeric_limits<TestType>::epsilon();
  Eigen::VectorX<TestType> sigma(4);
  sigma << 8, 1, 8 * eps * 5, 8 * eps * 3;
  CHECK(numerical_rank(sigma, 4) == 3);
  CHECK(numerical_rank(sigma, 2) == 4);
  CHECK(numerical_rank(sigma, 6) == 2);
  CHECK(numerical_rank(Eigen::VectorX<TestType>::Zero(3), 3) == 0);
  CHECK(numerical_rank(Eigen::VectorX<TestType>(), 0) == 0);
}

TEMPLATE_TEST_CASE("Rank by energy", "[rank]", float, double) {
  Eigen::VectorX<TestType> sigma(4);
  sigma << 3, 2, 2, 1;  // squares 9, 4, 4, 1: shares 1/2, 13/18, 17/18, 1
  CHECK(rank_by_energy(sigma, 0.49) == 1);
  CHECK(rank_by_energy(sigma, 0.51) == 2);
  CHECK(rank_by_energy(sigma, 0.73) == 3);
  CHECK(rank_by_energy(sigma, 0.95) == 4);
  CHECK(rank_by_energy(sigma, 1.0) == 4);
  CHECK(rank_by_energy(Eigen::VectorX<TestType>::Zero(3), 0.5) == 0);
}

TEST_CASE("Energy near 1 is told from 1, and squares may underflow", "[rank]") {
  Eigen::VectorXd sigma(3);
  sigma << 1, 1e-5, 1e-7;
  CHECK(rank_by_energy(sigma, 1 - 2e-10) == 1);
  CHECK(rank_by_energy(sigma, 1 - 5e-11) == 2);
  CHECK(rank_by_energy(sigma, 1 - 5e-15) == 3);
  CHECK(rank_by_energy(1e-200 * sigma, 1 - 5e-11) == 2);
  CHECK(rank_by_energy(1e200 * sigma, 1 - 5e-11) == 2);
}

TEST_CASE("A noise floor begins where singular values stop falling", "[rank]") {
  // Six signal values falling by 10, then noise.
  Eigen::VectorXd noisy(12);
  for (Index i = 0; i < 12; ++i)
    noisy[i] = i < 6 ? std::pow(10.0, -double(i)) : 2e-6 * std::pow(0.97, double(i - 6));
  CHECK(noise_floor(noisy, 12) == 6);
  // A signal value that the noise has lifted stands between the two.
  noisy[6] = 4e-6;
  CHECK(noise_floor(noisy, 12) == 7);

  SECTION("a geometric fall has none") {
    const Eigen::VectorXd falling =
        Eigen::VectorXd::NullaryExpr(12, [](Index i) { return std::pow(7.6, -double(i)); });
    CHECK(noise_floor(falling, 12) == 12);
  }
  SECTION("nor has a slow fall, however deep it goes") {
    const Eigen::VectorXd slow =
        Eigen::VectorXd::NullaryExpr(60, [](Index i) { return std::pow(0.8, double(i)); });
    CHECK(noise_floor(slow, 60) == 60);
  }
  SECTION("nor have equal values that end in rounding") {
    Eigen::VectorXd cliff(10);
    cliff << 1e3, 1, 1, 1, 1, 1e-14, 1e-14, 1e-14, 1e-14, 1e-14;
    CHECK(noise_floor(cliff, 5) == 10);
  }
  SECTION("nor has a slow tail behind a steep start") {
    Eigen::VectorXd tail(30);
    for (Index i = 0; i < 30; ++i) tail[i] = i < 2 ? 1e3 : std::pow(0.85, double(i));
    CHECK(noise_floor(tail, 30) == 30);
  }
  SECTION("nor has a spectrum that is flat from the start") {
    CHECK(noise_floor(Eigen::VectorXd::Ones(10), 10) == 10);
  }
}

TEST_CASE("The optimal hard threshold finds what stands above noise", "[rank]") {
  using almagest::linalg::rank_by_threshold;
  // 2.858 for a square; Gavish and Donoho's own cubic is right to 0.02 elsewhere.
  const auto omega = [](double beta) {
    const double lambda = std::sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + std::sqrt(beta * beta + 14 * beta + 1)));
    return lambda / almagest::linalg::detail::noise_median(beta);
  };
  CHECK(omega(1) == Approx(2.8584).epsilon(1e-4));
  for (const double beta : {0.05, 0.3, 0.7})
    CHECK(omega(beta) == Approx(((0.56 * beta - 0.95) * beta + 1.82) * beta + 1.43).margin(0.02));
  Eigen::VectorXd sigma(9);
  sigma << 20, 3, 2.9, 1.1, 1, 1, 0.9, 0.8, 0.7;
  CHECK(rank_by_threshold(sigma, 9, 9) == 3);
  CHECK(rank_by_threshold(sigma, 900, 9) == 3);
  sigma << 20, 3, 2, 0, 0, 0, 0, 0, 0;
  CHECK(rank_by_threshold(sigma, 9, 30) == 3);
  CHECK(rank_by_threshold(Eigen::VectorXd(sigma.head(3)), 9, 30) == 3);  // those that were dropped are 0
}
