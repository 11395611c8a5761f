// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <vector>

#include "almagest/features/composition.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/edmd.hpp"
#include "koopman/edmd_data.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_edmdc;

namespace {

/// A run of x' = map(x, u) under random inputs of one component.
template <typename Map>
Trajectory<double> driven_run(const Map& map, Index samples, std::uint64_t seed) {
  const Eigen::MatrixXd u = known::uniform(1, samples, -1, 1, seed);
  Eigen::MatrixXd x(2, samples);
  x.col(0) << 0.4, -0.3;
  for (Index k = 0; k + 1 < samples; ++k) x.col(k + 1) = map(Eigen::Vector2d(x.col(k)), u(0, k));
  return {TimeGrid::uniform(0, 0.1, samples), x, {}, u};
}

Eigen::Vector2d linear_map(const Eigen::Vector2d& x, double u) {
  return {0.9 * x[0] + 0.2 * x[1] + u, 0.7 * x[1] - 0.5 * u};
}

Eigen::Vector2d bilinear_map(const Eigen::Vector2d& x, double u) {
  return {0.9 * x[0], 0.5 * x[1] + 0.3 * x[0] * x[0] + u * x[0] + 0.1 * u};
}

}  // namespace

TEST_CASE("EDMD with control finds a driven linear map and forecasts under new inputs",
          "[edmd_control]") {
  const auto model = fit_edmdc(driven_run(linear_map, 300, 1), features::Polynomial{1});
  CHECK(known::farthest({1, 0.9, 0.7}, model.eigenvalues()) < 1e-12);
  CHECK(model.residuals().maxCoeff() < 1e-12);
  CHECK(model.inputs() == 1);
  CHECK(model.warnings().empty());
  const auto other = driven_run(linear_map, 40, 2);
  const auto ahead = model.forecast(TrajectoryView<double>(other).slice(0, 10),
                                    Eigen::MatrixXd(other.inputs().middleCols(9, 30)));
  CHECK((ahead.states() - other.states().rightCols(30)).cwiseAbs().maxCoeff() < 1e-11);
  // Without inputs the model is left to itself.
  const auto alone = model.forecast(TrajectoryView<double>(other).slice(0, 1), 3);
  Eigen::Vector2d x = other.states().col(0);
  for (int k = 0; k < 3; ++k) x = linear_map(x, 0);
  CHECK((alone.states().col(2) - x).norm() < 1e-12);
  CHECK_THAT(model.summary(), ContainsSubstring("EDMD with control"));
}

TEST_CASE("Inputs that multiply the state take the bilinear form", "[edmd_control]") {
  std::vector<Trajectory<double>> data;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) data.push_back(driven_run(bilinear_map, 30, seed));
  // x0 comes twice, so that one of them is left out.
  const features::Library library = features::Concatenation{
      {features::Polynomial{1}, features::Selection{{0}, features::Polynomial{2}}}};
  koopman::EdmdcOptions options{.bilinear = true, .edmd = {.dictionary = {.drop_dependent = true}}};
  const auto model = fit_edmdc(data, library, options);
  REQUIRE(model.rank() == 4);
  CHECK(known::farthest({1, 0.9, 0.5, 0.81}, model.eigenvalues()) < 1e-9);
  CHECK(model.residuals().maxCoeff() < 1e-9);
  const auto other = driven_run(bilinear_map, 25, 99);
  const auto missed = [&](const auto& fitted) {
    const auto ahead = fitted.forecast(TrajectoryView<double>(other).slice(0, 1),
                                       Eigen::MatrixXd(other.inputs().leftCols(24)));
    return (ahead.states() - other.states().rightCols(24)).cwiseAbs().maxCoeff();
  };
  CHECK(missed(model) < 1e-9);
  options.edmd.relift = true;
  CHECK(missed(fit_edmdc(data, library, options)) < 1e-9);
  options.bilinear = false;
  CHECK(missed(fit_edmdc(data, library, options)) > 0.05);

  // In pieces the model is the same.
  koopman::EdmdAccumulator<double> one(library, 2, 1, true), two(library, 2, 1, true);
  one.update(std::vector<Trajectory<double>>(data.begin(), data.begin() + 7));
  two.update(std::vector<Trajectory<double>>(data.begin() + 7, data.end()));
  one.merge(two);
  options.edmd.relift = false;
  CHECK(missed(one.solve(options.edmd)) < 1e-9);
  CHECK_THROWS_WITH(one.merge(koopman::EdmdAccumulator<double>(library, 2, 1)),
                    ContainsSubstring("other inputs"));
}

TEST_CASE("What fit_edmdc refuses and doubts", "[edmd_control]") {
  const auto run = driven_run(linear_map, 60, 1);
  const Trajectory<double> bare(run.times(), run.states());
  CHECK_THROWS_WITH(fit_edmdc(bare, features::Polynomial{1}), ContainsSubstring("no inputs"));
  CHECK_THROWS_WITH(fit_edmdc(std::vector<Trajectory<double>>{run, bare}, features::Polynomial{1}),
                    ContainsSubstring("run 1 has 0 inputs, where 1"));
  CHECK_THROWS_WITH(koopman::fit_edmd(run, features::Polynomial{1}), ContainsSubstring("fit_edmdc"));
  const auto model = fit_edmdc(run, features::Polynomial{1});
  CHECK_THROWS_AS(model.forecast(TrajectoryView<double>(run), Eigen::MatrixXd(Eigen::MatrixXd::Zero(2, 3))),
                  DimensionMismatch);
  // Under feedback nobody can tell input from state.
  Eigen::MatrixXd x(2, 60), u(1, 60);
  x.col(0) << 1, 0.5;
  for (Index k = 0; k < 60; ++k) {
    u(0, k) = -0.3 * x(0, k);
    if (k < 59) x.col(k + 1) = linear_map(Eigen::Vector2d(x.col(k)), u(0, k));
  }
  const Trajectory<double> closed(run.times(), x, {}, u);
  const auto doubtful = fit_edmdc(closed, features::Polynomial{1});
  REQUIRE(doubtful.warnings().size() == 1);
  CHECK_THAT(doubtful.warnings()[0], ContainsSubstring("feedback"));
}
