// SPDX-License-Identifier: BSD-3-Clause
// Neural operators: their layers against central differences and exact transforms, and the models on fields.
#include <Eigen/Core>
#include <cmath>
#include <complex>
#include <memory>
#include <vector>

#include "almagest/neural/operator_model.hpp"
#include "almagest/neural/small_layers.hpp"
#include "almagest/neural/toeplitz_layer.hpp"
#include "core/sentence.hpp"
#include "neural/field_derivatives.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace almagest::neural;
using almagest::DimensionMismatch;
using almagest::InvalidArgument;
using almagest::RandomStream;
using almagest::SpatialGrid;
using almagest::TimeGrid;
using almagest::Trajectory;
using almagest::TrajectoryView;
using Eigen::Index;

namespace {

constexpr double two_pi = 6.28318530717958647693;

template <typename Scalar = double>
auto transform_of(const almagest::fft::Shape& shape, std::vector<Index> modes,
                  TransformMethod method = TransformMethod::automatic) {
  return std::make_shared<const TruncatedTransform<Scalar>>(shape, modes, method);
}

/// A travelling sum of waves, each at its own speed and decaying, on [0, 2 pi): u_t = -u_x + 0.05 u_xx.
template <typename Scalar>
Trajectory<Scalar> waves(Index points, Index samples, std::uint64_t seed, double step = 0.1) {
  RandomStream random(seed);
  const Eigen::MatrixXd a = Eigen::MatrixXd::NullaryExpr(2, 4, [&] { return random.normal(); });
  Eigen::MatrixX<Scalar> states(points, samples);
  for (Index k = 0; k < samples; ++k)
    for (Index j = 0; j < points; ++j) {
      const double x = two_pi * double(j) / double(points), t = step * double(k);
      double u = 0;
      for (int m = 1; m <= 4; ++m)
        u += std::exp(-0.05 * m * m * t) * (a(0, m - 1) * std::cos(m * (x - t)) + a(1, m - 1) * std::sin(m * (x - t)));
      states(j, k) = Scalar(u);
    }
  almagest::TrajectoryInfo info;
  info.grid = SpatialGrid::periodic(points, 0, two_pi);
  return {TimeGrid::uniform(0, step, samples), states, info};
}

}  // namespace

TEST_CASE("Derivatives of layers on fields are those of differences", "[neural]") {
  check_field_derivatives(PointwiseConvolution<double>(2, 3, 5));
  check_field_derivatives(PointwiseConvolution<double>(9, 2, 3));
  check_field_derivatives(GridChannels<double>(2, normal_matrix(4, 1, 9)));
  check_field_derivatives(Gelu<double>(4));
  for (const auto method : {TransformMethod::product, TransformMethod::fft})
    for (const auto beside : {Beside::nothing, Beside::pointwise}) {
      check_field_derivatives(SpectralConvolution<double>(transform_of({8}, {3}, method), 2, 3, beside));
      check_field_derivatives(SpectralConvolution<double>(transform_of({6, 8}, {2, 3}, method), 2, 1, beside));
    }
  for (const auto stencil : {Stencil::any, Stencil::zero_sum}) {
    check_field_derivatives(LocalConvolution<double>({6}, 3, 2, 3, stencil));
    check_field_derivatives(LocalConvolution<double>({4, 5}, 3, 2, 1, stencil));
  }
  const std::vector<Operator> operators{DyMixOp{.modes = {2}, .width = 2, .layers = 2}, DeepOnet{{4}, {3}, 2}};
  for (const auto& one : operators) {
    const auto net = network<double>(one, 2, SpatialGrid::periodic(5, 0, 1));
    check_field_derivatives(Composite<double>(Combination::chain, net.layers()));
  }
}

