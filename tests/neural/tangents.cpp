// SPDX-License-Identifier: BSD-3-Clause
// Tangent vectors of surrogates, and the Lyapunov spectra that follow from them.
#include <Eigen/Core>
#include <cmath>

#include "almagest/diagnostics/surrogate_lyapunov.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/reservoir.hpp"
#include "almagest/neural/sequence_model.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;

namespace {

/// Hénon's map, whose exponents are 0.4192 and ln 0.3 - 0.4192.
Trajectory<double> henon_run(Index samples) {
  Eigen::MatrixXd x(2, samples);
  x.col(0) << 0.1, 0.3;
  for (Index k = 1; k < samples; ++k) x.col(k) << 1 - 1.4 * x(0, k - 1) * x(0, k - 1) + x(1, k - 1), 0.3 * x(0, k - 1);
  return {TimeGrid::uniform(0, 1, samples), x};
}

/// Products with the Jacobian against central differences of steps.
template <typename Model>
void check_tangents(const Model& model, const TrajectoryView<double>& history) {
  static_assert(diagnostics::TangentStepper<Model>);
  const Eigen::VectorXd x = model.lift(history);
  RandomStream random(3);
  const Eigen::MatrixXd v = Eigen::MatrixXd::NullaryExpr(x.size(), 3, [&] { return random.normal(); });
  Eigen::MatrixXd out;
  model.tangent(x, v, out);
  auto space = model.workspace();
  Eigen::VectorXd up = x, down = x;
  for (Index k = 0; k < v.cols(); ++k) {
    model.step(x + 1e-6 * v.col(k), up, space);
    model.step(x - 1e-6 * v.col(k), down, space);
    CHECK((out.col(k) - (up - down) / 2e-6).norm() < 1e-6 * (1 + out.col(k).norm()));
  }
}

/// A network of two units that is a linear map.
neural::PlrnnModel<double> triangular(double first, double second) {
  neural::PlrnnParts<double> parts;
  parts.architecture = neural::Alrnn{.units = 2, .rectified = 0};
  const auto run = henon_run(50);
  parts.training = neural::detail::uniform_facts(std::vector{TrajectoryView<double>(run)}, "a test");
  parts.training.step = 0.5;
  parts.normalization = {Eigen::Vector2d::Zero(), Eigen::Vector2d::Ones()};
  parts.parameters.setZero(8);
  parts.parameters << first, second, 0, 0, 0.3, 0, 0, 0;  // a, and W with one entry above the diagonal
  return neural::PlrnnModel<double>(std::move(parts));
}

}  // namespace

TEST_CASE("Tangents of surrogates are derivatives of their steps", "[neural]") {
  const auto run = henon_run(600);
  neural::Training training;
  training.epochs = 2;
  check_tangents(neural::fit(neural::Mlp{{8}}, run, training), run);
  check_tangents(neural::fit(neural::Reservoir{.units = 20, .warmup = 50}, run), run);
  check_tangents(neural::fit(neural::Nvar{.delays = 3, .stride = 2, .degree = 3}, run), run);
  neural::Gru gru;
  gru.units = 6, gru.layers = 2, gru.sequences = {20, 5, 3};
  check_tangents(neural::fit(gru, run, training), run);
  neural::S4d s4d;
  s4d.channels = 3, s4d.pairs = 2, s4d.sequences = {20, 5, 3};
  check_tangents(neural::fit(s4d, run, training), run);
  check_tangents(triangular(0.9, 0.4), run);
}

TEST_CASE("An autoregression that is a map has the map's exponents", "[neural]") {
  const auto run = henon_run(2000);
  const auto model = neural::fit(neural::Nvar{.delays = 1, .degree = 2, .ridge = 1e-12}, run);
  const auto found =
      diagnostics::lyapunov_spectrum(model, TrajectoryView<double>(run), {.duration = 1e5, .transient = 100});
  REQUIRE(found.exponents.size() == 2);
  CHECK(found.exponents[0] == Approx(0.4192).margin(3e-3));
  CHECK(found.exponents.sum() == Approx(std::log(0.3)).margin(1e-6));
}

TEST_CASE("A linear network has the logarithms of its eigenvalues as exponents, per unit of time", "[neural]") {
  const auto model = triangular(0.9, 0.4);
  const Trajectory<double> start(TimeGrid::uniform(0, 0.5, 2), Eigen::Matrix2d::Ones());
  const auto found = diagnostics::lyapunov_spectrum(model, TrajectoryView<double>(start), {.duration = 5000});
  CHECK(found.exponents[0] == Approx(std::log(0.9) / 0.5).epsilon(1e-6));
  CHECK(found.exponents[1] == Approx(std::log(0.4) / 0.5).epsilon(1e-4));
  const auto leading = diagnostics::lyapunov_spectrum(model, TrajectoryView<double>(start), {.duration = 5000}, 1);
  REQUIRE(leading.exponents.size() == 1);
  CHECK_THAT(sentence<InvalidArgument>([&] {
               diagnostics::lyapunov_spectrum(model, TrajectoryView<double>(start), {}, 3);
             }), ContainsSubstring("exponents is 3") && ContainsSubstring("has 2"));
  CHECK_THAT(sentence<ConvergenceFailure>([&] {
               diagnostics::lyapunov_spectrum(triangular(1.1, 0.4), TrajectoryView<double>(start), {});
             }), ContainsSubstring("free run leaves the bound"));
}

TEST_CASE("The exponents of a perceptron sum to the mean logarithm of its own determinants", "[neural]") {
  const auto run = henon_run(2000);
  neural::Training training;
  training.epochs = 200;
  training.rate = 1e-2;
  const auto model = neural::fit(neural::Mlp{{16}}, run, training);
  const auto found =
      diagnostics::lyapunov_spectrum(model, TrajectoryView<double>(run), {.duration = 3000, .transient = 0});
  Eigen::VectorXd x = model.lift(run), next(2);
  Eigen::MatrixXd J;
  auto space = model.workspace();
  double sum = 0;
  for (int k = 0; k < 3000; ++k) {
    model.jacobian(x, J);
    sum += std::log(std::abs(J(0, 0) * J(1, 1) - J(0, 1) * J(1, 0))) / 3000;
    model.step(x, next, space);
    x.swap(next);
  }
  CAPTURE(found.exponents);
  CHECK(found.exponents.sum() == Approx(sum).epsilon(1e-9));
}
