// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/derivative.hpp"

#include <cmath>
#include <functional>
#include <vector>

#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::sindy::DerivativeMethod;
using almagest::sindy::differentiate;
using almagest::sindy::FiniteDifference;
using almagest::sindy::SavitzkyGolay;

static_assert(DerivativeMethod<FiniteDifference> && DerivativeMethod<SavitzkyGolay> &&
              !DerivativeMethod<int>);

namespace {

using Function = std::function<double(double)>;

template <typename Scalar = double>
Trajectory<Scalar> sampled(const TimeGrid& times, const Function& f) {
  Eigen::MatrixX<Scalar> states(1, times.size());
  for (Eigen::Index i = 0; i < times.size(); ++i) states(0, i) = Scalar(f(times[i]));
  return {times, states};
}

/// Largest error of the derivative of f over all samples, the ends included.
template <typename Scalar = double, typename Method>
double error(const TimeGrid& times, const Method& method, const Function& f,
             const Function& slope) {
  const auto found = differentiate(sampled<Scalar>(times, f), method);
  double worst = 0;
  for (Eigen::Index i = 0; i < times.size(); ++i)
    worst = std::max(worst, std::abs(double(found(0, i)) - slope(times[i])));
  return worst;
}

Function power(int k) {
  return [k](double t) { return std::pow(t, k); };
}
Function power_slope(int k) {
  return [k](double t) { return k == 0 ? 0.0 : k * std::pow(t, k - 1); };
}

/// The weights of all samples for the slope at one of them: the slopes of unit impulses.
template <typename Method>
Eigen::VectorXd weights(Eigen::Index samples, Eigen::Index at, const Method& method) {
  const Trajectory<double> impulses(TimeGrid::uniform(0, 1, samples),
                                    Eigen::MatrixXd::Identity(samples, samples));
  return differentiate(impulses, method).col(at);
}

bool close(const Eigen::VectorXd& found, std::vector<double> expected) {
  return (found - Eigen::Map<Eigen::VectorXd>(expected.data(), Eigen::Index(expected.size())))
             .cwiseAbs()
             .maxCoeff() < 1e-13;
}

/// Times that bunch and spread smoothly, so that halving the steps means something.
TimeGrid wavy(Eigen::Index count) {
  Eigen::VectorXd times(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const double s = double(i) / double(count - 1);
    times[i] = 3 * s + 0.2 * std::sin(6 * s);
  }
  return TimeGrid(times);
}

}  // namespace

TEST_CASE("Finite differences have the weights of the textbook", "[sindy]") {
  CHECK(close(weights(5, 2, FiniteDifference{2}), {0, -0.5, 0, 0.5, 0}));
  CHECK(close(weights(5, 0, FiniteDifference{2}), {-1.5, 2, -0.5, 0, 0}));
  CHECK(close(weights(5, 4, FiniteDifference{2}), {0, 0, 0.5, -2, 1.5}));
  CHECK(close(weights(7, 3, FiniteDifference{4}), {0, 1. / 12, -8. / 12, 0, 8. / 12, -1. / 12, 0}));
  CHECK(close(weights(7, 0, FiniteDifference{4}),
              {-25. / 12, 48. / 12, -36. / 12, 16. / 12, -3. / 12, 0, 0}));
  CHECK(close(weights(7, 5, FiniteDifference{4}),
              {0, 0, -1. / 12, 6. / 12, -18. / 12, 10. / 12, 3. / 12}));
}

TEST_CASE("Savitzky-Golay has the weights of the textbook", "[sindy]") {
  CHECK(close(weights(5, 2, SavitzkyGolay{5, 2}), {-0.2, -0.1, 0, 0.1, 0.2}));
  CHECK(close(weights(5, 2, SavitzkyGolay{5, 3}), {1. / 12, -8. / 12, 0, 8. / 12, -1. / 12}));
  CHECK(close(weights(7, 3, SavitzkyGolay{7, 1}),
              {-3. / 28, -2. / 28, -1. / 28, 0, 1. / 28, 2. / 28, 3. / 28}));
  // A straight line has one slope, wherever in its window it is asked for.
  CHECK(close(weights(7, 0, SavitzkyGolay{7, 1}),
              {-3. / 28, -2. / 28, -1. / 28, 0, 1. / 28, 2. / 28, 3. / 28}));
  // As many coefficients as samples: interpolation.
  CHECK(close(weights(5, 1, SavitzkyGolay{5, 4}) - weights(5, 1, FiniteDifference{4}),
              {0, 0, 0, 0, 0}));
}

