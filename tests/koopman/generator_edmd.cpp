// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/generator_edmd.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include "almagest/features/composition.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using known::Complex;
using koopman::fit_generator_edmd;

TEST_CASE("The generator of Ornstein and Uhlenbeck has eigenvalues 0, -1, ..., -5",
          "[generator_edmd]") {
  const Trajectory<double> states(TimeGrid::uniform(0, 1, 300), known::uniform(1, 300, -1.5, 1.5));
  const double beta = 4;
  const auto drift = [](const auto& x, auto& dxdt, double) { dxdt[0] = -x[0]; };
  const auto model =
      fit_generator_edmd(states, features::Polynomial{5}, drift,
                         [&](const Eigen::VectorXd&, Eigen::MatrixXd& a) { a(0, 0) = 2 / beta; });
  CHECK(known::farthest({0, -1, -2, -3, -4, -5}, model.exponents()) < 1e-12);
  CHECK(model.residuals().maxCoeff() < 1e-11);
  // The eigenfunction of -2 is a Hermite polynomial: x^2 - 1 / beta.
  Eigen::Index at = 0;
  (model.exponents().array() + 2.0).abs().minCoeff(&at);
  const Eigen::MatrixXd places = Eigen::VectorXd::LinSpaced(7, -2, 2);
  const Eigen::VectorXcd phi = model.eigenfunctions(places).col(at);
  const Eigen::VectorXd exact = places.array().square() - 1 / beta;
  CHECK((phi - phi[0] / exact[0] * exact.cast<Complex>()).norm() <
        1e-11 * std::abs(phi[0] / exact[0]));
}

TEST_CASE(
    "The generator of an oscillator: sums of its frequencies; correlated noise enters by mixed "
    "derivatives",
    "[generator_edmd]") {
  const Trajectory<double> states(TimeGrid::uniform(0, 1, 700), known::uniform(2, 700, -1, 1));
  const auto oscillator = [](const auto& x, auto& dxdt, double) {
    dxdt[0] = x[1], dxdt[1] = -x[0];
  };
  const auto model = fit_generator_edmd(states, features::Polynomial{2}, oscillator);
  CHECK(known::farthest({0, {0, 1}, {0, -1}, {0, 2}, {0, -2}}, model.exponents()) < 1e-12);
  CHECK(model.verified(1e-11).size() == 6);

  // dx = -x dt + noise of covariance a: L(x y) = -2 x y + a_01, so x y - a_01 / 2 is an
  // eigenfunction.
  const auto decay = [](const auto& x, auto& dxdt, double) {
    dxdt[0] = -x[0], dxdt[1] = -3 * x[1];
  };
  const auto noisy =
      fit_generator_edmd(states, features::Polynomial{2}, decay,
                         [](const Eigen::VectorXd&, Eigen::MatrixXd& a) { a << 1, 0.6, 0.6, 2; });
  CHECK(known::farthest({0, -1, -3, -2, -4, -6}, noisy.exponents()) < 1e-11);
  Eigen::Index at = 0;
  (noisy.exponents().array() + 4.0).abs().minCoeff(&at);
  const Eigen::MatrixXd places = known::uniform(2, 6, -1, 1, 3).transpose();
  const Eigen::VectorXcd phi = noisy.eigenfunctions(places).col(at);
  const Eigen::VectorXd exact = places.col(0).cwiseProduct(places.col(1)).array() - 0.6 / 4;
  CHECK((phi - phi[0] / exact[0] * exact.cast<Complex>()).norm() <
        1e-10 * std::abs(phi[0] / exact[0]));
}

TEST_CASE("What fit_generator_edmd refuses", "[generator_edmd]") {
  const Trajectory<double> states(TimeGrid::uniform(0, 1, 50), known::uniform(1, 50, -1, 1));
  const auto drift = [](const auto& x, auto& dxdt, double) { dxdt[0] = -x[0]; };
  CHECK_THROWS_WITH(fit_generator_edmd(states, features::Delays{2, features::Polynomial{1}}, drift),
                    ContainsSubstring("takes delays"));
  CHECK_THROWS_WITH(fit_generator_edmd(states,
                                       features::RadialBasis{Eigen::MatrixXd::Zero(1, 1),
                                                             features::RadialKind::laplacian},
                                       drift),
                    ContainsSubstring("no first derivative"));
}
