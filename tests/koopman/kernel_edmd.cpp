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

TEST_CASE("A polynomial kernel spans the monomials", "[kernel_edmd]") {
  Eigen::Matrix2d map;
  map << 0.9, 0.2, 0, 0.7;
  const auto data = known::pairs(known::uniform(2, 200, -1, 1),
                                 [&](const auto& x) { return Eigen::VectorXd(map * x); });
  const auto model = fit_kernel_edmd(data, {.polynomial = 3, .width = 1.5, .tolerance = 1e-14});
  REQUIRE(model.rank() == 10);
  std::vector<known::Complex> products;
  for (int i = 0; i <= 3; ++i)
    for (int j = 0; i + j <= 3; ++j) products.push_back(std::pow(0.9, i) * std::pow(0.7, j));
  CHECK(known::farthest(products, model.eigenvalues()) < 1e-8);
  CHECK(model.residuals().maxCoeff() < 1e-8);

  const Eigen::MatrixXd x = known::uniform(2, 5, -1, 1, 2).transpose(), c = known::uniform(2, 3, -1, 1, 3);
  const auto kernels = evaluator(features::PolynomialKernels{c, 3, 0.5}, 2);
  Eigen::MatrixXd values(5, 3), slope(5, 3), bend(5, 3);
  kernels->evaluate(x, values);
  kernels->evaluate(x, slope, {1});
  kernels->evaluate(x, bend, {0, 1});
  const Eigen::ArrayXXd base = 1 + 4 * (x * c).array();
  CHECK((values.array() - base.cube()).abs().maxCoeff() < 1e-12);
  for (Index k = 0; k < 3; ++k) {
    CHECK((slope.col(k).array() - 12 * c(1, k) * base.col(k).square()).abs().maxCoeff() < 1e-12);
    CHECK((bend.col(k).array() - 96 * c(0, k) * c(1, k) * base.col(k)).abs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("A rank keeps the leading functions of kernel PCA", "[kernel_edmd]") {
  const Eigen::MatrixXd x = known::uniform(1, 60, -1, 1);
  const KernelEdmdOptions options{.width = 0.5, .landmarks = 60, .tolerance = 0};
  const auto found = koopman::find_landmarks<double>(x, options);
  const Index p = found.states.cols();
  Eigen::MatrixXd at(60, p), full(60, 60);
  const auto kernels = [](const Eigen::MatrixXd& centres) {
    return evaluator(features::RadialBasis{centres, RadialKind::gaussian, 0.5}, 1);
  };
  kernels(found.states)->evaluate(x.transpose(), at);
  kernels(x)->evaluate(x.transpose(), full);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(at);
  const Eigen::MatrixXd triangle = qr.matrixQR().topRows(p).triangularView<Eigen::Upper>();
  const Eigen::MatrixXd chosen =
      koopman::detail::principal_functions<double>(triangle, 0, found.cholesky, 4);
  const Eigen::MatrixXd values = at * chosen;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> exact(full);
  const Eigen::MatrixXd axes = exact.eigenvectors().rightCols(4);
  // Mean squares are the eigenvalues of the kernel matrix, directions its eigenvectors.
  for (Index j = 0; j < 4; ++j)
    CHECK(values.col(j).squaredNorm() == Approx(exact.eigenvalues()[59 - j]).epsilon(1e-9));
  CHECK((values - axes * (axes.transpose() * values)).norm() < 1e-6);

  const auto data = known::pairs(x, [](const auto& y) { return Eigen::VectorXd(0.5 * y); });
  const auto model = fit_kernel_edmd(data, {.width = 0.5, .rank = 4});
  CHECK(model.rank() == 6);
  CHECK(known::farthest({1, 0.5}, model.eigenvalues()) < 1e-10);
  CHECK_THROWS_WITH(model.observable(Eigen::VectorXd::Unit(model.feature_names().size(), 5)),
                    ContainsSubstring("rank that was kept"));
}

TEST_CASE("What fit_kernel_edmd refuses", "[kernel_edmd]") {
  const auto data = known::pairs(known::uniform(4, 30, -1, 1), [](const auto& x) { return x; });
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.kernel = RadialKind::thin_plate}),
                    ContainsSubstring("not positive definite"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.kernel = RadialKind::wendland}),
                    ContainsSubstring("up to 3") && ContainsSubstring("4;"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.width = -1}), ContainsSubstring("width is -1"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.polynomial = -1}), ContainsSubstring("polynomial is -1"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.rank = -1}), ContainsSubstring("rank is -1"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.landmarks = 0}), ContainsSubstring("landmarks is 0"));
  CHECK_THROWS_WITH(fit_kernel_edmd(data, {.tolerance = 1}), ContainsSubstring("tolerance is 1"));
}
