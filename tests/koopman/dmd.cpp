// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/dmd.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::DmdOptions;
using koopman::fit_dmd;
using koopman::fit_dmdc;
using koopman::Regression;
using Complex = std::complex<double>;

namespace dmd_tests {

/// Block-diagonal rotations with given eigenvalues of the upper half plane, in random coordinates.
Eigen::MatrixXd rotation(const std::vector<Complex>& lambda, std::uint64_t seed) {
  const auto n = Index(2 * lambda.size());
  Eigen::MatrixXd blocks = Eigen::MatrixXd::Zero(n, n);
  for (Index j = 0; j < n; j += 2) {
    const Complex l = lambda[std::size_t(j / 2)];
    blocks.block(j, j, 2, 2) << l.real(), -l.imag(), l.imag(), l.real();
  }
  RandomStream random(seed);
  const Eigen::MatrixXd frame =
      Eigen::MatrixXd::NullaryExpr(n, n, [&] { return random.normal(); }) + 3 * Eigen::MatrixXd::Identity(n, n);
  return frame * blocks * frame.inverse();
}

Trajectory<double> orbit(const Eigen::MatrixXd& a, Index samples, double noise = 0, std::uint64_t seed = 5) {
  RandomStream random(seed);
  Eigen::MatrixXd states(a.rows(), samples);
  Eigen::VectorXd x = Eigen::VectorXd::Ones(a.rows());
  for (Index k = 0; k < samples; ++k) {
    for (Index i = 0; i < x.size(); ++i) states(i, k) = x[i] + noise * random.normal();
    x = a * x;
  }
  return {TimeGrid::uniform(0, 0.5, samples), states};
}

/// Greatest distance of an expected eigenvalue (and its conjugate) from the nearest found one.
double farthest(const std::vector<Complex>& expected, const Eigen::VectorXcd& found) {
  double worst = 0;
  for (const Complex& e : expected)
    worst = std::max({worst, (found.array() - e).abs().minCoeff(), (found.array() - std::conj(e)).abs().minCoeff()});
  return worst;
}

/// The field of row 6 of the reference values: two spatial shapes with the frequencies 2.3 and 2.8. The
/// real and imaginary parts are the components.
Trajectory<double> toy_field(Index copies = 1) {
  const Index points = 65, samples = 129;
  Eigen::MatrixXd states(2 * points * copies, samples);
  for (Index k = 0; k < samples; ++k)
    for (Index i = 0; i < points * copies; ++i) {
      const double x = -5 + 10 * double(i % points) / double(points - 1),
                   t = 12.566370614359172 * double(k) / double(samples - 1);
      const double one = 1 / std::cosh(x + 3), two = 2 * std::tanh(x) / std::cosh(x);
      const Complex f = one * std::polar(1.0, 2.3 * t) + two * std::polar(1.0, 2.8 * t);
      states(2 * i, k) = f.real();
      states(2 * i + 1, k) = f.imag();
    }
  return {TimeGrid::uniform(0, 12.566370614359172 / double(samples - 1), samples), states};
}

}  // namespace dmd_tests

using namespace dmd_tests;

