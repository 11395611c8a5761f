// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/optimized_dmd.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/koopman/bagged_dmd.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::ExponentConstraint;
using koopman::fit_bagged_dmd;
using koopman::fit_optimized_dmd;

namespace {

using Exponents = std::vector<std::complex<double>>;

/// Largest distance of an exponent from the nearest found one.
template <typename Found>
double worst_exponent(const Exponents& expected, const Found& found) {
  double worst = 0;
  for (const auto& one : expected) {
    double nearest = 1e300;
    for (const auto& other : found) nearest = std::min(nearest, std::abs(std::complex<double>(other) - one));
    worst = std::max(worst, nearest);
  }
  return worst;
}

/// Random modes, times exponentials of one member of each pair: real states of `channels` components.
Trajectory<double> damped_waves(const Exponents& heads, const TimeGrid& times, Index channels, double noise = 0,
                                std::uint64_t seed = 1, double phase = 0) {
  RandomStream modes(seed, 0), errors(seed, 1);
  Eigen::MatrixXd states = Eigen::MatrixXd::Zero(channels, times.size());
  for (const auto& omega : heads)
    for (Index i = 0; i < channels; ++i) {
      const std::complex<double> mode(modes.normal(), omega.imag() == 0 ? 0 : modes.normal());
      for (Index k = 0; k < times.size(); ++k)
        states(i, k) +=
            (mode * std::exp(omega * times[k] + std::complex<double>(0, omega.imag() == 0 ? 0 : phase))).real();
    }
  for (Index k = 0; k < times.size(); ++k)
    for (Index i = 0; i < channels; ++i) states(i, k) += noise * errors.normal();
  return {times, states};
}

/// Times that lie up to `jitter` of a step from uniform ones.
TimeGrid uneven(double start, double step, Index count, std::uint64_t seed) {
  RandomStream random(seed);
  Eigen::VectorXd times(count);
  for (Index k = 0; k < count; ++k) times[k] = start + step * (double(k) + 0.8 * random.uniform());
  return TimeGrid(times);
}

const Exponents three_heads = {{-0.05, 3.0}, {-0.1, 5.5}, {-0.02, 9.0}};
Exponents with_conjugates(const Exponents& heads) {
  Exponents all = heads;
  for (const auto& one : heads)
    if (one.imag() != 0) all.push_back(std::conj(one));
  return all;
}

/// Projected DMD: the least-squares map from each sample to the next, on the leading patterns.
Eigen::VectorXcd one_step_exponents(const Trajectory<double>& run, Index rank) {
  const auto patterns = koopman::detail::leading_patterns<double>(runs(run), rank, "test").v;
  const Eigen::MatrixXd y = run.states().transpose() * patterns;
  const Index m = y.rows() - 1;
  const Eigen::MatrixXd map = y.topRows(m).householderQr().solve(y.bottomRows(m));
  return Eigen::EigenSolver<Eigen::MatrixXd>(map, false).eigenvalues().array().log() / run.times().step();
}

double relative(const Eigen::MatrixXd& given, const Eigen::MatrixXd& exact) {
  REQUIRE(given.cols() == exact.cols());
  return (given - exact).norm() / exact.norm();
}

}  // namespace

