// SPDX-License-Identifier: BSD-3-Clause
// Methods of integration as differentiable maps, and the layers of right-hand sides.
#include <Eigen/Core>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/neural/adjoint.hpp"
#include "almagest/neural/rate_layers.hpp"
#include "almagest/neural/gradient_layer.hpp"
#include "almagest/neural/splitting.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest::neural;
using almagest::InvalidArgument;
using almagest::RandomStream;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Part = std::shared_ptr<const Layer<double>>;

namespace {

MatrixXd normal_matrix(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

Part dense(Index inputs, Index outputs) { return std::make_shared<Dense<double>>(inputs, outputs); }
Part tanh_of(Index size) { return std::make_shared<Pointwise<double>>(Activation::tanh, size); }
Network<double> perceptron(Index in, Index width, Index out) {
  return Network<double>({dense(in, width), tanh_of(width), dense(width, out)});
}

VectorXd start_of(const Network<double>& net, std::uint64_t seed = 1) {
  RandomStream random(seed);
  VectorXd parameters = net.initial(random);
  for (Index k = 0; k < parameters.size(); ++k) parameters[k] += 0.3 * random.normal();
  return parameters;
}

void check_layer(const Layer<double>& layer) {
  const Index batch = 3;
  const VectorXd parameters = start_of(Network<double>({Part(&layer, [](const auto*) {})}));
  const MatrixXd x = normal_matrix(layer.inputs(), batch, 2), w = normal_matrix(layer.outputs(), batch, 3),
                 direction = normal_matrix(layer.inputs(), batch, 4);
  MatrixXd y(layer.outputs(), batch), kept(layer.kept(), batch), dx(layer.inputs(), batch), dy = y;
  const auto value = [&](const VectorXd& p, const MatrixXd& at) {
    MatrixXd out(layer.outputs(), batch), keep(layer.kept(), batch);
    layer.forward(p, at, out, keep);
    return out.cwiseProduct(w).sum();
  };
  layer.forward(parameters, x, y, kept);
  VectorXd gradient = VectorXd::Zero(parameters.size());
  layer.backward(parameters, x, y, kept, w, dx, gradient);
  layer.tangent(parameters, x, y, kept, direction, dy);
  const double h = 1e-5,
               along = (value(parameters, x + h * direction) - value(parameters, x - h * direction)) / (2 * h);
  CHECK(dx.cwiseProduct(direction).sum() == Approx(along).epsilon(1e-6));
  CHECK(dy.cwiseProduct(w).sum() == Approx(along).epsilon(1e-6));
  for (Index k = 0; k < parameters.size(); ++k) {
    VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    CHECK(gradient[k] == Approx((value(up, x) - value(down, x)) / (2 * h)).epsilon(1e-6).margin(1e-8));
  }
}

/// <w, y> of a step, and its gradients by x and the parameters.
struct Result {
  MatrixXd y, by_state;
  VectorXd gradient;
};
Result through(const StepMap<double>& map, const VectorXd& parameters, const MatrixXd& x,
               const Eigen::RowVectorXd& steps, const MatrixXd& w, int count = 1) {
  std::vector<StepPass<double>> passes;
  Result out{x, w, VectorXd::Zero(parameters.size())};
  const Eigen::RowVectorXd h = steps / count;
  for (int k = 0; k < count; ++k) {
    const MatrixXd before = out.y;
    map.forward(parameters, before, h, passes.emplace_back(map.pass(x.cols())), out.y);
  }
  for (int k = count; k-- > 0;) map.backward(parameters, h, passes[std::size_t(k)], out.by_state, out.gradient);
  return out;
}

void check_gradients(const StepMap<double>& map, const VectorXd& parameters, Index dimension) {
  const MatrixXd x = normal_matrix(dimension, 3, 5), w = normal_matrix(dimension, 3, 6),
                 direction = normal_matrix(dimension, 3, 7);
  const Eigen::RowVectorXd steps = Eigen::RowVector3d(0.3, 0.7, 0.05);
  const Result at = through(map, parameters, x, steps, w, 2);
  const auto value = [&](const VectorXd& p, const MatrixXd& from) {
    return through(map, p, from, steps, w, 2).y.cwiseProduct(w).sum();
  };
  const double h = 1e-5;
  CHECK(at.by_state.cwiseProduct(direction).sum() ==
        Approx((value(parameters, x + h * direction) - value(parameters, x - h * direction)) / (2 * h)).epsilon(1e-6));
  for (Index k = 0; k < parameters.size(); ++k) {
    VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    CHECK(at.gradient[k] == Approx((value(up, x) - value(down, x)) / (2 * h)).epsilon(1e-6).margin(1e-8));
  }
}

}  // namespace

TEST_CASE("Layers of right-hand sides have the derivatives of differences", "[neural]") {
  check_layer(Stretch<double>(Eigen::Vector3d(0.5, -2, 3)));
  check_layer(SymplecticTurn<double>(Eigen::Vector2d(0.5, 3)));
  check_layer(Swish<double>(4));
  check_layer(Chain<double>({dense(3, 5), std::make_shared<Swish<double>>(5), dense(5, 2)}));
  check_layer(
      SideBySide<double>(std::make_shared<Chain<double>>(Chain<double>::Layers{dense(2, 3), tanh_of(3)}), dense(1, 2)));
  for (const Activation activation : {Activation::tanh, Activation::sigmoid, Activation::silu, Activation::softplus}) {
    check_layer(GradientLayer<double>(3, {4}, activation));
    check_layer(GradientLayer<double>(2, {4, 3, 5}, activation));
  }
  CHECK_THAT(sentence<InvalidArgument>([] { GradientLayer<double>(2, {4}, Activation::relu); }),
             ContainsSubstring("second derivatives"));
  CHECK_THAT(sentence<InvalidArgument>([] { GradientLayer<double>(2, {}, Activation::tanh); }),
             ContainsSubstring("hidden is empty"));
}

TEST_CASE("The gradient layer is the gradient of its value", "[neural]") {
  const GradientLayer<double> layer(3, {6, 5}, Activation::softplus);
  const VectorXd parameters = start_of(Network<double>({Part(&layer, [](const auto*) {})}));
  const MatrixXd x = normal_matrix(3, 4, 9);
  MatrixXd y(3, 4), kept(layer.kept(), 4);
  layer.forward(parameters, x, y, kept);
  for (Index i = 0; i < 3; ++i) {
    MatrixXd up = x, down = x;
    up.row(i).array() += 1e-5, down.row(i).array() -= 1e-5;
    const Eigen::RowVectorXd difference = (layer.value(parameters, up) - layer.value(parameters, down)) / 2e-5;
    CHECK((y.row(i) - difference).cwiseAbs().maxCoeff() < 1e-8);
  }
}

TEST_CASE("Steps have the derivatives of differences", "[neural]") {
  const auto net = perceptron(2, 5, 2);
  for (const OdeMethod method : {OdeMethod::euler, OdeMethod::midpoint, OdeMethod::rk4, OdeMethod::dormand_prince})
    check_gradients(RungeKutta<double>(net, tableau(method)), start_of(net), 2);
  Tableau ralston{MatrixXd::Zero(2, 2), Eigen::Vector2d(0.25, 0.75)};
  ralston.a(1, 0) = 2.0 / 3;
  check_gradients(RungeKutta<double>(net, ralston), start_of(net), 2);
  const auto force = perceptron(2, 4, 2), velocity = perceptron(2, 3, 2);
  VectorXd parameters(force.parameters() + velocity.parameters());
  parameters << start_of(force, 1), start_of(velocity, 2);
  for (const SymplecticMethod method : {SymplecticMethod::verlet, SymplecticMethod::symplectic4})
    check_gradients(Splitting<double>(force, velocity, method), parameters, 4);
  Tableau implicit{MatrixXd::Constant(1, 1, 0.5), VectorXd::Ones(1)};
  CHECK_THAT(sentence<InvalidArgument>([&] { RungeKutta<double>(net, implicit); }), ContainsSubstring("explicit"));
}

TEST_CASE("Methods have their order", "[neural]") {
  // A rotation: dense layers without anything between them are linear.
  const Network<double> net({dense(2, 2)});
  VectorXd parameters(6);
  parameters << 0, -1, 1, 0, 0, 0;
  const MatrixXd x = Eigen::Vector2d(1, 0);
  const auto error = [&](const StepMap<double>& map, int count) {
    const MatrixXd y = through(map, parameters, x, Eigen::RowVectorXd::Constant(1, 2.0), x, count).y;
    return (y - Eigen::Vector2d(std::cos(2.0), -std::sin(2.0))).norm();
  };
  const auto order = [&](const StepMap<double>& map) { return std::log2(error(map, 20) / error(map, 40)); };
  CHECK(order(RungeKutta<double>(net, tableau(OdeMethod::euler))) == Approx(1).margin(0.1));
  CHECK(order(RungeKutta<double>(net, tableau(OdeMethod::midpoint))) == Approx(2).margin(0.1));
  CHECK(order(RungeKutta<double>(net, tableau(OdeMethod::rk4))) == Approx(4).margin(0.1));
  CHECK(order(RungeKutta<double>(net, tableau(OdeMethod::dormand_prince))) == Approx(5).margin(0.2));
  const Network<double> half({dense(1, 1)});
  parameters.resize(4);
  parameters << -1, 0, 1, 0;
  CHECK(order(Splitting<double>(half, half, SymplecticMethod::verlet)) == Approx(2).margin(0.1));
  CHECK(order(Splitting<double>(half, half, SymplecticMethod::symplectic4)) == Approx(4).margin(0.2));
}

TEST_CASE("Adjoint gradients are the discrete ones to the order of the method", "[neural]") {
  const auto net = perceptron(3, 8, 3);
  const VectorXd parameters = start_of(net);
  const MatrixXd x = normal_matrix(3, 4, 8), w = normal_matrix(3, 4, 9);
  const Eigen::RowVectorXd steps = Eigen::RowVector4d(1, 0.6, 0.8, 0.3);
  const RungeKutta<double> discrete(net, tableau(OdeMethod::dormand_prince));
  const auto difference = [&](int count) {
    const Result a = through(Adjoint<double>(net, 0, count), parameters, x, steps, w),
                 b = through(discrete, parameters, x, steps, w, count);
    CHECK((a.y - b.y).norm() < 1e-13 * b.y.norm());
    CHECK((a.by_state - b.by_state).norm() < 0.01 * b.by_state.norm());
    return (a.gradient - b.gradient).norm() / b.gradient.norm();
  };
  const double coarse = difference(8), fine = difference(16), finer = difference(32);
  CAPTURE(coarse, fine, finer);
  CHECK(std::log2(coarse / fine) > 4.5);
  CHECK(std::log2(fine / finer) > 4.5);
  // Controlled steps: the gradient follows the tolerance.
  const Result exact = through(discrete, parameters, x, steps, w, 200);
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    const Result adaptive = through(Adjoint<double>(net, tolerance), parameters, x, steps, w);
    const double error = (adaptive.gradient - exact.gradient).norm() / exact.gradient.norm();
    CAPTURE(tolerance, error);
    CHECK(error < 20 * tolerance);
    CHECK((adaptive.by_state - exact.by_state).norm() < 20 * tolerance * exact.by_state.norm());
  }
}