TEST_CASE("DMD finds the eigenvalues, modes and amplitudes of a linear map", "[dmd]") {
  const std::vector<Complex> lambda = {std::polar(0.99, 0.3), std::polar(1.0, 1.1), std::polar(0.95, 2.4)};
  const Eigen::MatrixXd a = rotation(lambda, 1);
  const auto run = orbit(a, 60);
  const auto model = fit_dmd(run);
  REQUIRE(model.rank() == 6);
  CHECK(farthest(lambda, model.eigenvalues()) < 1e-12);
  CHECK(model.residuals().maxCoeff() < 1e-12);
  // Modes are eigenvectors of the map.
  const Eigen::MatrixXcd defect = a.cast<Complex>() * model.modes() - model.modes() * model.eigenvalues().asDiagonal();
  CHECK(defect.cwiseAbs().maxCoeff() < 1e-11);
  // And the first sample is their sum.
  CHECK((model.modes() * model.amplitudes() - run[0].cast<Complex>()).norm() < 1e-11);
  const auto longer = orbit(a, 90);
  CHECK((model.forecast(run, 30).states() - longer.states().rightCols(30)).cwiseAbs().maxCoeff() < 1e-10);
  CHECK((model.reconstruct(run).states() - run.states()).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("Two frequencies of a field are found to thirteen digits", "[dmd]") {
  // 130 components and 129 samples: on the basis that the samples span.
  const auto model = fit_dmd(toy_field(), {.rank = 4});
  CHECK(farthest({Complex(0, 2.3), Complex(0, 2.8)}, model.exponents()) < 1e-12);
  CHECK(model.exponents().real().cwiseAbs().maxCoeff() < 1e-12);
  CHECK(model.residuals().maxCoeff() < 1e-12);
}

TEST_CASE("Wide fields on a random block or on all samples are the same model", "[dmd]") {
  const auto wide = toy_field(12);  // 1560 components
  const auto block = fit_dmd(wide, {.rank = 4}), all = fit_dmd(wide, {.energy = 1 - 1e-12});
  REQUIRE(all.rank() == 4);
  CHECK((block.eigenvalues() - all.eigenvalues()).cwiseAbs().maxCoeff() < 1e-12);
  // Copies of one shape tie for the largest component, which makes the phase of a mode a matter of rounding; what
  // a mode adds to the first sample does not depend on it.
  const auto terms = [](const auto& model) { return (model.modes() * model.amplitudes().asDiagonal()).eval(); };
  CHECK((terms(block) - terms(all)).cwiseAbs().maxCoeff() < 1e-11);
  CHECK((block.singular_values().head(4) - all.singular_values().head(4)).norm() < 1e-12 * all.singular_values()[0]);
  const auto basis = block.parts().basis;
  CHECK((basis.transpose() * basis - Eigen::MatrixXd::Identity(4, 4)).norm() < 1e-13);

  // With noise no block of 14 holds the samples: all of them do, and the leading singular values are theirs.
  RandomStream random(3);
  Eigen::MatrixXd noisy = wide.states();
  for (double& x : noisy.reshaped()) x += 1e-3 * random.normal();
  const auto model = fit_dmd(Trajectory<double>(wide.times(), noisy), {.rank = 4});
  const Eigen::MatrixXd earlier = noisy.leftCols(noisy.cols() - 1);
  const Eigen::VectorXd expected = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(earlier.transpose() * earlier)
                                       .eigenvalues().reverse().head(4).cwiseSqrt();
  CHECK((model.singular_values().head(4) - expected).cwiseAbs().maxCoeff() < 1e-11 * expected[0]);
}

TEST_CASE("Higher order: windows of the leading spatial directions", "[dmd]") {
  // One direction in space, two frequencies in time: without delays rank 1 cannot hold them.
  const Index n = 40, samples = 200;
  Eigen::MatrixXd states(n, samples);
  for (Index k = 0; k < samples; ++k)
    for (Index i = 0; i < n; ++i)
      states(i, k) = std::sin(0.1 * double(i) + 1) * double(std::cos(0.3L * k) + 0.5L * std::cos(1.1L * k));
  const Trajectory<double> run(TimeGrid::uniform(0, 1, samples), states);
  const auto model = fit_dmd(run.slice(0, 150), {.delays = 8, .rank = 4, .state_rank = 1});
  CHECK(farthest({std::polar(1.0, 0.3), std::polar(1.0, 1.1)}, model.eigenvalues()) < 1e-11);
  CHECK((model.forecast(run.slice(0, 150), 50).states() - states.rightCols(50)).cwiseAbs().maxCoeff() < 1e-9);
  CHECK(model.modes().rows() == n);
}

TEST_CASE("Forward-backward and total least squares remove the bias of noise", "[dmd]") {
  const std::vector<Complex> lambda = {std::polar(1.0, 0.4), std::polar(1.0, 2.2)};
  const Eigen::MatrixXd a = rotation(lambda, 2);
  // Least squares on noisy samples pulls eigenvalues inwards; the two others do not, in the mean.
  double plain = 0, both_ways = 0, total = 0;
  const int draws = 30;
  for (int draw = 0; draw < draws; ++draw) {
    const auto run = orbit(a, 200, 0.2, std::uint64_t(100 + draw));
    const auto shortfall = [&](Regression regression) {
      return 1 - fit_dmd(run, {.rank = 4, .regression = regression}).eigenvalues().cwiseAbs().mean();
    };
    plain += shortfall(Regression::least_squares) / draws;
    both_ways += shortfall(Regression::forward_backward) / draws;
    total += shortfall(Regression::total_least_squares) / draws;
  }
  CAPTURE(plain, both_ways, total);
  CHECK(plain > 5e-3);
  CHECK(std::abs(both_ways) < plain / 5);
  CHECK(std::abs(total) < plain / 5);

  // Without noise all three agree, also where a step turns by more than a quarter.
  const auto exact = orbit(a, 100);
  for (const Regression regression : {Regression::forward_backward, Regression::total_least_squares})
    CHECK(farthest(lambda, fit_dmd(exact, {.rank = 4, .regression = regression}).eigenvalues()) < 1e-12);
}

TEST_CASE("Forward-backward DMD of a run and of the run reversed are inverse", "[dmd]") {
  const Eigen::MatrixXd a = rotation({std::polar(0.98, 0.4), std::polar(1.0, 2.2)}, 2);
  const auto run = orbit(a, 150, 0.02);
  const Trajectory<double> reversed(run.times(), run.states().rowwise().reverse());
  const DmdOptions options{.rank = 4, .regression = Regression::forward_backward};
  const Eigen::VectorXcd forward = fit_dmd(run, options).eigenvalues(),
                         backward = fit_dmd(reversed, options).eigenvalues();
  for (const Complex& l : forward) CHECK((backward.array() - 1.0 / l).abs().minCoeff() < 1e-9);
}

TEST_CASE("With inputs: the map, the input's effect, and a forecast under a new input", "[dmd]") {
  const Eigen::MatrixXd a = rotation({std::polar(1.02, 0.7)}, 4);  // unstable without its input
  Eigen::MatrixXd b(2, 1);
  b << 0.3, -1;
  RandomStream random(6);
  const Index samples = 80;
  Eigen::MatrixXd states(2, samples), inputs(1, samples);
  Eigen::VectorXd x = Eigen::Vector2d(1, 0);
  for (Index k = 0; k < samples; ++k) {
    states.col(k) = x;
    inputs(0, k) = random.normal() - 0.1 * x[0];
    x = a * x + b * inputs.col(k);
  }
  const Trajectory<double> run(TimeGrid::uniform(0, 0.1, samples), states, {}, inputs);
  for (const Index delays : {1, 3}) {
    CAPTURE(delays);
    // Windows of three samples in two components carry the state and two past inputs.
    const auto model = fit_dmdc(run.slice(0, 60), {.delays = delays, .rank = delays == 1 ? 2 : 0});
    CHECK((model.eigenvalues().array() - std::polar(1.02, 0.7)).abs().minCoeff() < 1e-10);
    const auto ahead = model.forecast(run.slice(0, 60), Eigen::MatrixXd(inputs.middleCols(59, 20)));
    CHECK((ahead.states() - states.rightCols(20)).cwiseAbs().maxCoeff() < 1e-9);
    CHECK((model.reconstruct(run).states() - states).cwiseAbs().maxCoeff() < 1e-8);
  }
  CHECK_THROWS_WITH(fit_dmd(run),
                    ContainsSubstring("fit_dmd") && ContainsSubstring("inputs") && ContainsSubstring("fit_dmdc"));
  CHECK_THROWS_WITH(fit_dmdc(run, {.regression = Regression::forward_backward}), ContainsSubstring("forward"));
  CHECK_THROWS_AS(fit_dmdc(run).forecast(run, Eigen::MatrixXd(2, 5)), DimensionMismatch);
}

TEST_CASE("Pairs of snapshots are runs of two samples; windows never straddle runs", "[dmd]") {
  const Eigen::MatrixXd a = rotation({std::polar(0.9, 1.3)}, 9);
  RandomStream random(8);
  std::vector<Trajectory<double>> pairs;
  for (int k = 0; k < 30; ++k) {
    const Eigen::Vector2d x(random.normal(), random.normal());
    Eigen::MatrixXd states(2, 2);
    states << x, a * x;
    pairs.emplace_back(TimeGrid::uniform(0, 0.5, 2), states);
  }
  CHECK(farthest({std::polar(0.9, 1.3)}, fit_dmd(pairs).eigenvalues()) < 1e-13);
}

TEST_CASE("What fit_dmd refuses", "[dmd]") {
  const auto run = orbit(rotation({std::polar(0.9, 1.3)}, 9), 10);
  CHECK_THROWS_WITH(fit_dmd(run, {.delays = 0}), ContainsSubstring("fit_dmd: delays is 0"));
  CHECK_THROWS_WITH(fit_dmd(run, {.rank = 3}), ContainsSubstring("rank is 3") && ContainsSubstring("rank 2"));
  CHECK_THROWS_WITH(fit_dmd(run, {.state_rank = -1}), ContainsSubstring("state_rank is -1"));
  Eigen::VectorXd times = run.times().values();
  times[3] += 0.01;
  CHECK_THROWS_WITH(fit_dmd(Trajectory<double>(TimeGrid(times), run.states())),
                    ContainsSubstring("not uniform") && ContainsSubstring("fit_optimized_dmd"));
}

TEST_CASE("An optimal rank parts modes from white noise, narrow or wide", "[dmd]") {
  for (const Eigen::Index n : {30, 500}) {
    RandomStream random(3);
    Eigen::MatrixXd states(n, 200);
    for (Eigen::Index k = 0; k < 200; ++k)
      for (Eigen::Index i = 0; i < n; ++i)
        states(i, k) = std::sin(0.2 * double(i) - 0.3 * double(k)) + 0.4 * std::cos(0.5 * double(i) + 0.7 * double(k)) +
                       0.05 * random.normal();
    const Trajectory<double> run(TimeGrid::uniform(0, 1, 200), states);
    const auto model = koopman::fit_dmd(run, {.rank = koopman::optimal_rank});
    CHECK(model.rank() == 4);
    CHECK(model.options().rank == 4);
    CHECK(koopman::fit_dmd(run).rank() > 4);
  }
  CHECK_THROWS_WITH(
      koopman::fit_dmd(Trajectory<double>(TimeGrid::uniform(0, 1, 9), Eigen::MatrixXd::Random(1, 9)), {.rank = -2}),
      ContainsSubstring("rank is -2"));
}