TEST_CASE("The Jacobian of the misfit is its derivative", "[optimized_dmd]") {
  using koopman::detail::ExponentSet;
  RandomStream random(4);
  // A conjugate pair, a real pair, a pair that nearly meets, and an odd one; growing and decaying.
  ExponentSet<double> set;
  set.values = Eigen::VectorXd(7);
  set.values << -0.3, -4.0, 0.1, 1.0, -0.2, 1e-3, -3.0;
  std::vector<koopman::detail::TimedSamples<double>> data;
  for (const Index m : {30, 45}) {
    const Eigen::VectorXd times = uneven(0, 0.1, m, std::uint64_t(m)).values();
    data.push_back({times.array() - times[0],
                    Eigen::MatrixXd::NullaryExpr(m, 3, [&](Index, Index) { return random.normal(); })});
  }
  const auto at = koopman::detail::exponential_misfit(data, set);
  const Eigen::VectorXd gradient = at.triangle.transpose() * at.tangent;  // of half the square
  for (Index i = 0; i < 7; ++i) {
    const double h = 1e-5;
    auto up = set, down = set;
    up.values[i] += h;
    down.values[i] -= h;
    const double above = koopman::detail::exponential_misfit(data, up).misfit;
    const double below = koopman::detail::exponential_misfit(data, down).misfit;
    CHECK(gradient[i] == Approx((above - below) * (above + below) / (4 * h)).epsilon(1e-5).margin(1e-8));
  }
  // The misfit itself, against plain least squares with complex exponentials.
  double squares = 0;
  const Eigen::VectorXcd exponents = set.exponents();
  for (const auto& run : data) {
    Eigen::MatrixXcd columns(run.times.size(), 7);
    for (Index j = 0; j < 7; ++j)
      columns.col(j) = (exponents[j] * run.times.cast<std::complex<double>>()).array().exp();
    const Eigen::MatrixXcd samples = run.samples.cast<std::complex<double>>();
    squares += (samples - columns * columns.householderQr().solve(samples)).squaredNorm();
  }
  CHECK(at.misfit == Approx(std::sqrt(squares)).epsilon(1e-10));
}

TEST_CASE("Three damped pairs in noise, far nearer than one-step DMD comes", "[optimized_dmd]") {
  const auto run = damped_waves(three_heads, TimeGrid::uniform(0, 0.02, 1000), 200, 0.05, 3);
  const auto model = fit_optimized_dmd(run, {.rank = 6});
  CHECK(model.converged());
  CHECK(model.warnings().empty());
  const double error = worst_exponent(with_conjugates(three_heads), model.exponents());
  const double biased = worst_exponent(with_conjugates(three_heads), one_step_exponents(run, 6));
  INFO(error << " against " << biased);
  CHECK(error < 2e-4);
  CHECK(error < biased / 30);
  // Pairs to the bit, with the noise as residual; eigenvalues a time step each.
  for (Index j = 0; j < 6; j += 2) CHECK(model.exponents()[j + 1] == std::conj(model.exponents()[j]));
  CHECK(model.residuals().maxCoeff() < 0.05);
  CHECK(model.verified(0.05).size() == 6);
  CHECK(std::abs(model.eigenvalues()[0] - std::exp(0.02 * model.exponents()[0])) < 1e-15);
  // The model denoises.
  const auto clean = damped_waves(three_heads, run.times(), 200, 0, 3);
  CHECK(relative(model.reconstruct(run).states(), clean.states()) < 0.1 * relative(run.states(), clean.states()));
}

TEST_CASE("The two modes of the toy field, a complex one, to twelve digits", "[optimized_dmd]") {
  // sech(x + 3) e^(2.3 i t) + 2 sech(x) tanh(x) e^(2.8 i t), Kutz et al. 2016; real parts above imaginary ones.
  const Index points = 65, samples = 129;
  const double pi = 3.14159265358979323846;
  Eigen::MatrixXd states(2 * points, samples);
  for (Index i = 0; i < points; ++i) {
    const double x = -5 + 10 * double(i) / double(points - 1);
    const double first = 1 / std::cosh(x + 3), second = 2 / std::cosh(x) * std::tanh(x);
    for (Index k = 0; k < samples; ++k) {
      const double t = 4 * pi * double(k) / double(samples - 1);
      states(i, k) = first * std::cos(2.3 * t) + second * std::cos(2.8 * t);
      states(points + i, k) = first * std::sin(2.3 * t) + second * std::sin(2.8 * t);
    }
  }
  const Trajectory<double> run(TimeGrid::uniform(0, 4 * pi / double(samples - 1), samples), states);
  const auto model = fit_optimized_dmd(run, {.rank = 4});
  CHECK(worst_exponent({{0, 2.3}, {0, -2.3}, {0, 2.8}, {0, -2.8}}, model.exponents()) < 1e-12);
  CHECK(model.residuals().maxCoeff() < 1e-12);
  CHECK(model.misfit() < 1e-13);
  CHECK(relative(model.evaluate(run.times()).states(), states) < 1e-12);
}

