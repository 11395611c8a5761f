// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/hankel_dmd.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/linalg/svd.hpp"
#include "koopman/hankel_dmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_hankel_dmd;
using series::Complex;
using series::Wave, series::waves, series::lorenz, series::farthest, series::largest_difference, series::three_waves;

TEST_CASE("q sinusoids are continued by 2q delays", "[hankel_dmd]") {
  const double step = 0.2;
  for (std::size_t q = 1; q <= 3; ++q) {
    const std::vector<Wave> parts(three_waves.begin(), three_waves.begin() + long(q));
    const auto all = waves(parts, step, 600);
    const auto history = all.slice(0, 300);
    const auto model = fit_hankel_dmd(history, {.delays = Index(2 * q), .rank = Index(2 * q)});
    const auto ahead = model.forecast(history, 300);
    CHECK(ahead.verdict());
    CHECK(largest_difference(ahead.states(), all.states().rightCols(300)) < 1e-9);
    CHECK(ahead.times().front() == Approx(60.0));
    CHECK(largest_difference(model.reconstruct(history).states(), history.states()) < 1e-9);

    std::vector<Complex> eigenvalues, exponents;
    for (const Wave& w : parts)
      for (const double sign : {1.0, -1.0}) {
        eigenvalues.push_back(std::polar(1.0, sign * w.frequency * step));
        exponents.emplace_back(0, sign * w.frequency);
      }
    CHECK(farthest(eigenvalues, model.eigenvalues()) < 1e-10);
    CHECK(farthest(exponents, model.exponents()) < 1e-9);
    CHECK(model.residuals().maxCoeff() < 1e-10);
    CHECK(model.warnings().empty());
    // The largest wave comes first, each pair together, amplitudes halved between the two.
    for (std::size_t k = 0; k < q; ++k) {
      const auto j = Index(2 * k);
      CHECK(std::abs(model.amplitudes()[j]) == Approx(parts[k].amplitude / 2));
      CHECK(model.eigenvalues()[j].imag() == Approx(std::sin(parts[k].frequency * step)));
      CHECK(model.eigenvalues()[j + 1] == std::conj(model.eigenvalues()[j]));
      CHECK(model.amplitudes()[j + 1] == std::conj(model.amplitudes()[j]));
    }
  }
}

TEMPLATE_TEST_CASE("Float and double agree with the exact continuation", "[hankel_dmd]", float,
                   double) {
  const auto all = waves<TestType>(three_waves, 0.2, 300);
  const auto history = all.slice(0, 250);
  const auto model = fit_hankel_dmd(history, {.delays = 24, .rank = 6});
  const double tolerance = std::is_same_v<TestType, float> ? 5e-4 : 1e-11;
  CHECK(largest_difference(model.forecast(history, 50).states(), all.states().rightCols(50)) <
        tolerance);
  for (const Wave& w : three_waves)
    CHECK(farthest({std::polar(1.0, w.frequency * 0.2)}, model.eigenvalues()) < tolerance);
}

TEST_CASE("Damped waves: growth rates, frequencies and the mode sum", "[hankel_dmd]") {
  const std::vector<Wave> parts = {{1, 2, 0.3, -0.1}, {0.7, 5, 0.9, -0.02}};
  const auto run = waves(parts, 0.1, 200);
  const auto model = fit_hankel_dmd(run, {.delays = 12, .rank = 4});
  CHECK(farthest({{-0.1, 2}, {-0.1, -2}, {-0.02, 5}, {-0.02, -5}}, model.exponents()) < 1e-10);

  // x_k = sum of modes lambda^k amplitudes, the formula that the class documents.
  Eigen::MatrixXcd sum(1, run.size());
  for (Index k = 0; k < run.size(); ++k)
    sum.col(k) = model.modes() * model.eigenvalues().array().pow(double(k)).matrix().cwiseProduct(
                                     model.amplitudes());
  CHECK(largest_difference(sum.real(), run.states()) < 1e-10);
  CHECK(sum.imag().cwiseAbs().maxCoeff() < 1e-10);
  CHECK(largest_difference(model.reconstruct(run).states(), run.states()) < 1e-10);
}