TEST_CASE("Derivatives of small layers are those of differences", "[neural]") {
  check_field_derivatives(LayerNorm<double>(5));
  check_field_derivatives(DelayStack<double>(2, 5, 3, 2));
  check_field_derivatives(ToeplitzLayer<double>(4, 3));
  check_field_derivatives(ToeplitzLayer<double>(2, 5));
  check_field_derivatives(ToeplitzLayer<double>::circulant(5));
  using Part = std::shared_ptr<const Layer<double>>;
  const Part a = std::make_shared<Dense<double>>(3, 3), b = std::make_shared<Dense<double>>(3, 3),
             c = std::make_shared<Pointwise<double>>(Activation::silu, 3);
  for (const auto how : {Combination::chain, Combination::sum, Combination::product})
    check_field_derivatives(Composite<double>(how, {a, c, b}));
  check_field_derivatives(Composite<double>(Combination::residual, {a}));
  CHECK_THAT(sentence<InvalidArgument>([&] {
               Composite<double>(Combination::chain, {a, std::make_shared<Dense<double>>(4, 3)});
             }),
             ContainsSubstring("part 1 takes 4"));
  CHECK_THAT(sentence<InvalidArgument>([] { DelayStack<double>(1, 3, 3, 2); }), ContainsSubstring("3 delays 2 apart"));
}

TEST_CASE("Toeplitz, circulant and local layers are the matrices that they stand for", "[neural]") {
  const ToeplitzLayer<double> toeplitz(4, 3), circulant = ToeplitzLayer<double>::circulant(5);
  const auto matrix_of = [](const Layer<double>& layer, const Eigen::VectorXd& parameters) {
    Eigen::MatrixXd y(layer.outputs(), layer.inputs()), kept(layer.kept(), layer.inputs());
    layer.forward(parameters, Eigen::MatrixXd::Identity(layer.inputs(), layer.inputs()), y, kept);
    return y;
  };
  Eigen::VectorXd t = normal_matrix(toeplitz.parameters(), 1, 3), c = normal_matrix(circulant.parameters(), 1, 4);
  t.tail(4).setZero(), c.tail(5).setZero();
  const Eigen::MatrixXd T = matrix_of(toeplitz, t), C = matrix_of(circulant, c);
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 3; ++j) CHECK(T(i, j) == Approx(t[i - j + 2]).margin(1e-13));
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 5; ++j) CHECK(C(i, j) == Approx(c[(i - j + 5) % 5]).margin(1e-13));
  // A stencil of zero sum does not see a constant; here W = (-1, 0, 1) is the central difference.
  const LocalConvolution<double> local({6}, 3, 1, 1, Stencil::zero_sum);
  const Eigen::MatrixXd D = matrix_of(local, Eigen::Vector3d(-1, 0, 1));
  CHECK(D.rowwise().sum().norm() < 1e-13);
  CHECK(D(2, 3) == Approx(1));
  CHECK(D(0, 5) == Approx(-1));
}

TEST_CASE("The truncated transform is the Fourier transform, either way", "[neural]") {
  for (const auto& [shape, modes] : {std::pair{almagest::fft::Shape{12}, std::vector<Index>{6}},
                                     {almagest::fft::Shape{6, 8}, std::vector<Index>{3, 4}}}) {
    const auto product = transform_of(shape, modes, TransformMethod::product),
               fft = transform_of(shape, modes, TransformMethod::fft);
    const Index points = shape.size(), columns = 2 * product->modes(), fields = 3;
    const Eigen::MatrixXd x = normal_matrix(points, fields, 1), Y = normal_matrix(fields, columns, 2);
    Eigen::MatrixXd X(fields, columns), same = X, y(points, fields), z = y;
    Eigen::VectorXd scratch(fft->scratch());
    product->analyse(x.data(), fields, X.data(), nullptr);
    fft->analyse(x.data(), fields, same.data(), scratch.data());
    CHECK((X - same).cwiseAbs().maxCoeff() < 1e-12);
    product->expand(Y.data(), fields, y.data(), false, nullptr);
    fft->expand(Y.data(), fields, z.data(), false, scratch.data());
    CHECK((y - z).cwiseAbs().maxCoeff() < 1e-12);
    // By definition: mode 1 of the last axis.
    std::complex<double> one = 0;
    for (Index j = 0; j < points; ++j)
      one += x(j, 1) * std::polar(1.0, -two_pi * double(j % shape.last()) / double(shape.last()));
    CHECK(std::abs(one - std::complex<double>(X(1, 2), X(1, 3))) < 1e-12);
  }
  CHECK(transform_of({256}, {16})->by_product());
  CHECK_FALSE(transform_of({256}, {32})->by_product());
  CHECK_FALSE(transform_of({64, 64}, {4, 4})->by_product());
  CHECK_THAT(sentence<InvalidArgument>([] { transform_of({16}, {9}); }),
             ContainsSubstring("9 modes on axis 0 need at least 18 points"));
}

