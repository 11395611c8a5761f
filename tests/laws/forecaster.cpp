// SPDX-License-Identifier: BSD-3-Clause
// The laws of every forecaster, run over every model: one TEST_CASE a model.
#include <cmath>

#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/edmd.hpp"
#include "almagest/koopman/hankel_dmd.hpp"
#include "almagest/koopman/havok.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
#include "almagest/sindy/fit.hpp"
#include "laws/forecaster_laws.hpp"

using namespace almagest;

namespace {

/// Two uncoupled oscillators of frequencies 1 and 1.7: exact for both learners.
template <typename Scalar>
Trajectory<Scalar> oscillators(double start, Eigen::Index samples) {
  const double step = 0.05;
  Eigen::MatrixX<Scalar> x(4, samples);
  for (Eigen::Index k = 0; k < samples; ++k) {
    const double t = start + step * double(k);
    x.col(k) << Scalar(std::cos(t)), Scalar(-std::sin(t)), Scalar(2 * std::cos(1.7 * t)),
        Scalar(-3.4 * std::sin(1.7 * t));
  }
  TrajectoryInfo info;
  info.names = {"q", "v", "r", "w"};
  return {TimeGrid::uniform(start, step, samples), x, info};
}

template <typename Scalar>
auto fit_sindy(const Trajectory<Scalar>& run) {
  return sindy::fit(run, sindy::Polynomial{1}, sindy::Stlsq{.threshold = 0.2}, sindy::FiniteDifference{4});
}

template <typename Scalar>
auto fit_hankel(const Trajectory<Scalar>& run) {
  return koopman::fit_hankel_dmd(run, {.delays = 3, .rank = 4});
}

auto fit_edmd(const Trajectory<double>& run) { return koopman::fit_edmd(run, features::Polynomial{1}); }
auto fit_havok(const Trajectory<double>& run) {
  return koopman::fit_havok(run, {.delays = 3, .rank = 4, .forcing = 0});
}
auto fit_optimized(const Trajectory<double>& run) { return koopman::fit_optimized_dmd(run, {.rank = 4}); }

}  // namespace

TEMPLATE_TEST_CASE("laws of sindy::Model", "", float, double) {
  const auto run = oscillators<TestType>(0, 800);
  laws::forecaster([&] { return fit_sindy(run); }, oscillators<TestType>(40, 20), 0);
}

TEMPLATE_TEST_CASE("laws of koopman::Dmd", "", float, double) {
  const auto run = oscillators<TestType>(0, 800);
  laws::forecaster([&] { return fit_hankel(run); }, oscillators<TestType>(40, 20),
                   std::is_same_v<TestType, float> ? 1e-4 : 1e-11);
}

TEST_CASE("laws of koopman::Edmd") {
  const auto run = oscillators<double>(0, 800);
  const bool relift = GENERATE(false, true);
  laws::forecaster([&] { return koopman::fit_edmd(run, features::Polynomial{1}, {.relift = relift}); },
                   oscillators<double>(40, 20), 1e-11);
}

// Its rates are central differences: off by (h omega)^4 / 30 of themselves, 2e-6 here.
TEST_CASE("laws of koopman::Havok") {
  const auto run = oscillators<double>(0, 800);
  laws::forecaster([&] { return fit_havok(run); }, oscillators<double>(40, 20), 1e-5);
}

TEST_CASE("laws of koopman::OptimizedDmd") {
  const auto run = oscillators<double>(0, 800);
  laws::forecaster([&] { return fit_optimized(run); }, oscillators<double>(40, 20), 1e-11);
}

TEST_CASE("laws of koopman::BaggedDmd") {
  const auto run = oscillators<double>(0, 200);
  laws::forecaster([&] { return koopman::fit_bagged_dmd(run, {.each = {.rank = 4}, .bags = 3}); },
                   oscillators<double>(40, 20), 1e-11);
}

TEST_CASE("laws of koopman::MultiresolutionDmd") {
  const auto run = oscillators<double>(0, 800);
  laws::forecaster([&] { return koopman::fit_multiresolution_dmd(run, {.levels = 3, .rank = 4, .cycles = 20}); },
                   oscillators<double>(40, 220), 1e-9);
}

TEST_CASE("models of fields know their grid") {
  const auto run = oscillators<double>(0, 400);
  laws::on_a_grid([](const auto& r) { return fit_sindy(r); }, run);
  laws::on_a_grid([](const auto& r) { return fit_hankel(r); }, run);
  laws::on_a_grid([](const auto& r) { return fit_edmd(r); }, run);
  laws::on_a_grid([](const auto& r) { return fit_havok(r); }, run);
  laws::on_a_grid([](const auto& r) { return fit_optimized(r); }, run);
}

TEST_CASE("float agrees with double to its precision") {
  const auto exact = oscillators<double>(0, 800);
  const auto rounded = oscillators<float>(0, 800);
  const auto compare = [&](const auto& a, const auto& b, double tolerance) {
    const auto x = a.forecast(oscillators<double>(40, 20), 40);
    const auto truth = oscillators<double>(40 + 20 * 0.05, 40);
    const auto y = b.forecast(oscillators<float>(40, 20), 40);
    CHECK((x.states() - truth.states()).cwiseAbs().maxCoeff() < tolerance / 10);
    CHECK((x.states() - y.states().template cast<double>()).cwiseAbs().maxCoeff() < tolerance);
  };
  compare(fit_hankel(exact), fit_hankel(rounded), 1e-3);
  compare(fit_sindy(exact), fit_sindy(rounded), 2e-3);
}
