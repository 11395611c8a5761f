// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/model.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <unsupported/Eigen/AutoDiff>
#include <vector>

#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

using almagest::ConvergenceFailure;
using almagest::DimensionMismatch;
using almagest::Forecaster;
using almagest::InvalidArgument;
using almagest::NonFiniteData;
using almagest::TimeGrid;
using almagest::TrainingFacts;
using almagest::Trajectory;
using almagest::VectorField;
using almagest::Verdict;
using almagest::sindy::Model;
using almagest::sindy::Monomials;
using almagest::sindy::Polynomial;
using Strings = std::vector<std::string>;

static_assert(Forecaster<Model<float>> && Forecaster<Model<double>>);
static_assert(VectorField<Model<double>, std::array<double, 3>>);

namespace {

TrainingFacts facts(Strings names, double bound, std::optional<double> step) {
  TrainingFacts out;
  out.dimension = Eigen::Index(names.size());
  out.samples = 100;
  out.step = step;
  out.names = std::move(names);
  out.lower = Eigen::VectorXd::Constant(out.dimension, -bound);
  out.upper = Eigen::VectorXd::Constant(out.dimension, bound);
  return out;
}

template <typename Scalar = double>
Model<Scalar> lorenz(std::optional<double> step = 0.01, int degree = 2) {
  const Polynomial library{.degree = degree};
  const Eigen::MatrixXd law = data::lorenz_law(Monomials(library, 3).exponents());
  return {library, law.cast<Scalar>(), facts({"x", "y", "z"}, 60, step)};
}

/// x' = the sum of coefficients[k] x^k.
Model<double> scalar_law(std::vector<double> coefficients, double bound,
                         std::optional<double> step) {
  const Eigen::Map<Eigen::VectorXd> column(coefficients.data(), Eigen::Index(coefficients.size()));
  return {{.degree = int(coefficients.size()) - 1}, column, facts({"x"}, bound, step)};
}

template <typename Scalar = double>
Trajectory<Scalar> history(std::initializer_list<double> state, double step = 0.01) {
  Eigen::VectorXd x = Eigen::Map<const Eigen::VectorXd>(state.begin(), Eigen::Index(state.size()));
  return {TimeGrid::uniform(0, step, 1), x.cast<Scalar>()};
}

}  // namespace

TEST_CASE("Equations read as they are written on paper", "[sindy]") {
  CHECK(lorenz().equations() == Strings{"x' = -10.0000 x + 10.0000 y",
                                        "y' = 28.0000 x - 1.0000 y - 1.0000 x z",
                                        "z' = -2.6667 z + 1.0000 x y"});
  CHECK(lorenz().equations(1)[2] == "z' = -2.7 z + 1.0 x y");
  CHECK(scalar_law({-0.5, 0, 1e-7, -2.5e7}, 1, 0.1).equations(2) ==
        Strings{"x' = -0.50 + 1.00e-07 x^2 - 2.50e+07 x^3"});
  CHECK(scalar_law({0, 0}, 1, 0.1).equations() == Strings{"x' = 0"});
  CHECK(scalar_law({2, 0}, 1, 0.1).equations(0) == Strings{"x' = 2"});
  CHECK_THAT(sentence<InvalidArgument>([] { lorenz().equations(-1); }),
             ContainsSubstring("precision is -1") && ContainsSubstring("0 to 17"));
}