TEST_CASE("A spectral convolution is a convolution", "[neural]") {
  // With R_k = DFT of a smooth kernel it is the periodic convolution with it, on fields of few modes.
  const Index n = 16, K = 5;
  const SpectralConvolution<double> layer(transform_of({n}, {K}), 1, 1);
  const auto kernel = [](double x) { return 0.3 + std::cos(x) - 0.5 * std::sin(3 * x); };
  const auto field = [](double x) { return 1 + 2 * std::sin(x) + std::cos(3 * x + 0.4); };
  Eigen::VectorXd parameters(2 * K), x(n), expected = Eigen::VectorXd::Zero(n);
  for (Index k = 0; k < K; ++k) {
    std::complex<double> symbol = 0;
    for (Index j = 0; j < n; ++j)
      symbol += kernel(two_pi * double(j) / double(n)) * std::polar(1.0, -two_pi * double(j * k) / double(n));
    parameters[2 * k] = symbol.real(), parameters[2 * k + 1] = symbol.imag();
  }
  for (Index j = 0; j < n; ++j) x[j] = field(two_pi * double(j) / double(n));
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) expected[j] += kernel(two_pi * double(j - i) / double(n)) * x[i];
  Eigen::MatrixXd y(n, 1), kept(layer.kept(), 1);
  layer.forward(parameters, x, y, kept);
  CHECK((y - expected).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("The single-precision GELU is that of double precision", "[neural]") {
  const Eigen::MatrixXf x = Eigen::VectorXf::LinSpaced(20'001, -12, 12);
  Eigen::MatrixXf y(x.rows(), 1), kept = y;
  Gelu<float>(x.rows()).forward(Eigen::VectorXf(), x, y, kept);
  double worst = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    const double v = double(x(i, 0));
    worst = std::max(worst, std::abs(double(y(i, 0)) - 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)))));
  }
  CAPTURE(worst);
  CHECK(worst < 2e-6);
}

