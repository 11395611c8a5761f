// SPDX-License-Identifier: BSD-3-Clause
// The laws of every forecaster, run over the neural models.
#include <cmath>

#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/reservoir.hpp"
#include "laws/forecaster_laws.hpp"

using namespace almagest;

namespace {

/// A rotation with a second harmonic that depends on it.
template <typename Scalar>
Trajectory<Scalar> rotation(Eigen::Index first, Eigen::Index samples) {
  Eigen::MatrixX<Scalar> x(2, samples);
  for (Eigen::Index k = 0; k < samples; ++k) {
    const double t = 0.1 * double(first + k);
    x.col(k) << Scalar(std::cos(t)), Scalar(-std::sin(t));
  }
  TrajectoryInfo info;
  info.names = {"q", "v"};
  return {TimeGrid::uniform(0.1 * double(first), 0.1, samples), x, info};
}

template <typename Scalar>
auto fit_mlp(const Trajectory<Scalar>& run) {
  return neural::fit(neural::Mlp{{8}}, run, neural::Training{.epochs = 30, .batch = 32, .rate = 1e-2});
}

}  // namespace

TEMPLATE_TEST_CASE("laws of neural::NetworkModel", "", float, double) {
  const auto run = rotation<TestType>(0, 500);
  laws::forecaster([&] { return fit_mlp(run); }, rotation<TestType>(500, 20), 0);
}

TEST_CASE("laws of neural::NetworkModel with a structured network") {
  const auto run = rotation<double>(0, 500);
  const neural::Training options{.epochs = 40, .batch = 32, .rate = 1e-2};
  laws::forecaster([&] { return neural::fit(neural::Stnn{{.copies = 4, .tied = false}}, run, options); },
                   rotation<double>(500, 20), 0);
}

// Units forget; what is left of the state before the context is the radius to that power.
TEST_CASE("laws of neural::ReservoirModel") {
  const auto run = rotation<double>(0, 500);
  laws::forecaster([&] { return neural::fit(neural::Reservoir{.units = 60, .ridge = 1e-9, .warmup = 20}, run); },
                   rotation<double>(500, 20), 1e-6);
}

TEST_CASE("laws of neural::NvarModel") {
  const auto run = rotation<double>(0, 500);
  laws::forecaster([&] { return neural::fit(neural::Nvar{.stride = 3}, run); }, rotation<double>(500, 20), 1e-11);
}

TEST_CASE("neural models of fields know their grid") {
  const auto run = rotation<double>(0, 300);
  laws::on_a_grid([](const auto& r) { return fit_mlp(r); }, run);
  laws::on_a_grid([](const auto& r) { return neural::fit(neural::Nvar{}, r); }, run);
}
