// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <cmath>
#include <functional>
#include <vector>

#include "almagest/sindy/kalman_smoother.hpp"
#include "almagest/sindy/noise.hpp"
#include "almagest/sindy/smoothing_spline.hpp"
#include "almagest/sindy/total_variation.hpp"
#include "core/sentence.hpp"
#include "sindy/data.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::RandomStream;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::sindy::AnyDerivative;
using almagest::sindy::KalmanSmoother;
using almagest::sindy::noise_level;
using almagest::sindy::SmoothingSpline;
using almagest::sindy::TotalVariation;

static_assert(almagest::sindy::DerivativeMethod<SmoothingSpline> &&
              almagest::sindy::DerivativeMethod<KalmanSmoother> &&
              almagest::sindy::DerivativeMethod<TotalVariation>);

namespace {

/// Samples and their slopes after a method has seen them.
struct Smoothed {
  Eigen::VectorXd values, slopes;
};

Smoothed smoothed(const TimeGrid& times, const Eigen::VectorXd& samples,
                  const AnyDerivative& method) {
  Eigen::MatrixXd states = samples, rates(samples.size(), 1);
  method.whole().apply(0, times, states, rates);
  return {states, rates};
}

Eigen::VectorXd along(const TimeGrid& times, const std::function<double(double)>& f) {
  return Eigen::VectorXd::NullaryExpr(times.size(), [&](Eigen::Index i) { return f(times[i]); });
}

Eigen::VectorXd normal(Eigen::Index count, double size, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::VectorXd::NullaryExpr(count, [&](Eigen::Index) { return size * random.normal(); });
}

double spread(const Eigen::VectorXd& v) { return std::sqrt(v.squaredNorm() / double(v.size())); }

/// Q and R of a cubic spline (Green & Silverman 1994), as they are written down.
struct DenseSpline {
  Eigen::MatrixXd Q, R;

  explicit DenseSpline(const TimeGrid& times) {
    const Eigen::Index n = times.size();
    Q.setZero(n, n - 2);
    R.setZero(n - 2, n - 2);
    for (Eigen::Index j = 0; j < n - 2; ++j) {
      const double h = times[j + 1] - times[j], next = times[j + 2] - times[j + 1];
      Q(j, j) = 1 / h;
      Q(j + 1, j) = -1 / h - 1 / next;
      Q(j + 2, j) = 1 / next;
      R(j, j) = (h + next) / 3;
      if (j + 1 < n - 2) R(j, j + 1) = R(j + 1, j) = next / 6;
    }
  }
  Eigen::MatrixXd hat(double lambda) const {
    const Eigen::MatrixXd K = Q * R.llt().solve(Q.transpose());
    return (Eigen::MatrixXd::Identity(Q.rows(), Q.rows()) + lambda * K).inverse();
  }
  double cross_validation(double lambda, const Eigen::VectorXd& y) const {
    const Eigen::MatrixXd rest = Eigen::MatrixXd::Identity(y.size(), y.size()) - hat(lambda);
    return (rest * y).squaredNorm() / std::pow(rest.trace(), 2);
  }
  /// Twice the negative logarithm of the likelihood of the second differences, r being the best.
  double unlikelihood(double alpha, const Eigen::VectorXd& y) const {
    const Eigen::LLT<Eigen::MatrixXd> C(Q.transpose() * Q + R / alpha);
    const Eigen::VectorXd bends = Q.transpose() * y;
    return double(bends.size()) * std::log(bends.dot(C.solve(bends))) +
           2 * Eigen::MatrixXd(C.matrixL()).diagonal().array().log().sum();
  }
};

const std::vector<TimeGrid>& both_kinds_of_times() {
  static const std::vector<TimeGrid> times = {TimeGrid::uniform(-1, 0.05, 60),
                                              data::uneven(60, 0.05, 0.8, 3)};
  return times;
}

}  // namespace

