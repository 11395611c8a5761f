// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/havok.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/koopman/forcing.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_havok;

namespace {

/// x of the Lorenz system from (-8, 8, 27) by the classical Runge-Kutta method with fixed steps: the dense
/// output of an adaptive one is noise to the small singular values. Chaos tells every rounding, so that no product is
/// fused into a sum: NumPy finds the same series, and so does any compiler.
Trajectory<double> lorenz_series(double step, Index samples) {
  using State = std::array<double, 3>;
  const auto times = [](double a, double b) {
    const volatile double product = a * b;
    return product;
  };
  const auto rate = [&](const State& v) {
    return State{times(10, v[1] - v[0]), times(v[0], 28 - v[2]) - v[1], times(v[0], v[1]) - times(8.0 / 3, v[2])};
  };
  const auto moved = [&](const State& v, double by, const State& along) {
    return State{v[0] + times(by, along[0]), v[1] + times(by, along[1]), v[2] + times(by, along[2])};
  };
  State v{-8, 8, 27};
  Eigen::MatrixXd series(1, samples);
  for (Index k = 0; k < samples; ++k) {
    series(0, k) = v[0];
    const State a = rate(v), b = rate(moved(v, step / 2, a)), c = rate(moved(v, step / 2, b)),
                d = rate(moved(v, step, c));
    State sum;
    for (std::size_t i = 0; i < 3; ++i) sum[i] = a[i] + 2 * b[i] + 2 * c[i] + d[i];  // twice is exact, fused or not
    v = moved(v, step / 6, sum);
  }
  return {TimeGrid::uniform(0, step, samples), series};
}

/// Channels of cos(w t + phase) over the frequencies; channel i with phases and weights of its own.
template <typename Scalar = double>
Trajectory<Scalar> tones(const std::vector<double>& frequencies, double step, Index samples, double start = 0,
                         Index channels = 1) {
  Eigen::MatrixX<Scalar> states(channels, samples);
  for (Index i = 0; i < channels; ++i)
    for (Index k = 0; k < samples; ++k) {
      using Long = long double;
      Long sum = 0;
      for (std::size_t f = 0; f < frequencies.size(); ++f)
        sum += std::cos(Long(frequencies[f]) * (Long(start) + Long(step) * Long(k)) + 0.3L * Long(f) + 1.1L * Long(i)) /
               (1 + 0.5L * Long(f) + 0.2L * Long(i));
      states(i, k) = Scalar(sum);
    }
  return {TimeGrid::uniform(start, step, samples), states};
}

/// Largest distance of a frequency from the nearest exponent on the imaginary axis.
template <typename Exponents>
double worst_frequency(const std::vector<double>& frequencies, const Exponents& exponents) {
  double worst = 0;
  for (const double w : frequencies)
    for (const double sign : {1.0, -1.0}) {
      double nearest = 1e300;
      for (const auto& mu : exponents)
        nearest = std::min(nearest, std::abs(std::complex<double>(mu) - std::complex<double>(0, sign * w)));
      worst = std::max(worst, nearest);
    }
  return worst;
}

double relative_error(const Eigen::MatrixXd& given, const Eigen::MatrixXd& exact) {
  REQUIRE(given.cols() == exact.cols());
  return (given - exact).norm() / exact.norm();
}

/// 200 000 samples take a while: one fit for several tests.
const Trajectory<double>& long_lorenz() {
  static const auto run = lorenz_series(0.001, 200000);
  return run;
}
const koopman::Havok<double>& lorenz_havok() {
  static const auto model = fit_havok(long_lorenz());
  return model;
}

}  // namespace