TEST_CASE("A model is the sum of its parts", "[sindy]") {
  const Model<double> model = lorenz(0.01, 3);
  CHECK(model.dimension() == 3);
  CHECK(model.context() == 1);
  CHECK(*model.library().as<Polynomial>() == Polynomial{.degree = 3});
  CHECK(model.coefficients().rows() == 20);
  CHECK(model.feature_names()[5] == "x y");
  CHECK(model.training().step == 0.01);
  CHECK(std::isnan(model.condition_number()));
  CHECK(model.warnings().empty());

  const Eigen::MatrixXd law = model.coefficients();
  CHECK_THAT(
      sentence<DimensionMismatch>([&] { Model<double>({.degree = 2}, law, model.training()); }),
      ContainsSubstring("coefficients (rows) has 20") && ContainsSubstring("features has 10"));
  CHECK_THAT(
      sentence<DimensionMismatch>(
          [&] { Model<double>({.degree = 3}, law.leftCols(2), model.training()); }),
      ContainsSubstring("coefficients (columns) has 2") && ContainsSubstring("the state has 3"));
  TrainingFacts nameless = model.training();
  nameless.names.pop_back();
  CHECK_THAT(sentence<DimensionMismatch>([&] { Model<double>({.degree = 3}, law, nameless); }),
             ContainsSubstring("names has 2") && ContainsSubstring("the state has 3"));
  Eigen::MatrixXd broken = law;
  broken(4, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(
      sentence<NonFiniteData>([&] { Model<double>({.degree = 3}, broken, model.training()); }),
      ContainsSubstring("coefficients"));
}

TEMPLATE_TEST_CASE("The right-hand side is the law, for states of any kind", "[sindy]", float,
                   double) {
  using Scalar = TestType;
  const Model<Scalar> model = lorenz<Scalar>(0.01, 4);
  const std::array<Scalar, 3> x{Scalar(1.5), Scalar(-2), Scalar(20)};
  const Eigen::Vector3<Scalar> expected(-35, 28 * Scalar(1.5) + 2 - 30, -3 - Scalar(8) / 3 * 20);
  const Scalar rounding = 100 * Eigen::NumTraits<Scalar>::epsilon();

  std::array<Scalar, 3> rate{};
  model(x, rate, Scalar(0));
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(std::abs(rate[i] - expected[Eigen::Index(i)]) <= rounding);

  const Eigen::VectorX<Scalar> vector = Eigen::Vector3<Scalar>(x[0], x[1], x[2]);
  Eigen::VectorX<Scalar> vector_rate(3);
  model(vector, vector_rate, 0.0);
  CHECK(vector_rate == Eigen::Vector3<Scalar>(rate[0], rate[1], rate[2]));

  SECTION("lanes give the bits of single states") {
    using Lanes = Eigen::Array<Scalar, 4, 1>;
    std::array<Lanes, 3> lanes, lane_rates;
    for (std::size_t i = 0; i < 3; ++i)
      for (int k = 0; k < 4; ++k) lanes[i][k] = x[i] * Scalar(k + 1) / 2;
    model(lanes, lane_rates, Scalar(0));
    for (int k = 0; k < 4; ++k) {
      const std::array<Scalar, 3> one{lanes[0][k], lanes[1][k], lanes[2][k]};
      model(one, rate, Scalar(0));
      for (std::size_t i = 0; i < 3; ++i) CHECK(lane_rates[i][k] == rate[i]);
    }
  }

  SECTION("dual numbers give the Jacobian") {
    using Dual = Eigen::AutoDiffScalar<Eigen::Vector3<Scalar>>;
    std::array<Dual, 3> dual, dual_rate;
    for (std::size_t i = 0; i < 3; ++i) dual[i] = Dual(x[i], 3, int(i));
    model(dual, dual_rate, Scalar(0));
    Eigen::Matrix3<Scalar> jacobian;
    jacobian << -10, 10, 0, 8, -1, -x[0], x[1], x[0], -Scalar(8) / 3;
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(dual_rate[i].value() == rate[i]);
      CHECK((dual_rate[i].derivatives().transpose() - jacobian.row(Eigen::Index(i)))
                .cwiseAbs()
                .maxCoeff() <= rounding);
    }
  }

  SECTION("dual numbers of a size known at run time") {
    using Dual = Eigen::AutoDiffScalar<Eigen::VectorX<Scalar>>;
    const Model<Scalar> constants({.degree = 1}, Eigen::MatrixX<Scalar>::Constant(3, 2, 2),
                                  facts({"a", "b"}, 1, 0.1));
    std::vector<Dual> dual{Dual(x[0], 2, 0), Dual(x[1], 2, 1)}, dual_rate(2);
    constants(dual, dual_rate, Scalar(0));
    CHECK(dual_rate[1].value() == 2 + 2 * x[0] + 2 * x[1]);
    CHECK(dual_rate[1].derivatives() == Eigen::Vector2<Scalar>(2, 2));
  }
}

