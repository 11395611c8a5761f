// SPDX-License-Identifier: BSD-3-Clause
// Measures of long forecasts against values that are known exactly.
#include <cmath>
#include <numbers>

#include "almagest/core/random.hpp"
#include "almagest/diagnostics/spectrum_distance.hpp"
#include "almagest/diagnostics/state_space_divergence.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using diagnostics::DensityVariant, diagnostics::state_space_divergence, diagnostics::spectrum_distance;

namespace {

Trajectory<double> series(const Eigen::MatrixXd& x) { return {TimeGrid::uniform(0, 0.1, x.cols()), x}; }

Trajectory<double> normals(Eigen::Index count, double mean, std::uint64_t seed) {
  RandomStream random(seed);
  return series(Eigen::MatrixXd::NullaryExpr(1, count, [&] { return mean + random.normal(); }));
}

Trajectory<double> waves(Eigen::Index count, double a, double b, double phase = 0) {
  return series(Eigen::MatrixXd::NullaryExpr(1, count, [&](Eigen::Index, Eigen::Index k) {
    const double t = 2 * std::numbers::pi * double(k) / double(count);
    return 7 + a * std::sin(50 * t + phase) + b * std::sin(200 * t);
  }));
}

}  // namespace

TEST_CASE("a run does not diverge from itself", "[diagnostics]") {
  RandomStream random(3);
  const auto run = series(Eigen::MatrixXd::NullaryExpr(3, 500, [&] { return random.normal(); }));
  for (const auto variant : {DensityVariant::binned_margin, DensityVariant::binned_bounds,
                             DensityVariant::binned_deviations, DensityVariant::mixture}) {
    const auto found = state_space_divergence(run, run, {.variant = variant, .draws = 20});
    CHECK(found.value == Approx(0).margin(1e-13));
    CHECK((found.outside > 0) == (variant == DensityVariant::binned_deviations));
  }
  CHECK(spectrum_distance(run, run).value == Approx(0).margin(1e-13));
}

TEST_CASE("bins and their smoothing are those of the formula", "[diagnostics]") {
  const double a = 1e-5;
  const auto truth = series(Eigen::RowVector4d(0, 1, 1, 4)), forecast = series(Eigen::RowVector4d(0.5, 2, 4, 9));
  const auto found = state_space_divergence(truth, forecast, {.variant = DensityVariant::binned_bounds, .bins = 4});
  // Bins of width 1: the truth fills them 1, 2, 0, 1; of the forecast 1, 0, 1, 1 are inside.
  const Eigen::Array4d p = (Eigen::Array4d(1, 2, 0, 1) + a) / (4 + 4 * a),
                       q = (Eigen::Array4d(1, 0, 1, 1) + a) / (3 + 4 * a);
  CHECK(found.value == Approx((p * (p / q).log()).sum()).epsilon(1e-13));
  CHECK(found.outside == 0.25);
  // In the plane 12 of 16 bins or more are empty on both sides.
  Eigen::MatrixXd x(2, 3), y(2, 3);
  x << 0, 2, 4, 0, 2, 4;
  y << 0, 2, 4, 4, 2, 0;
  const auto plane =
      state_space_divergence(series(x), series(y), {.variant = DensityVariant::binned_bounds, .bins = 4});
  const auto term = [&](double m, double n) { return (m + a) / (3 + 16 * a) * std::log((m + a) / (n + a)); };
  CHECK(plane.value == Approx(term(1, 1) + 2 * term(1, 0) + 2 * term(0, 1) + 11 * term(0, 0)).epsilon(1e-13));
}