TEST_CASE("HAVOK of Lorenz: singular values over eleven decades, A skew and tridiagonal", "[havok]") {
  const auto& model = lorenz_havok();
  REQUIRE(model.rank() == 15);
  CHECK(long_lorenz().states()(0, 199'999) == -12.205067339499346);  // of NumPy
  // NumPy's dense decomposition of the same series.
  const double sigma[] = {3.52e4, 5.16e3, 682,     79.4,    9.86,    1.18,    0.150,  1.84e-2,
                          2.37e-3, 2.98e-4, 3.88e-5, 4.94e-6, 6.46e-7, 8.27e-8, 1.0852649e-8};
  for (Index i = 0; i < 15; ++i) CHECK(model.singular_values()[i] == Approx(sigma[i]).epsilon(0.01));
  CHECK(model.warnings().empty());

  const auto& a = model.linear();
  REQUIRE(a.rows() == 14);
  const double largest = a.cwiseAbs().maxCoeff();
  Eigen::MatrixXd beside = a;
  for (Index i = 0; i + 1 < 14; ++i) beside(i, i + 1) = beside(i + 1, i) = 0;
  CHECK(beside.cwiseAbs().maxCoeff() < 0.02 * largest);
  CHECK((a + a.transpose()).cwiseAbs().maxCoeff() < 0.02 * largest);
  const double above[] = {4.971, 10.03, 13.45, 19.30, 23.26, 29.61, 33.62, 40.15};
  for (Index i = 0; i < 8; ++i) CHECK(std::abs(a(i, i + 1)) == Approx(above[i]).epsilon(0.01));
  // With the newest sample of every pattern positive, each coordinate is driven by the next.
  for (Index i = 0; i + 1 < 14; ++i) CHECK(a(i, i + 1) > 0);

  // Nothing but the last coordinate feels the forcing.
  const auto& b = model.input();
  CHECK(b.topRows(13).cwiseAbs().maxCoeff() < 0.02 * std::abs(b(13, 0)));
  CHECK(model.unexplained().maxCoeff() < 0.05);
}

TEST_CASE("HAVOK's exponents are eigenvalues of A with residuals in the data", "[havok]") {
  const auto& model = lorenz_havok();
  // Nearly skew: nearly imaginary.
  CHECK(model.exponents().real().cwiseAbs().maxCoeff() < 0.02 * model.exponents().cwiseAbs().maxCoeff());
  const Eigen::MatrixXd v = model.coordinates(long_lorenz()).states();
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(model.linear().transpose());
  for (Index j = 0; j < 14; ++j) {
    const Eigen::VectorXcd w = solver.eigenvectors().col(j);
    const std::complex<double> mu = solver.eigenvalues()[j];
    const Eigen::VectorXcd phi = v.topRows(14).transpose().cast<std::complex<double>>() * w;
    const Index m = phi.size() - 4;
    const Eigen::VectorXcd rate =
        (phi.head(m) - phi.tail(m) + 8 * (phi.segment(3, m) - phi.segment(1, m))) / (12 * 0.001);
    const double residual = (rate - mu * phi.segment(2, m)).norm() / phi.segment(2, m).norm();
    Index at = 0;
    CHECK((model.exponents().array() - mu).abs().minCoeff(&at) < 1e-10);
    CHECK(model.residuals()[at] == Approx(residual).epsilon(0.02));
  }
  CHECK(model.verified(1e9).size() == 14);
  CHECK(model.verified(0).empty());
  CHECK(std::abs(model.eigenvalues()[0] - std::exp(0.001 * model.exponents()[0])) < 1e-15);
}

TEST_CASE("The forcing of Lorenz bursts before changes of lobe", "[havok]") {
  const auto& model = lorenz_havok();
  REQUIRE(model.forcing().size() == 1);
  const auto& u = model.forcing()[0];
  CHECK(u.size() == 199901);
  const auto statistics = koopman::forcing_statistics(model.forcing());
  CHECK(statistics.excess_kurtosis[0] == Approx(39).epsilon(0.03));
  const auto all = model.coordinates(long_lorenz());
  CHECK(koopman::forcing_statistics(all).excess_kurtosis[0] == Approx(-0.9).margin(0.05));
  // Coordinates of a run by projection are those of the fit, to the digits that the values hold.
  const double off = (all.states().row(14) - u.states()).norm() / u.states().norm();
  CHECK(off < 1e-3);

  const auto active = koopman::bursts(u, statistics);
  const auto changes = koopman::sign_changes(long_lorenz());
  // The reference counts from the sample before a change: 0.4 and a step.
  const koopman::Interval all_times{0, u.times().back()};
  const auto score = koopman::score_switches(koopman::alarms(active, 0.401), changes, all_times);
  CHECK(score.foreseen_share() == Approx(0.36).margin(0.01));
  CHECK(score.by_chance() == Approx(0.12).margin(0.01));
  // Nearly every burst is followed by a change. That is so when a burst is counted from when it is known, too.
  const auto causal = koopman::score_switches(koopman::alarms(active, 0.4, 0.099), changes, all_times);
  CHECK(causal.foreseen_share() > 2.5 * causal.by_chance());
  CHECK(causal.fulfilled_share() > 0.9);
}

TEST_CASE("The forced linear model follows Lorenz where it knows the forcing", "[havok]") {
  const auto run = lorenz_series(0.001, 50000);
  const auto model = fit_havok(run, {.delays = 100, .rank = 16});
  CHECK(relative_error(model.reconstruct(run).states(), run.states()) < 0.4);
  // A longer record of the same orbit, the last 50 000 samples unseen.
  const auto longer = lorenz_series(0.001, 100000);
  CHECK(relative_error(model.reconstruct(longer).states(), longer.states()) < 1.0);
  const auto structured = fit_havok(run, {.delays = 100, .rank = 4, .structured = true});
  CHECK(relative_error(structured.reconstruct(run).states(), run.states()) < 0.4);
}

TEST_CASE("A closed HAVOK of q tones has their frequencies, to fourth order in the step", "[havok]") {
  const std::vector<double> frequencies = {1.3, 2.9};
  double coarse = 0, fine = 0;
  for (const double step : {0.1, 0.05}) {
    const auto run = tones(frequencies, step, Index(60 / step));
    const auto model = fit_havok(run, {.delays = Index(2 / step), .rank = 4, .forcing = 0});
    CHECK(model.forcing().empty());
    (step == 0.1 ? coarse : fine) = worst_frequency(frequencies, model.exponents());
  }
  CHECK(fine == Approx(std::pow(2.9, 5) * std::pow(0.05, 4) / 30).epsilon(0.01));  // of the stencil
  CHECK(coarse / fine == Approx(16).epsilon(0.1));

  const auto all = tones(frequencies, 0.01, 4000);
  const auto history = all.slice(0, 2000);
  const auto model = fit_havok(history, {.delays = 200, .rank = 4, .forcing = 0});
  CHECK(relative_error(model.forecast(history, 2000).states(), all.states().rightCols(2000)) < 1e-5);
  CHECK(relative_error(model.reconstruct(history).states(), history.states()) < 1e-5);
  CHECK(model.residuals().maxCoeff() < 1e-5);
  CHECK(model.unexplained().maxCoeff() < 1e-6);
  CHECK_THROWS_WITH(model.forcing(history), ContainsSubstring("forcing = 0"));
}

TEST_CASE("The last coordinate as forcing drives the others exactly", "[havok]") {
  // Four coordinates of two tones: three of them are linear, driven by the fourth.
  const auto run = tones({1.3, 2.9}, 0.01, 3000);
  const auto model = fit_havok(run, {.delays = 150, .rank = 4, .forcing = 1});
  CHECK(relative_error(model.reconstruct(run).states(), run.states()) < 1e-4);
  CHECK(model.linear().rows() == 3);
  CHECK(model.input().cols() == 1);

  // A forecast under the true forcing, against one that lets it fall to 0.
  const auto history = run.slice(0, 1000);
  const Index last = 1000 - 150;
  const Eigen::MatrixXd u = model.forcing(run).states().middleCols(last + 1, 1000);
  const Eigen::MatrixXd truth = run.states().middleCols(1000, 1000);
  CHECK(relative_error(model.forecast(history, u).states(), truth) < 1e-4);
  const auto blind = model.forecast(history, 1000);
  CHECK(relative_error(blind.states(), truth) > 0.01);
  CHECK(relative_error(model.forecast(history, Eigen::MatrixXd::Zero(1, 1000)).states(), blind.states()) < 1e-14);
  CHECK_THROWS_WITH(model.forecast(history, Eigen::MatrixXd::Zero(2, 10)),
                    ContainsSubstring("forcing") && ContainsSubstring("2") && ContainsSubstring("1"));
}

TEST_CASE("A jump of the forcing is held to first order, exactly", "[havok]") {
  // One coordinate v' = a v + b u with a known A and B: the step is the closed form.
  koopman::HavokParts<double> parts;
  parts.options = {.delays = 2, .rank = 2, .forcing = 1};
  parts.training.dimension = 1;
  parts.training.step = 0.5;
  parts.training.names = {"x"};
  parts.training.lower = Eigen::VectorXd::Constant(1, -10);
  parts.training.upper = Eigen::VectorXd::Constant(1, 10);
  parts.singular_values = Eigen::VectorXd::Ones(2);
  parts.basis = Eigen::MatrixXd::Identity(2, 2);
  parts.linear = Eigen::MatrixXd::Constant(1, 1, -0.7);
  parts.input = Eigen::MatrixXd::Constant(1, 1, 2.0);
  parts.exponents = parts.amplitudes = Eigen::VectorXcd::Constant(1, -0.7);
  parts.modes = Eigen::MatrixXcd::Ones(1, 1);
  parts.residuals = parts.unexplained = Eigen::VectorXd::Zero(1);
  const koopman::Havok<double> model(parts);
  // The window (oldest, newest) is (v, u).
  const Eigen::MatrixXd states = (Eigen::MatrixXd(1, 3) << 1.0, 0.25, 1.5).finished();
  const Trajectory<double> run(TimeGrid::uniform(0, 0.5, 3), states);
  const double h = 0.5, a = -0.7, b = 2, e = std::exp(a * h);
  const double hold = (e - 1) / a, ramp = (e - 1 - a * h) / (a * a * h);
  const double expected = e * 1.0 + b * (hold * 0.25 + ramp * (1.5 - 0.25));
  CHECK(model.reconstruct(run).states()(0, 1) == Approx(expected).epsilon(1e-14));

  SECTION("parts that do not fit are refused") {
    auto damaged = parts;
    damaged.input.resize(2, 1);
    CHECK_THROWS_WITH(koopman::Havok<double>(damaged),
                      ContainsSubstring("rows of input is 2") && ContainsSubstring("1"));
  }
}

TEST_CASE("Structured HAVOK: A is skew on a short series", "[havok]") {
  const auto run = lorenz_series(0.001, 1000);
  const auto skewness = [](const Eigen::MatrixXd& a) {
    return (a + a.transpose()).cwiseAbs().maxCoeff() / a.cwiseAbs().maxCoeff();
  };
  const auto plain = fit_havok(run, {.delays = 100, .rank = 5});
  const auto structured = fit_havok(run, {.delays = 100, .rank = 5, .structured = true});
  CHECK(skewness(structured.linear()) < 0.01);
  CHECK(skewness(structured.linear()) < 0.1 * skewness(plain.linear()));

  // What the ends of a series do to its singular vectors goes by its length.
  const std::vector<double> frequencies = {1.3, 2.9};
  double error[2];
  for (const int k : {0, 1}) {
    const auto model = fit_havok(tones(frequencies, 0.02, k == 0 ? 1500 : 12000),
                                 {.delays = 100, .rank = 4, .forcing = 0, .structured = true});
    error[k] = worst_frequency(frequencies, model.exponents());
  }
  CHECK(error[1] < 1e-2);
  CHECK(error[0] / error[1] > 4);
}

TEST_CASE("Windows of HAVOK do not straddle runs; runs and channels together", "[havok]") {
  const std::vector<double> frequencies = {1.7, 4.1};
  std::vector<Trajectory<double>> several;
  several.push_back(tones(frequencies, 0.02, 700, 0, 2));
  several.push_back(tones(frequencies, 0.02, 30, 11.0, 2));
  several.push_back(tones(frequencies, 0.02, 900, -31.9, 2));
  const auto model = fit_havok(several, {.delays = 50, .rank = 4, .forcing = 0});
  CHECK(worst_frequency(frequencies, model.exponents()) < 1e-4);
  CHECK(model.modes().rows() == 2);
  CHECK(relative_error(model.reconstruct(several[2]).states(), several[2].states()) < 1e-4);
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0], ContainsSubstring("1 of 3 runs") && ContainsSubstring("fewer than 54"));

  Eigen::MatrixXd glued(2, 1630);
  glued << several[0].states(), several[1].states(), several[2].states();
  const auto spoiled = fit_havok(Trajectory<double>(TimeGrid::uniform(0, 0.02, 1630), glued),
                                 {.delays = 50, .rank = 4, .forcing = 0});
  CHECK(spoiled.residuals().maxCoeff() > 10 * model.residuals().maxCoeff());

  const auto forced = fit_havok(std::vector<Trajectory<double>>{several[0], several[2]},
                                {.delays = 50, .rank = 4, .forcing = 1});
  REQUIRE(forced.forcing().size() == 2);
  CHECK(forced.forcing()[1].size() == 851);
  CHECK(forced.forcing()[1].times().front() == -31.9);
}


