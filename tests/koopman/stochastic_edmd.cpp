// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/stochastic_edmd.hpp"

#include <cmath>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using koopman::fit_stochastic_edmd;

TEST_CASE("The variance of noise is told from the residual of the dictionary",
          "[stochastic_edmd]") {
  // x' = a x + s xi on uniform x: the eigenfunction x of eigenvalue a has E x^2 = 1/3.
  const double a = 0.7, s = 0.3;
  RandomStream random(5);
  const Eigen::MatrixXd before = known::uniform(1, 20000, -1, 1);
  const auto noisy = [&](const Eigen::VectorXd& x) {
    return Eigen::VectorXd::Constant(1, a * x[0] + s * random.normal());
  };
  const auto first = known::pairs(before, noisy), second = known::pairs(before, noisy);
  const auto model = fit_stochastic_edmd(first, second, features::Polynomial{1});
  Eigen::Index at = 0;
  (model.eigenvalues().array() - a).abs().minCoeff(&at);
  CHECK(std::abs(model.eigenvalues()[at] - a) < 5 * s / std::sqrt(20000.0 / 3));
  CHECK(model.deviations[at] == Approx(s * std::sqrt(3.0)).epsilon(0.02));
  CHECK(model.residuals()[at] < 3 * model.deviations[at] * std::pow(20000.0, -0.25));
  // The constant knows no noise.
  (model.eigenvalues().array() - 1.0).abs().minCoeff(&at);
  CHECK(model.deviations[at] < 0.05);
  CHECK(model.residuals()[at] < 0.1);

  // A map that leaves the span has a residual that is no noise's: x -> x^2 + s xi of unit functions
  // 1, x.
  const auto bent = [&](const Eigen::VectorXd& x) {
    return Eigen::VectorXd::Constant(1, x[0] * x[0] + s * random.normal());
  };
  const auto other = fit_stochastic_edmd(known::pairs(before, bent), known::pairs(before, bent),
                                         features::Polynomial{1});
  // K x = x^2, whose part beyond the constant has norm sqrt(4/45), so sqrt(3) times that for unit
  // x.
  (other.eigenvalues().array()).abs().minCoeff(&at);
  CHECK(other.residuals()[at] == Approx(std::sqrt(4.0 / 15)).epsilon(0.2));
}

TEST_CASE("Without noise the stochastic residual is the deterministic one", "[stochastic_edmd]") {
  const auto data = known::pairs(known::uniform(1, 500, -1, 0), known::gauss_map);
  const auto model = fit_stochastic_edmd(data, data, features::Legendre{6, {{-1, 0}}});
  CHECK(model.deviations.maxCoeff() == 0);
  CHECK(model.residuals().maxCoeff() > 0.01);
}

TEST_CASE("What fit_stochastic_edmd refuses", "[stochastic_edmd]") {
  const auto one = known::pairs(known::uniform(1, 20, -1, 1, 1), [](const auto& x) { return x; });
  const auto two = known::pairs(known::uniform(1, 20, -1, 1, 2), [](const auto& x) { return x; });
  CHECK_THROWS_WITH(fit_stochastic_edmd(one, two, features::Polynomial{1}),
                    ContainsSubstring("run 0 starts from different states"));
  CHECK_THROWS_AS(fit_stochastic_edmd(one, {one.begin(), one.begin() + 5}, features::Polynomial{1}),
                  DimensionMismatch);
}