TEST_CASE("A Fourier neural operator learns waves, and foresees them on a finer grid", "[neural]") {
  std::vector<Trajectory<float>> runs;
  for (std::uint64_t seed = 0; seed < 12; ++seed) runs.push_back(waves<float>(64, 20, seed));
  const auto held = waves<float>(64, 20, 100);
  const Fno small{.modes = {6}, .width = 12, .layers = 2, .projection = 16};
  const Training options{.epochs = 120, .batch = 16, .rate = 1e-2, .seed = 3};
  const auto model = fit(small, runs, held, options);
  const auto& history = model.parts().history;
  CAPTURE(history.back().loss, history.back().validation);
  CHECK(history.back().validation < 0.01);
  CHECK(model.parameter_count() == 12 * 3 + 2 * (6 * 2 * 144 + 12 * 13) + 16 * 13 + 17);

  const auto fine = waves<float>(256, 20, 100);
  const auto finer = model.on(*fine.info().grid);
  const auto coarse_ahead = model.forecast(TrajectoryView<float>(held).slice(0, 1), 10);
  const auto ahead = finer.forecast(TrajectoryView<float>(fine).slice(0, 1), 10);
  CHECK(finer.dimension() == 256);
  CHECK(finer.parameter_count() == model.parameter_count());
  const double error = double((ahead[9] - fine[10]).norm() / fine[10].norm());
  const double coarse = double((coarse_ahead[9] - held[10]).norm() / held[10].norm());
  CAPTURE(error, coarse);
  CHECK(error < 0.1);
  CHECK(error < 1.1 * coarse + 0.005);

  const auto again = fit(small, runs, held, Training{.epochs = 2, .batch = 16, .seed = 3}),
             same = fit(small, runs, held, Training{.epochs = 2, .batch = 16, .seed = 3});
  CHECK(again.parts().parameters == same.parts().parameters);

  auto space = model.workspace();
  Eigen::VectorXf x = held[3], next(64);
  model.step(x, next, space);
  const long before = allocations();
  for (int k = 0; k < 5; ++k) model.step(x, next, space);
  CHECK(allocations() == before);

  CHECK_THAT(sentence<DimensionMismatch>([&] { model.forecast(TrajectoryView<float>(fine), 3); }),
             ContainsSubstring("256"));
  CHECK_THAT(sentence<InvalidArgument>([&] { model.forecast(waves<float>(64, 5, 1, 0.2), 3); }),
             ContainsSubstring("time step 0.2"));
  CHECK_THAT(sentence<InvalidArgument>([&] { model.on(SpatialGrid::periodic(64, 0, 1)); }),
             ContainsSubstring("length"));
  CHECK_THAT(sentence<InvalidArgument>([&] { model.on(SpatialGrid::periodic(8, 0, two_pi)); }),
             ContainsSubstring("at least 12"));
}

TEST_CASE("Operators on two axes learn, and their tangent is the Jacobian", "[neural]") {
  // A field of two channels: one moves along x, one along y.
  const Index nx = 8, ny = 10, samples = 24;
  Eigen::MatrixXd states(2 * nx * ny, samples);
  for (Index k = 0; k < samples; ++k)
    for (Index i = 0; i < nx; ++i)
      for (Index j = 0; j < ny; ++j) {
        const double x = two_pi * double(i) / double(nx), y = two_pi * double(j) / double(ny), t = 0.2 * double(k);
        states(i * ny + j, k) = std::sin(x - t) + 0.3 * std::cos(y);
        states(nx * ny + i * ny + j, k) = 5 + std::cos(y + t) * std::sin(x);
      }
  almagest::TrajectoryInfo info;
  info.grid = SpatialGrid({{nx, two_pi}, {ny, two_pi}});
  const Trajectory<double> run(TimeGrid::uniform(0, 0.2, samples), states, info);
  const auto model = fit(Fno{.modes = {3, 2}, .width = 6, .layers = 2, .projection = 8}, run,
                         Training{.epochs = 120, .batch = 8, .rate = 1e-2});
  CAPTURE(model.parts().history.back().loss);
  CHECK(model.parts().history.back().loss < 0.01);
  CHECK(model.parts().mean[1] == Approx(5).margin(0.01));

  const Eigen::VectorXd x = run[3];
  const Eigen::MatrixXd direction = normal_matrix(x.size(), 1, 4);
  auto space = model.workspace();
  Eigen::VectorXd up(x.size()), down(x.size());
  model.step(x + 1e-6 * direction.col(0), up, space);
  model.step(x - 1e-6 * direction.col(0), down, space);
  CHECK((model.tangent(x, direction).col(0) - (up - down) / 2e-6).norm() < 1e-6 * direction.norm());
}

