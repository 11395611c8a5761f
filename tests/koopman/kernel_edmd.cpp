// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/kernel_edmd.hpp"

#include <cmath>
#include <vector>

#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using features::RadialKind;
using koopman::fit_kernel_edmd;
using koopman::KernelEdmdOptions;

TEST_CASE("Landmarks explain the kernel matrix to the tolerance", "[kernel_edmd]") {
  const Eigen::MatrixXd x = known::uniform(2, 150, -1, 1);
  for (const RadialKind kind :
       {RadialKind::gaussian, RadialKind::matern52, RadialKind::laplacian}) {
    const KernelEdmdOptions options{.kernel = kind,
                                    .width = 1,
                                    .landmarks = 150,
                                    .tolerance = kind == RadialKind::laplacian ? 0.1 : 1e-4};
    const Eigen::MatrixXd c = koopman::choose_landmarks<double>(x, options);
    CHECK(c.cols() < 150);
    const auto kernel = [&](const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
      Eigen::MatrixXd out(a.cols(), b.cols());
      evaluator(features::RadialBasis{b, kind, 1.0}, 2)->evaluate(a.transpose(), out);
      return out;
    };
    const Eigen::MatrixXd at = kernel(x, c);
    const Eigen::MatrixXd left = kernel(x, x) - at * kernel(c, c).ldlt().solve(at.transpose());
    CHECK(left.trace() < options.tolerance * 150 * 1.01);
    CHECK(left.trace() > options.tolerance * 150 / 100);
  }
}

TEST_CASE(
    "Kernel EDMD finds a linear map's products the better, the more landmarks, and vouches for "
    "them",
    "[kernel_edmd]") {
  Eigen::Matrix2d map;
  map << 0.9, 0.2, 0, 0.7;
  const auto data = known::pairs(known::uniform(2, 800, -1, 1),
                                 [&](const auto& x) { return Eigen::VectorXd(map * x); });
  const auto fit = [&](double tolerance) {
    return fit_kernel_edmd(data, {.width = 2, .landmarks = 200, .tolerance = tolerance});
  };
  // 1 and the states are functions of the dictionary; their products are not.
  const std::vector<known::Complex> products = {0.81, 0.63, 0.49};
  const auto coarse = fit(1e-5), fine = fit(1e-12);
  REQUIRE(coarse.rank() + 10 < fine.rank());
  CHECK(known::farthest({1, 0.9, 0.7}, coarse.eigenvalues()) < 1e-10);
  CHECK(known::farthest(products, coarse.eigenvalues()) < 0.1);
  CHECK(known::farthest(products, fine.eigenvalues()) <
        0.01 * known::farthest(products, coarse.eigenvalues()));
  CHECK(fine.verified(1e-3).size() >= 6);
  Eigen::VectorXd x = data[0].states().col(1);
  for (int k = 0; k < 5; ++k) x = map * x;
  CHECK((coarse.forecast(TrajectoryView<double>(data[0]), 5).states().col(4) - x).norm() < 1e-10);
}

TEST_CASE("What fit_kernel_edmd refuses", "[kernel_edmd]") {
  const auto data = known::pairs(known::uniform(4, 30, -1, 1), [](const auto& x) { return x; });
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.kernel = RadialKind::thin_plate}),
                    ContainsSubstring("not positive definite"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.kernel = RadialKind::wendland}),
                    ContainsSubstring("up to 3") && ContainsSubstring("4;"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.width = -1}), ContainsSubstring("width is -1"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.landmarks = 0}), ContainsSubstring("landmarks is 0"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.tolerance = 1}), ContainsSubstring("tolerance is 1"));
}
