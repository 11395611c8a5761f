// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/leading_eigenvectors.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <functional>

#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/edmd.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::detail::leading_eigenvectors;
using koopman::detail::RealEigenvectors;

namespace {

/// A matrix with real eigenvalues and pairs of the moduli 1, q, q^2, ... in a skew basis.
Eigen::MatrixXd known_matrix(Index order, double q) {
  Eigen::MatrixXd blocks = Eigen::MatrixXd::Zero(order, order);
  for (Index j = 0; j < order; j += 3) {
    blocks(j, j) = std::pow(q, j);
    if (j + 2 >= order) continue;
    const double modulus = std::pow(q, j + 1), turn = 0.3 + 0.1 * double(j);
    blocks.block<2, 2>(j + 1, j + 1) << std::cos(turn), std::sin(turn), -std::sin(turn), std::cos(turn);
    blocks.block<2, 2>(j + 1, j + 1) *= modulus;
  }
  const Eigen::MatrixXd basis = Eigen::MatrixXd::Identity(order, order) + 0.5 / std::sqrt(double(order)) *
                                                                              known::uniform(order, order, -1, 1, 7);
  return basis * blocks * basis.inverse();
}

double defect(const Eigen::MatrixXd& a, const RealEigenvectors<double>& found) {
  double worst = 0;
  for (Index j = 0; j < found.columns.cols(); ++j) {
    const known::Complex lambda = found.eigenvalues[j];
    Eigen::VectorXcd v = found.columns.col(j).cast<known::Complex>();
    if (lambda.imag() != 0) v += known::Complex(0, 1) * found.columns.col(++j);
    CHECK(v.norm() == Approx(1).epsilon(1e-13));
    worst = std::max(worst, (a * v - lambda * v).norm());
  }
  return worst;
}

std::vector<double> moduli(const Eigen::VectorXcd& eigenvalues) {
  std::vector<double> out;
  for (const auto& value : eigenvalues) out.push_back(std::abs(value));
  std::sort(out.begin(), out.end(), std::greater<>());
  return out;
}

}  // namespace

TEST_CASE("Leading eigenvalues are those of the full solution, with vectors to rounding", "[edmd]") {
  for (const double q : {0.8, 0.97, 0.995}) {
    const Eigen::MatrixXd a = known_matrix(150, q);
    const auto all = moduli(koopman::detail::real_eigenvectors<double>(a, "test").eigenvalues);
    for (const Index count : {1, 2, 6, 20, 149, 150}) {
      const auto found = leading_eigenvectors<double>(a, count, "test");
      CAPTURE(q, count);
      CHECK(found.eigenvalues.size() - count >= 0);
      CHECK(found.eigenvalues.size() - count <= 1);
      CHECK(defect(a, found) < 1e-11);
      const auto some = moduli(found.eigenvalues);
      for (std::size_t k = 0; k < some.size(); ++k) CHECK(std::abs(some[k] - all[k]) < 1e-11);
    }
  }
}

TEST_CASE("Arnoldi goes on where a space is invariant", "[edmd]") {
  // One vector finds one direction of an eigenspace; the others come from further ones.
  Eigen::MatrixXd a = Eigen::MatrixXd::Identity(60, 60);
  a(0, 0) = 3;
  const auto found = leading_eigenvectors<double>(a, 4, "test");
  CHECK(moduli(found.eigenvalues)[0] == Approx(3).epsilon(1e-13));
  CHECK(moduli(found.eigenvalues)[3] == Approx(1).epsilon(1e-13));
  CHECK(Eigen::ColPivHouseholderQR<Eigen::MatrixXd>(found.columns).rank() == 4);
  CHECK(defect(a, found) < 1e-12);
  CHECK(moduli(leading_eigenvectors<double>(Eigen::MatrixXd::Zero(40, 40), 3, "test").eigenvalues)[0] == 0);
}

TEST_CASE("EDMD with some eigenvalues: the same ones, the same forecasts, the nearest modes", "[edmd]") {
  const auto grid = known::pendulum_grid();
  const auto data = known::pairs(
      grid.nodes, [](const auto& x) { return known::pendulum(x); }, 0.5);
  const auto all = koopman::fit_edmd(data, known::pendulum_basis(), grid.weights);
  const auto some = koopman::fit_edmd(data, known::pendulum_basis(), grid.weights, {.eigenvalues = 9});
  REQUIRE(some.rank() == 156);
  REQUIRE(some.eigenvalues().size() <= 10);
  const auto expected = moduli(all.eigenvalues());
  CHECK(std::abs(moduli(some.eigenvalues()).back() - expected[std::size_t(some.eigenvalues().size() - 1)]) < 1e-10);
  for (Index j = 0; j < some.eigenvalues().size(); ++j) {
    Index same = 0;
    CHECK((all.eigenvalues().array() - some.eigenvalues()[j]).abs().minCoeff(&same) < 1e-10);
    CHECK(some.residuals()[j] == Approx(all.residuals()[same]).margin(1e-9));
  }
  const Trajectory<double> start(TimeGrid::uniform(0, 0.5, 1), Eigen::Vector2d(1, 0.2));
  CHECK(some.forecast(start, 20).states() == all.forecast(start, 20).states());
  // What the modes leave of the state is orthogonal to every eigenfunction, in the mean over the data.
  const auto& parts = some.parts();
  const auto& w = parts.spectrum.functions;
  // The phase of a mode lies in its amplitude, which is that of the first state.
  const Eigen::VectorXcd first = some.eigenfunctions(grid.nodes.leftCols(1).transpose()).row(0).transpose();
  const Eigen::MatrixXcd modes = some.modes() * (some.amplitudes().array() / first.array()).matrix().asDiagonal();
  const Eigen::MatrixXcd rest = parts.observation - w * modes.transpose();
  CHECK((w.adjoint() * rest).cwiseAbs().maxCoeff() < 1e-10 * parts.observation.norm());
  CHECK(some.verified(2).size() == std::size_t(some.eigenvalues().size()));
  CHECK_THAT(some.summary(), ContainsSubstring("rank 156"));

  CHECK_THROWS_WITH(koopman::fit_edmd(data, known::pendulum_basis(), {.eigenvalues = -1}),
                    ContainsSubstring("eigenvalues is -1"));
  CHECK_THROWS_WITH(
      koopman::fit_edmd(data, known::pendulum_basis(), {.measure_preserving = true, .eigenvalues = 3}),
      ContainsSubstring("all have modulus 1"));
}