TEST_CASE("Exact recovery at uneven times, in several runs, with real exponents among the others", "[optimized_dmd]") {
  Exponents heads = {{-0.2, 2.0}, {-0.05, 4.5}, {-0.5, 0}, {-1.5, 0}, {0.03, 0}};
  std::vector<Trajectory<double>> several;
  several.push_back(damped_waves(heads, uneven(0, 0.12, 120, 5), 9));
  several.push_back(damped_waves(heads, uneven(0.7, 0.12, 70, 6), 9, 0, 1, 0.9));
  const auto model = fit_optimized_dmd(several, {.rank = 7});
  CHECK(worst_exponent(with_conjugates(heads), model.exponents()) < 1e-9);
  CHECK(model.converged());
  CHECK(model.residuals().maxCoeff() < 1e-9);
  for (const auto& run : several) CHECK(relative(model.reconstruct(run).states(), run.states()) < 1e-10);
  CHECK(relative(model.evaluate(several[0].times()).states(), several[0].states()) < 1e-10);
  CHECK_THROWS_WITH(model.eigenvalues(), ContainsSubstring("not uniform") && ContainsSubstring("exponents()"));

  // A forecast at the step of its own history.
  const auto ahead = damped_waves(heads, TimeGrid::uniform(2, 0.1, 30), 9);
  const auto forecast = model.forecast(ahead.slice(0, 10), 20);
  CHECK(relative(forecast.states(), ahead.states().rightCols(20)) < 1e-9);
  CHECK(forecast.times().front() == Approx(3.0));
}