TEST_CASE("Polynomials up to the order are differentiated exactly on any times", "[sindy]") {
  const int order = GENERATE(2, 4, 6, 8, 10);
  for (const TimeGrid& times : {TimeGrid::uniform(-1, 0.05, 41), data::uneven(41, 0.05, 0.8, 3)}) {
    for (int k = 0; k <= order; ++k)
      CHECK(error(times, FiniteDifference{order}, power(k), power_slope(k)) <
            1e-11 * std::pow(2.0, k));
    CHECK(error(times, FiniteDifference{order}, power(order + 1), power_slope(order + 1)) > 1e-10);
  }
}

TEST_CASE("Savitzky-Golay differentiates polynomials of its degree exactly on any times",
          "[sindy]") {
  const int degree = GENERATE(1, 2, 3, 5);
  for (const TimeGrid& times : {TimeGrid::uniform(-1, 0.05, 41), data::uneven(41, 0.05, 0.8, 4)}) {
    for (int k = 0; k <= degree; ++k)
      CHECK(error(times, SavitzkyGolay{11, degree}, power(k), power_slope(k)) <
            1e-11 * std::pow(2.0, k));
    CHECK(error(times, SavitzkyGolay{11, degree}, power(degree + 1), power_slope(degree + 1)) >
          1e-6);
  }
}

TEST_CASE("The error falls with the order of the method, at the ends too", "[sindy]") {
  const int order = GENERATE(2, 4, 6);
  const Function f = [](double t) { return std::sin(2 * t + 0.3); };
  const Function slope = [](double t) { return 2 * std::cos(2 * t + 0.3); };
  const bool uniform = GENERATE(true, false);
  const auto grid = [&](Eigen::Index n) {
    return uniform ? TimeGrid::uniform(0, 3.0 / double(n - 1), n) : wavy(n);
  };
  const double coarse = error(grid(101), FiniteDifference{order}, f, slope);
  const double fine = error(grid(201), FiniteDifference{order}, f, slope);
  CHECK(std::log2(coarse / fine) == Approx(order).margin(0.15));
  const double coarse_fit = error(grid(101), SavitzkyGolay{9, order}, f, slope);
  const double fine_fit = error(grid(201), SavitzkyGolay{9, order}, f, slope);
  CHECK(std::log2(coarse_fit / fine_fit) == Approx(order).margin(0.3));
}

TEST_CASE("High orders resolve few samples a period", "[sindy]") {
  // Seven samples a period, far from the ends: what central differences make of exp(i w t) is known.
  const TimeGrid times = TimeGrid::uniform(0, 0.9, 61);
  double last = 1;
  for (const int order : {2, 4, 8, 12, 16, 20}) {
    const auto found = differentiate(
        sampled(times, [](double t) { return std::sin(t); }), FiniteDifference{order});
    const double off = std::abs(found(0, 30) / std::cos(times[30]) - 1);
    // w h = sin(w h) times the sum of (k!)^2 / (2k+1)! (2 sin(w h / 2))^(2k), cut after order/2 terms.
    double factor = 1, sum = 0;
    for (int k = 0; k < order / 2; ++k) {
      if (k > 0) factor *= double(k) / (4 * k + 2);
      sum += factor * std::pow(2 * std::sin(0.45), 2 * k);
    }
    CHECK(off == Approx(1 - std::sin(0.9) / 0.9 * sum).margin(1e-12));
    CHECK(off < last);
    last = off;
  }
  CHECK(last < 1e-5);
}

TEST_CASE("Given times that happen to be uniform give what a uniform grid gives", "[sindy]") {
  const TimeGrid uniform = TimeGrid::uniform(5, 0.1, 30);
  const TimeGrid given(uniform.values());
  const Function f = [](double t) { return std::exp(-t) * std::sin(3 * t); };
  const auto difference = [&](const auto& method) {
    return (differentiate(sampled(uniform, f), method) - differentiate(sampled(given, f), method))
        .cwiseAbs()
        .maxCoeff();
  };
  CHECK(difference(FiniteDifference{4}) < 1e-12);
  CHECK(difference(SavitzkyGolay{}) < 1e-12);
  // One time a little off, and each sample has weights of its own: continuous in the times.
  Eigen::VectorXd moved = uniform.values();
  moved[7] += 1e-7;
  const Trajectory<double> nearly(TimeGrid(moved), sampled(uniform, f).states());
  REQUIRE_FALSE(nearly.times().is_uniform());
  CHECK(
      (differentiate(nearly, SavitzkyGolay{}) - differentiate(sampled(uniform, f), SavitzkyGolay{}))
          .cwiseAbs()
          .maxCoeff() < 1e-6);
}

