// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/spectral_measure.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/edmd.hpp"
#include "almagest/koopman/fourier_measure.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using known::Complex;
using known::pi;
using koopman::MomentFilter;
using koopman::SpectralMeasure;

namespace {

Eigen::VectorXd circle(Index points) {
  return Eigen::VectorXd::LinSpaced(points, 0, 2 * pi * double(points - 1) / double(points));
}

}  // namespace

TEST_CASE("The tent map's spectral measure, in closed form, at the order of the kernel",
          "[spectral_measure]") {
  // x -> 1 - 2|x| on [-1, 1] maps cos(k pi x) to (-1)^k cos(2 k pi x); for g = (c_1 + c_2) / sqrt 2
  // only neighbours in time correlate, <K g, g> = -1/2, hence the density (1 - cos theta) / 2 pi.
  const Index m = 512;
  const Eigen::MatrixXd nodes =
      (Eigen::RowVectorXd::LinSpaced(m, 0, double(m - 1)).array() + 0.5) * 2 / double(m) - 1;
  const auto data = known::pairs(nodes, [](const Eigen::VectorXd& x) {
    return Eigen::VectorXd::Constant(1, 1 - 2 * std::abs(x[0]));
  });
  const auto model = koopman::fit_edmd(data, features::Fourier{16, {{-1, 1}}});
  const Eigen::MatrixXd psi = model.coordinates(nodes.transpose());
  const Eigen::VectorXd g = (pi * nodes.array()).cos().matrix().transpose() +
                            (2 * pi * nodes.array()).cos().matrix().transpose();
  const Eigen::VectorXd coefficients =
      psi.transpose() * g / double(m);  // sqrt 2 times g has unit norm
  REQUIRE(coefficients.norm() == Approx(1));

  const SpectralMeasure<double> measure(model.compression().matrix(), coefficients);
  const Eigen::VectorXd angles = circle(40);
  const Eigen::VectorXd exact = (1 - angles.array().cos()) / (2 * pi);
  const auto error = [&](double smoothing, int order) {
    return (measure.density(angles, smoothing, order) - exact).cwiseAbs().maxCoeff();
  };
  for (const int order : {1, 2, 4})
    CHECK(error(0.1, order) / error(0.05, order) == Approx(std::pow(2, order)).epsilon(0.1));
  CHECK(error(0.05, 6) < 1e-8);
  // The density is that of a measure of mass |g|^2.
  CHECK(measure.density(angles, 0.2, 3).sum() * 2 * pi / 40 == Approx(1).epsilon(1e-3));
}

TEST_CASE("An eigenvalue is an atom, smoothed to the kernel", "[spectral_measure]") {
  const double omega = 0.8, e = 0.01;
  Eigen::Matrix2d turn;
  turn << std::cos(omega), -std::sin(omega), std::sin(omega), std::cos(omega);
  const SpectralMeasure<double> measure(turn, Eigen::Vector2d(1, 0));
  // Half of a Poisson kernel of radius e^-e at either frequency.
  const auto poisson = [&](double theta) {
    return (1 - std::exp(-2 * e)) / (1 - 2 * std::exp(-e) * std::cos(theta) + std::exp(-2 * e)) /
           (2 * pi);
  };
  const Eigen::VectorXd angles = circle(50), found = measure.density(angles, e, 1);
  for (Index k = 0; k < 50; ++k)
    CHECK(found[k] ==
          Approx((poisson(angles[k] - omega) + poisson(angles[k] + omega)) / 2).epsilon(1e-10));
  CHECK_THROWS_WITH(measure.density(angles, 0, 1), ContainsSubstring("smoothing is 0"));
  CHECK_THROWS_WITH(measure.density(angles, 0.1, 13), ContainsSubstring("order is 13"));
  CHECK_THROWS_AS(SpectralMeasure<double>(turn, Eigen::Vector3d(1, 0, 0)), DimensionMismatch);
}

TEST_CASE("Moments give the density at the order of their filter", "[spectral_measure]") {
  // r^|n| are the moments of a Poisson kernel.
  const double r = 0.6;
  const auto error = [&](Index count, MomentFilter filter) {
    Eigen::VectorXcd moments(count);
    for (Index n = 0; n < count; ++n)
      moments[n] = std::pow(r, double(n)) * std::polar(1.0, 0.5 * double(n));
    const Index points = 2 * count;
    const Eigen::VectorXd found = koopman::fourier_measure(moments, points, filter),
                          angles = circle(points);
    double most = 0;
    for (Index k = 0; k < points; ++k)
      most = std::max(
          most, std::abs(found[k] -
                         (1 - r * r) / (1 - 2 * r * std::cos(angles[k] - 0.5) + r * r) / (2 * pi)));
    return most;
  };
  CHECK(error(200, MomentFilter::fejer) / error(400, MomentFilter::fejer) ==
        Approx(2).epsilon(0.05));
  CHECK(error(200, MomentFilter::cosine) / error(400, MomentFilter::cosine) ==
        Approx(4).epsilon(0.05));
  CHECK(error(200, MomentFilter::vand) / error(400, MomentFilter::vand) == Approx(16).epsilon(0.2));
  CHECK(error(400, MomentFilter::bump) < 1e-13);
  CHECK_THROWS_WITH(koopman::fourier_measure<double>(Eigen::VectorXcd::Ones(9), 17),
                    ContainsSubstring("at least 18"));
}

TEST_CASE("Correlations are means over pairs within a run", "[spectral_measure]") {
  const auto run = [](std::uint64_t seed, Index samples) {
    return Trajectory<double>(TimeGrid::uniform(0, 1, samples),
                              known::uniform(1, samples, -1, 2, seed));
  };
  const std::vector<Trajectory<double>> data = {run(1, 50), run(2, 7), run(3, 31)};
  const Eigen::VectorXcd found = koopman::correlations(data, 20);
  for (Index n = 0; n < 20; ++n) {
    double sum = 0, pairs = 0;
    for (const auto& one : data)
      for (Index k = 0; k + n < one.size(); ++k)
        sum += one.states()(0, k) * one.states()(0, k + n), pairs += 1;
    CHECK(std::abs(found[n] - sum / pairs) < 1e-13);
  }
  CHECK_THROWS_WITH(koopman::correlations(data, 51), ContainsSubstring("longest run has 50"));
}
