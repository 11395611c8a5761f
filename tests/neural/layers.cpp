// SPDX-License-Identifier: BSD-3-Clause
// Layers against central differences, and the algebra of the structured network.
#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <limits>
#include <memory>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/optimizers.hpp"
#include "core/sentence.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace almagest::neural;
using almagest::InvalidArgument;
using almagest::RandomStream;
using Complex = std::complex<double>;
using Eigen::Index;

namespace {

constexpr double pi = 3.14159265358979323846;

Eigen::MatrixXd gaussian(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

Eigen::MatrixXcd dft(Index n) {
  return Eigen::MatrixXcd::NullaryExpr(
      n, n, [n](Index j, Index k) { return std::polar(1.0, -2 * pi * double(j * k % n) / double(n)); });
}

/// The parameters of DftLike with which it is the Fourier transform.
Eigen::VectorXcd exact(const DftLike<Complex>& factor) {
  Eigen::VectorXcd out(factor.parameters());
  Index at = 0;
  for (Index r = factor.size(); r > factor.core(); r /= 2)
    for (Index k = 0; k < r / 2; ++k) out[at++] = std::polar(1.0, -2 * pi * double(k) / double(r));
  out.tail(factor.core() * factor.core()) = dft(factor.core()).reshaped();
  return out;
}

Eigen::MatrixXcd matrix_of(const DftLike<Complex>& factor, const Eigen::VectorXcd& parameters) {
  Eigen::MatrixXcd out(factor.size(), factor.size()), scratch;
  factor.apply(parameters.data(), Eigen::MatrixXcd::Identity(factor.size(), factor.size()), out, scratch);
  return out;
}

/// Compares all derivatives of a layer with central differences of <w, f(x)>.
void check_derivatives(const Layer<double>& layer, std::uint64_t seed = 1) {
  const Index batch = 3;
  RandomStream random(seed);
  Eigen::VectorXd parameters(layer.parameters());
  layer.initialize(parameters, random);
  for (Index k = 0; k < parameters.size(); ++k) parameters[k] += 0.3 * random.normal();
  const Eigen::MatrixXd x = gaussian(layer.inputs(), batch, seed + 1), w = gaussian(layer.outputs(), batch, seed + 2),
                        direction = gaussian(layer.inputs(), batch, seed + 3);
  Eigen::MatrixXd y(layer.outputs(), batch), kept(layer.kept(), batch), dx(layer.inputs(), batch), dy = y;
  const auto value = [&](const Eigen::VectorXd& p, const Eigen::MatrixXd& at) {
    Eigen::MatrixXd out(layer.outputs(), batch), keep(layer.kept(), batch);
    layer.forward(p, at, out, keep);
    return out;
  };
  layer.forward(parameters, x, y, kept);
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters.size());
  layer.backward(parameters, x, y, kept, w, dx, gradient);
  layer.tangent(parameters, x, y, kept, direction, dy);
  const double h = 1e-6;
  const double along =
      ((value(parameters, x + h * direction) - value(parameters, x - h * direction)).cwiseProduct(w)).sum() / (2 * h);
  CHECK(dx.cwiseProduct(direction).sum() == Approx(along).epsilon(1e-6));
  CHECK(dy.cwiseProduct(w).sum() == Approx(along).epsilon(1e-6));
  for (Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up[k] += h, down[k] -= h;
    CHECK(gradient[k] ==
          Approx(((value(up, x) - value(down, x)).cwiseProduct(w)).sum() / (2 * h)).epsilon(1e-6).margin(1e-8));
  }
}

}  // namespace

TEST_CASE("Derivatives of layers are those of differences", "[neural]") {
  check_derivatives(Dense<double>(4, 3));
  for (const Activation function : {Activation::tanh, Activation::sigmoid, Activation::relu, Activation::gelu,
                                    Activation::silu, Activation::softplus})
    check_derivatives(Pointwise<double>(function, 4));
  for (const bool tied : {true, false}) {
    check_derivatives(StnnLayer<double>(3, {.copies = 4, .depth = 1, .tied = tied}));
    check_derivatives(StnnLayer<double>(4, {.copies = 2, .depth = 3, .tied = tied}));
  }
  check_derivatives(SmoothStnnLayer<double>(3, {.copies = 4}));
  check_derivatives(SmoothStnnLayer<double>(4, {.copies = 2, .depth = 2}));
  check_derivatives(ResidualHead<double>(3, 5));
  check_derivatives(LearnedScale<double>(3));
}

