// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <numbers>

#include "almagest/sindy/automatic_derivative.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/given_rates.hpp"
#include "almagest/sindy/smoothing_spline.hpp"
#include "almagest/sindy/spectral_derivative.hpp"
#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

namespace {

namespace sindy = almagest::sindy;
using almagest::DimensionMismatch;
using almagest::InvalidArgument;
using almagest::TimeGrid;
using almagest::Trajectory;

Eigen::MatrixXd lorenz_rates(const Trajectory<double>& run) {
  Eigen::MatrixXd rates(3, run.size());
  for (Eigen::Index i = 0; i < run.size(); ++i) {
    const Eigen::Vector3d x = run[i];
    rates.col(i) << 10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2];
  }
  return rates;
}

Trajectory<double> with_noise(const Trajectory<double>& run, double share, std::uint64_t seed) {
  almagest::RandomStream random(seed);
  Eigen::MatrixXd states = run.states();
  for (Eigen::Index c = 0; c < states.rows(); ++c) {
    const Eigen::ArrayXd centred = states.row(c).array() - states.row(c).mean();
    const double size = share * std::sqrt(centred.square().mean());
    for (Eigen::Index i = 0; i < states.cols(); ++i) states(c, i) += size * random.normal();
  }
  return {run.times(), states};
}

}  // namespace

TEST_CASE("Trigonometric polynomials are differentiated exactly", "[sindy]") {
  const double period = 7;
  for (const Eigen::Index n : {32, 33}) {
    const TimeGrid times = TimeGrid::uniform(2, period / double(n), n);
    Eigen::MatrixXd states(2, n), slopes(2, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const double w = 2 * std::numbers::pi / period, t = times[i];
      states.col(i) << 3 + std::sin(w * t) - 2 * std::cos(15 * w * t), std::cos(4 * w * t);
      slopes.col(i) << w * std::cos(w * t) + 30 * w * std::sin(15 * w * t), -4 * w * std::sin(4 * w * t);
    }
    const Trajectory<double> run(times, states);
    CHECK((sindy::differentiate(run, sindy::SpectralDerivative{}) - slopes).cwiseAbs().maxCoeff() < 1e-12);
    // A share of the frequencies leaves those above it out, of the states too.
    Eigen::MatrixXd filtered = states.transpose(), rates(n, 2);
    differentiator(sindy::SpectralDerivative{0.5})->apply(0, times, filtered, rates);
    for (Eigen::Index i = 0; i < n; ++i) {
      const double w = 2 * std::numbers::pi / period, t = times[i];
      CHECK(std::abs(filtered(i, 0) - 3 - std::sin(w * t)) < 1e-13);
      CHECK(std::abs(rates(i, 0) - w * std::cos(w * t)) < 1e-12);
      CHECK(std::abs(rates(i, 1) - slopes(1, i)) < 1e-12);
    }
  }
}

TEST_CASE("A run that is no period has no spectral derivative", "[sindy]") {
  const auto refusal = [](const Trajectory<double>& run) {
    return sentence<InvalidArgument>([&] { sindy::differentiate(run, sindy::SpectralDerivative{}); });
  };
  CHECK_THAT(refusal(data::lorenz(500)), ContainsSubstring("does not begin again after its last sample") &&
                                             ContainsSubstring("whole periods"));
  CHECK_THAT(refusal(with_noise(data::lorenz(500), 0.01, 1)), ContainsSubstring("does not begin again"));
  CHECK_THAT(refusal({data::uneven(20, 1, 0.5), Eigen::MatrixXd::Ones(1, 20)}), ContainsSubstring("non-uniform times"));
  CHECK_THAT(sentence<InvalidArgument>([] { sindy::AnyDerivative given(sindy::SpectralDerivative{0}); }),
             ContainsSubstring("kept is 0;"));
  // Noise alone does not open a run.
  const TimeGrid times = TimeGrid::uniform(0, 2 * std::numbers::pi / 100, 100);
  Eigen::MatrixXd states(1, 100);
  for (Eigen::Index i = 0; i < 100; ++i) states(0, i) = std::sin(times[i]);
  CHECK_NOTHROW(sindy::differentiate(with_noise({times, states}, 0.01, 2), sindy::SpectralDerivative{}));
}