TEST_CASE("A late start costs no digits beyond those of the times themselves", "[sindy]") {
  const double start = 1e6;
  const Function f = [start](double t) { return std::sin(t - start); };
  const Function slope = [start](double t) { return std::cos(t - start); };
  CHECK(error(TimeGrid::uniform(start, 1.0 / 64, 200), FiniteDifference{4}, f, slope) < 2e-8);
  Eigen::VectorXd times = TimeGrid::uniform(start, 1.0 / 64, 200).values();
  times[50] += 1.0 / 256;
  CHECK(error(TimeGrid(times), FiniteDifference{4}, f, slope) < 2e-8);
}

TEMPLATE_TEST_CASE("All components are differentiated, with the scalar of the samples", "[sindy]",
                   float, double) {
  const TimeGrid times = data::uneven(25, 0.1, 0.5);
  Eigen::MatrixX<TestType> states(3, 25);
  for (Eigen::Index i = 0; i < 25; ++i) {
    const double t = times[i];
    states.col(i) << TestType(1 + 2 * t), TestType(t * t), TestType(3 - t * t);
  }
  const Eigen::MatrixX<TestType> slopes =
      differentiate(Trajectory<TestType>(times, states), FiniteDifference{2});
  REQUIRE(slopes.rows() == 3);
  REQUIRE(slopes.cols() == 25);
  const double rounding = 400 * double(Eigen::NumTraits<TestType>::epsilon());
  for (Eigen::Index i = 0; i < 25; ++i) {
    CHECK(std::abs(double(slopes(0, i)) - 2) < rounding);
    CHECK(std::abs(double(slopes(1, i)) - 2 * times[i]) < rounding);
    CHECK(std::abs(double(slopes(2, i)) + 2 * times[i]) < rounding);
  }
}

TEST_CASE("Savitzky-Golay passes less noise than differences do", "[sindy]") {
  almagest::RandomStream random(5);
  Eigen::MatrixXd noise(1, 20'000);
  for (Eigen::Index i = 0; i < noise.cols(); ++i) noise(0, i) = random.normal();
  const Trajectory<double> run(TimeGrid::uniform(0, 1, noise.cols()), noise);
  const auto spread = [&](const auto& method) {
    return std::sqrt(differentiate(run, method).squaredNorm() / double(noise.cols()));
  };
  // The root of the sum of squared weights: 1/sqrt(2), and 1/sqrt(110) for a line over 11 samples.
  CHECK(spread(FiniteDifference{2}) == Approx(std::sqrt(0.5)).epsilon(0.02));
  CHECK(spread(SavitzkyGolay{11, 1}) == Approx(1 / std::sqrt(110.0)).epsilon(0.03));
}

TEST_CASE("Impossible derivatives are refused", "[sindy]") {
  const auto run = sampled(TimeGrid::uniform(0, 1, 4), power(1));
  const auto refusal = [&](const auto& method) {
    return sentence<InvalidArgument>([&] { differentiate(run, method); });
  };
  for (int order : {-2, 0, 1, 3, 5, 22})
    CHECK_THAT(refusal(FiniteDifference{order}),
               ContainsSubstring("order is " + std::to_string(order) + ";") &&
                   ContainsSubstring("an even number from 2 to 20"));
  CHECK_THAT(refusal(FiniteDifference{4}),
             ContainsSubstring("has 4 samples") && ContainsSubstring("order 4") &&
                 ContainsSubstring("at least 5") && ContainsSubstring("a lower order"));
  CHECK_THAT(refusal(SavitzkyGolay{}), ContainsSubstring("has 4 samples") &&
                                           ContainsSubstring("at least 11") &&
                                           ContainsSubstring("a smaller window"));
  for (int window : {-3, 1, 10})
    CHECK_THAT(refusal(SavitzkyGolay{window, 1}),
               ContainsSubstring("window is " + std::to_string(window) + ";") &&
                   ContainsSubstring("odd number"));
  for (int degree : {-1, 0, 5, 6})
    CHECK_THAT(refusal(SavitzkyGolay{5, degree}),
               ContainsSubstring("degree is " + std::to_string(degree)) &&
                   ContainsSubstring("window of 5") && ContainsSubstring("from 1 to 4"));
}
