// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/sindy/trapping_sr3.hpp"
#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

using almagest::DimensionMismatch;
using almagest::Ensemble;
using almagest::InvalidArgument;
using almagest::RandomStream;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::TrajectoryView;
using almagest::Verdict;
namespace sindy = almagest::sindy;
using sindy::FiniteDifference;
using sindy::Polynomial;
using sindy::SavitzkyGolay;
using sindy::Stlsq;

namespace {

/// 20 time units on the attractor's way, made once.
const Trajectory<double>& lorenz() {
  static const Trajectory<double> run = data::lorenz();
  return run;
}

/// The exponents of a law of monomials, `features x dimension`.
template <typename Model>
Eigen::MatrixXi exponents(const Model& model) {
  return sindy::Monomials(*model.library().template as<Polynomial>(), model.dimension()).exponents();
}

template <typename Model>
double coefficient_error(const Model& model) {
  return (model.coefficients().template cast<double>() - data::lorenz_law(exponents(model)))
      .cwiseAbs()
      .maxCoeff();
}

Trajectory<double> with_noise(const Trajectory<double>& run, double relative, std::uint64_t seed) {
  const double mean = run.states().mean();
  const double size = relative * std::sqrt((run.states().array() - mean).square().mean());
  RandomStream random(seed);
  Eigen::MatrixXd states = run.states();
  for (Eigen::Index i = 0; i < states.size(); ++i) states.data()[i] += size * random.normal();
  return {run.times(), states, run.info()};
}

/// A straight line of given slope, sampled every 0.1.
Trajectory<double> line(double x0, double slope, Eigen::Index samples, double start = 0) {
  Eigen::MatrixXd states(1, samples);
  for (Eigen::Index i = 0; i < samples; ++i) states(0, i) = x0 + slope * 0.1 * double(i);
  return {TimeGrid::uniform(start, 0.1, samples), states};
}

}  // namespace

TEST_CASE("Lorenz63 is found to the error of the differences", "[sindy]") {
  const Polynomial library{.degree = 3};
  const Stlsq optimizer{.threshold = 0.1};
  const auto fourth = sindy::fit(lorenz(), library, optimizer, FiniteDifference{4});
  CHECK(data::same_support(fourth.coefficients(), data::lorenz_law(exponents(fourth))));
  CHECK(coefficient_error(fourth) == Approx(3.3e-6).epsilon(0.03));
  CHECK(fourth.warnings().empty());
  CHECK(fourth.condition_number() > 1);
  CHECK(fourth.condition_number() < 100);
  CHECK(fourth.report().residuals.maxCoeff() < 1e-5);
  CHECK(fourth.equations() == std::vector<std::string>{"x' = -10.0000 x + 10.0000 y",
                                                       "y' = 28.0000 x - 1.0000 y - 1.0000 x z",
                                                       "z' = -2.6667 z + 1.0000 x y"});

  const auto second = sindy::fit(lorenz(), library, optimizer, FiniteDifference{2});
  CHECK(data::same_support(second.coefficients(), data::lorenz_law(exponents(second))));
  CHECK(coefficient_error(second) == Approx(7.6e-3).epsilon(0.02));

  const auto sixth = sindy::fit(lorenz(), library, optimizer, FiniteDifference{6});
  CHECK(coefficient_error(sixth) < 1e-7);
}

