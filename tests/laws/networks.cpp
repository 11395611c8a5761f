// SPDX-License-Identifier: BSD-3-Clause
// The laws of every forecaster, run over operators, vector fields and networks with memory.
#include <cmath>

#include "almagest/io/operator_format.hpp"
#include "almagest/neural/hamiltonian.hpp"
#include "almagest/neural/koopman_autoencoder.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/operator_model.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/sequence_model.hpp"
#include "laws/forecaster_laws.hpp"

using namespace almagest;

namespace {

/// A turn of the plane.
Trajectory<double> turn(Eigen::Index first, Eigen::Index samples) {
  Eigen::MatrixXd x(2, samples);
  for (Eigen::Index k = 0; k < samples; ++k)
    x.col(k) << std::cos(0.1 * double(first + k)), -std::sin(0.1 * double(first + k));
  TrajectoryInfo info;
  info.names = {"q", "v"};
  return {TimeGrid::uniform(0.1 * double(first), 0.1, samples), x, info};
}

/// A wave that runs around.
template <typename Scalar>
Trajectory<Scalar> wave(Eigen::Index first, Eigen::Index samples) {
  constexpr Eigen::Index points = 16;
  const double tau = 6.283185307179586;
  Eigen::MatrixX<Scalar> u(points, samples);
  for (Eigen::Index k = 0; k < samples; ++k)
    for (Eigen::Index j = 0; j < points; ++j)
      u(j, k) = Scalar(std::sin(tau * double(j) / double(points) - 0.1 * double(first + k)));
  TrajectoryInfo info;
  info.grid = SpatialGrid::periodic(points, 0, tau);
  return {TimeGrid::uniform(0.1 * double(first), 0.1, samples), u, info};
}

const neural::Training brief{.epochs = 20, .batch = 32, .rate = 1e-2};

template <typename Architecture>
auto learns(const Architecture& architecture) {
  return [architecture] { return neural::fit(architecture, turn(0, 300), brief); };
}

}  // namespace

TEMPLATE_TEST_CASE("laws of neural::OperatorModel", "", float, double) {
  const neural::Fno fno{.modes = {3}, .width = 4, .layers = 2, .projection = 8};
  laws::forecaster([&] { return neural::fit(fno, wave<TestType>(0, 200), brief); }, wave<TestType>(200, 20), 0);
}

TEST_CASE("laws of neural::NeuralOdeModel") { laws::forecaster(learns(neural::NeuralOde{{8}}), turn(300, 20), 0); }

TEST_CASE("laws of neural::HamiltonianModel") {
  laws::forecaster(learns(neural::HamiltonianNetwork{{8}}), turn(300, 20), 0);
}

// It steps in normalized units, from and to which samples are rounded.
TEST_CASE("laws of neural::PlrnnModel") {
  laws::forecaster(learns(neural::Alrnn{.units = 2, .rectified = 1}), turn(300, 20), 1e-12);
}

// What a network remembers from before its warm-up is small, not nothing.
TEST_CASE("laws of neural::SequenceModel") {
  const neural::Sequences sequences{.length = 60, .warmup = 30, .batches = 5};
  SECTION("gated") { laws::forecaster(learns(neural::Gru{.units = 6, .sequences = sequences}), turn(300, 40), 1e-2); }
  SECTION("S4D, which forgets in thousands of steps") {
    laws::forecaster(learns(neural::S4d{.channels = 4, .pairs = 3, .sequences = sequences}), turn(300, 40), 0.3);
  }
}

// A state that is decoded and encoded again is what training made it.
TEST_CASE("laws of neural::AutoencoderModel") {
  const neural::Training thorough{.epochs = 100, .rollout = 3, .optimizer = neural::Optimizer::lbfgs};
  const neural::KoopmanAutoencoder linear{.latent = 2, .hidden = {}};
  laws::forecaster([&] { return neural::fit(linear, turn(0, 300), thorough); }, turn(300, 20), 1e-2);
}
