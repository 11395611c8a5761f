// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/spectral_measure.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/features/composition.hpp"
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

TEST_CASE("Observables and pseudo-eigenfunctions in the coordinates of an EDMD", "[spectral_measure]") {
  const Eigen::MatrixXd x = known::uniform(1, 200, -1, 0);
  const features::Legendre library{6, {{-1, 0}}};
  const auto model = koopman::fit_edmd(known::pairs(x, known::gauss_map), library);
  const Eigen::VectorXd c = Eigen::VectorXd::LinSpaced(7, -1, 2);
  const Eigen::MatrixXd places = Eigen::VectorXd::LinSpaced(9, -1, 0);
  Eigen::MatrixXd functions(9, 7);
  evaluator(library, 1)->evaluate(places, functions);
  CHECK((model.coordinates(places) * model.observable(c) - functions * c).norm() < 1e-12);
  CHECK_THROWS_AS(model.observable(Eigen::VectorXd::Ones(6)), DimensionMismatch);

  // Over the data the function is of unit norm and misses by tau.
  const std::vector<Complex> at = {0.5, {0, 0.5}};
  Eigen::MatrixXd after(1, 200);
  for (Index k = 0; k < 200; ++k) after.col(k) = known::gauss_map(x.col(k));
  const Eigen::MatrixXcd g = model.pseudo_eigenfunctions(at, x.transpose()),
                         next = model.pseudo_eigenfunctions(at, after.transpose());
  const Eigen::VectorXd tau = model.pseudospectrum(at);
  for (Index j = 0; j < 2; ++j) {
    CHECK(g.col(j).norm() == Approx(std::sqrt(200.0)));
    CHECK((next.col(j) - at[std::size_t(j)] * g.col(j)).norm() == Approx(tau[j] * std::sqrt(200.0)));
  }

  // x and x^2 twice: the second time they are left out, and no observable may ask for them.
  const features::Concatenation twice{{features::Polynomial{2}, features::Polynomial{2}}};
  const auto dropped = koopman::fit_edmd(known::pairs(x, known::gauss_map), twice,
                                         {.dictionary = {.drop_dependent = true}});
  REQUIRE(dropped.rank() == 3);
  int refused = 0;
  for (Index i = 0; i < 6; ++i) {
    try {
      const Eigen::VectorXd unit = Eigen::VectorXd::Unit(6, i);
      Eigen::MatrixXd row(9, 6);
      evaluator(features::Library(twice), 1)->evaluate(places, row);
      const Eigen::VectorXd coordinates = dropped.observable(unit);
      CHECK((dropped.coordinates(places) * coordinates - row.col(i)).norm() < 1e-10);
    } catch (const InvalidArgument& error) {
      CHECK_THAT(error.what(), ContainsSubstring("left out"));
      ++refused;
    }
  }
  CHECK(refused == 3);
}

TEST_CASE("A CMV matrix has the measure of its Verblunsky coefficients", "[spectral_measure]") {
  // Colbrook and Townsend's example: coefficients (-1)^j q^((j+1)/2), those of the polynomials of Rogers and
  // Szego, belong to a Gaussian of variance ln(1/q) wrapped around the circle, with moments q^(n^2/2).
  const double q = 0.95, variance = -std::log(q);
  const Index n = 240;
  const auto coefficient = [&](Index j) {
    return (j % 2 == 0 ? 1.0 : -1.0) * std::pow(q, double(j + 1) / 2);
  };
  Eigen::MatrixXd even = Eigen::MatrixXd::Identity(n, n), odd = even;
  for (Index j = 0; j + 1 < n; ++j) {
    const double a = coefficient(j), rho = std::sqrt(1 - a * a);
    (j % 2 == 0 ? even : odd).block(j, j, 2, 2) << a, rho, rho, -a;
  }
  const SpectralMeasure<double> measure(even * odd, Eigen::VectorXd::Unit(n, 0));
  const Eigen::VectorXd angles = circle(32);
  Eigen::VectorXd exact = Eigen::VectorXd::Zero(32);
  for (int turn = -2; turn <= 2; ++turn)
    exact.array() += (-(angles.array() - 2 * pi * turn).square() / (2 * variance)).exp() /
                     std::sqrt(2 * pi * variance);
  const auto error = [&](double smoothing, int order) {
    return (measure.density(angles, smoothing, order) - exact).cwiseAbs().maxCoeff();
  };
  CHECK(error(0.1, 6) < 1e-3);
  CHECK(error(0.1, 6) < error(0.2, 6) / 20);
  CHECK(error(0.1, 6) < error(0.1, 2) / 100);

  Eigen::VectorXcd moments(120);
  for (Index k = 0; k < 120; ++k) moments[k] = std::pow(q, 0.5 * double(k * k));
  const Eigen::VectorXd series = koopman::fourier_measure(moments, 256, MomentFilter::bump);
  for (Index k = 0; k < 32; ++k) CHECK(series[8 * k] == Approx(exact[k]).margin(1e-6));
}

TEST_CASE("The spectral measure of Lorenz, by measure-preserving EDMD and by its moments", "[spectral_measure]") {
  // z of the attractor, less its mean, in its own delays: no eigenvalue but 1, and no closed form. What is known is
  // the mass, the symmetry, and that kernels of the operator and moments of the samples smooth the same measure.
  const double step = 0.1, smoothing = 0.15;
  const Index samples = 10000;
  Eigen::MatrixXd z(1, samples);
  Eigen::Vector3d v(-8, 8, 27);
  const auto rate = [](const Eigen::Vector3d& x) {
    return Eigen::Vector3d(10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]);
  };
  for (Index k = -200; k < samples; ++k) {
    for (int i = 0; i < 20; ++i) {
      const double h = step / 20;
      const Eigen::Vector3d a = rate(v), b = rate(v + h / 2 * a), c = rate(v + h / 2 * b), d = rate(v + h * c);
      v += h / 6 * (a + 2 * b + 2 * c + d);
    }
    if (k >= 0) z(0, k) = v[2];
  }
  z.array() -= z.mean();
  const Trajectory<double> run(TimeGrid::uniform(0, step, samples), z);
  const double mass = z.squaredNorm() / double(samples);

  // The Poisson kernel is that of order 1; its moments are e^(-smoothing n).
  const Index count = 200, points = 400;
  Eigen::VectorXcd moments = koopman::correlations(run, count);
  for (Index n = 0; n < count; ++n) moments[n] *= std::exp(-smoothing * double(n));
  const Eigen::VectorXd expected = koopman::fourier_measure(moments, points, MomentFilter::bump);
  const Eigen::VectorXd angles = circle(points);
  const auto distance = [&](Index delays) {
    const auto model = koopman::fit_edmd(
        run, features::Delays{delays, features::Polynomial{.degree = 1}}, {.measure_preserving = true});
    CHECK((model.eigenvalues().cwiseAbs().array() - 1).abs().maxCoeff() < 1e-12);
    const SpectralMeasure<double> measure(model.parts().reduced_operator, model.parts().observation.col(0));
    const Eigen::VectorXd found = measure.density(angles, smoothing, 1);
    CHECK(found.minCoeff() > 0);
    CHECK(found.sum() * 2 * pi / double(points) == Approx(mass).epsilon(0.01));
    CHECK((found.tail(points - 1) - found.tail(points - 1).reverse()).cwiseAbs().maxCoeff() < 1e-9 * mass);
    return (found - expected).cwiseAbs().sum() * 2 * pi / double(points) / mass;
  };
  const double few = distance(10), many = distance(80);
  CAPTURE(few, many);
  CHECK(many < 0.05);
  CHECK(many < few / 3);
}