TEST_CASE("the divergence of shifted Gaussians is half the square of the shift", "[diagnostics]") {
  const auto truth = normals(400'000, 0, 1), shifted = normals(400'000, 0.5, 2);
  CHECK(state_space_divergence(truth, normals(400'000, 0, 5)).value < 1e-3);
  CHECK(state_space_divergence(truth, shifted).value == Approx(0.125).margin(0.005));
  // A mixture of one Gaussian each: ln(p/q) has the mean |shift|^2/2v and the deviation |shift|/sqrt(v).
  const Eigen::Vector3d shift(0.3, -1, 0.5);
  const double variance = 0.6;
  const auto found = state_space_divergence(
      series(Eigen::Vector3d(1, 2, 3)), series(Eigen::Vector3d(1, 2, 3) + shift),
      {.variant = DensityVariant::mixture, .variance = variance, .standardize = false, .draws = 20'000});
  CHECK(found.value ==
        Approx(shift.squaredNorm() / (2 * variance)).margin(4 * shift.norm() / std::sqrt(variance * 20'000)));
}

TEST_CASE("spectra are compared by shape, not by size or phase", "[diagnostics]") {
  using diagnostics::SpectrumDistanceOptions;
  const SpectrumDistanceOptions plain{.smoothing = 0};
  CHECK(spectrum_distance(waves(2000, 1, 0), waves(2000, 3, 0, 1), plain).value == Approx(0).margin(1e-6));
  CHECK(spectrum_distance(waves(2000, 1, 0), waves(2000, 0, 1), plain).value == Approx(1).epsilon(1e-9));
  // Half of the power lies elsewhere: the sum of roots is sqrt(1/2).
  const double half = std::sqrt(1 - std::sqrt(0.5));
  CHECK(spectrum_distance(waves(2000, 1, 0), waves(2000, 1, 1), plain).value == Approx(half).epsilon(1e-9));
  // Below the cutoff, 100 of the run's cycles, there is nothing to tell them apart.
  CHECK(spectrum_distance(waves(2000, 1, 0), waves(2000, 1, 1), {.smoothing = 0, .cutoff = 0.5}).value ==
        Approx(0).margin(1e-6));
  // Two peaks 150 bins apart, smoothed by s = 30: the overlap of Gaussians, exp(-d^2 / 8 s^2), on the 91 bins
  // that both reach when cut at 4 s.
  const double overlap = std::exp(-150.0 * 150 / (8 * 30 * 30)) * std::erf(45.5 / (30 * std::sqrt(2.0)));
  CHECK(spectrum_distance(waves(2000, 1, 0), waves(2000, 0, 1), {.smoothing = 30}).value ==
        Approx(std::sqrt(1 - overlap)).epsilon(1e-4));
  CHECK(spectrum_distance(waves(2000, 1, 0), series(Eigen::MatrixXd::Constant(1, 2000, 5))).value == 1);
}

TEST_CASE("runs that cannot be compared are refused", "[diagnostics]") {
  const auto run = normals(100, 0, 1), other = normals(90, 0, 1);
  CHECK_THAT(sentence<InvalidArgument>([&] { spectrum_distance(run, other); }),
             ContainsSubstring("90") && ContainsSubstring("100"));
  CHECK_THAT(sentence<InvalidArgument>([&] { spectrum_distance(run, run, {.cutoff = 1e-3}); }),
             ContainsSubstring("0.001"));
  CHECK_THAT(sentence<InvalidArgument>([&] { spectrum_distance(series(Eigen::MatrixXd::Ones(1, 100)), run); }),
             ContainsSubstring("never changes"));
  CHECK_THAT(sentence<InvalidArgument>([&] { state_space_divergence(series(Eigen::MatrixXd::Ones(1, 9)), run); }),
             ContainsSubstring("never changes"));
  const auto wide = series(Eigen::MatrixXd::Random(11, 50));
  CHECK_THAT(sentence<InvalidArgument>([&] { state_space_divergence(wide, wide); }), ContainsSubstring("mixture"));
  CHECK_THAT(sentence<DimensionMismatch>([&] { state_space_divergence(run, wide); }), ContainsSubstring("11"));
  CHECK_THAT(sentence<InvalidArgument>([&] { state_space_divergence(run, other, {.bins = 1}); }),
             ContainsSubstring("bins is 1"));
}