TEST_CASE("Modes and amplitudes in normal form make the run", "[optimized_dmd]") {
  const Exponents heads = {{-0.1, 2.0}, {-0.3, 0}};
  const auto run = damped_waves(heads, TimeGrid::uniform(1, 0.05, 200), 5);
  const auto model = fit_optimized_dmd(run, {.rank = 3});
  for (Index j = 0; j < 3; ++j) {
    const Eigen::VectorXcd mode = model.modes().col(j);
    CHECK(mode.norm() == Approx(1));
    Index largest = 0;
    mode.cwiseAbs().maxCoeff(&largest);
    CHECK(mode[largest].real() > 0);
    CHECK(mode[largest].imag() == 0);
  }
  CHECK(std::abs(model.amplitudes()[0]) >= std::abs(model.amplitudes()[2]) * (1 - 1e-12));
  Eigen::MatrixXcd sum = Eigen::MatrixXcd::Zero(5, 200);
  for (Index k = 0; k < 200; ++k)
    sum.col(k) =
        model.modes() * ((model.exponents() * (0.05 * double(k))).array().exp() * model.amplitudes().array()).matrix();
  CHECK(relative(sum.real(), run.states()) < 1e-11);
  CHECK(sum.imag().cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("Constraints hold, and cost no more than they must", "[optimized_dmd]") {
  const auto times = TimeGrid::uniform(0, 0.05, 400);
  SECTION("imaginary exponents of a conservative system in noise") {
    const Exponents heads = {{0, 1.1}, {0, 3.3}};
    const auto run = damped_waves(heads, times, 6, 0.3, 7);
    const auto free = fit_optimized_dmd(run, {.rank = 4});
    const auto model = fit_optimized_dmd(run, {.rank = 4, .constraint = ExponentConstraint::imaginary});
    CHECK(model.converged());
    CHECK(free.exponents().real().cwiseAbs().maxCoeff() > 1e-6);
    CHECK(model.exponents().real().cwiseAbs().maxCoeff() == 0);
    CHECK(worst_exponent(with_conjugates(heads), model.exponents()) < 0.01);
    CHECK(model.misfit() >= free.misfit());
    CHECK(model.misfit() < 1.01 * free.misfit());
  }
  SECTION("stable exponents where the free ones grow") {
    const Exponents heads = {{0.02, 2.0}, {-0.3, 5.0}, {0.05, 0}};
    const auto run = damped_waves(heads, times, 6, 0, 8);
    const auto model = fit_optimized_dmd(run, {.rank = 5, .constraint = ExponentConstraint::stable});
    CHECK(model.converged());
    CHECK(model.exponents().real().maxCoeff() == 0);
    CHECK(fit_optimized_dmd(run, {.rank = 5}).exponents().real().maxCoeff() == Approx(0.05));
    // At a minimum under the constraint, no allowed change of a number helps.
    const auto start = model.exponents();
    const Exponents guess(start.begin(), start.end());
    const auto again = fit_optimized_dmd(
        run, {.rank = 5, .constraint = ExponentConstraint::stable, .guess = guess});
    CHECK(again.misfit() == Approx(model.misfit()).epsilon(1e-9));
  }
  SECTION("a stable constraint that nothing violates changes nothing") {
    const auto run = damped_waves(three_heads, times, 8, 0.01, 9);
    const auto free = fit_optimized_dmd(run, {.rank = 6});
    const auto model = fit_optimized_dmd(run, {.rank = 6, .constraint = ExponentConstraint::stable});
    CHECK(worst_exponent({free.exponents().begin(), free.exponents().end()}, model.exponents()) < 1e-9);
  }
}

TEST_CASE("A guess leads where the data alone would not", "[optimized_dmd]") {
  // Samples a period and more apart, at random times: the trapezoidal rule sees nothing.
  RandomStream random(11);
  Eigen::VectorXd at(80);
  for (double& t : at) t = 60 * random.uniform();
  std::sort(at.begin(), at.end());
  const Exponents heads = {{-0.01, 7.0}};
  const auto run = damped_waves(heads, TimeGrid(at), 4);
  const auto model = fit_optimized_dmd(run, {.rank = 2, .guess = {{0, 7.03}, {0, -7.03}}});
  CHECK(worst_exponent(with_conjugates(heads), model.exponents()) < 1e-10);
  CHECK(model.verified(1e-9).size() == 2);
}

TEST_CASE("A double exponent converges, and its modes are declared doubtful", "[optimized_dmd]") {
  // t e^(-0.4 t) and e^(-0.4 t), a Jordan block.
  const auto times = TimeGrid::uniform(0, 0.05, 150);
  Eigen::MatrixXd states(3, 150);
  for (Index k = 0; k < 150; ++k) {
    const double t = times[k];
    states.col(k) << (1 + t) * std::exp(-0.4 * t), (2 - 3 * t) * std::exp(-0.4 * t), t * std::exp(-0.4 * t);
  }
  const Trajectory<double> run(times, states);
  const auto model = fit_optimized_dmd(run, {.rank = 2});
  CHECK(worst_exponent({{-0.4, 0}}, model.exponents()) < 1e-5);
  CHECK(model.misfit() < 1e-9);
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0], ContainsSubstring("nearly dependent"));
}