TEST_CASE("What a model knows of its training", "[sindy]") {
  const auto model = sindy::fit(lorenz(), Polynomial{}, Stlsq{}, FiniteDifference{4});
  CHECK(model.training().dimension == 3);
  CHECK(model.training().samples == 10'000);
  CHECK(model.training().step == 0.002);
  CHECK(model.training().names == std::vector<std::string>{"x", "y", "z"});
  CHECK(model.training().lower == lorenz().states().rowwise().minCoeff());
  CHECK(*model.library().as<Polynomial>() == Polynomial{.degree = 2});
  const Trajectory<double> nameless(lorenz().times(), lorenz().states());
  CHECK(sindy::fit(nameless).equations(1)[0] == "x0' = -10.0 x0 + 10.0 x1");
}

TEST_CASE("Lorenz63 is found under one per cent of noise by Savitzky-Golay", "[sindy]") {
  struct Score {
    int right = 0;
    double median = 0;
  };
  // Over twenty draws of the noise: how often the law has exactly the right terms, and its median
  // error.
  const auto score = [](const auto& method) {
    Score out;
    std::vector<double> errors;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const auto model =
          sindy::fit(with_noise(lorenz(), 0.01, seed), Polynomial{.degree = 3}, Stlsq{}, method);
      out.right += data::same_support(model.coefficients(), data::lorenz_law(exponents(model)));
      errors.push_back(coefficient_error(model));
    }
    std::nth_element(errors.begin(), errors.begin() + 10, errors.end());
    out.median = errors[10];
    return out;
  };
  const Score smooth = score(SavitzkyGolay{});
  CHECK(smooth.right >= 16);
  CHECK(smooth.median < 0.06);
  const Score wide = score(SavitzkyGolay{.window = 31, .degree = 3});
  CHECK(wide.right >= 18);
  CHECK(wide.median < 0.03);
  // Noise in the features costs terms, however the derivative was smoothed.
  const Score bare = score(SavitzkyGolay{.smooth_states = false});
  CHECK(bare.right < smooth.right);
  CHECK(bare.median > 2 * smooth.median);
}

TEST_CASE("Lotka-Volterra has four terms", "[sindy]") {
  const auto model =
      sindy::fit(data::run(almagest::systems::LotkaVolterra<>{}, std::array{1.0, 1.5},
                           TimeGrid::uniform(0, 0.01, 3000)),
                 Polynomial{.degree = 3}, Stlsq{.threshold = 0.05}, FiniteDifference{4});
  const almagest::systems::LotkaVolterra<> truth;
  CHECK((model.coefficients().array() != 0).count() == 4);
  for (const auto& x : {std::array{1.0, 1.5}, std::array{0.3, 0.9}}) {
    std::array<double, 2> found{}, expected{};
    model(x, found, 0.0);
    truth(x, expected, 0.0);
    CHECK(found[0] == Approx(expected[0]).epsilon(1e-6));
    CHECK(found[1] == Approx(expected[1]).epsilon(1e-6));
  }
}

