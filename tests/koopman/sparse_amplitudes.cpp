// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/sparse_amplitudes.hpp"

#include <cmath>
#include <complex>

#include "almagest/core/random.hpp"
#include "almagest/koopman/dmd.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::sparse_amplitudes;

namespace {

/// Two strong waves and two weak ones in twelve components.
Trajectory<double> strong_and_weak() {
  RandomStream random(2);
  const Eigen::MatrixXd shapes = Eigen::MatrixXd::NullaryExpr(12, 8, [&] { return random.normal(); });
  const double frequency[] = {0.3, 0.9, 1.5, 2.1}, size[] = {3, 2, 1e-3, 1e-3};
  Eigen::MatrixXd states = Eigen::MatrixXd::Zero(12, 100);
  for (Index k = 0; k < 100; ++k)
    for (int w = 0; w < 4; ++w)
      states.col(k) += size[w] * (std::cos(frequency[w] * double(k)) * shapes.col(2 * w) +
                                  std::sin(frequency[w] * double(k)) * shapes.col(2 * w + 1));
  return {TimeGrid::uniform(0, 1, 100), states};
}

}  // namespace

TEST_CASE("A path of penalties ends with the strong modes, refitted", "[sparse_amplitudes]") {
  const auto run = strong_and_weak();
  const auto model = koopman::fit_dmd(run, {.rank = 8});
  const double most = koopman::greatest_penalty(model, TrajectoryView<double>(run));
  const auto path = sparse_amplitudes(model, run, {0, 0.01 * most, 1.001 * most});
  REQUIRE(path.size() == 3);
  // Without a penalty: the amplitudes of the model, which explain everything.
  CHECK(path[0].kept.size() == 8);
  CHECK(path[0].loss < 1e-6);
  CHECK((path[0].amplitudes - model.amplitudes()).norm() < 1e-8 * model.amplitudes().norm());
  // The four strong ones stay, sorted first as they are in the model, and only the weak ones are lost.
  CHECK(path[1].kept == std::vector<Index>{0, 1, 2, 3});
  CHECK(path[1].loss > 1e-5);
  CHECK(path[1].loss < 1e-3);
  // What stays is refitted: the gradient of the misfit vanishes along it.
  Eigen::MatrixXcd powers(8, 100);
  for (Index k = 0; k < 100; ++k) powers.col(k) = model.eigenvalues().array().pow(double(k));
  const auto rest = [&](const Eigen::VectorXcd& b) {
    return (model.modes() * b.asDiagonal() * powers - run.states().cast<std::complex<double>>()).squaredNorm();
  };
  for (Index j = 0; j < 4; ++j)
    for (const std::complex<double> step : {std::complex<double>(1e-3, 0), std::complex<double>(0, 1e-3)}) {
      Eigen::VectorXcd up = path[1].amplitudes, down = up;
      up[j] += step;
      down[j] -= step;
      CHECK(std::abs(rest(up) - rest(down)) < 1e-3 * (rest(up) - rest(path[1].amplitudes)));
    }
  // The loss is that of the sum of modes.
  CHECK(path[1].loss == Approx(std::sqrt(rest(path[1].amplitudes)) / run.states().norm()).epsilon(1e-4));
  CHECK(path[2].kept.empty());
  CHECK(path[2].loss == Approx(1));
  CHECK_THROWS_AS(sparse_amplitudes(model, run, {}), InvalidArgument);
  CHECK_THROWS_WITH(sparse_amplitudes(model, run, {-1.0}), ContainsSubstring("-1"));
}
