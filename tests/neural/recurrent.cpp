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

#include "almagest/diagnostics/spectrum_distance.hpp"
#include "almagest/diagnostics/state_space_divergence.hpp"
#include "almagest/neural/sequence_model.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

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
  const double h = 1e-6,
               along = (value(parameters, x + h * direction) - value(parameters, x - h * direction)) / (2 * h);
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
  Eigen::MatrixXd state = Eigen::MatrixXd::Zero(layer.states(), 1), change = state, out(layer.outputs(), 1),
                  moved = out, scratch(layer.scratch(), 1);
  for (Index t = 0; t < layer.length(); ++t) {
    layer.step_tangent(parameters, x.col(t * batch + 1), state, dx.col(t * batch + 1), change, moved);
    layer.step(parameters, x.col(t * batch + 1), state, out, scratch);
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

/// A tent, 1 - 1.7 |x|: two pieces, chaotic.
Trajectory<double> tent(Index samples) {
  Eigen::MatrixXd x(1, samples);
  x(0, 0) = 0.2137;
  for (Index k = 1; k < samples; ++k) x(0, k) = 1 - 1.7 * std::abs(x(0, k - 1));
  return {TimeGrid::uniform(0, 1, samples), x};
}

/// Lorenz every 0.01, by Runge and Kutta's method with steps of 0.002.
Trajectory<double> lorenz_attractor(Index samples, const Eigen::Vector3d& start) {
  const auto rate = [](const Eigen::Vector3d& x) {
    return Eigen::Vector3d(10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]);
  };
  Eigen::MatrixXd states(3, samples);
  Eigen::Vector3d x = start;
  constexpr double h = 0.002;
  for (Index k = 0; k < samples; ++k) {
    states.col(k) = x;
    for (int j = 0; j < 5; ++j) {
      const Eigen::Vector3d a = rate(x), b = rate(x + h / 2 * a), c = rate(x + h / 2 * b), d = rate(x + h * c);
      x += h / 6 * (a + 2 * b + 2 * c + d);
    }
  }
  return {TimeGrid::uniform(0, 0.01, samples), states};
}

/// A free run of 100 000 steps, how many regions it visits, and D_H and D_stsp of its last 10 000.
struct FreeRun {
  Index steps = 0;
  std::size_t regions = 0;
  double spectrum = 1, density = 0;
};