TEST_CASE("A model can be integrated like any system", "[sindy]") {
  const Model<double> model = lorenz();
  const std::array<double, 3> x0{1, 2, 20};
  const TimeGrid times = TimeGrid::uniform(0, 0.01, 101);
  const auto run = data::run(model, x0, times);
  CHECK((run.states() - data::lorenz(101, 0.01, x0).states()).cwiseAbs().maxCoeff() < 1e-10);
  const auto ahead = model.forecast(run.slice(0, 1), 100);
  CHECK((ahead.states() - run.states().rightCols(100)).cwiseAbs().maxCoeff() < 1e-10);
}

TEST_CASE("A forecast starts after the history and keeps its time step", "[sindy]") {
  const Model<double> model = lorenz();
  const auto ahead = model.forecast(data::lorenz(50, 0.01, {1, 2, 20}), 20);
  REQUIRE(ahead.size() == 20);
  CHECK(ahead.times().front() == Approx(0.5).epsilon(1e-14));
  CHECK(ahead.times().step() == 0.01);
  CHECK(ahead.info().names == Strings{"x", "y", "z"});
  CHECK(ahead.verdict().kind == Verdict::Kind::fine);
  CHECK((ahead.states() - data::lorenz(70, 0.01, {1, 2, 20}).states().rightCols(20))
            .cwiseAbs()
            .maxCoeff() < 1e-10);
}

TEMPLATE_TEST_CASE("A forecast of n samples continued by m is one of n + m, bit for bit", "[sindy]",
                   float, double) {
  const std::optional<double> trained =
      GENERATE(std::optional<double>(0.01), std::optional<double>());
  const Model<TestType> model = lorenz<TestType>(trained);
  const auto start = history<TestType>({1, 2, 20});
  const auto whole = model.forecast(start, 700);
  const auto first = model.forecast(start, 300);
  const auto second = model.forecast(first, 400);
  REQUIRE(whole.size() == 700);
  CHECK(whole.states().leftCols(300) == first.states());
  CHECK(whole.states().rightCols(400) == second.states());
}

TEST_CASE("A forecast in float follows the one in double", "[sindy]") {
  const auto fine = lorenz<double>().forecast(history<double>({1, 2, 20}), 100);
  const auto coarse = lorenz<float>().forecast(history<float>({1, 2, 20}), 100);
  CHECK((fine.states() - coarse.states().cast<double>()).cwiseAbs().maxCoeff() < 1e-3);
}

