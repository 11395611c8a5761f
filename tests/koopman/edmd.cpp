// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/edmd.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "almagest/features/composition.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using known::Complex;
using koopman::fit_edmd;

TEST_CASE("The spectrum of a linear map in monomials is all products of its eigenvalues", "[edmd]") {
  Eigen::Matrix2d map;
  map << 0.9, 0.3, 0, 0.8;
  const auto data = known::pairs(known::uniform(2, 400, -1, 1), [&](const auto& x) { return Eigen::VectorXd(map * x); });
  const auto model = fit_edmd(data, features::Polynomial{.degree = 4});
  std::vector<Complex> expected;
  for (int i = 0; i <= 4; ++i)
    for (int j = 0; j <= 4 - i; ++j) expected.push_back(std::pow(0.9, i) * std::pow(0.8, j));
  REQUIRE(model.rank() == 15);
  CHECK(known::farthest(expected, model.eigenvalues()) < 4e-13);
  CHECK(model.residuals().maxCoeff() < 1e-12);
  CHECK(model.warnings().empty());
}

TEST_CASE("The slow manifold: eigenvalues, eigenfunction and forecast are exact", "[edmd]") {
  const double mu = -0.05, lambda = -1, dt = 0.1, c = lambda / (lambda - 2 * mu);
  const auto flow = [&](const Eigen::VectorXd& x) {
    Eigen::VectorXd y(2);
    y << x[0] * std::exp(mu * dt), (x[1] - c * x[0] * x[0]) * std::exp(lambda * dt) + c * x[0] * x[0] * std::exp(2 * mu * dt);
    return y;
  };
  const auto data = known::pairs(known::uniform(2, 200, -1, 1), flow, dt);
  // x1, x2 and x1^2 are invariant; the library of all quadratic terms is not.
  const features::TensorBasis squares{{{features::Family::powers, 2, {-1, 1}}}, features::IndexSet::full};
  const features::Library library = features::Concatenation{
      {features::Polynomial{.degree = 1, .bias = false}, features::Selection{{0}, features::Polynomial{.degree = 2, .bias = false}}}};
  const auto model = fit_edmd(data, library, {.dictionary = {.drop_dependent = true}});
  REQUIRE(model.rank() == 3);
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0], ContainsSubstring("1 of 4 functions depend on the others"));
  CHECK(known::farthest({mu, lambda, 2 * mu}, model.exponents()) < 1e-11);

  Index slow = 0;
  (model.exponents().array() - lambda).abs().minCoeff(&slow);
  const Eigen::MatrixXd places = known::uniform(2, 20, -3, 3, 5).transpose();
  const Eigen::VectorXcd phi = model.eigenfunctions(places).col(slow);
  const Eigen::VectorXd exact = places.col(1) - c * places.col(0).cwiseAbs2();
  const Complex scale = phi[0] / exact[0];
  CHECK((phi - scale * exact.cast<Complex>()).cwiseAbs().maxCoeff() < 1e-11 * std::abs(scale));

  Eigen::MatrixXd expected(2, 40);
  Eigen::VectorXd x = data[0].states().col(1);
  for (Index k = 0; k < 40; ++k) expected.col(k) = x = flow(x);
  for (const bool relift : {false, true}) {
    const auto again = fit_edmd(data, library, {.relift = relift, .dictionary = {.drop_dependent = true}});
    const auto ahead = again.forecast(TrajectoryView<double>(data[0]), 40);
    CHECK((ahead.states() - expected).cwiseAbs().maxCoeff() < 1e-11);
  }
  // The sum of modes is the forecast.
  Eigen::VectorXcd sum = Eigen::VectorXcd::Zero(2);
  for (Index j = 0; j < model.rank(); ++j) sum += model.modes().col(j) * std::pow(model.eigenvalues()[j], 5) * model.amplitudes()[j];
  Eigen::VectorXd start = data[0].states().col(0);
  for (int k = 0; k < 5; ++k) start = flow(start);
  CHECK((sum - start.cast<Complex>()).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("The Gauss map: true and spurious eigenvalues", "[edmd]") {
  const auto quadrature = known::gauss_legendre(100, -1, 0);
  const auto model = fit_edmd(known::pairs(quadrature.nodes, known::gauss_map), features::Legendre{39, {{-1, 0}}}, quadrature.weights);
  REQUIRE(model.rank() == 40);
  const auto at = [&](Complex value) {
    Index j = 0;
    (model.eigenvalues().array() - value).abs().minCoeff(&j);
    return j;
  };
  const Complex first(0.9863861545, 0.0675600187), second(0.7445222611, 0.5814143909);
  CHECK(std::abs(model.eigenvalues()[at(first)] - first) < 1e-9);
  CHECK(model.residuals()[at(first)] == Approx(2.3e-2).epsilon(0.03));
  CHECK(std::abs(model.eigenvalues()[at(second)] - second) < 1e-9);
  CHECK(model.residuals()[at(second)] == Approx(0.15).epsilon(0.03));

  const std::vector<Complex> places = {0.5, -0.5, {0, 0.5}, {0.6, 0.6}, 1.2};
  const Eigen::VectorXd tau = model.pseudospectrum(places);
  const std::vector<double> expected = {2.5940533907e-4, 9.4491060971e-2, 3.0663242352e-2, 5.9892449055e-2, 4.0615677037e-2};
  for (std::size_t k = 0; k < places.size(); ++k) CHECK(tau[Index(k)] == Approx(expected[k]).epsilon(2e-8));
  CHECK(model.verified(0.1).size() < std::size_t(model.rank()));
  // No eigenpair does better than the best function at its place.
  for (Index j = 0; j < model.rank(); ++j)
    CHECK(model.compression().tau(model.eigenvalues()[j]) <= model.residuals()[j] * (1 + 1e-9) + 1e-14);
}

TEST_CASE("The Gauss map: more functions tell the spectrum from the rest", "[edmd]") {
  const std::vector<double> inside = {0.432, 0.265, 0.0945, 0.0247, 0.0035}, outside = {0.772, 0.738, 0.714, 0.698, 0.686};
  for (int k = 0; k < 5; ++k) {
    const int count = 10 << k;
    const auto quadrature = known::gauss_legendre(4 * count, -1, 0);
    const auto model = fit_edmd(known::pairs(quadrature.nodes, known::gauss_map), features::Legendre{count - 1, {{-1, 0}}}, quadrature.weights);
    CHECK(model.compression().tau(-0.5) == Approx(inside[std::size_t(k)]).margin(6e-4));
    CHECK(model.compression().tau(2.0) == Approx(outside[std::size_t(k)]).margin(6e-4));
  }
}

TEST_CASE("The pendulum: measure-preserving EDMD stays on the unit circle, EDMD does not", "[edmd]") {
  const auto grid = known::pendulum_grid();
  const auto data = known::pairs(grid.nodes, [](const auto& x) { return known::pendulum(x); }, 0.5);
  const auto plain = fit_edmd(data, known::pendulum_basis(), grid.weights);
  REQUIRE(plain.rank() == 156);
  CHECK(plain.eigenvalues().cwiseAbs().minCoeff() == Approx(0.0204).epsilon(0.01));
  Eigen::VectorXd residuals = plain.residuals();
  std::sort(residuals.begin(), residuals.end());
  CHECK((residuals[77] + residuals[78]) / 2 == Approx(0.84).epsilon(0.01));

  const auto unitary = fit_edmd(data, known::pendulum_basis(), grid.weights, {.measure_preserving = true});
  CHECK((unitary.eigenvalues().cwiseAbs().array() - 1).abs().maxCoeff() < 1e-12);
  const Eigen::MatrixXd& k = unitary.parts().reduced_operator;
  CHECK((k.transpose() * k - Eigen::MatrixXd::Identity(156, 156)).norm() < 1e-12);
  // Eigenfunctions are orthonormal and diagonalize it.
  const Eigen::MatrixXcd& w = unitary.parts().spectrum.functions;
  CHECK((w.adjoint() * w - Eigen::MatrixXcd::Identity(156, 156)).norm() < 1e-12);
  CHECK((k * w - w * unitary.eigenvalues().asDiagonal()).norm() < 1e-11);
  CHECK(unitary.residuals().maxCoeff() < 2);
}