TEST_CASE("One delay on a linear map gives its eigenvalues and eigenvectors", "[hankel_dmd]") {
  Eigen::MatrixXd map(3, 3);
  map << 0.9, 0.2, 0, -0.3, 0.8, 0.1, 0, 0.1, 0.5;
  Eigen::MatrixXd states(3, 40);
  states.col(0) << 1, -2, 3;
  for (Index k = 1; k < 40; ++k) states.col(k) = map * states.col(k - 1);
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 40), states);
  const auto model = fit_hankel_dmd(run, {.delays = 1, .rank = 3});
  const Eigen::EigenSolver<Eigen::MatrixXd> exact(map);
  for (Index j = 0; j < 3; ++j) {
    CHECK(farthest({exact.eigenvalues()[j]}, model.eigenvalues()) < 1e-11);
    const Eigen::VectorXcd mode = model.modes().col(j);
    CHECK((map.cast<Complex>() * mode - model.eigenvalues()[j] * mode).norm() < 1e-10);
    CHECK(mode.norm() == Approx(1.0));
    Index largest = 0;
    mode.cwiseAbs().maxCoeff(&largest);
    CHECK(mode[largest].real() > 0);
    CHECK(std::abs(mode[largest].imag()) < 1e-14);
  }
  const auto ahead = model.forecast(run, 5);
  CHECK(largest_difference(ahead[0], map * states.col(39)) < 1e-12);

  SECTION("and so do its snapshot pairs, as two-sample runs") {
    RandomStream random(1);
    std::vector<Trajectory<double>> pairs;
    for (int k = 0; k < 200; ++k) {
      Eigen::MatrixXd pair(3, 2);
      pair.col(0) << random.normal(), random.normal(), random.normal();
      pair.col(1) = map * pair.col(0);
      pairs.emplace_back(TimeGrid::uniform(k, 1, 2), pair);
    }
    const auto by_pairs = fit_hankel_dmd(pairs, {.delays = 1, .rank = 3});
    for (Index j = 0; j < 3; ++j)
      CHECK(farthest({exact.eigenvalues()[j]}, by_pairs.eigenvalues()) < 1e-12);
    CHECK(by_pairs.residuals().maxCoeff() < 1e-12);
    const auto of_ensemble = fit_hankel_dmd(Ensemble<double>(pairs), {.delays = 1, .rank = 3});
    CHECK(of_ensemble.eigenvalues() == by_pairs.eigenvalues());
  }
}

TEST_CASE("Several channels share delays", "[hankel_dmd]") {
  // Two frequencies seen through three channels: two delays span what one channel needs four for.
  const auto wave = [](double w, double phase) {
    return waves({{1, w, phase}}, 0.2, 400).states();
  };
  Eigen::MatrixXd states(3, 400);
  states.row(0) = wave(1.1, 0) + 0.5 * wave(3.7, 1);
  states.row(1) = 2 * wave(1.1, 0.8) - wave(3.7, 0.1);
  states.row(2) = 0.3 * wave(1.1, 2) + 0.2 * wave(3.7, 0.7);
  TrajectoryInfo info;
  info.names = {"a", "b", "c"};
  const Trajectory<double> all(TimeGrid::uniform(0, 0.2, 400), states, info);
  const auto model = fit_hankel_dmd(all.slice(0, 200), {.delays = 2, .rank = 4});
  CHECK(model.modes().rows() == 3);
  CHECK(model.modes().cols() == 4);
  const auto ahead = model.forecast(all.slice(0, 200), 200);
  CHECK(largest_difference(ahead.states(), all.states().rightCols(200)) < 1e-9);
  CHECK(ahead.info().names == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("Windows never straddle two runs", "[hankel_dmd]") {
  const std::vector<Wave> parts = {{1, 1.7, 0.3}, {0.5, 4.3, 0.1}};
  std::vector<Trajectory<double>> several;
  several.push_back(waves(parts, 0.2, 60));
  several.push_back(waves(parts, 0.2, 25, 7.7));
  several.push_back(waves(parts, 0.2, 133, -31.9));
  const auto model = fit_hankel_dmd(several, {.delays = 8, .rank = 4});
  CHECK(model.residuals().maxCoeff() < 1e-12);
  CHECK(model.training().samples == 218);
  CHECK(farthest({std::polar(1.0, 0.34), std::polar(1.0, 0.86)}, model.eigenvalues()) < 1e-12);
  CHECK(largest_difference(model.reconstruct(several[2]).states(), several[2].states()) < 1e-10);

  Eigen::MatrixXd glued(1, 218);
  glued << several[0].states(), several[1].states(), several[2].states();
  const auto spoiled = fit_hankel_dmd(Trajectory<double>(TimeGrid::uniform(0, 0.2, 218), glued),
                                      {.delays = 8, .rank = 4});
  CHECK(spoiled.residuals().maxCoeff() > 1e-3);
}

TEST_CASE("A run too short for a window is left out, and said to be", "[hankel_dmd]") {
  std::vector<Trajectory<double>> several = {waves({{1, 1.7}}, 0.2, 5), waves({{1, 1.7}}, 0.2, 80)};
  const auto model = fit_hankel_dmd(several, {.delays = 5, .rank = 2});
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0],
             ContainsSubstring("1 of 2 runs") && ContainsSubstring("fewer than 6 samples"));
  CHECK(model.residuals().maxCoeff() < 1e-12);
}