TEST_CASE("The hyperbolic tangent is right to 2 units in the last place, wherever it lies", "[neural]") {
  RandomStream random(4);
  Eigen::VectorXd x(40'000);
  for (Index k = 0; k < x.size(); ++k) x[k] = random.uniform(-1, 1) * std::pow(10, random.uniform(-12, 1.5));
  x.head(9) << 0.0, 0.625, -0.625, 1e-310, 710, -1e300, std::numeric_limits<double>::infinity(), -25, 19.5;
  Eigen::VectorXd y(x.size());
  almagest::neural::detail::tanh(x.data(), y.data(), x.size());
  double worst = 0;
  for (Index k = 0; k < x.size(); ++k) {
    const long double exact = std::tanh(static_cast<long double>(x[k]));
    const double unit = std::max(std::abs(std::nextafter(double(exact), 2) - double(exact)), 5e-324);
    worst = std::max(worst, double(std::abs(static_cast<long double>(y[k]) - exact)) / unit);
  }
  CAPTURE(worst);
  CHECK(worst <= 2);
  CHECK(y[0] == 0);
  CHECK(y[6] == 1);
  double lost = std::nan("");
  almagest::neural::detail::tanh(&lost, &lost, 1);
  CHECK(std::isnan(lost));
  Eigen::VectorXd shifted(x.size());
  almagest::neural::detail::tanh(x.data() + 3, shifted.data(), x.size() - 3);
  CHECK(shifted.head(x.size() - 3) == y.tail(x.size() - 3));
}

TEST_CASE("With twiddle factors the structured factor is the Fourier transform", "[neural]") {
  for (const auto& [size, depth] :
       {std::pair<Index, int>{2, 1}, {4, 1}, {6, 1}, {8, 1}, {8, 2}, {8, 3}, {16, 1}, {48, 4}, {64, 6}}) {
    const DftLike<Complex> factor(size, depth);
    CHECK((matrix_of(factor, exact(factor)) - dft(size)).cwiseAbs().maxCoeff() < 1e-12);
  }
  CHECK_THAT(sentence<InvalidArgument>([] { DftLike<double>(6, 2); }), ContainsSubstring("6 cannot be halved 2 times"));
}

TEST_CASE("With an exact factor and the spectrum of a symbol it is the product with a Hankel matrix", "[neural]") {
  for (const Index n : {1, 2, 3, 4, 8}) {
    const Index r = 2 * n;
    const Eigen::VectorXd h = gaussian(2 * n - 1, 1, std::uint64_t(n));
    const Eigen::MatrixXd hankel = Eigen::MatrixXd::NullaryExpr(n, n, [&](Index i, Index j) { return h[i + j]; });
    // T = J H is Toeplitz; the circulant's first column is its first column, 0, its first row reversed.
    Eigen::VectorXcd c = Eigen::VectorXcd::Zero(r);
    for (Index i = 0; i < n; ++i) c[i] = h[n - 1 - i];
    for (Index j = 1; j < n; ++j) c[r - j] = h[n - 1 + j];
    const DftLike<Complex> factor(r, 1);
    const Eigen::VectorXcd parameters = exact(factor);
    const Eigen::MatrixXcd F = matrix_of(factor, parameters), adjoint = matrix_of(factor, parameters.conjugate());
    Eigen::VectorXcd padded = Eigen::VectorXcd::Zero(r);
    const Eigen::VectorXd v = gaussian(n, 1, std::uint64_t(n) + 20);
    padded.head(n) = v.cast<Complex>();
    const Eigen::VectorXcd spectrum = F * c / double(r);
    const Eigen::VectorXcd y = (adjoint * spectrum.cwiseProduct(F * padded)).head(n).reverse();
    CHECK((y - (hankel * v).cast<Complex>()).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("Structured layers have the published counts of parameters", "[neural]") {
  CHECK(StnnLayer<double>(2, {.copies = 10}).parameters() == 94);
  CHECK(StnnLayer<double>(3, {.copies = 10}).parameters() == 144);
  CHECK(StnnLayer<double>(3, {.copies = 1024}).parameters() == 12'312);
  CHECK_THAT(sentence<InvalidArgument>([] { StnnLayer<double>(3, {.copies = 0}); }), ContainsSubstring("copies is 0"));
  const auto improved = [](Index n, Index copies, Index head, bool scaled) {
    return network<double>(Stnn{{.copies = copies, .improved = true, .head = head, .scaled = scaled}}, n).parameters();
  };
  CHECK(improved(2, 1024, 1024, true) == 13'329);
  CHECK(improved(2, 1024, 1024, false) == 13'328);
  CHECK(improved(3, 1024, 1024, true) == 19'484);
  CHECK(improved(2, 16, 64, true) == 465);
  CHECK_THAT(sentence<InvalidArgument>([] { network<double>(Stnn{{.tied = false, .improved = true}}, 2); }),
             ContainsSubstring("tied is false"));
}

TEST_CASE("A forward pass of a network with a workspace allocates nothing", "[neural]") {
  for (const Architecture& architecture : {Architecture(Mlp{{16, 16}}), Architecture(Stnn{{.copies = 3, .depth = 2}}),
                                           Architecture(Stnn{{.copies = 3, .tied = false}}),
                                           Architecture(Stnn{{.copies = 3, .improved = true}})}) {
    const auto net = network<double>(architecture, 4);
    RandomStream random(1);
    const Eigen::VectorXd parameters = net.initial(random);
    const Eigen::MatrixXd x = gaussian(4, 5, 2);
    auto pass = net.pass(5);
    net.forward(parameters, x, pass);
    const long before = allocations();
    net.forward(parameters, x, pass);
    CHECK(allocations() == before);
  }
}

TEST_CASE("Tied copies with equal biases stay equal; untied ones do not", "[neural]") {
  const auto spread = [](bool tied) {
    RandomStream random(3);
    const StnnLayer<double> layer(2, {.copies = 5, .tied = tied});
    Eigen::VectorXd parameters(layer.parameters());
    layer.initialize(parameters, random);
    const Eigen::MatrixXd x = gaussian(2, 30, 1), target = gaussian(2, 30, 2);
    Eigen::MatrixXd y(2, 30), kept(layer.kept(), 30), dx(2, 30);
    detail::Moments<double> adam(parameters.size());
    for (int k = 0; k < 200; ++k) {
      layer.forward(parameters, x, y, kept);
      Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters.size());
      layer.backward(parameters, x, y, kept, y - target, dx, gradient);
      adam.step(Optimizer::adamw, parameters, gradient, 1e-2, 0);
    }
    const Eigen::MatrixXd biases = parameters.segment(parameters.size() - 2 - 40, 40).reshaped(8, 5);
    return (biases.colwise() - biases.col(0)).cwiseAbs().maxCoeff();
  };
  CHECK(spread(true) == 0);
  CHECK(spread(false) > 1e-3);
}

TEST_CASE("Gradients of rollouts go back through every step", "[neural]") {
  const auto net = network<double>(Mlp{{5}, Activation::silu}, 2);
  const Training options{.rollout = 4};
  const almagest::Trajectory<double> run(almagest::TimeGrid::uniform(0, 1, 10), gaussian(2, 10, 30));
  const std::vector<almagest::TrajectoryView<double>> views{run};
  const detail::Samples<double> data(views, {Eigen::Vector2d::Zero(), Eigen::Vector2d::Ones()}, options.rollout);
  detail::RolloutObjective<double> objective(net, Eigen::Vector2d(0.3, 0.7), options, data, data);
  RandomStream random(0);
  const Eigen::VectorXd parameters = net.initial(random);
  const std::vector<std::size_t> samples{0, 5, 3};
  Eigen::VectorXd gradient, unused;
  objective.loss(parameters, samples, random, gradient);
  for (Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up[k] += 1e-6, down[k] -= 1e-6;
    const double difference =
        (objective.loss(up, samples, random, unused) - objective.loss(down, samples, random, unused)) / 2e-6;
    CHECK(gradient[k] == Approx(difference).epsilon(1e-6).margin(1e-8));
  }
}