TEST_CASE("Smoothers reproduce straight lines and leave what does not move", "[sindy]") {
  for (const TimeGrid& times : both_kinds_of_times()) {
    const Eigen::VectorXd line = along(times, [](double t) { return 3 - 2 * t; });
    for (const AnyDerivative& method : std::vector<AnyDerivative>{
             SmoothingSpline{1e-6}, SmoothingSpline{1e3}, SmoothingSpline{}, KalmanSmoother{1e-6},
             KalmanSmoother{1e3}, KalmanSmoother{}, TotalVariation{0.1}, TotalVariation{}}) {
      const auto found = smoothed(times, line, method);
      CHECK((found.values - line).cwiseAbs().maxCoeff() < 1e-12);
      CHECK((found.slopes.array() + 2).abs().maxCoeff() < 1e-10);
      const Eigen::VectorXd still = Eigen::VectorXd::Constant(times.size(), 0.3);
      const auto same = smoothed(times, still, method);
      CHECK(same.values == still);
      CHECK(same.slopes.isZero(0));
    }
  }
}

TEST_CASE("Splines are those of the textbook", "[sindy]") {
  for (const TimeGrid& times : both_kinds_of_times()) {
    const DenseSpline dense(times);
    const Eigen::VectorXd y =
        along(times, [](double t) { return std::sin(3 * t); }) + normal(times.size(), 0.1, 2);
    for (const double lambda : {1e-7, 1e-4, 0.1}) {
      const auto found = smoothed(times, y, SmoothingSpline{lambda});
      CHECK((found.values - dense.hat(lambda) * y).cwiseAbs().maxCoeff() < 1e-10);
      // The filter of a quite different construction has the same values and slopes.
      const auto filtered = smoothed(times, y, KalmanSmoother{lambda});
      CHECK((filtered.values - found.values).cwiseAbs().maxCoeff() < 1e-10);
      CHECK((filtered.slopes - found.slopes).cwiseAbs().maxCoeff() < 1e-9);
    }
    // So much of it, and the line of least squares is left.
    Eigen::MatrixXd powers(times.size(), 2);
    powers << Eigen::VectorXd::Ones(times.size()), times.values();
    const Eigen::VectorXd line = powers.colPivHouseholderQr().solve(y);
    CHECK((smoothed(times, y, SmoothingSpline{1e9}).slopes.array() - line[1]).abs().maxCoeff() <
          1e-5);
  }
}

TEST_CASE("Smoothing is chosen where its criterion is least", "[sindy]") {
  for (const TimeGrid& times : both_kinds_of_times()) {
    const DenseSpline dense(times);
    const Eigen::VectorXd y =
        along(times, [](double t) { return std::sin(4 * t); }) + normal(times.size(), 0.1, 7);
    almagest::sindy::detail::SplineFit<double> spline(times);
    almagest::sindy::detail::KalmanFit<double> kalman(times);
    Eigen::VectorXd values = y, slopes;
    const double lambda = spline.apply({}, values, slopes);
    values = y;
    const double alpha = kalman.apply({}, values, slopes);
    for (const double factor : {1e-3, 0.1, 0.5, 0.9, 1.1, 2.0, 10.0, 1e3}) {
      CHECK(dense.cross_validation(lambda, y) < dense.cross_validation(factor * lambda, y));
      CHECK(dense.unlikelihood(alpha, y) < dense.unlikelihood(factor * alpha, y));
    }
  }
}

TEST_CASE("A spline through clean samples has order four inside", "[sindy]") {
  const auto error = [](Eigen::Index n) {
    const TimeGrid times = TimeGrid::uniform(0, 3.0 / double(n - 1), n);
    const auto found = smoothed(times, along(times, [](double t) { return std::sin(2 * t); }),
                                SmoothingSpline{1e-16});
    double worst = 0;
    for (Eigen::Index i = n / 3; i < 2 * n / 3; ++i)
      worst = std::max(worst, std::abs(found.slopes[i] - 2 * std::cos(2 * times[i])));
    return worst;
  };
  CHECK(std::log2(error(121) / error(241)) == Approx(4).margin(0.1));
}

