// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/edmd.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/k_means.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/hankel_dmd.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using known::Complex;
using koopman::fit_edmd;

TEST_CASE("The spectrum of a linear map in monomials is all products of its eigenvalues",
          "[edmd]") {
  Eigen::Matrix2d map;
  map << 0.9, 0.3, 0, 0.8;
  const auto data = known::pairs(known::uniform(2, 400, -1, 1),
                                 [&](const auto& x) { return Eigen::VectorXd(map * x); });
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
    y << x[0] * std::exp(mu * dt),
        (x[1] - c * x[0] * x[0]) * std::exp(lambda * dt) + c * x[0] * x[0] * std::exp(2 * mu * dt);
    return y;
  };
  const auto data = known::pairs(known::uniform(2, 200, -1, 1), flow, dt);
  // x1, x2 and x1^2 are invariant; the library of all quadratic terms is not.
  const features::Library library = features::Concatenation{
      {features::Polynomial{.degree = 1, .bias = false},
       features::Selection{{0}, features::Polynomial{.degree = 2, .bias = false}}}};
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
    const auto again =
        fit_edmd(data, library, {.relift = relift, .dictionary = {.drop_dependent = true}});
    const auto ahead = again.forecast(TrajectoryView<double>(data[0]), 40);
    CHECK((ahead.states() - expected).cwiseAbs().maxCoeff() < 1e-11);
  }
  // The sum of modes is the forecast.
  Eigen::VectorXcd sum = Eigen::VectorXcd::Zero(2);
  for (Index j = 0; j < model.rank(); ++j)
    sum += model.modes().col(j) * std::pow(model.eigenvalues()[j], 5) * model.amplitudes()[j];
  Eigen::VectorXd start = data[0].states().col(0);
  for (int k = 0; k < 5; ++k) start = flow(start);
  CHECK((sum - start.cast<Complex>()).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("The Gauss map: true and spurious eigenvalues", "[edmd]") {
  const auto quadrature = known::gauss_legendre(100, -1, 0);
  const auto model = fit_edmd(known::pairs(quadrature.nodes, known::gauss_map),
                              features::Legendre{39, {{-1, 0}}}, quadrature.weights);
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
  const std::vector<double> expected = {2.5940533907e-4, 9.4491060971e-2, 3.0663242352e-2,
                                        5.9892449055e-2, 4.0615677037e-2};
  for (std::size_t k = 0; k < places.size(); ++k)
    CHECK(tau[Index(k)] == Approx(expected[k]).epsilon(1e-10));
  CHECK(model.verified(0.1).size() < std::size_t(model.rank()));
  // No eigenpair does better than the best function at its place.
  for (Index j = 0; j < model.rank(); ++j)
    CHECK(model.compression().tau(model.eigenvalues()[j]) <=
          model.residuals()[j] * (1 + 1e-9) + 1e-14);
}

TEST_CASE("The Gauss map: more functions tell the spectrum from the rest", "[edmd]") {
  const std::vector<double> inside = {0.432, 0.265, 0.0945, 0.0247, 0.0035},
                            outside = {0.772, 0.738, 0.714, 0.698, 0.686};
  for (int k = 0; k < 5; ++k) {
    const int count = 10 << k;
    const auto quadrature = known::gauss_legendre(4 * count, -1, 0);
    const auto model = fit_edmd(known::pairs(quadrature.nodes, known::gauss_map),
                                features::Legendre{count - 1, {{-1, 0}}}, quadrature.weights);
    CHECK(model.compression().tau(-0.5) == Approx(inside[std::size_t(k)]).margin(6e-4));
    CHECK(model.compression().tau(2.0) == Approx(outside[std::size_t(k)]).margin(6e-4));
  }
}

TEST_CASE("The pendulum: measure-preserving EDMD stays on the unit circle, EDMD does not",
          "[edmd]") {
  const auto grid = known::pendulum_grid();
  const auto data = known::pairs(
      grid.nodes, [](const auto& x) { return known::pendulum(x); }, 0.5);
  const auto plain = fit_edmd(data, known::pendulum_basis(), grid.weights);
  REQUIRE(plain.rank() == 156);
  CHECK(plain.eigenvalues().cwiseAbs().minCoeff() == Approx(0.0204).epsilon(0.01));
  Eigen::VectorXd residuals = plain.residuals();
  std::sort(residuals.begin(), residuals.end());
  CHECK((residuals[77] + residuals[78]) / 2 == Approx(0.84).epsilon(0.01));

  const auto unitary =
      fit_edmd(data, known::pendulum_basis(), grid.weights, {.measure_preserving = true});
  CHECK((unitary.eigenvalues().cwiseAbs().array() - 1).abs().maxCoeff() < 2e-14);
  const Eigen::MatrixXd& k = unitary.parts().reduced_operator;
  CHECK((k.transpose() * k - Eigen::MatrixXd::Identity(156, 156)).norm() < 3e-14);
  // Eigenfunctions are orthonormal and diagonalize it.
  const Eigen::MatrixXcd& w = unitary.parts().spectrum.functions;
  CHECK((w.adjoint() * w - Eigen::MatrixXcd::Identity(156, 156)).norm() < 1e-12);
  CHECK((k * w - w * unitary.eigenvalues().asDiagonal()).norm() < 1e-11);
  CHECK(unitary.residuals().maxCoeff() < 2);
}

TEST_CASE("A rotation of the circle leaves no residual", "[edmd]") {
  const double omega = std::sqrt(2.0);
  const auto data = known::pairs(known::uniform(1, 300, -known::pi, known::pi),
                                 [&](const auto& x) { return Eigen::VectorXd(x.array() + omega); });
  // Equal points are a quadrature of the invariant measure, random ones are not; EDMD needs none.
  Eigen::MatrixXd even =
      Eigen::RowVectorXd::LinSpaced(64, -known::pi, known::pi - 2 * known::pi / 64);
  const auto equal =
      known::pairs(even, [&](const auto& x) { return Eigen::VectorXd(x.array() + omega); });
  const auto plain = fit_edmd(data, features::Fourier{6}),
             exact = fit_edmd(equal, features::Fourier{6}),
             unitary = fit_edmd(equal, features::Fourier{6}, {.measure_preserving = true});
  std::vector<Complex> expected;
  for (int k = -6; k <= 6; ++k) expected.push_back(std::polar(1.0, k * omega));
  for (const auto* model : {&plain, &exact, &unitary}) {
    CHECK(known::farthest(expected, model->eigenvalues()) < 1e-12);
    CHECK(model->residuals().maxCoeff() < 1e-12);
    CHECK(model->verified(1e-12).size() == 13);
  }
  // Where the data are an isometry already, measure-preserving EDMD is EDMD.
  CHECK((exact.parts().reduced_operator - unitary.parts().reduced_operator).norm() < 1e-13);
  const auto random = fit_edmd(data, features::Fourier{6}, {.measure_preserving = true});
  CHECK((random.eigenvalues().cwiseAbs().array() - 1).abs().maxCoeff() < 1e-13);
  CHECK(random.residuals().maxCoeff() > 0.01);
  const Eigen::VectorXd tau = exact.pseudospectrum(std::vector<Complex>{0.0, 0.5, 2.0, {0, 1.5}});
  CHECK(tau[0] == Approx(1));
  CHECK(tau[1] >= 0.5 - 1e-13);
  CHECK(tau[2] == Approx(1));  // 1 is an eigenvalue
  CHECK(tau[3] >= 0.5 - 1e-13);
}

TEST_CASE("Chunked, merged or whole, the model is the same", "[edmd]") {
  // The logistic map in polynomials, one run of 900 samples and a second one.
  const auto run = [](double start, Index samples) {
    Eigen::MatrixXd x(1, samples);
    x(0, 0) = start;
    for (Index k = 1; k < samples; ++k) x(0, k) = 3.8 * x(0, k - 1) * (1 - x(0, k - 1));
    return Trajectory<double>(TimeGrid::uniform(0, 1, samples), x);
  };
  const auto first = run(0.3, 900), second = run(0.61, 400);
  const features::Library library = features::Legendre{8, {{0, 1}}};
  using Accumulator = koopman::EdmdAccumulator<double>;
  Accumulator whole(library, 1), chunked(library, 1), left(library, 1), right(library, 1);
  whole.update(std::vector<Trajectory<double>>{first, second});
  for (Index at = 0; at + 1 < 900; at += 100)
    chunked.update(first.slice(at, std::min<Index>(101, 900 - at)));
  chunked.update(second);
  right.update(second);
  left.update(first);
  left.merge(right);
  CHECK(whole.pairs() == 1298);
  CHECK(chunked.pairs() == 1298);
  const auto a = whole.solve(), b = chunked.solve(), c = left.solve();
  for (const auto* other : {&b, &c}) {
    CHECK((a.residuals() - other->residuals()).cwiseAbs().maxCoeff() < 1e-10);
    CHECK(known::farthest({a.eigenvalues().begin(), a.eigenvalues().end()}, other->eigenvalues()) <
          1e-10);
    CHECK((a.forecast(TrajectoryView<double>(first), 5).states() -
           other->forecast(TrajectoryView<double>(first), 5).states())
              .norm() < 1e-10);
    CHECK(a.training().lower == other->training().lower);
    CHECK(a.training().upper == other->training().upper);
  }
  // Pairs do not straddle two runs: the same pairs as two-sample runs.
  std::vector<Trajectory<double>> pairs;
  for (const auto* run_of : {&first, &second})
    for (Index k = 0; k + 1 < run_of->size(); ++k) pairs.push_back(run_of->slice(k, 2).copy());
  CHECK((fit_edmd(pairs, library).residuals() - a.residuals()).cwiseAbs().maxCoeff() < 1e-10);
  CHECK_THROWS_WITH(left.merge(Accumulator(features::Legendre{7, {{0, 1}}}, 1)),
                    ContainsSubstring("another library"));
}

TEST_CASE("EDMD with delays is Hankel-DMD", "[edmd]") {
  Eigen::MatrixXd x(1, 400);
  for (Index k = 0; k < 400; ++k)
    x(0, k) = std::sin(0.3 * double(k)) + 0.5 * std::cos(1.1 * double(k) + 0.4);
  const Trajectory<double> run(TimeGrid::uniform(0, 0.1, 400), x);
  const auto hankel = koopman::fit_hankel_dmd(run, {.delays = 4, .rank = 4});
  const auto model =
      fit_edmd(run, features::Delays{4, features::Polynomial{.degree = 1, .bias = false}});
  CHECK(model.context() == 4);
  CHECK(known::farthest({hankel.eigenvalues().begin(), hankel.eigenvalues().end()},
                        model.eigenvalues()) < 1e-11);
  CHECK(model.residuals().maxCoeff() < 1e-11);
  Eigen::MatrixXd truth(1, 50);
  for (Index k = 0; k < 50; ++k)
    truth(0, k) = std::sin(0.3 * double(k + 400)) + 0.5 * std::cos(1.1 * double(k + 400) + 0.4);
  CHECK((model.forecast(TrajectoryView<double>(run), 50).states() - truth).cwiseAbs().maxCoeff() <
        1e-10);
}

TEST_CASE("Residuals converge at the rate of the quadrature", "[edmd]") {
  const features::Library library = features::Legendre{9, {{-1, 0}}};
  const auto tau = [&](const Eigen::MatrixXd& nodes, const Eigen::VectorXd& weights) {
    return fit_edmd(known::pairs(nodes, known::gauss_map), library, weights)
        .compression()
        .tau({0.6, 0.6});
  };
  const auto gauss = [&](Index count) {
    const auto q = known::gauss_legendre(count, -1, 0);
    return tau(q.nodes, q.weights);
  };
  const auto trapezoid = [&](Index count) {
    Eigen::VectorXd weights = Eigen::VectorXd::Constant(count, 1 / double(count - 1));
    weights[0] /= 2, weights[count - 1] /= 2;
    return tau(Eigen::RowVectorXd::LinSpaced(count, -1, 0), weights);
  };
  const auto riemann = [&](Index count) {
    return tau(Eigen::RowVectorXd::LinSpaced(count, -1, -1 / double(count)),
               Eigen::VectorXd::Constant(count, 1 / double(count)));
  };
  const double exact = gauss(120);
  CHECK(std::abs(gauss(14) - exact) > 1e-9);
  CHECK(std::abs(gauss(28) - exact) < 1e-13);
  const double t1 = trapezoid(401) - exact, t2 = trapezoid(801) - exact, r1 = riemann(400) - exact,
               r2 = riemann(800) - exact;
  CHECK(t1 / t2 == Approx(4).epsilon(0.02));
  CHECK(r1 / r2 == Approx(2).epsilon(0.05));
}

TEST_CASE("Duffing's oscillator in thin plates: the constant and the linearization", "[edmd]") {
  const auto flow = [](const Eigen::VectorXd& x) {
    const auto f = [](const Eigen::Vector2d& s) {
      return Eigen::Vector2d(s[1], s[0] - s[0] * s[0] * s[0] - 0.5 * s[1]);
    };
    Eigen::Vector2d y = x;
    const double h = 0.25 / 50;
    for (int k = 0; k < 50; ++k) {
      const Eigen::Vector2d k1 = f(y), k2 = f(y + h / 2 * k1), k3 = f(y + h / 2 * k2),
                            k4 = f(y + h * k3);
      y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
    }
    return Eigen::VectorXd(y);
  };
  const Eigen::MatrixXd before = known::uniform(2, 4000, -2, 2, 0);
  const features::Library library = features::Concatenation{
      {features::Polynomial{1},
       features::RadialBasis{features::k_means(before, 200, {.iterations = 3}),
                             features::RadialKind::thin_plate}}};
  const auto model = fit_edmd(known::pairs(before, flow, 0.25), library);
  CHECK(known::farthest({1.0}, model.eigenvalues()) < 1e-10);
  CHECK(model.residuals()[0] < 1e-10);
  const Complex pair = std::exp(0.25 * Complex(-0.25, std::sqrt(7.75) / 2));
  CHECK(known::farthest({pair, std::conj(pair)}, model.eigenvalues()) < 0.07);
}

TEST_CASE("The effective rank counts orthogonal directions", "[edmd]") {
  Eigen::MatrixXd even =
      Eigen::RowVectorXd::LinSpaced(64, -known::pi, known::pi - 2 * known::pi / 64);
  const auto data = known::pairs(even, [](const auto& x) { return Eigen::VectorXd(x); });
  koopman::EdmdAccumulator<double> orthogonal(features::Fourier{4}, 1),
      monomials(features::Polynomial{8}, 1);
  orthogonal.update(data);
  monomials.update(data);
  CHECK(orthogonal.effective_rank() == Approx(9));
  CHECK(monomials.effective_rank() > 1);
  CHECK(monomials.effective_rank() < 4);
}

TEST_CASE("Runs of floats make the same model", "[edmd]") {
  Eigen::MatrixXf x(1, 200);
  for (Index k = 0; k < 200; ++k) x(0, k) = float(std::pow(0.9, double(k) / 4));
  const Trajectory<float> run(TimeGrid::uniform(0, 1, 200), x);
  const auto model = fit_edmd(run, features::Polynomial{.degree = 2});
  const double rate = std::pow(0.9, 0.25);
  CHECK(known::farthest({1, rate, rate * rate}, model.eigenvalues()) < 1e-4);
  CHECK(model.forecast(TrajectoryView<float>(run).slice(0, 10), 5).states()(0, 4) ==
        Approx(std::pow(rate, 14)).epsilon(1e-5));
}

TEST_CASE("What fit_edmd refuses", "[edmd]") {
  const auto data = known::pairs(known::uniform(2, 40, -1, 1),
                                 [](const auto& x) { return Eigen::VectorXd(0.5 * x); });
  const features::Library twice = features::Concatenation{
      {features::Polynomial{1},
       features::Selection{{0}, features::Polynomial{.degree = 2, .bias = false}}}};
  CHECK_THROWS_AS(fit_edmd(data, twice), InvalidArgument);
  CHECK_THROWS_WITH(fit_edmd(data, twice),
                    ContainsSubstring("singular") && ContainsSubstring("1 of 5 functions") &&
                        ContainsSubstring("(x0)") && ContainsSubstring("drop_dependent"));
  CHECK_THROWS_WITH(fit_edmd(data, features::Polynomial{8}),
                    ContainsSubstring("40 pairs") && ContainsSubstring("45 functions"));
  CHECK_THROWS_WITH(fit_edmd(data, features::Polynomial{1}, Eigen::VectorXd::Ones(39)),
                    ContainsSubstring("39") && ContainsSubstring("40 pairs"));
  Eigen::VectorXd weights = Eigen::VectorXd::Ones(40);
  weights[7] = -1;
  CHECK_THROWS_WITH(fit_edmd(data, features::Polynomial{1}, weights),
                    ContainsSubstring("no quadrature") && ContainsSubstring("weight 7 being -1"));
  weights[7] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(fit_edmd(data, features::Polynomial{1}, weights),
                    ContainsSubstring("no quadrature"));
  CHECK_THROWS_WITH(fit_edmd(data, features::Polynomial{1}, Eigen::VectorXd::Zero(40)),
                    ContainsSubstring("all are 0"));
  CHECK_THROWS_WITH(fit_edmd(data, features::Polynomial{1}, {.dictionary = {.tolerance = 2}}),
                    ContainsSubstring("tolerance is 2"));
  CHECK_THROWS_WITH(fit_edmd(std::vector<Trajectory<double>>{}, features::Polynomial{1}),
                    ContainsSubstring("no runs"));
  const Trajectory<double> single(TimeGrid::uniform(0, 1, 1), Eigen::MatrixXd::Ones(2, 1));
  CHECK_THROWS_WITH(fit_edmd(single, features::Polynomial{1}), ContainsSubstring("2 samples"));
  const Trajectory<double> driven(TimeGrid::uniform(0, 1, 9), Eigen::MatrixXd::Random(2, 9), {},
                                  Eigen::MatrixXd::Ones(1, 9));
  CHECK_THROWS_WITH(fit_edmd(driven, features::Polynomial{1}),
                    ContainsSubstring("a run has inputs, 1 where 0"));
  const Trajectory<double> uneven(TimeGrid(Eigen::Vector3d(0, 1, 3)),
                                  Eigen::MatrixXd::Random(2, 3));
  CHECK_THROWS_WITH(
      fit_edmd(std::vector<Trajectory<double>>{data[0], uneven}, features::Polynomial{1}),
      ContainsSubstring("times of run 1 are not uniform"));
  const Trajectory<double> slower(TimeGrid::uniform(0, 2, 9), Eigen::MatrixXd::Random(2, 9));
  CHECK_THROWS_WITH(
      fit_edmd(std::vector<Trajectory<double>>{data[0], slower}, features::Polynomial{1}),
      ContainsSubstring("time steps 1 and 2"));
  koopman::EdmdAccumulator<double> accumulator(features::Polynomial{1}, 2);
  accumulator.update(data);
  CHECK_THROWS_WITH(accumulator.update(data, Eigen::VectorXd::Ones(40)),
                    ContainsSubstring("all or none"));
  CHECK_THROWS_AS(accumulator.update(Trajectory<double>(TimeGrid::uniform(0, 1, 9),
                                                        Eigen::MatrixXd::Random(3, 9))),
                  DimensionMismatch);
  CHECK_THROWS_WITH(accumulator.update(slower), ContainsSubstring("time steps 1 and 2"));
  accumulator.update(single);  // no pair, and no step to forget
  CHECK(accumulator.pairs() == 40);
  CHECK(*accumulator.solve().training().step == 1);
  const Trajectory<double> huge(TimeGrid::uniform(0, 1, 9), Eigen::MatrixXd::Constant(2, 9, 1e200));
  CHECK_THROWS_AS(fit_edmd(huge, features::Polynomial{3}), NonFiniteData);

  const auto model = fit_edmd(data, features::Polynomial{1});
  CHECK_THROWS_AS(model.forecast(TrajectoryView<double>(single), 0), InvalidArgument);
  CHECK_THROWS_AS(model.eigenfunctions(Eigen::MatrixXd::Zero(3, 1)), DimensionMismatch);
  CHECK_THROWS_AS(
      model.pseudospectrum(std::vector<Complex>{std::numeric_limits<double>::infinity()}),
      NonFiniteData);
  CHECK_THAT(model.summary(),
             ContainsSubstring("residual") && ContainsSubstring("rank 3 of 3 functions"));
}

TEST_CASE("A dictionary that cannot express the state says so", "[edmd]") {
  const auto data = known::pairs(known::uniform(2, 100, -1, 1),
                                 [](const auto& x) { return Eigen::VectorXd(0.5 * x); });
  const auto model = fit_edmd(data, features::Selection{{0}, features::Polynomial{1}});
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0], ContainsSubstring("% of x1"));
  CHECK(model.missed()[0] < 1e-14);
  CHECK(model.missed()[1] > 0.9);
}

TEST_CASE("Pairs that no map can have made are reported", "[edmd]") {
  const auto before = known::uniform(2, 100, -1, 1);
  auto data = known::pairs(before, [](const auto& x) { return Eigen::VectorXd(0.5 * x); });
  data.push_back(data[17]);  // the same pair again is no contradiction
  CHECK(fit_edmd(data, features::Polynomial{1}).warnings().empty());
  const auto other =
      known::pairs(before.col(40), [](const auto& x) { return Eigen::VectorXd(0.6 * x); });
  data.push_back(other[0]);
  const auto model = fit_edmd(data, features::Polynomial{1});
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0],
             ContainsSubstring("the same state") && ContainsSubstring("fit_stochastic_edmd"));
}