TEST_CASE("HAVOK refuses bad input with a sentence", "[havok]") {
  const auto run = tones({1.3, 2.9}, 0.05, 64);
  CHECK_THROWS_WITH(fit_havok(run), ContainsSubstring("100 delays") && ContainsSubstring("at least 104 samples") &&
                                        ContainsSubstring("64"));
  CHECK_THROWS_WITH(fit_havok(run, {.delays = 0}), ContainsSubstring("delays is 0"));
  CHECK_THROWS_WITH(fit_havok(run, {.delays = 10, .rank = 2, .forcing = 2}),
                    ContainsSubstring("rank is 2") && ContainsSubstring("rank 3 or more"));
  CHECK_THROWS_WITH(fit_havok(run, {.delays = 10, .rank = 4, .forcing = -1}), ContainsSubstring("forcing is -1"));
  CHECK_THROWS_WITH(fit_havok(run, {.delays = 10, .rank = 11}),
                    ContainsSubstring("rank is 11") && ContainsSubstring("10"));
  CHECK_THROWS_WITH(fit_havok(run, {.delays = 20, .rank = 8}),
                    ContainsSubstring("rank is 8") && ContainsSubstring("rank 4 to rounding"));
  const Trajectory<double> uneven(TimeGrid((Eigen::VectorXd(3) << 0, 1, 3).finished()), Eigen::MatrixXd::Ones(1, 3));
  CHECK_THROWS_WITH(fit_havok(uneven, {.delays = 1, .rank = 1, .forcing = 0}),
                    ContainsSubstring("not uniform") && ContainsSubstring("from 1 to 2") &&
                        ContainsSubstring("fit_optimized_dmd"));
  const auto model = fit_havok(run, {.delays = 10, .rank = 4});
  CHECK_THROWS_WITH(model.forecast(run.slice(0, 9), 3), ContainsSubstring("9 samples") && ContainsSubstring("10"));
}