TEST_CASE("Lorenz96 has four terms in every row", "[sindy]") {
  constexpr int d = 20;
  Eigen::VectorXd x0 = Eigen::VectorXd::Constant(d, 8);
  x0[0] += 0.01;
  const auto system = [](const auto& x, auto& rate, double) {
    for (int i = 0; i < d; ++i)
      rate[i] = (x[(i + 1) % d] - x[(i + d - 2) % d]) * x[(i + d - 1) % d] - x[i] + 8;
  };
  const auto onset = data::run(system, x0, TimeGrid::uniform(0, 20, 2));
  const auto run = data::run(system, Eigen::VectorXd(onset[1]), TimeGrid::uniform(0, 0.005, 20'000));
  const Polynomial library{.degree = 2};
  const auto fourth = sindy::fit(run, library, Stlsq{}, FiniteDifference{4});
  const Eigen::MatrixXi powers = exponents(fourth);
  REQUIRE(powers.rows() == 231);
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(powers.rows(), d);
  for (int i = 0; i < d; ++i)
    for (Eigen::Index f = 0; f < powers.rows(); ++f) {
      const auto is = [&](int a, int b) {
        Eigen::RowVectorXi e = Eigen::RowVectorXi::Zero(d);
        if (a >= 0) ++e[(a + d) % d];
        if (b >= 0) ++e[(b + d) % d];
        return powers.row(f) == e;
      };
      if (is(-1, -1)) law(f, i) = 8;
      if (is(i, -1)) law(f, i) = -1;
      if (is((i + 1) % d, (i + d - 1) % d)) law(f, i) = 1;
      if (is((i + d - 2) % d, (i + d - 1) % d)) law(f, i) = -1;
    }
  const auto error = [&](const auto& model) { return (model.coefficients() - law).cwiseAbs().maxCoeff(); };
  CHECK(data::same_support(fourth.coefficients(), law));
  // 4.4e-6 on the run of the reference; in chaos, rounding makes another run, and they differ by a half.
  CHECK(error(fourth) < 6.6e-6);
  // Smoothing before a difference of second order leaves 3.5e-3.
  const auto smooth = sindy::fit(run, library, Stlsq{}, SavitzkyGolay{});
  CHECK(data::same_support(smooth.coefficients(), law));
  CHECK(error(smooth) < 3.5e-4);
}

TEST_CASE("Times need not be uniform", "[sindy]") {
  const auto run = data::run(almagest::systems::Lorenz63<>{}, std::array{-8.0, 8.0, 27.0},
                             data::uneven(6000, 0.002, 0.5));
  REQUIRE_FALSE(run.times().is_uniform());
  const auto model = sindy::fit(run, Polynomial{.degree = 3}, Stlsq{}, FiniteDifference{4});
  CHECK(data::same_support(model.coefficients(), data::lorenz_law(exponents(model))));
  CHECK(coefficient_error(model) < 1e-4);
  CHECK_FALSE(model.training().step.has_value());
  // Such a model takes its step from the history.
  const auto ahead = model.forecast(data::lorenz(2, 0.01, {1, 2, 20}), 50);
  CHECK((ahead.states() - data::lorenz(52, 0.01, {1, 2, 20}).states().rightCols(50))
            .cwiseAbs()
            .maxCoeff() < 1e-3);
  const auto smooth =
      sindy::fit(with_noise(run, 0.01, 7), Polynomial{}, Stlsq{}, SavitzkyGolay{15, 3});
  CHECK(data::same_support(smooth.coefficients(), data::lorenz_law(exponents(smooth))));
}

TEST_CASE("Several runs, of different length, start and step, are one set of data", "[sindy]") {
  const std::vector<Trajectory<double>> several{data::lorenz(3000, 0.002),
                                                data::lorenz(1500, 0.002, {5, -3, 30}),
                                                data::lorenz(5, 0.002, {1, 1, 1})};
  const auto model = sindy::fit(several, Polynomial{.degree = 3}, Stlsq{}, FiniteDifference{4});
  CHECK(coefficient_error(model) < 1e-5);
  CHECK(model.training().samples == 4505);
  CHECK(model.training().step == 0.002);
  const auto merged =
      sindy::fit(Ensemble<double>(several), Polynomial{.degree = 3}, Stlsq{}, FiniteDifference{4});
  CHECK(merged.coefficients() == model.coefficients());
  const std::vector<TrajectoryView<double>> views(several.begin(), several.end());
  CHECK(sindy::fit(views, Polynomial{.degree = 3}, Stlsq{}, FiniteDifference{4}).coefficients() ==
        model.coefficients());

  const std::vector<Trajectory<double>> steps{data::lorenz(3000, 0.002),
                                              data::lorenz(3000, 0.001, {5, -3, 30})};
  const auto mixed = sindy::fit(steps, Polynomial{.degree = 3}, Stlsq{}, FiniteDifference{4});
  CHECK(coefficient_error(mixed) < 1e-5);
  CHECK_FALSE(mixed.training().step.has_value());
}

TEST_CASE("No derivative straddles two runs", "[sindy]") {
  // Both runs follow x' = 2 exactly; between them lies a jump of 100.
  const std::vector<Trajectory<double>> several{line(0, 2, 40), line(100, 2, 23)};
  const auto order = GENERATE(2, 4);
  const auto differences =
      sindy::fit(several, Polynomial{.degree = 1}, Stlsq{}, FiniteDifference{order});
  CHECK(differences.coefficients()(0, 0) == Approx(2).epsilon(1e-12));
  CHECK(differences.coefficients()(1, 0) == 0);
  const auto smooth =
      sindy::fit(several, Polynomial{.degree = 1}, Stlsq{}, SavitzkyGolay{});
  CHECK(smooth.coefficients()(0, 0) == Approx(2).epsilon(1e-12));
  CHECK(smooth.coefficients()(1, 0) == 0);
}

TEST_CASE("A fit is the regression of derivatives on features, whatever the blocks", "[sindy]") {
  // 700 samples in runs of uneven length: blocks of 256 rows end anywhere.
  const auto run = data::lorenz(700, 0.01);
  std::vector<TrajectoryView<double>> pieces;
  Eigen::Index first = 0;
  for (const Eigen::Index length : {11, 300, 5, 123, 261}) {
    pieces.push_back(run.slice(first, length));
    first += length;
  }
  const auto compare = [&](const auto& method) {
    const sindy::Monomials monomials({.degree = 2}, 3);
    Eigen::MatrixXd features(700, monomials.size()), rates(700, 3);
    Eigen::Index row = 0;
    for (const auto& piece : pieces) {
      rates.middleRows(row, piece.size()) = sindy::differentiate(piece, method).transpose();
      monomials.evaluate(Eigen::MatrixXd(piece.states().transpose()),
                         features.middleRows(row, piece.size()));
      row += piece.size();
    }
    const Eigen::MatrixXd expected = sindy::regress(Stlsq{.threshold = 0.5}, features, rates);
    const auto model = sindy::fit(pieces, Polynomial{.degree = 2}, Stlsq{.threshold = 0.5}, method);
    CHECK((model.coefficients() - expected).cwiseAbs().maxCoeff() < 1e-9);
  };
  compare(FiniteDifference{2});
  compare(FiniteDifference{4});
  compare(SavitzkyGolay{5, 2, false});
}

TEST_CASE("Float data are learned in double precision", "[sindy]") {
  const auto run = data::lorenz(2000, 0.01);
  const Trajectory<float> coarse(run.times(), run.states().cast<float>(), run.info());
  const auto model =
      sindy::fit(coarse, Polynomial{.degree = 3}, Stlsq{.threshold = 0.1}, FiniteDifference{6});
  static_assert(std::is_same_v<decltype(model)::Scalar, float>);
  CHECK(data::same_support(model.coefficients(), data::lorenz_law(exponents(model))));
  const auto fine =
      sindy::fit(run, Polynomial{.degree = 3}, Stlsq{.threshold = 0.1}, FiniteDifference{6});
  CHECK((model.coefficients().cast<double>() - fine.coefficients()).cwiseAbs().maxCoeff() < 1e-3);
}

TEST_CASE("A learned orbit closes like the true one", "[sindy]") {
  const almagest::systems::LotkaVolterra<> truth;
  const std::array x0{1.0, 1.5};
  const auto whole = data::run(truth, x0, TimeGrid::uniform(0, 0.01, 6000));
  const auto model =
      sindy::fit(whole.slice(0, 3000), Polynomial{}, Stlsq{.threshold = 0.05}, FiniteDifference{4});
  const auto ahead = model.forecast(whole.slice(0, 3000), 3000);
  CHECK(ahead.verdict().kind == Verdict::Kind::fine);
  CHECK((ahead.states() - whole.states().rightCols(3000)).cwiseAbs().maxCoeff() < 1e-4);
}

TEST_CASE("A component that does not move has no terms", "[sindy]") {
  // x' = -x + p with p = 0.7 throughout: p, a parameter, is part of the state.
  const double p = GENERATE(0.7, 0.0, 1e6);
  Eigen::MatrixXd states(2, 400);
  for (Eigen::Index i = 0; i < 400; ++i) states.col(i) << p + std::exp(-0.01 * double(i)), p;
  const Trajectory<double> run(TimeGrid::uniform(0, 0.01, 400), states);
  const auto model = sindy::fit(run, Polynomial{.degree = 1}, Stlsq{}, FiniteDifference{4});
  CHECK((model.coefficients().col(1).array() == 0).all());
  CHECK(model.coefficients().allFinite());
  const auto single = Trajectory<float>(run.times(), states.cast<float>());
  CHECK((sindy::fit(single, Polynomial{.degree = 1}).coefficients().col(1).array() == 0).all());
}

TEST_CASE("A constant seen through noise has no terms, and a warning", "[sindy]") {
  Eigen::MatrixXd states(2, 2000);
  RandomStream random(3);
  for (Eigen::Index i = 0; i < 2000; ++i)
    states.col(i) << std::exp(-0.001 * double(i)), 5 + 0.01 * random.normal();
  const Trajectory<double> run(TimeGrid::uniform(0, 0.01, 2000), states,
                               {{"x", "p"}, {}, {}, {}, {}});
  const auto model = sindy::fit(run, Polynomial{.degree = 1, .bias = false},
                                Stlsq{.threshold = 0.05}, FiniteDifference{2});
  CHECK((model.coefficients().col(1).array() == 0).all());
  CHECK(model.coefficients()(0, 0) == Approx(-0.1).epsilon(1e-3));
  REQUIRE(model.warnings().size() == 1);
  CHECK_THAT(model.warnings()[0],
             ContainsSubstring("p' was set to 0") && ContainsSubstring("threshold 0.05"));
}

TEST_CASE("Terms that these data cannot tell apart leave a warning", "[sindy]") {
  // y = 2 x all the time.
  Eigen::MatrixXd states(2, 300);
  for (Eigen::Index i = 0; i < 300; ++i)
    states.col(i) << std::exp(-0.01 * double(i)), 2 * std::exp(-0.01 * double(i));
  const Trajectory<double> run(TimeGrid::uniform(0, 0.01, 300), states,
                               {{"x", "y"}, {}, {}, {}, {}});
  const Polynomial linear{.degree = 1, .bias = false};
  // The regression takes one of them and says that it could have been the other.
  const auto chosen = sindy::fit(run, linear, Stlsq{}, FiniteDifference{4});
  CHECK((chosen.coefficients().array() != 0).count() == 2);
  REQUIRE(chosen.warnings().size() == 1);
  CHECK_THAT(chosen.warnings()[0], ContainsSubstring("the 2 features have rank 1 in these data"));
  // With a ridge both share.
  const auto model = sindy::fit(run, linear, Stlsq{.ridge = 0.05}, FiniteDifference{4});
  CHECK(std::isinf(model.condition_number()));
  REQUIRE(model.warnings().size() == 2);
  CHECK_THAT(model.warnings()[0], ContainsSubstring("x': its 2 terms depend on each other") &&
                                      ContainsSubstring("rank 1"));
  // It still is right where it was trained.
  const auto ahead = model.forecast(run, 100);
  CHECK(ahead.states()(1, 99) == Approx(2 * std::exp(-3.99)).epsilon(1e-6));
}

TEST_CASE("Fewer samples than features, and too few rounds, leave a warning", "[sindy]") {
  const auto few =
      sindy::fit(data::lorenz(12, 0.05), Polynomial{.degree = 3}, Stlsq{}, FiniteDifference{2});
  REQUIRE_FALSE(few.warnings().empty());
  CHECK_THAT(few.warnings()[0], ContainsSubstring("12 samples cannot determine 20 features"));
  const auto hasty = sindy::fit(lorenz(), Polynomial{.degree = 3}, Stlsq{.max_iterations = 1},
                                FiniteDifference{4});
  REQUIRE_FALSE(hasty.warnings().empty());
  CHECK_THAT(hasty.warnings()[0],
             ContainsSubstring("after 1 iterations") && ContainsSubstring("max_iterations"));
}

TEST_CASE("A threshold above all coefficients is refused", "[sindy]") {
  const auto refusal = [](double threshold) {
    return sentence<InvalidArgument>([&] {
      sindy::fit(lorenz(), Polynomial{}, Stlsq{.threshold = threshold}, FiniteDifference{4});
    });
  };
  for (const double threshold : {12.0, 1000.0})
    CHECK_THAT(refusal(threshold),
               ContainsSubstring("threshold " + std::to_string(int(threshold)) +
                                 " removes every term of x'") &&
                   ContainsSubstring("largest remaining coefficient was 10;") &&
                   ContainsSubstring("give a threshold below that"));
  // Below 12 it is the turn of z', whose largest is 8/3: terms fall in several rounds.
  CHECK_THAT(refusal(9), ContainsSubstring("threshold 9 removes every term of"));
  CHECK_NOTHROW(sindy::fit(lorenz(), Polynomial{}, Stlsq{.threshold = 0.9}, FiniteDifference{4}));
}

TEST_CASE("A trapping law keeps all solutions in its ball", "[sindy]") {
  Eigen::MatrixXd noisy = lorenz().states();
  RandomStream random(4);
  for (Eigen::Index k = 0; k < noisy.size(); ++k) noisy.data()[k] += 0.5 * random.normal();
  const Trajectory<double> run(lorenz().times(), noisy, lorenz().info());
  const auto model = sindy::fit(run, Polynomial{}, sindy::TrappingSr3{.relaxed = {.threshold = 0.3}},
                                SavitzkyGolay{.window = 15});
  CHECK(model.warnings().empty());
  CHECK((model.coefficients() - data::lorenz_law(exponents(model))).cwiseAbs().maxCoeff() < 1);
  const auto region = sindy::trapping_region(model.law());
  REQUIRE(region.traps());
  CHECK(region.energy_defect < 1e-12);
  // On the sphere of the region, and outside, the distance to the centre falls.
  double fastest = -1e300;
  for (int k = 0; k < 1000; ++k) {
    Eigen::Vector3d direction(random.normal(), random.normal(), random.normal());
    const Eigen::VectorXd x = region.centre + region.radius * (1 + 2 * random.uniform()) * direction.normalized();
    Eigen::VectorXd rate(3);
    model(x, rate, 0.0);
    fastest = std::max(fastest, (x - region.centre).dot(rate) / (x - region.centre).squaredNorm());
  }
  CHECK(fastest <= 1e-12);

  // The exact law of Lorenz traps too; one without its dissipation does not.
  const Eigen::MatrixXd exact = data::lorenz_law(sindy::Monomials({.degree = 2}, 3).exponents());
  const auto truth = sindy::trapping_region(sindy::Law<double>(Polynomial{}, 3, exact));
  CHECK(truth.traps());
  CHECK(truth.greatest_eigenvalue < -0.5);
  CHECK(!sindy::trapping_region(sindy::Law<double>(Polynomial{}, 3, -exact)).traps());
  CHECK_THAT(sentence<InvalidArgument>([] { sindy::fit(lorenz(), Polynomial{3}, sindy::TrappingSr3{}); }),
             ContainsSubstring("degree 2"));
}

TEST_CASE("Runs that cannot be learned from are refused", "[sindy]") {
  const std::vector<Trajectory<double>> with_short{data::lorenz(30), data::lorenz(4)};
  CHECK_THAT(sentence<InvalidArgument>(
                 [&] { sindy::fit(with_short, Polynomial{}, Stlsq{}, FiniteDifference{4}); }),
             ContainsSubstring("run 1 has 4 samples") && ContainsSubstring("at least 5") &&
                 ContainsSubstring("give a longer run or a lower order"));
  CHECK_THAT(sentence<InvalidArgument>(
                 [&] { sindy::fit(data::lorenz(10), Polynomial{}, Stlsq{}, SavitzkyGolay{}); }),
             ContainsSubstring("run 0 has 10 samples") &&
                 ContainsSubstring("window 11 needs at least 11"));
  CHECK_THAT(sentence<InvalidArgument>([] { sindy::fit(std::vector<Trajectory<double>>{}); }),
             ContainsSubstring("no runs") && ContainsSubstring("at least 1"));
  const std::vector<Trajectory<double>> two_kinds{data::lorenz(30), line(0, 1, 30)};
  CHECK_THAT(sentence<DimensionMismatch>([&] { sindy::fit(two_kinds); }),
             ContainsSubstring("has 1 entries") && ContainsSubstring("state has 3"));
  const TimeGrid times = TimeGrid::uniform(0, 1, 20);
  const Eigen::MatrixXd any = Eigen::MatrixXd::Random(2, 20);
  const std::vector<Trajectory<double>> one_driven{{times, any, {}, any.topRows(1)}, {times, any}};
  CHECK_THAT(sentence<DimensionMismatch>([&] { sindy::fit(one_driven); }),
             ContainsSubstring("run 1 has 0 inputs") && ContainsSubstring("the same inputs"));
  const Trajectory<double> huge(TimeGrid::uniform(0, 1, 20), 1e40 * Eigen::MatrixXd::Random(2, 20));
  CHECK_THAT(
      sentence<InvalidArgument>([&] { sindy::fit(huge, Polynomial{.degree = 4}); }),
      ContainsSubstring("degree 4") && ContainsSubstring("1e150") && ContainsSubstring("rescale"));
  CHECK_THAT(sentence<InvalidArgument>([&] { sindy::fit(lorenz(), Polynomial{.degree = -2}); }),
             ContainsSubstring("degree is -2"));
  CHECK_THAT(sentence<InvalidArgument>(
                 [&] { sindy::fit(lorenz(), Polynomial{}, Stlsq{.threshold = -1}); }),
             ContainsSubstring("threshold is -1"));
  CHECK_THAT(sentence<InvalidArgument>(
                 [&] { sindy::fit(lorenz(), Polynomial{}, Stlsq{}, FiniteDifference{3}); }),
             ContainsSubstring("order is 3"));
}