TEST_CASE("Optimized DMD forecasts from a context, refuses what it was not trained for", "[optimized_dmd]") {
  const auto all = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 300), 8, 0.01, 12);
  const auto clean = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 300), 8, 0, 12);
  const auto history = all.slice(0, 200);
  const auto one = fit_optimized_dmd(history, {.rank = 6});
  const auto many = fit_optimized_dmd(history, {.rank = 6, .context = 100});
  const Eigen::MatrixXd truth = clean.states().rightCols(100);
  CHECK(relative(many.forecast(history, 100).states(), truth) <
        0.5 * relative(one.forecast(history, 100).states(), truth));
  CHECK(one.context() == 1);
  CHECK(one.forecast(history, 40).states() == one.forecast(history.slice(199, 1), 40).states());
  CHECK(many.forecast(history, 40).states() == many.forecast(history.slice(100, 100), 40).states());
  CHECK_THROWS_WITH(many.forecast(history.slice(0, 99), 4),
                    ContainsSubstring("99 samples") && ContainsSubstring("100"));
  CHECK_THROWS_AS(one.forecast(Trajectory<double>(TimeGrid::uniform(0, 0.05, 2), Eigen::MatrixXd::Ones(3, 2)), 4),
                  DimensionMismatch);
  CHECK_THROWS_AS(one.reconstruct(Trajectory<double>(TimeGrid::uniform(0, 0.05, 2), Eigen::MatrixXd::Ones(3, 2))),
                  DimensionMismatch);
  CHECK_THAT(one.summary(), ContainsSubstring("rank 6") && ContainsSubstring("residual"));
}

TEST_CASE("Optimized DMD refuses bad input with a sentence", "[optimized_dmd]") {
  const auto run = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 50), 4);
  CHECK_THROWS_WITH(fit_optimized_dmd(run, {.rank = 0}), ContainsSubstring("rank is 0"));
  CHECK_THROWS_WITH(fit_optimized_dmd(run, {.rank = 5}),
                    ContainsSubstring("rank is 5") && ContainsSubstring("4 components"));
  CHECK_THROWS_WITH(fit_optimized_dmd(run.slice(0, 4), {.rank = 4}),
                    ContainsSubstring("at least 5 samples") && ContainsSubstring("longest has 4"));
  CHECK_THROWS_WITH(fit_optimized_dmd(run, {.rank = 2, .guess = {{0, 1}}}), ContainsSubstring("guess has 1"));
  CHECK_THROWS_WITH(fit_optimized_dmd(run, {.rank = 2, .guess = {{0, 1}, {0, 1}}}), ContainsSubstring("conjugate"));
  CHECK_THROWS_WITH(fit_optimized_dmd(run, {.rank = 2, .tolerance = 0}), ContainsSubstring("tolerance is 0"));
  Eigen::MatrixXd flat = run.states();
  flat.row(1) = 2 * flat.row(0);
  flat.row(2) = 3 * flat.row(0);
  CHECK_THROWS_WITH(fit_optimized_dmd(Trajectory<double>(run.times(), flat), {.rank = 3}),
                    ContainsSubstring("rank is 3") && ContainsSubstring("rank 2 to rounding"));
  const std::vector<Trajectory<double>> mixed = {run, run.slice(0, 3).copy()};
  const auto model = fit_optimized_dmd(mixed, {.rank = 4});
  REQUIRE(!model.warnings().empty());
  CHECK_THAT(model.warnings()[0], ContainsSubstring("1 of 2 runs"));
  const auto hasty =
      fit_optimized_dmd(damped_waves(three_heads, run.times(), 6, 0.5, 2), {.rank = 6, .most_iterations = 1});
  CHECK(!hasty.converged());
  CHECK_THAT(hasty.warnings()[0], ContainsSubstring("1 iterations did not suffice"));
}