TEST_CASE("An offset is one more mode, of eigenvalue 1", "[hankel_dmd]") {
  const auto all = waves({{1, 1.7, 0.3}}, 0.2, 300, 0, 5);
  const auto history = all.slice(0, 150);
  const auto model = fit_hankel_dmd(history, {.delays = 6, .rank = 3});
  CHECK(std::abs(model.eigenvalues()[0] - 1.0) < 1e-12);
  CHECK(model.amplitudes()[0].real() == Approx(5.0));
  CHECK(largest_difference(model.forecast(history, 150).states(), all.states().rightCols(150)) <
        1e-9);
  const auto lower = fit_hankel_dmd(history, {.delays = 6, .rank = 2});
  CHECK(largest_difference(lower.forecast(history, 150).states(), all.states().rightCols(150)) >
        0.1);
}

TEST_CASE("The rank follows from the energy", "[hankel_dmd]") {
  const auto run = waves({{1, 1.7, 0.3}, {1e-3, 4.3, 0.1}}, 0.2, 400);
  CHECK(fit_hankel_dmd(run, {.delays = 10, .energy = 0.999}).rank() == 2);
  CHECK(fit_hankel_dmd(run, {.delays = 10}).rank() == 4);
  // All of the energy is no more than the numerical rank.
  CHECK(fit_hankel_dmd(run, {.delays = 10, .energy = 1}).rank() == 4);
}

TEST_CASE("One pass over the windows equals the textbook on the formed matrix", "[hankel_dmd]") {
  const auto run = lorenz(0.001, 2000);
  const Index delays = 100, rank = 12;
  const Trajectory<double> x(run.times(), run.states().topRows(1));
  const auto model = fit_hankel_dmd(x, {.delays = delays, .rank = rank});

  const Eigen::MatrixXd windows = koopman::delay_windows(x, delays + 1);
  const Eigen::MatrixXd before = windows.leftCols(delays), after = windows.rightCols(delays);
  const auto [u, sigma, v] = linalg::svd<double>(before);
  REQUIRE(sigma[0] / sigma[rank - 1] > 1e9);
  CHECK((model.singular_values().head(sigma.size()) - sigma).cwiseAbs().maxCoeff() <
        1e-14 * sigma[0]);

  // Residuals in the windows themselves: |Psi_Y y - lambda Psi_X y| / |Psi_X y| for the model's own
  // coordinates. The least of them concern small singular values, which hold few digits.
  const Eigen::MatrixXd encode =
      model.parts().basis * model.singular_values().head(rank).cwiseInverse().asDiagonal();
  const Eigen::MatrixXcd psi_x = (before * encode).cast<Complex>(),
                         psi_y = (after * encode).cast<Complex>();
  const Eigen::EigenSolver<Eigen::MatrixXd> solver(model.reduced_operator().transpose());
  for (Index j = 0; j < rank; ++j) {
    const Eigen::VectorXcd y = solver.eigenvectors().col(j);
    const Complex lambda = solver.eigenvalues()[j];
    const double residual = (psi_y * y - lambda * psi_x * y).norm() / (psi_x * y).norm();
    Index at = 0;
    (model.eigenvalues().array() - lambda).abs().minCoeff(&at);
    CHECK(std::abs(model.eigenvalues()[at] - lambda) < 1e-13);
    CHECK(model.residuals()[at] == Approx(residual).epsilon(1e-3));
  }

  SECTION("the operator of the textbook, where singular values hold enough digits") {
    const auto low = fit_hankel_dmd(x, {.delays = delays, .rank = 5});
    const Eigen::MatrixXd textbook = v.leftCols(5).transpose() * after.transpose() * u.leftCols(5) *
                                     sigma.head(5).cwiseInverse().asDiagonal();
    const Eigen::VectorXcd expected = Eigen::EigenSolver<Eigen::MatrixXd>(textbook).eigenvalues();
    CHECK(farthest({expected.begin(), expected.end()}, low.eigenvalues()) < 1e-10);
  }
}