TEST_CASE("HAVOK chooses a rank by energy or by the noise", "[havok]") {
  RandomStream random(5);
  const auto clean = tones({1.3, 2.9, 4.1}, 0.05, 2000);
  const Eigen::MatrixXd noise =
      Eigen::MatrixXd::NullaryExpr(1, 2000, [&](Index, Index) { return 0.02 * random.normal(); });
  const Trajectory<double> noisy(clean.times(), clean.states() + noise);
  for (const bool structured : {false, true}) {
    const auto model = fit_havok(
        noisy, {.delays = 80, .rank = koopman::optimal_rank, .forcing = 0, .structured = structured});
    CHECK(model.rank() == 6);
    CHECK(model.options().rank == 6);
    CHECK(worst_frequency({1.3, 2.9, 4.1}, model.exponents()) < 0.2);
  }
  // The same model as the one of that rank; all of the energy is all of the rank.
  const auto whole = fit_havok(clean, {.delays = 80, .rank = 0, .forcing = 0, .energy = 1});
  REQUIRE(whole.rank() == 6);
  CHECK(whole.linear() == fit_havok(clean, {.delays = 80, .rank = 6, .forcing = 0}).linear());
  const auto some = fit_havok(clean, {.delays = 80, .rank = 0, .energy = 0.9});
  const auto& sigma = whole.singular_values();
  const double total = sigma.squaredNorm();
  CHECK(sigma.head(some.rank()).squaredNorm() >= 0.9 * total);
  CHECK(sigma.head(some.rank() - 1).squaredNorm() < 0.9 * total);

  CHECK_THROWS_WITH(fit_havok(clean, {.delays = 80, .rank = -3}), ContainsSubstring("rank is -3"));
  CHECK_THROWS_WITH(fit_havok(clean, {.delays = 80, .rank = 0, .energy = 2}), ContainsSubstring("energy is 2"));
  CHECK_THROWS_WITH(fit_havok(clean, {.delays = 80, .rank = 0, .energy = 0.01}),
                    ContainsSubstring("energy keeps 1") && ContainsSubstring("rank 2 or more"));
  CHECK_THROWS_WITH(fit_havok(Trajectory<double>(clean.times(), 0 * clean.states()), {.delays = 80, .rank = 0}),
                    ContainsSubstring("0 throughout"));
}

TEST_CASE("A rank in the noise floor is said to be, by HAVOK too", "[havok]") {
  RandomStream random(3);
  const auto clean = lorenz_series(0.001, 5000);
  const Eigen::MatrixXd noise =
      Eigen::MatrixXd::NullaryExpr(1, 5000, [&](Index, Index) { return 1e-3 * random.normal(); });
  const auto model = fit_havok(Trajectory<double>(clean.times(), clean.states() + noise));
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0], ContainsSubstring("noise floor") && ContainsSubstring("rank 15"));
  CHECK_THAT(model.summary(), ContainsSubstring("warning: rank 15") && ContainsSubstring("residual"));
}
