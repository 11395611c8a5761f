// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/parametric_dmd.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_parametric_dmd;

namespace parametric_tests {

constexpr double step = 0.1;

/// Two oscillations in fixed patterns of 12 points; growth and frequency by the parameter. The second
/// one may be at rest.
template <typename Rates>
Trajectory<double> oscillations(const Rates& rates, double mu, Index samples = 120, double second = 1) {
  Eigen::MatrixXd x(12, samples);
  for (Index k = 0; k < samples; ++k)
    for (Index i = 0; i < 12; ++i) {
      const double t = step * double(k), at = 0.5 * double(i);
      const std::complex<double> a = rates(mu, 0), b = rates(mu, 1);
      x(i, k) = (std::exp(a * t + std::complex<double>(0, at))).real() +
                second * 0.3 * (std::exp(b * t + std::complex<double>(0, 2 * at + 1))).real();
    }
  return {TimeGrid::uniform(0, step, samples), x};
}

std::complex<double> affine(double mu, int which) {
  return which == 0 ? std::complex<double>(-0.02 - 0.05 * mu, 1 + mu) : std::complex<double>(-0.1 * mu, 4 - 0.5 * mu);
}

std::complex<double> curved(double mu, int which) {
  return which == 0 ? std::complex<double>(-0.05 * std::cos(mu), 1 + std::sin(mu))
                    : std::complex<double>(-0.02, 4 + mu * mu);
}

template <typename Rates>
auto fitted(const Rates& rates, const Eigen::VectorXd& places, const koopman::ParametricDmdOptions& options) {
  std::vector<Trajectory<double>> data;
  for (const double mu : places) data.push_back(oscillations(rates, mu));
  return fit_parametric_dmd(data, Eigen::MatrixXd(places.transpose()), options);
}

/// Relative error of a forecast of 100 samples at a parameter.
template <typename Model, typename Rates>
double missed(const Model& model, const Rates& rates, double mu) {
  const auto truth = oscillations(rates, mu);
  const auto ahead = model.at(Eigen::VectorXd::Constant(1, mu)).forecast(truth.slice(0, 20), 100);
  return (ahead.states() - truth.states().rightCols(100)).norm() / truth.states().rightCols(100).norm();
}

TEST_CASE("Rates that are affine in the parameter are met between the parameters", "[parametric_dmd]") {
  const auto model = fitted(affine, Eigen::Vector3d(0, 0.4, 1), {.dmd = {.rank = 4}});
  CHECK(model.warnings().empty());
  const auto at = model.at(Eigen::VectorXd::Constant(1, 0.7));
  const Eigen::VectorXcd found = at.exponents();
  for (int which : {0, 1}) CHECK((found.array() - affine(0.7, which)).abs().minCoeff() < 1e-9);
  CHECK(missed(model, affine, 0.7) < 1e-9);
  CHECK(model.left_out().maxCoeff() < 1e-9);
  // From 0.4 to 0.7 the eigenvalues move, and the residuals say so; at 0.4 they do not.
  CHECK(at.residuals().maxCoeff() > 0.01);
  CHECK(model.at(Eigen::VectorXd::Constant(1, 0.4)).residuals().maxCoeff() < 1e-9);
  // The start is the same at all parameters.
  const Eigen::MatrixXd start = model.start(Eigen::VectorXd::Constant(1, 0.7));
  CHECK((start.col(0) - oscillations(affine, 0).states().col(0)).norm() < 1e-9);
  const auto beyond = model.at(Eigen::VectorXd::Constant(1, 1.5));
  REQUIRE(beyond.warnings().size() == 1);
  CHECK_THAT(beyond.warnings()[0], ContainsSubstring("extrapolation"));
  // Interpolated maps do worse: between two rotations lies no rotation.
  CHECK(missed(fitted(affine, Eigen::Vector3d(0, 0.4, 1), {.dmd = {.rank = 4}, .interpolate_maps = true}), affine,
               0.7) > 1e-3);
}

TEST_CASE("More parameters bring rates that are curved in the parameter nearer", "[parametric_dmd]") {
  const auto error = [&](Index count) {
    return missed(fitted(curved, Eigen::VectorXd::LinSpaced(count, 0, 1), {.dmd = {.rank = 4}}), curved, 0.53);
  };
  const double coarse = error(5), fine = error(17);
  CHECK(fine < 1e-3);
  CHECK(fine < coarse / 16);
  const auto few = fitted(curved, Eigen::VectorXd::LinSpaced(5, 0, 1), {.dmd = {.rank = 4}});
  CHECK(few.left_out().minCoeff() > 1e-5);
}

TEST_CASE("What a parameter does not excite follows the other parameters", "[parametric_dmd]") {
  std::vector<Trajectory<double>> data;
  Eigen::MatrixXd places(1, 4);
  places << 0, 0.5, 0.5, 1;
  data.push_back(oscillations(affine, 0));
  data.push_back(oscillations(affine, 0.5, 60, 0));  // two runs of one parameter, the second mode at rest
  data.push_back(oscillations(affine, 0.5, 60, 0));
  data.push_back(oscillations(affine, 1));
  const auto model = fit_parametric_dmd(data, places, {.dmd = {.rank = 4}});
  CHECK(model.parameters().cols() == 3);
  const Eigen::VectorXcd found = model.at(Eigen::VectorXd::Constant(1, 0.5)).exponents();
  CHECK((found.array() - affine(0.5, 0)).abs().minCoeff() < 1e-9);
  CHECK((found.array() - affine(0.5, 1)).abs().minCoeff() < 0.3);
}

TEST_CASE("Weights interpolate: cubic splines in one parameter, planes in two", "[parametric_dmd]") {
  const Eigen::MatrixXd line = Eigen::RowVectorXd::LinSpaced(9, -2, 6);
  const koopman::ParameterInterpolant<double> one(line);
  const auto value = [&](double at) {
    return one.weights(Eigen::VectorXd::Constant(1, at)).dot(line.row(0).transpose().array().sin().matrix());
  };
  CHECK(value(1) == Approx(std::sin(1)).epsilon(1e-10));
  CHECK(value(2.3) == Approx(std::sin(2.3)).margin(0.01));
  CHECK(one.weights(Eigen::VectorXd::Constant(1, 2.3)).sum() == Approx(1));
  RandomStream random(4);
  const Eigen::MatrixXd plane = Eigen::MatrixXd::NullaryExpr(2, 7, [&] { return random.uniform(-1, 1); });
  const koopman::ParameterInterpolant<double> two(plane);
  const Eigen::Vector2d at(0.2, -0.1);
  CHECK(two.weights(at).dot((2 * plane.row(0) - 3 * plane.row(1)).transpose()) == Approx(0.7));
  CHECK(two.outside(Eigen::Vector2d(0, 0)) == 0);
  CHECK(two.outside(Eigen::Vector2d(5, 0)) > 1);
}

TEST_CASE("What fit_parametric_dmd refuses", "[parametric_dmd]") {
  const std::vector<Trajectory<double>> data = {oscillations(affine, 0), oscillations(affine, 1)};
  CHECK_THROWS_WITH(fit_parametric_dmd(data, Eigen::MatrixXd::Zero(1, 3)), ContainsSubstring("2 runs"));
  CHECK_THROWS_WITH(fit_parametric_dmd(data, Eigen::MatrixXd::Zero(1, 2)), ContainsSubstring("one parameter"));
  Eigen::MatrixXd places(1, 2);
  places << 0, 1;
  CHECK_THROWS_WITH(fit_parametric_dmd(data, places, {.dmd = {.regression = koopman::Regression::forward_backward}}),
                    ContainsSubstring("least squares"));
  const auto model = fit_parametric_dmd(data, places, {.dmd = {.rank = 4}});
  CHECK_THROWS_AS(model.at(Eigen::Vector2d(0, 0)), DimensionMismatch);
}

}  // namespace parametric_tests