TEST_CASE("Bagging: the same bits for any count of threads, other bits for another seed", "[bagged_dmd]") {
  const auto run = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 300), 8, 0.05, 13);
  const auto fit = [&](unsigned threads, std::uint64_t seed) {
    return fit_bagged_dmd(run, {.each = {.rank = 6}, .bags = 20, .seed = seed, .threads = threads});
  };
  const auto one = fit(1, 5), three = fit(3, 5), other = fit(1, 6);
  CHECK(one.bag_exponents() == three.bag_exponents());
  CHECK(one.modes() == three.modes());
  CHECK(one.statistics().amplitude_deviations == three.statistics().amplitude_deviations);
  CHECK(one.bag_exponents() != other.bag_exponents());
  CHECK(one.bag_exponents().cols() == 20);
  CHECK(worst_exponent(with_conjugates(three_heads), one.exponents()) < 0.01);
  CHECK_THAT(one.summary(), ContainsSubstring("20 bags of 60 %"));

  // Mean and deviation, against the bags themselves.
  const Eigen::VectorXcd mean = one.bag_exponents().rowwise().mean();
  for (Index j = 0; j < 6; ++j) {
    CHECK(std::abs(one.exponents()[j] - mean[j]) < 1e-12);
    const double deviation =
        std::sqrt((one.bag_exponents().row(j).real().array() - mean[j].real()).square().sum() / 19);
    CHECK(one.statistics().exponent_deviations[j].real() == Approx(deviation).epsilon(1e-8));
  }
  // In clean data, nothing varies; modes are those of the fit to all samples.
  const auto clean = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 300), 8, 0, 13);
  const auto sure = fit_bagged_dmd(clean, {.each = {.rank = 6}, .bags = 5});
  CHECK(sure.statistics().exponent_deviations.cwiseAbs().maxCoeff() < 1e-10);
  CHECK(sure.statistics().mode_deviations.cwiseAbs().maxCoeff() < 1e-10);
  const auto whole = fit_optimized_dmd(clean, {.rank = 6});
  CHECK((sure.modes() - whole.modes()).cwiseAbs().maxCoeff() < 1e-9);
  CHECK((sure.statistics().amplitudes - whole.amplitudes()).cwiseAbs().maxCoeff() < 1e-9);
  CHECK(relative(sure.forecast(clean, 30).states(), whole.forecast(clean, 30).states()) < 1e-9);
}

TEST_CASE("Standard errors from bags cover the truth at their rate", "[bagged_dmd]") {
  // 40 data sets, 3 growth rates and 3 frequencies each: within 1 and 2 errors lie 68 % and 95 % of a normal
  // distribution. The errors of one data set go together; four deviations of a binomial allow for that.
  int within_one = 0, within_two = 0, all = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto run = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 200), 6, 0.2, 100 + seed);
    const auto model = fit_bagged_dmd(run, {.each = {.rank = 6}, .bags = 40, .share = 0.5, .seed = seed});
    CHECK(model.standard_error_factor() == Approx(1));
    for (const auto& truth : three_heads) {
      Index at = 0;
      (model.exponents().array() - truth).abs().minCoeff(&at);
      const auto error = model.exponents()[at] - truth, deviation = model.statistics().exponent_deviations[at];
      for (const double ratio : {error.real() / deviation.real(), error.imag() / deviation.imag()}) {
        within_one += std::abs(ratio) < 1;
        within_two += std::abs(ratio) < 2;
        ++all;
      }
    }
  }
  INFO(within_one << " and " << within_two << " of " << all);
  CHECK(double(within_one) / all == Approx(0.68).margin(0.12));
  CHECK(double(within_two) / all > 0.88);
}

TEST_CASE("Bagging refuses bad input with a sentence", "[bagged_dmd]") {
  const auto run = damped_waves(three_heads, TimeGrid::uniform(0, 0.05, 100), 8);
  CHECK_THROWS_WITH(fit_bagged_dmd(run, {.each = {.rank = 6}, .bags = 1}), ContainsSubstring("bags is 1"));
  CHECK_THROWS_WITH(fit_bagged_dmd(run, {.each = {.rank = 6}, .share = 1}), ContainsSubstring("share is 1"));
  CHECK_THROWS_WITH(fit_bagged_dmd(run, {.each = {.rank = 6}, .threads = 0}), ContainsSubstring("threads is 0"));
  CHECK_THROWS_WITH(fit_bagged_dmd(run, {.each = {.rank = 9}}), ContainsSubstring("fit_bagged_dmd: rank is 9"));
}
