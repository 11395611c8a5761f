// SPDX-License-Identifier: BSD-3-Clause
// Piecewise-linear recurrent networks: derivatives, forcing, and the attractor of Lorenz.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "almagest/neural/plrnn_model.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using neural::Alrnn, neural::ShallowPlrnn, neural::TeacherForcing, neural::Training;

namespace {

Eigen::MatrixXd random_columns(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// All derivatives of a layer against central differences of <w, f(x)>.
void check_layer(const neural::Layer<double>& layer) {
  const Index batch = 4;
  RandomStream random(1);
  Eigen::VectorXd parameters(layer.parameters());
  layer.initialize(parameters, random);
  for (double& one : parameters) one += 0.3 * random.normal();
  const Eigen::MatrixXd x = random_columns(layer.inputs(), batch, 2), w = random_columns(layer.outputs(), batch, 3),
                        direction = random_columns(layer.inputs(), batch, 4);
  Eigen::MatrixXd y(layer.outputs(), batch), kept(layer.kept(), batch), dx(layer.inputs(), batch), dy = y;
  const auto value = [&](const Eigen::VectorXd& p, const Eigen::MatrixXd& at) {
    Eigen::MatrixXd out(layer.outputs(), batch), keep(layer.kept(), batch);
    layer.forward(p, at, out, keep);
    return out.cwiseProduct(w).sum();
  };
  layer.forward(parameters, x, y, kept);
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters.size());
  layer.backward(parameters, x, y, kept, w, dx, gradient);
  layer.tangent(parameters, x, y, kept, direction, dy);
  const double h = 1e-6, along = (value(parameters, x + h * direction) - value(parameters, x - h * direction)) / (2 * h);
  CHECK(dx.cwiseProduct(direction).sum() == Approx(along).epsilon(1e-6));
  CHECK(dy.cwiseProduct(w).sum() == Approx(along).epsilon(1e-6));
  for (Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    CHECK(gradient[k] == Approx((value(up, x) - value(down, x)) / (2 * h)).epsilon(1e-6).margin(1e-8));
  }
}

/// The loss of forced orbits against central differences.
void check_forced(const neural::Layer<double>& layer, const TeacherForcing& forcing) {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 40), random_columns(2, 40, 5));
  const TrajectoryView<double> view(run);
  const neural::Normalization<double> plain{Eigen::Vector2d::Zero(), Eigen::Vector2d::Ones()};
  const neural::detail::Samples<double> data({view}, plain, forcing.length), none({}, plain, forcing.length);
  const auto make = [&] { return neural::detail::ForcedObjective<double>(layer, forcing, {.batch = 3}, data, none); };
  auto objective = make();
  RandomStream random(1);
  Eigen::VectorXd parameters(objective.parameters()), gradient, unused;
  layer.initialize(parameters.head(layer.parameters()), random);
  for (double& one : parameters.head(layer.parameters())) one += 0.1 * random.normal();
  for (double& one : parameters.tail(parameters.size() - layer.parameters())) one = random.normal();
  const std::vector<std::size_t> batch{0, 1, 2};
  const auto value = [&](const Eigen::VectorXd& p) {
    RandomStream noise(2);
    return objective.loss(p, batch, noise, unused);
  };
  RandomStream noise(2);
  const double at = objective.loss(parameters, batch, noise, gradient);
  CHECK(value(parameters) == at);
  const double h = 1e-6;
  for (Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    CHECK(gradient[k] == Approx((value(up) - value(down)) / (2 * h)).epsilon(1e-6).margin(1e-7));
  }
}

}  // namespace

TEST_CASE("Derivatives of piecewise-linear steps are exact", "[neural]") {
  check_layer(neural::AlrnnLayer<double>(5, 2));
  check_layer(neural::AlrnnLayer<double>(3, 0));
  check_layer(neural::ShallowPlrnnLayer<double>(3, 7, false));
  check_layer(neural::ShallowPlrnnLayer<double>(3, 7, true));
}

TEST_CASE("Gradients go through forced orbits", "[neural]") {
  const neural::AlrnnLayer<double> alrnn(4, 2);
  const neural::ShallowPlrnnLayer<double> shallow(2, 5, true);
  check_forced(alrnn, {.interval = 3, .length = 10, .batches = 1});
  check_forced(alrnn, {.kind = TeacherForcing::Kind::generalized, .strength = 0.3, .length = 10, .batches = 1});
  check_forced(shallow, {.kind = TeacherForcing::Kind::generalized, .strength = 0.1, .length = 10, .batches = 1});
}