TEST_CASE("A forecast that diverges ends with a verdict", "[sindy]") {
  SECTION("in a pole") {
    // x' = x^2 from 1 is 1 / (1 - t).
    const auto ahead = scalar_law({0, 0, 1}, 1, 0.03).forecast(history({1}, 0.03), 1000);
    CHECK(ahead.verdict().kind == Verdict::Kind::diverged);
    CHECK(ahead.verdict().time == Approx(1.02));
    CHECK(ahead.size() == 33);
    CHECK(ahead.times().back() == Approx(0.99));
    CHECK(ahead.states()(0, 32) == Approx(100).epsilon(1e-8));
    CHECK_THAT(ahead.verdict().text(), ContainsSubstring("blows up"));
  }
  SECTION("beyond every bound") {
    const auto ahead = scalar_law({0, 1}, 1, 0.1).forecast(history({1}, 0.1), 1000);
    CHECK(ahead.verdict().kind == Verdict::Kind::diverged);
    // The bounds are [-1, 1]: more than 1000 times their range above 1.
    CHECK(ahead.verdict().time == Approx(std::ceil(std::log(2001.0) * 10) / 10));
    CHECK(ahead.states().allFinite());
    CHECK(ahead.size() == Eigen::Index(std::log(2001.0) * 10));
  }
  SECTION("between the history and the first sample, where there is nothing to show") {
    CHECK_THAT(sentence<ConvergenceFailure>([] {
                 scalar_law({0, 0, 1}, 1, 2).forecast(history({1}, 2), 5);
               }),
               ContainsSubstring("t = 2") && ContainsSubstring("blows up"));
  }
  SECTION("in float, whose range is shorter") {
    // e^50 is a float, e^100 is not.
    const Model<float> model({.degree = 1}, Eigen::Vector2f(0, 50), facts({"x"}, 1e37, 1.0));
    const auto ahead = model.forecast(history<float>({1}, 1.0), 3);
    CHECK(ahead.verdict().kind == Verdict::Kind::diverged);
    CHECK(ahead.verdict().time == 2);
    REQUIRE(ahead.size() == 1);
    CHECK(ahead.states()(0, 0) == Approx(std::exp(50.0)).epsilon(1e-6));
  }
}

TEST_CASE("A forecast that leaves the training region says so and goes on", "[sindy]") {
  // x = 0.05 + t, trained on [-1, 1]: beyond by half the range at 2.
  const auto away = scalar_law({1, 0}, 1, 0.1).forecast(history({0.05}, 0.1), 40);
  CHECK(away.verdict().kind == Verdict::Kind::left_training_region);
  CHECK(away.verdict().time == Approx(2));
  REQUIRE(away.size() == 40);
  CHECK(away.states()(0, 39) == Approx(4.05));
}

TEST_CASE("A forecast that comes to rest says so", "[sindy]") {
  TrainingFacts trained = facts({"x"}, 1, 0.1);
  trained.window = 10;
  trained.quietest = 0.1;
  const Model<double> decay({.degree = 1}, Eigen::Vector2d(0, -1), trained);
  const auto rest = decay.forecast(history({1}, 0.1), 200);
  CHECK(rest.verdict().kind == Verdict::Kind::went_static);
  // The first whole window of 10 samples, from the verdict's time on, in which the state moves less
  // than a hundredth of 0.1 times its range of 2.
  const double moved = std::exp(-rest.verdict().time) * (1 - std::exp(-0.9));
  CHECK(moved < 2e-3);
  CHECK(moved * std::exp(1.0) > 2e-3);
  CHECK(rest.size() == 200);
}

TEST_CASE("A history that does not fit the training is refused", "[sindy]") {
  const Model<double> model = lorenz();
  CHECK_THAT(sentence<DimensionMismatch>([&] {
               model.forecast(history({1, 2}), 5);
             }),
             ContainsSubstring("dimension 2") && ContainsSubstring("dimension 3"));
  CHECK_THAT(
      sentence<InvalidArgument>([&] { model.forecast(data::lorenz(5, 0.02), 5); }),
      ContainsSubstring("0.02") && ContainsSubstring("0.01") && ContainsSubstring("resample"));
  CHECK_THAT(sentence<InvalidArgument>([&] {
               model.forecast(history({1, 2, 3}), 0);
             }),
             ContainsSubstring("steps is 0") && ContainsSubstring("at least 1"));
  const Trajectory<double> one(TimeGrid(Eigen::VectorXd::Zero(1)), Eigen::MatrixXd::Ones(3, 1));
  CHECK(model.forecast(one, 3).times().step() == 0.01);
  CHECK_THAT(sentence<InvalidArgument>([&] { lorenz(std::nullopt).forecast(one, 5); }),
             ContainsSubstring("non-uniform") && ContainsSubstring("at least 2 uniform samples"));
}