TEST_CASE("Mixing and branch-trunk operators learn waves too", "[neural]") {
  std::vector<Trajectory<double>> runs;
  for (std::uint64_t seed = 0; seed < 6; ++seed) runs.push_back(waves<double>(16, 16, seed));
  const Training options{.epochs = 60, .batch = 16, .rate = 1e-2, .seed = 3};
  const auto mixing = fit(DyMixOp{.modes = {4}, .width = 6, .layers = 2}, runs, options);
  CAPTURE(mixing.parts().history.back().loss);
  CHECK(mixing.parts().history.back().loss < 0.1);
  CHECK(mixing.on(SpatialGrid::periodic(32, 0, two_pi)).forecast(waves<double>(32, 3, 9), 4).size() == 4);
  const auto onet = fit(DeepOnet{{32}, {32}, 12}, runs, Training{.epochs = 300, .batch = 16, .rate = 1e-2, .seed = 3});
  CAPTURE(onet.parts().history.back().loss);
  CHECK(onet.parts().history.back().loss < 0.1);
  CHECK_THAT(sentence<InvalidArgument>([&] { onet.on(SpatialGrid::periodic(32, 0, two_pi)); }),
             ContainsSubstring("DeepOnet"));
}

TEST_CASE("A batch in shards has the loss and the gradient of the whole, whoever makes them", "[neural]") {
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 12), normal_matrix(10, 12, 3));
  const std::vector<TrajectoryView<double>> views{run};
  const Training options{.rollout = 2}, many{.rollout = 2, .threads = 3};
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(10);
  const almagest::neural::detail::Samples<double> data(views, {0 * ones, ones}, options.rollout);
  const auto net =
      network<double>(Fno{.modes = {2}, .width = 3, .layers = 2, .projection = 4}, 1, SpatialGrid::periodic(10, 0, 1));
  const auto in_shards = [&](const Training& how, std::size_t size) {
    return std::make_unique<almagest::neural::detail::RolloutObjective<double>>(net, 0.3 * ones, how, data, data, size);
  };
  const auto whole = in_shards(options, 64), pieces = in_shards(options, 4), shared = in_shards(many, 4);
  RandomStream random(0);
  const Eigen::VectorXd parameters = net.initial(random);
  const std::vector<std::size_t> samples{0, 5, 3, 7, 8, 1};
  Eigen::VectorXd one, other, unused;
  CHECK(whole->loss(parameters, samples, random, one) ==
        Approx(pieces->loss(parameters, samples, random, other)).epsilon(1e-12));
  CHECK((one - other).norm() < 1e-12 * one.norm());
  Eigen::VectorXd same;
  CHECK(shared->loss(parameters, samples, random, same) == pieces->loss(parameters, samples, random, other));
  CHECK((same.array() == other.array()).all());
  const Eigen::VectorXd direction = normal_matrix(parameters.size(), 1, 8);
  const double along = (whole->loss(parameters + 1e-6 * direction, samples, random, unused) -
                        whole->loss(parameters - 1e-6 * direction, samples, random, unused)) / 2e-6;
  CHECK(one.dot(direction) == Approx(along).epsilon(1e-6));
}

TEST_CASE("What no operator can learn from is refused", "[neural]") {
  const auto run = waves<double>(16, 6, 1);
  const Trajectory<double> bare(run.times(), run.states());
  CHECK_THAT(sentence<InvalidArgument>([&] { fit(Fno{}, bare); }), ContainsSubstring("no grid"));
  CHECK_THAT(sentence<InvalidArgument>([&] { fit(Fno{}, run); }),
             ContainsSubstring("16 modes on axis 0 need at least 32 points"));
  CHECK_THAT(sentence<InvalidArgument>([&] { fit(Fno{.modes = {4}, .width = 0}, run); }),
             ContainsSubstring("width is 0"));
  const std::vector<Trajectory<double>> mixed{run, waves<double>(32, 6, 1)};
  CHECK_THROWS_AS(fit(Fno{.modes = {4}}, mixed), DimensionMismatch);
}
