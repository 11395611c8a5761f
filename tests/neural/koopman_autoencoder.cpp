// SPDX-License-Identifier: BSD-3-Clause
// Koopman autoencoders: the gradient of every term, and a system whose matrix is known.
#include <Eigen/Core>
#include <Eigen/LU>
#include <cmath>
#include <vector>

#include "almagest/neural/koopman_autoencoder.hpp"
#include "almagest/neural/koopman_training.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using neural::KoopmanAutoencoder, neural::Training;

namespace {

Eigen::MatrixXd noise(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// A spiral, x' = A x, from random starts.
const Eigen::Matrix2d spiral = (Eigen::Matrix2d() << 0.9, 0.2, -0.2, 0.9).finished();

std::vector<Trajectory<double>> spirals(Index count) {
  RandomStream random(7);
  std::vector<Trajectory<double>> runs;
  for (Index k = 0; k < count; ++k) {
    Eigen::MatrixXd x(2, 12);
    x.col(0) << random.uniform(-1, 1), random.uniform(-1, 1);
    for (Index j = 1; j < x.cols(); ++j) x.col(j) = spiral * x.col(j - 1);
    runs.emplace_back(TimeGrid::uniform(0, 1, x.cols()), x);
  }
  return runs;
}

}  // namespace

TEST_CASE("Every term of an autoencoder's loss has an exact gradient", "[neural]") {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 20), noise(2, 20, 1));
  const TrajectoryView<double> view(run);
  const neural::Normalization<double> plain{Eigen::Vector2d::Zero(), Eigen::Vector2d::Ones()};
  Training training;
  training.rollout = 3;
  const neural::detail::Samples<double> data({view}, plain, 3), none({}, plain, 3);
  KoopmanAutoencoder options;
  options.latent = 3;
  options.hidden = {5};
  options.information = 0.4;
  options.temperature = 0.5;
  options.entropy = 0.3;
  const auto encoder = neural::detail::perceptron<double>(2, {5}, options.activation, 3),
             decoder = neural::detail::perceptron<double>(3, {5}, options.activation, 2);
  neural::detail::AutoencoderObjective objective(options, encoder, decoder, training, data, none);
  Eigen::VectorXd parameters = 0.5 * noise(encoder.parameters() + 9 + decoder.parameters(), 1, 2), gradient, unused;
  const std::vector<std::size_t> batch{0, 3, 5, 8, 11, 12};
  RandomStream random(1);
  objective.loss(parameters, batch, random, gradient);
  const double h = 1e-6;
  for (Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    const double slope =
        (objective.loss(up, batch, random, unused) - objective.loss(down, batch, random, unused)) / (2 * h);
    CHECK(gradient[k] == Approx(slope).epsilon(1e-6).margin(1e-8));
  }
}

TEST_CASE("Entropy and surprise of latent states have their known values", "[neural]") {
  Eigen::MatrixXd z(3, 6), unused = Eigen::MatrixXd::Zero(3, 6);
  z << Eigen::Matrix3d::Identity(), -Eigen::Matrix3d::Identity();
  CHECK(neural::detail::von_neumann_entropy(z, 1, unused) == Approx(std::log(3.0)).epsilon(1e-12));
  z.bottomRows(2).setZero();
  CHECK(neural::detail::von_neumann_entropy(z, 1, unused) == Approx(0).margin(1e-9));
  // Orthogonal states that keep their directions: of three, one has the cosine 1 and two have 0.
  const Eigen::MatrixXd a = 2 * Eigen::Matrix3d::Identity();
  Eigen::MatrixXd by_a = Eigen::MatrixXd::Zero(3, 3), by_b = by_a;
  CHECK(neural::detail::surprise(a, 5 * a, 0.5, 1, by_a, by_b) ==
        Approx(std::log(std::exp(2.0) + 2) - 2).epsilon(1e-12));
}

TEST_CASE("Without hidden layers an autoencoder's matrix is that of a linear system, in other coordinates",
          "[neural]") {
  KoopmanAutoencoder options;
  options.latent = 2;
  options.hidden = {};
  Training training;
  training.epochs = 80;
  training.rate = 2e-2;
  training.rollout = 3;
  training.batch = 50;
  const auto runs = spirals(20);
  const auto model = neural::fit(options, runs, training);
  CAPTURE(model.K(), model.parts().history.back().loss);
  CHECK(model.K().trace() == Approx(spiral.trace()).margin(1e-3));
  CHECK(model.K().determinant() == Approx(spiral.determinant()).margin(1e-3));
  CHECK(model.warnings().empty());
  const TrajectoryView<double> run(runs.back());
  const auto ahead = model.forecast(run.slice(0, 1), 10);
  CHECK((ahead.states() - run.states().middleCols(1, 10)).cwiseAbs().maxCoeff() < 0.01);
  Eigen::VectorXd z = model.lift(run), next(2);
  auto space = model.workspace();
  model.step(z, next, space);
  CHECK((next - model.K() * z).norm() == 0);
}

TEST_CASE("Hidden layers train too, and what grows is warned of", "[neural]") {
  KoopmanAutoencoder options;
  options.latent = 3;
  options.hidden = {8};
  options.information = 0.01, options.entropy = 0.01;
  Training training;
  training.epochs = 20;
  training.rate = 1e-2;
  training.rollout = 3;
  training.batch = 50;
  const auto runs = spirals(20);
  const auto model = neural::fit(options, runs, runs, training);
  const auto& history = model.parts().history;
  CHECK(history.back().validation < 0.2 * history.front().validation);
  CHECK(neural::fit(options, runs, runs, training).parts().parameters == model.parts().parameters);
  CHECK(neural::detail::radius_of(2 * spiral) == Approx(2 * std::sqrt(0.85)).epsilon(1e-6));
}

TEST_CASE("Autoencoders that cannot be trained are refused", "[neural]") {
  KoopmanAutoencoder options;
  options.latent = 0;
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(options, spirals(1)); }), ContainsSubstring("latent is 0"));
  options.latent = 2, options.temperature = 0;
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(options, spirals(1)); }),
             ContainsSubstring("temperature is 0"));
}