TEST_CASE("As much noise passes a spline as theory says", "[sindy]") {
  // Response 1 / (1 + (w a)^4) with a^4 = lambda h, integrated over all frequencies.
  const double h = 0.1, a = 5 * h, noise = 0.3;
  const TimeGrid times = TimeGrid::uniform(0, h, 40'000);
  const auto found = smoothed(times, normal(times.size(), noise, 5), SmoothingSpline{std::pow(a, 4) / h});
  CHECK(spread(found.values) ==
        Approx(noise * std::sqrt(3 * std::sqrt(2.0) * h / (16 * a))).epsilon(0.04));
  CHECK(spread(found.slopes) ==
        Approx(noise * std::sqrt(std::sqrt(2.0) * h / (16 * a * a * a))).epsilon(0.04));
}

TEST_CASE("Cross-validation is near the best smoothing", "[sindy]") {
  const TimeGrid times = data::uneven(500, 0.04, 0.6);
  const Eigen::VectorXd slopes = along(times, [](double t) { return 2 * std::cos(2 * t); });
  for (const double noise : {1e-3, 0.03, 0.3}) {
    const Eigen::VectorXd y =
        along(times, [](double t) { return std::sin(2 * t); }) + normal(500, noise, 11);
    double best = 1e9;
    for (double lambda = 1e-10; lambda < 10; lambda *= 2)
      best = std::min(best, spread(smoothed(times, y, SmoothingSpline{lambda}).slopes - slopes));
    CHECK(spread(smoothed(times, y, SmoothingSpline{}).slopes - slopes) < 1.25 * best);
  }
}

TEST_CASE("The likeliest ratio of noises is that of the model", "[sindy]") {
  const double h = 0.1, r = 4, q = 2;
  const TimeGrid times = TimeGrid::uniform(0, h, 80'000);
  RandomStream random(4);
  Eigen::VectorXd y(times.size()), v(times.size());
  double at = 0, slope = 0;
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    y[i] = at + std::sqrt(r) * random.normal();
    v[i] = slope;
    // Both integrals of the white noise over a step, with their covariance.
    const double first = random.normal(), second = random.normal();
    at += h * slope + std::sqrt(q * h * h * h) * (first / 2 + second / std::sqrt(12.0));
    slope += std::sqrt(q * h) * first;
  }
  almagest::sindy::detail::KalmanFit<double> kalman(times);
  Eigen::VectorXd values = y, slopes;
  CHECK(kalman.apply({}, values, slopes) == Approx(r / q).epsilon(0.1));
  // The steady error of the smoothed slope: w^2 r h / (1 + w^4 r h / q) over all frequencies.
  CHECK(spread(slopes - v) ==
        Approx(std::sqrt(q * std::pow(r * h / q, 0.25) / (2 * std::sqrt(2.0)))).epsilon(0.03));
}

TEST_CASE("Total variation finds the minimum of its functional", "[sindy]") {
  for (const TimeGrid& times : both_kinds_of_times()) {
    const DenseSpline dense(times);
    const Eigen::VectorXd y =
        along(times, [](double t) { return std::sin(3 * t); }) + normal(times.size(), 0.1, 3);
    const double h = (times.back() - times.front()) / double(times.size() - 1);
    for (const double alpha : {1e-5, 1e-3, 0.1}) {
      const auto found = smoothed(times, y, TotalVariation{alpha, true, 1e-9});
      // Its multipliers prove it: |z| <= alpha / h, and z has the sign of every bend there is.
      const Eigen::VectorXd z = dense.Q.colPivHouseholderQr().solve(y - found.values);
      const Eigen::VectorXd bends = dense.Q.transpose() * found.values;
      CHECK((dense.Q * z - (y - found.values)).norm() < 1e-9);
      CHECK(z.cwiseAbs().maxCoeff() < alpha / h * (1 + 1e-4));
      CHECK(z.dot(bends) == Approx(alpha / h * bends.lpNorm<1>()).epsilon(1e-4).margin(1e-9));
    }
  }
}

TEST_CASE("So much weight on total variation, and the line of least squares is left", "[sindy]") {
  for (const TimeGrid& times : both_kinds_of_times()) {
    const Eigen::VectorXd y = normal(times.size(), 0.1, 3);
    Eigen::MatrixXd powers(times.size(), 2);
    powers << Eigen::VectorXd::Ones(times.size()), times.values();
    const Eigen::VectorXd line = powers * powers.colPivHouseholderQr().solve(y);
    CHECK((smoothed(times, y, TotalVariation{1e6}).values - line).cwiseAbs().maxCoeff() < 1e-12);
    // Noise that is all there is, and more than the samples are off a line.
    const Eigen::VectorXd zigzag =
        Eigen::VectorXd::NullaryExpr(60, [](Eigen::Index i) { return i % 2 ? 1.0 : -1.0; });
    CHECK(smoothed(times, zigzag, TotalVariation{}).slopes.cwiseAbs().maxCoeff() < 0.1);
  }
}

TEST_CASE("Total variation knows no scale", "[sindy]") {
  const TimeGrid times = TimeGrid::uniform(0, 0.1, 100);
  const Eigen::VectorXd y = along(times, [](double t) { return std::sin(t); }) + normal(100, 0.01, 3);
  const auto one = smoothed(times, y, TotalVariation{});
  for (const double size : {std::exp2(-500), std::exp2(660)})
    CHECK((smoothed(times, y * size, TotalVariation{}).slopes / size - one.slopes).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("Total variation finds a kink without ringing", "[sindy]") {
  const TimeGrid times = TimeGrid::uniform(0, 0.01, 401);
  const double noise = 0.01;
  const Eigen::VectorXd y =
      along(times, [](double t) { return std::abs(t - 2); }) + normal(401, noise, 6);
  const auto found = smoothed(times, y, TotalVariation{});
  CHECK(spread(y - found.values) == Approx(noise_level(Trajectory<double>(times, y.transpose()))[0]).epsilon(0.02));
  const auto off = [&](const Eigen::VectorXd& slopes, Eigen::Index within) {
    double worst = 0;
    for (Eigen::Index i = 0; i < 401; ++i)
      if (std::abs(i - 200) > within)
        worst = std::max(worst, std::abs(slopes[i] - (i < 200 ? -1 : 1)));
    return worst;
  };
  CHECK(off(found.slopes, 8) < 0.05);
  CHECK(found.slopes.cwiseAbs().maxCoeff() < 1.05);
  // A spline rounds the kink or rings beside it.
  CHECK(off(smoothed(times, y, SmoothingSpline{}).slopes, 8) > 4 * off(found.slopes, 8));
}

TEST_CASE("The noise of a run is found beneath its motion", "[sindy]") {
  const std::vector<TimeGrid> grids = {TimeGrid::uniform(0, 0.02, 4000), data::uneven(4000, 0.02, 0.7)};
  for (const TimeGrid& times : grids) {
    Eigen::MatrixXd states(4000, 3);
    states.col(0) = along(times, [](double t) { return 5 * std::sin(3 * t); }) + normal(4000, 0.02, 1);
    states.col(1) = along(times, [](double t) { return std::exp(t / 20); }) + normal(4000, 2e-5, 2);
    states.col(2) = states.col(0);
    for (Eigen::Index i = 7; i < 4000; i += 400) states(i, 2) += 10;
    const Eigen::VectorXd found = noise_level(Trajectory<double>(times, states.transpose()));
    CHECK(found[0] == Approx(0.02).epsilon(0.05));
    CHECK(found[1] == Approx(2e-5).epsilon(0.05));
    CHECK(found[2] == Approx(0.02).epsilon(0.07));
  }
  const TimeGrid times = TimeGrid::uniform(0, 0.02, 500);
  const Eigen::VectorXd clean = along(times, [](double t) { return std::sin(t); });
  CHECK(noise_level(Trajectory<double>(times, clean.transpose()))[0] < 1e-15);
  CHECK(noise_level(Trajectory<double>(times, Eigen::MatrixXd::Ones(1, 500)))[0] == 0);
}

TEST_CASE("Impossible smoothing is refused", "[sindy]") {
  const auto refusal = [](const auto& method) {
    return sentence<InvalidArgument>([&] { AnyDerivative given(method); });
  };
  CHECK_THAT(refusal(SmoothingSpline{-1.0}), ContainsSubstring("smoothing is -1; give a positive"));
  CHECK_THAT(refusal(KalmanSmoother{0.0}), ContainsSubstring("alpha is 0; give a positive"));
  CHECK_THAT(refusal(TotalVariation{-2.0}), ContainsSubstring("alpha is -2; give a positive"));
  CHECK_THAT(refusal(TotalVariation{{}, true, 0}), ContainsSubstring("tolerance is 0;"));
  CHECK_THAT(refusal(TotalVariation{{}, true, 1e-6, 0}), ContainsSubstring("max_iterations is 0;"));
  const Trajectory<double> brief(TimeGrid::uniform(0, 1, 4), Eigen::MatrixXd::Random(1, 4));
  CHECK_THAT(sentence<InvalidArgument>([&] { differentiate(brief, SmoothingSpline{}); }),
             ContainsSubstring("4 samples, but SmoothingSpline needs at least 5"));
  CHECK_THAT(sentence<InvalidArgument>([&] { noise_level(brief); }), ContainsSubstring("has 4 samples; give 8"));
}