TEST_CASE("Residuals tell modes of the system from artefacts", "[hankel_dmd]") {
  const auto exact = fit_hankel_dmd(waves(three_waves, 0.2, 300), {.delays = 12, .rank = 6});
  CHECK(exact.verified(1e-10).size() == 6);
  // Chaos mixes: but for the constant, no eigenfunction lies in the span of delays.
  const auto chaos = fit_hankel_dmd(lorenz(0.1, 5000, 20), {.delays = 10, .rank = 20});
  CHECK(chaos.residuals().maxCoeff() > 0.5);
  CHECK(chaos.verified(0.05).size() <= 2);
  CHECK(chaos.verified(2).size() == 20);
}

TEST_CASE("A repeated eigenvalue: forecasts stay exact, the modes are declared doubtful",
          "[hankel_dmd]") {
  // A straight line is a Jordan block of eigenvalue 1.
  const Eigen::MatrixXd line = Eigen::RowVectorXd::LinSpaced(100, 1, 10.9);
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 100), line);
  const auto model = fit_hankel_dmd(run, {.delays = 5, .rank = 2});
  const Eigen::MatrixXd expected = Eigen::RowVectorXd::LinSpaced(20, 11, 12.9);
  CHECK(largest_difference(model.forecast(run, 20).states(), expected) < 1e-9);
  CHECK(largest_difference(model.reconstruct(run).states(), line) < 1e-9);
  CHECK(model.modes().allFinite());
  CHECK(model.amplitudes().allFinite());
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0],
             ContainsSubstring("nearly parallel") && ContainsSubstring("repeated eigenvalue"));
  CHECK_THAT(model.summary(), ContainsSubstring("warning: eigenvectors"));
}

TEST_CASE("A rank that reaches into the noise floor is reported", "[hankel_dmd]") {
  const auto clean = lorenz(0.001, 5000);
  const Trajectory<double> x(clean.times(), clean.states().topRows(1));
  CHECK(fit_hankel_dmd(x, {.delays = 100, .rank = 15}).warnings().empty());

  RandomStream random(3);
  const Eigen::MatrixXd noise =
      Eigen::MatrixXd::NullaryExpr(1, 5000, [&](Index, Index) { return 1e-3 * random.normal(); });
  const Trajectory<double> noisy(x.times(), x.states() + noise);
  const auto model = fit_hankel_dmd(noisy, {.delays = 100, .rank = 15});
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0],
             ContainsSubstring("rank 15") && ContainsSubstring("stop falling"));
  // The rank it advises is one that it does not warn of, and the next is.
  const auto& sigma = model.singular_values();
  Index advised = 1;
  while (fit_hankel_dmd(noisy, {.delays = 100, .rank = advised + 1}).warnings().empty()) ++advised;
  CHECK_THAT(model.warnings()[0],
             ContainsSubstring("use rank " + std::to_string(advised) + " or less"));
  CHECK(sigma[advised - 1] > 2 * sigma[advised]);
}