TEST_CASE("Rates that are given are taken as they are", "[sindy]") {
  const auto run = data::lorenz(400), other = data::lorenz(300, 0.01, {1, 2, 20});
  const std::vector<Trajectory<double>> runs = {run, other};
  const sindy::GivenRates given{{lorenz_rates(run), lorenz_rates(other)}};
  const auto model = sindy::fit(runs, sindy::Polynomial{.degree = 2}, sindy::Stlsq{}, given);
  const almagest::features::Monomials monomials(almagest::features::Polynomial{.degree = 2}, 3);
  CHECK((model.coefficients() - data::lorenz_law(monomials.exponents())).cwiseAbs().maxCoeff() < 1e-10);
  CHECK(model.report().notes.empty());

  CHECK_THAT(sentence<DimensionMismatch>([&] { sindy::fit(run, sindy::Polynomial{}, sindy::Stlsq{}, given); }),
             ContainsSubstring("2 matrices for 1 runs"));
  const sindy::GivenRates swapped{{given.rates[1], given.rates[0]}};
  CHECK_THAT(sentence<DimensionMismatch>([&] { sindy::fit(runs, sindy::Polynomial{}, sindy::Stlsq{}, swapped); }),
             ContainsSubstring("rates[0] is 3 x 300, but run 0 has dimension 3 and 400 samples"));
  CHECK_THAT(sentence<almagest::NonFiniteData>([] {
               sindy::AnyDerivative made(sindy::GivenRates{{Eigen::MatrixXd::Constant(1, 4, std::nan(""))}});
             }),
             ContainsSubstring("rates[0] holds a value that is not finite"));
}

TEST_CASE("Clean runs get differences of a high order, noisy ones splines", "[sindy]") {
  const auto clean = data::lorenz();
  const Eigen::MatrixXd rates = lorenz_rates(clean);
  const auto error = [&](const Trajectory<double>& run, const sindy::AnyDerivative& method) {
    return (sindy::differentiate(run, method) - rates).norm() / rates.norm();
  };
  CHECK(error(clean, sindy::AutomaticDerivative{}) < 1e-11);
  for (const double share : {1e-3, 1e-2, 0.1}) {
    const auto noisy = with_noise(clean, share, 3);
    double best = error(noisy, sindy::SmoothingSpline{});
    for (const int order : {2, 4, 8, 12}) best = std::min(best, error(noisy, sindy::FiniteDifference{order}));
    CHECK(error(noisy, sindy::AutomaticDerivative{}) < 1.05 * best);
  }

  Trajectory<double> mixed = with_noise(clean, 0.01, 4);
  Eigen::MatrixXd states = mixed.states();
  states.row(0) = clean.states().row(0);
  const auto model = sindy::fit(Trajectory<double>(clean.times(), states), sindy::Polynomial{.degree = 2},
                                sindy::Stlsq{}, sindy::AutomaticDerivative{});
  REQUIRE(model.report().notes.size() == 3);
  CHECK_THAT(model.report().notes[0],
             ContainsSubstring("component 0 of run 0") && ContainsSubstring("picked FiniteDifference of order"));
  CHECK_THAT(model.report().notes[2],
             ContainsSubstring("noise of 0.08") && ContainsSubstring("picked SmoothingSpline with smoothing"));
}

TEST_CASE("Lorenz with one per cent of noise: smoothers find the law", "[sindy]") {
  const auto clean = data::lorenz();
  const almagest::features::Monomials monomials(almagest::features::Polynomial{.degree = 3}, 3);
  const Eigen::MatrixXd law = data::lorenz_law(monomials.exponents());
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto model = sindy::fit(with_noise(clean, 0.01, seed), sindy::Polynomial{.degree = 3},
                                  sindy::Stlsq{.threshold = 0.1}, sindy::SmoothingSpline{});
    CHECK(data::same_support(model.coefficients(), law));
    CHECK((model.coefficients() - law).cwiseAbs().maxCoeff() < 0.05);
  }
}
