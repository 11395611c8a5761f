// SPDX-License-Identifier: BSD-3-Clause
// Piecewise-linear recurrent networks: derivatives, forcing, and the attractor of Lorenz.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "almagest/neural/sequence_model.hpp"
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
void check_layer(const neural::Layer<double>& layer, Index batch = 4) {
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

/// The same of a layer with memory, and its steps against its sequences.
void check_memory(const neural::RecurrentLayer<double>& layer) {
  RandomStream random(1);
  Eigen::VectorXd parameters(layer.parameters());
  layer.initialize(parameters, random);
  const Index batch = 2, columns = layer.length() * batch;
  const Eigen::MatrixXd x = random_columns(layer.inputs(), columns, 2), dx = random_columns(layer.inputs(), columns, 3);
  Eigen::MatrixXd y(layer.outputs(), columns), dy = y, kept(layer.kept(), columns);
  layer.forward(parameters, x, y, kept);
  layer.tangent(parameters, x, y, kept, dx, dy);
  Eigen::MatrixXd state = Eigen::MatrixXd::Zero(layer.states(), 1), change = state, out(layer.outputs(), 1), moved = out;
  for (Index t = 0; t < layer.length(); ++t) {
    layer.step_tangent(parameters, x.col(t * batch + 1), state, dx.col(t * batch + 1), change, moved);
    layer.step(parameters, x.col(t * batch + 1), state, out);
    CHECK((out - y.col(t * batch + 1)).norm() < 1e-12 * (1 + y.norm()));
    CHECK((moved - dy.col(t * batch + 1)).norm() < 1e-12 * (1 + dy.norm()));
  }
}

/// The loss of forced orbits against central differences.
void check_forced(const neural::Layer<double>& layer, const TeacherForcing& forcing) {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 40), random_columns(2, 40, 5));
  const TrajectoryView<double> view(run);
  const neural::Normalization<double> plain{Eigen::Vector2d::Zero(), Eigen::Vector2d::Ones()};
  const neural::detail::Samples<double> data({view}, plain, forcing.length), none({}, plain, forcing.length);
  Training options;
  options.batch = 3;
  neural::detail::ForcedObjective<double> objective(layer, forcing, options, data, none);
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

TEST_CASE("Layers with memory: derivatives are exact, and steps are what sequences are", "[neural]") {
  const neural::GruLayer<double> gru(2, 3, 5);
  check_layer(gru, 10);
  check_memory(gru);
  for (const auto start : {neural::S4dStart::linear, neural::S4dStart::inverse}) {
    const neural::S4dLayer<double> s4d(2, 3, start, 6);
    check_layer(s4d, 12);
    check_memory(neural::S4dLayer<double>(2, 16, start, 300));
  }
}

TEST_CASE("A gated recurrent unit is PyTorch's", "[neural]") {
  std::ifstream file(ALMAGEST_SOURCE_DIR "/tests/neural/gru_torch.txt");
  std::vector<Eigen::VectorXd> parts;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::vector<double> numbers;
    for (double one; words >> one;) numbers.push_back(one);
    parts.push_back(Eigen::Map<Eigen::VectorXd>(numbers.data(), Index(numbers.size())));
  }
  REQUIRE(parts.size() == 6);
  const neural::GruLayer<double> gru(3, 5, 7);
  Eigen::VectorXd parameters(gru.parameters());
  parameters << parts[0], parts[1], parts[2], parts[3];
  const Eigen::Map<Eigen::MatrixXd> x(parts[4].data(), 3, 14), h(parts[5].data(), 5, 14);
  Eigen::MatrixXd y(5, 14), kept(gru.kept(), 14);
  gru.forward(parameters, x, y, kept);
  CHECK((y - h).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("The kernel of a pole is its exponential", "[neural]") {
  // One pair: y = 2 Re C (e^{dA} - 1)/A e^{ldA}, with A = -1/2, C = 1, step 0.1.
  const neural::S4dLayer<double> layer(1, 1, neural::S4dStart::linear, 50);
  Eigen::VectorXd parameters(6);
  parameters << std::log(0.1), std::log(0.5), 0, 1, 0, 0;
  const Eigen::VectorXd kernel = layer.kernel(parameters, 0);
  for (Index l = 0; l < 50; ++l)
    CHECK(kernel[l] == Approx(4 * (1 - std::exp(-0.05)) * std::exp(-0.05 * double(l))).epsilon(1e-13));
}