TEST_CASE("What fit_hankel_dmd refuses", "[hankel_dmd]") {
  const auto run = waves(three_waves, 0.2, 64);
  CHECK_THROWS_WITH(fit_hankel_dmd(run, {.delays = 0}),
                    ContainsSubstring("delays is 0") && ContainsSubstring("at least 1"));
  CHECK_THROWS_WITH(fit_hankel_dmd(run, {.rank = -2}),
                    ContainsSubstring("rank is -2") && ContainsSubstring("energy"));
  for (const double energy : {0.0, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_WITH(fit_hankel_dmd(run, {.energy = energy}),
                      ContainsSubstring("energy is") && ContainsSubstring("(0, 1]"));
  CHECK_THROWS_AS(fit_hankel_dmd(run, {.energy = 2}), InvalidArgument);

  CHECK_THROWS_WITH(
      fit_hankel_dmd(run, {.delays = 100}),
      ContainsSubstring(
          "fit_hankel_dmd: 100 delays need at least 102 samples, but the trajectory has 64;") &&
          ContainsSubstring("fewer delays"));
  CHECK_THROWS_WITH(fit_hankel_dmd(run, {.delays = 63}), ContainsSubstring("65 samples"));
  CHECK_NOTHROW(fit_hankel_dmd(run, {.delays = 62}));
  const std::vector<Trajectory<double>> two = {run, waves(three_waves, 0.2, 50)};
  CHECK_THROWS_WITH(fit_hankel_dmd(two, {.delays = 80}),
                    ContainsSubstring("82 samples") && ContainsSubstring("2 runs has 64"));
  CHECK_THROWS_AS(fit_hankel_dmd(std::vector<Trajectory<double>>{}), InvalidArgument);

  CHECK_THROWS_WITH(fit_hankel_dmd(run, {.delays = 20, .rank = 9}),
                    ContainsSubstring("rank is 9") && ContainsSubstring("rank 6 to rounding") &&
                        ContainsSubstring("energy"));
  const Trajectory<double> still(TimeGrid::uniform(0, 1, 50), Eigen::MatrixXd::Zero(2, 50));
  CHECK_THROWS_WITH(fit_hankel_dmd(still), ContainsSubstring("0 throughout"));

  Eigen::VectorXd uneven = Eigen::VectorXd::LinSpaced(64, 0, 6.3);
  uneven[63] = 7;
  CHECK_THROWS_WITH(fit_hankel_dmd(Trajectory<double>(TimeGrid(uneven), run.states())),
                    ContainsSubstring("fit_hankel_dmd: times are not uniform") &&
                        ContainsSubstring("to 0.8") && ContainsSubstring("resample"));
  const std::vector<Trajectory<double>> mixed = {run, waves(three_waves, 0.3, 64)};
  CHECK_THROWS_WITH(fit_hankel_dmd(mixed), ContainsSubstring("0.2") && ContainsSubstring("0.3") &&
                                               ContainsSubstring("resample"));
  const std::vector<Trajectory<double>> shapes = {run, lorenz(0.2, 64, 40)};
  CHECK_THROWS_AS(fit_hankel_dmd(shapes), DimensionMismatch);
  CHECK_THROWS_WITH(fit_hankel_dmd(shapes), ContainsSubstring("3") && ContainsSubstring("1"));
}

TEST_CASE("Long windows are not formed, and give what the triangle gives", "[hankel_dmd]") {
  // A rank by energy needs all singular values, hence the triangle; a rank that is given does not.
  const auto compare = [](const std::vector<Trajectory<double>>& data, Index delays, double energy) {
    const auto triangle = fit_hankel_dmd(data, {.delays = delays, .energy = energy});
    const Index rank = triangle.rank();
    const auto products = fit_hankel_dmd(data, {.delays = delays, .rank = rank});
    REQUIRE(triangle.singular_values().size() > rank);
    REQUIRE(products.singular_values().size() == rank);
    CHECK(largest_difference(products.singular_values(), triangle.singular_values().head(rank)) <
          1e-12 * triangle.singular_values()[0]);
    const std::vector<Complex> expected(triangle.eigenvalues().begin(), triangle.eigenvalues().end());
    CHECK(farthest(expected, products.eigenvalues()) < 1e-10);
    CHECK(std::abs(products.residuals().maxCoeff() - triangle.residuals().maxCoeff()) < 1e-10);
    const auto one = triangle.forecast(data[0], 100), two = products.forecast(data[0], 100);
    CHECK(largest_difference(one.states(), two.states()) < 1e-8);
    CHECK(products.warnings() == triangle.warnings());
  };
  compare({waves(three_waves, 0.2, 900), waves(three_waves, 0.2, 500, 31), waves(three_waves, 0.2, 100)},
          300, 1 - 1e-10);
  compare({lorenz(0.02, 2500)}, 120, 0.995);
  CHECK_THROWS_WITH(fit_hankel_dmd(waves(three_waves, 0.2, 900), {.delays = 300, .rank = 9}),
                    ContainsSubstring("rank is 9") && ContainsSubstring("rank 6 to rounding"));
}

TEST_CASE("Inputs are refused rather than left unused", "[hankel_dmd]") {
  const auto run = waves(three_waves, 0.2, 100);
  const Trajectory<double> driven(run.times(), run.states(), {}, Eigen::MatrixXd::Ones(2, 100));
  CHECK_THROWS_AS(fit_hankel_dmd(driven), InvalidArgument);
  CHECK_THROWS_WITH(fit_hankel_dmd(driven), ContainsSubstring("a run has inputs, 2 where 0") &&
                                                ContainsSubstring("0 are expected") &&
                                                ContainsSubstring("leave them out"));
}