FreeRun free_run(const neural::PlrnnModel<double>& model, const Trajectory<double>& truth) {
  const TrajectoryView<double> view(truth);
  const auto ahead = model.forecast(view.slice(0, 1000), 100'000);
  FreeRun out{ahead.size()};
  if (ahead.size() < 10'000) return out;
  const auto symbols = model.symbols(view.slice(0, 1000), 100'000);
  out.regions = std::set<std::int64_t>(symbols.begin(), symbols.end()).size();
  const auto last = TrajectoryView<double>(ahead).slice(ahead.size() - 10'000, 10'000);
  out.spectrum = diagnostics::spectrum_distance(view.slice(1000, 10'000), last).value;
  out.density = diagnostics::state_space_divergence(view.slice(1000, 10'000), last).value;
  return out;
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

TEST_CASE("Adaptive forcing follows the growth of the Jacobians", "[neural]") {
  // One unit, z' = 2 z: the geometric mean of the norms is 2, and so the wanted strength 1 - 1/2.
  const neural::AlrnnLayer<double> layer(1, 0);
  const Trajectory<double> run(TimeGrid::uniform(0, 1, 30), random_columns(1, 30, 5));
  const neural::Normalization<double> plain{Eigen::VectorXd::Zero(1), Eigen::VectorXd::Ones(1)};
  const neural::detail::Samples<double> data({TrajectoryView<double>(run)}, plain, 10), none({}, plain, 10);
  Training options;
  options.batch = 2;
  neural::detail::ForcedObjective<double> objective(
      layer, {.kind = TeacherForcing::Kind::adaptive, .release = 0.25, .length = 10, .batches = 1}, options, data,
      none);
  Eigen::VectorXd parameters = Eigen::Vector3d(0.5, 1.5, 0), gradient;
  RandomStream random(1);
  const std::vector<std::size_t> batch{0, 1};
  double wanted = 1;
  for (int k = 0; k < 20; ++k) {
    objective.loss(parameters, batch, random, gradient);
    if (k % 5 == 0) wanted += 0.25 * (0.5 - wanted);
    CHECK(objective.strength() == Approx(wanted).epsilon(1e-12));
  }
  parameters[0] = 8.5;  // now z' = 10 z
  for (int k = 0; k < 5; ++k) objective.loss(parameters, batch, random, gradient);
  CHECK(objective.strength() == Approx(0.9).epsilon(1e-12));
}

TEST_CASE("Rectified units learn a tent where linear ones cannot; what leaves is warned of", "[neural]") {
  const auto run = tent(2000);
  Training training;
  training.epochs = 60;
  training.rate = 1e-2;
  training.batch = 16;
  Alrnn bent;
  bent.units = 4, bent.rectified = 3, bent.forcing = {.interval = 1, .length = 10};
  const auto model = neural::fit(bent, run, training);
  Alrnn straight = bent;
  straight.rectified = 0;
  const auto linear = neural::fit(straight, run, training);
  CAPTURE(model.parts().history.back().loss, linear.parts().history.back().loss);
  CHECK(model.parts().history.back().loss < 0.1 * linear.parts().history.back().loss);
  // Whether so short a training bounds its free run is open; the guard says which.
  const TrajectoryView<double> view(run);
  const auto ahead = model.forecast(view, 10'000);
  CHECK(model.warnings().empty() == (ahead.verdict().kind != Verdict::Kind::diverged));
  const auto symbols = model.symbols(view.slice(0, 100), 500);
  CHECK(std::set<std::int64_t>(symbols.begin(), symbols.end()).size() <= 8);
  CHECK(neural::fit(bent, run, training).parts().parameters == model.parts().parameters);
}

TEST_CASE("A clipped network learns a map and stays bounded; what may expand is warned of", "[neural]") {
  const auto run = tent(2000);
  Training training;
  training.epochs = 60;
  training.rate = 1e-2;
  training.batch = 16;
  ShallowPlrnn shallow;
  shallow.hidden = 10, shallow.forcing.length = 10, shallow.forcing.release = 0.05;
  const auto model = neural::fit(shallow, run, training);
  CHECK(model.parts().history.back().loss < 0.02);
  CHECK(model.forecast(TrajectoryView<double>(run), 5000).size() == 5000);
  CHECK(model.parameter_count() == 2 * 10 + 2 + 10);

  auto parts = model.parts();
  std::vector<std::string> doubts;
  parts.parameters[0] = 0.5;
  neural::detail::guard_parameters(parts, model.layer(), doubts);
  CHECK(doubts.empty());
  parts.parameters[0] = -1.5;
  neural::detail::guard_parameters(parts, model.layer(), doubts);
  neural::detail::guard(neural::PlrnnModel<double>(parts), TrajectoryView<double>(run), doubts);
  REQUIRE(doubts.size() == 2);
  CHECK_THAT(doubts[0], ContainsSubstring("keeps 1.5"));
  CHECK_THAT(doubts[1], ContainsSubstring("expands without bound"));
}

TEST_CASE("Recurrent networks that cannot be trained are refused", "[neural]") {
  const auto run = tent(50);
  const auto refused = [&](const auto& architecture) {
    return sentence<InvalidArgument>([&] { neural::fit(architecture, run); });
  };
  CHECK_THAT(refused(Alrnn{.units = 0}), ContainsSubstring("units is 0"));
  CHECK_THAT(refused(Alrnn{.units = 3, .rectified = 4}), ContainsSubstring("rectified is 4"));
  CHECK_THAT(refused(Alrnn{.units = 3}), ContainsSubstring("200 samples"));
  CHECK_THAT(refused(ShallowPlrnn{.hidden = 0}), ContainsSubstring("hidden is 0"));
  CHECK_THAT(refused(Alrnn{.forcing = {.strength = 2}}), ContainsSubstring("strength is 2"));
  CHECK_THAT(refused(neural::Gru{.units = 0}), ContainsSubstring("units is 0"));
  CHECK_THAT(refused(neural::S4d{.sequences = {.length = 20, .warmup = 20}}), ContainsSubstring("length is 20"));
}

// Minutes of training, and so not among the tests that always run: test_neural "[long]".
TEST_CASE("A training with forcing goes on to the same bits, and another one is refused its checkpoint", "[neural]") {
  const Folder folder;
  const auto run = tent(400);
  ShallowPlrnn adaptive{.hidden = 6, .forcing = {.kind = TeacherForcing::Kind::adaptive, .length = 10, .batches = 7}};
  Training options{.epochs = 8, .batch = 8, .rate = 1e-2};
  const auto whole = neural::fit(adaptive, run, options);
  options.checkpoint = folder.file("training");
  options.checkpoint_seconds = 0;
  CHECK_THROWS_AS(neural::fit(adaptive, run, options, [](double done) { return done < 0.5; }), Cancelled);
  const std::string half = content(options.checkpoint);
  CHECK(neural::fit(adaptive, run, options).parts().parameters == whole.parts().parameters);
  const auto refused = [&](const ShallowPlrnn& other) {
    put(options.checkpoint, half);
    return sentence<InvalidArgument>([&] { neural::fit(other, run, options); });
  };
  ShallowPlrnn other = adaptive;
  other.forcing.release = 0.1;
  CHECK_THAT(refused(other), ContainsSubstring("forcing release = 0.1"));
  other = adaptive;
  other.forcing.kind = TeacherForcing::Kind::generalized;
  CHECK_THAT(refused(other), ContainsSubstring("at the start = "));
  other = adaptive;
  other.forcing.length = 11;
  CHECK_THAT(refused(other), ContainsSubstring("at the start = "));
}

TEST_CASE("Two rectified units have the attractor of Lorenz; none has not", "[.][long]") {
  const auto run = lorenz_attractor(20'000, {-8, 8, 27}), truth = lorenz_attractor(12'000, {3, 1, 20});
  Training training;
  training.epochs = 2000;
  training.rate = 2e-3;
  training.batch = 16;
  training.input_noise = 0.05;
  const auto found = free_run(neural::fit(Alrnn{}, run, training), truth);
  CAPTURE(found.steps, found.regions, found.spectrum, found.density);
  CHECK(found.steps == 100'000);
  CHECK(found.regions <= 4);
  CHECK(found.spectrum < 0.2);
  CHECK(found.density < 4);
  training.epochs = 200;
  const auto linear = free_run(neural::fit(Alrnn{.rectified = 0}, run, training), truth);
  CAPTURE(linear.steps, linear.spectrum, linear.density);
  CHECK((linear.steps < 100'000 || linear.spectrum > 0.5));  // a linear run settles, or leaves
  CHECK((linear.steps < 100'000 || linear.density > 8));
}
