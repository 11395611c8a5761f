// SPDX-License-Identifier: BSD-3-Clause
// Dynamics of several environments.
#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "almagest/integrate/integrate.hpp"
#include "almagest/neural/leads.hpp"
#include "almagest/systems/lotka_volterra.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"
#include "support/folder.hpp"

using namespace almagest;
using neural::Leads;
using neural::Sharing;
using neural::Training;

namespace {

using Runs = std::vector<Trajectory<double>>;

/// dx/dt = a x - b xy, dy/dt = d xy - g y with b = d = 1/2.
std::vector<Runs> prey_and_predators(int runs, std::uint64_t seed) {
  std::vector<Runs> out;
  for (const auto& [alpha, gamma] : {std::pair{0.5, 0.5}, {0.25, 0.5}, {1.0, 0.5}}) {
    RandomStream random(seed);
    Runs all;
    for (int r = 0; r < runs; ++r) {
      const Eigen::Vector2d start(random.uniform(1, 2), random.uniform(1, 2));
      const auto law = [a = alpha, g = gamma](const auto& x, auto& dxdt, double) {
        dxdt[0] = a * x[0] - 0.5 * x[0] * x[1];
        dxdt[1] = 0.5 * x[0] * x[1] - g * x[1];
      };
      all.push_back(integrate(law, start, TimeGrid::uniform(0, 0.5, 20), methods::Fehlberg78{1e-9, 1e-9}));
    }
    out.push_back(all);
  }
  return out;
}

neural::detail::EnvironmentRuns<double> plain(const std::vector<Runs>& given) {
  neural::detail::EnvironmentRuns<double> out;
  for (const auto& runs : given) {
    out.runs.emplace_back();
    for (const auto& run : runs) out.runs.back().push_back(run.states());
  }
  out.intervals.assign(std::size_t(given.front().front().size()) - 1, 0.5);
  return out;
}

}  // namespace

TEST_CASE("The loss of environments has the gradient of differences", "[neural]") {
  const auto data = plain(prey_and_predators(2, 3));
  for (const Sharing sharing : {Sharing::shared_and_own, Sharing::shared_only, Sharing::own_only})
    for (const double forcing : {0.0, 0.4}) {
      const Leads options{.hidden = {4, 3}, .sharing = sharing};
      const auto sum = neural::detail::environment_sum<double>(options, 2, 3);
      const neural::RungeKutta<double> map(neural::detail::field<double>(options, Eigen::Vector2d(0.7, 0.4), 3),
                                           neural::tableau(neural::OdeMethod::rk4));
      neural::detail::LeadsObjective<double> objective(map, sum, Eigen::Vector2d(0.7, 0.4),
                                                       {0.3, 0.2, forcing, 1, 2, 1}, data, data);
      objective.begin(1, {});
      const std::vector<std::size_t> samples{1, 0};
      Eigen::VectorXd parameters = neural::detail::leads_start(*sum, 1) * 5, gradient, unused;
      // The vectors of the power iterations settle.
      const auto loss = [&](const Eigen::VectorXd& at, Eigen::VectorXd& by) {
        RandomStream random(7);
        return objective.loss(at, samples, random, by);
      };
      for (int k = 0; k < 40; ++k) loss(parameters, gradient);
      for (Eigen::Index k = 0; k < parameters.size(); k += 3) {
        Eigen::VectorXd up = parameters, down = parameters;
        up[k] += 1e-5, down[k] -= 1e-5;
        const double difference = (loss(up, unused) - loss(down, unused)) / 2e-5;
        CHECK(gradient[k] == Approx(difference).epsilon(1e-6).margin(1e-8));
      }
    }
}

TEST_CASE("What environments share is learned from all of them", "[neural]") {
  const auto data = prey_and_predators(1, 1), held = prey_and_predators(4, 2);
  const Training options{.epochs = 1200, .rate = 5e-3, .seed = 1};
  const auto error_of = [&](Sharing sharing) {
    const auto model = neural::fit(Leads{.hidden = {16, 16}, .sharing = sharing, .forcing = 0.9}, data, held, options);
    double sum = 0;
    for (Eigen::Index e = 0; e < 3; ++e)
      for (const auto& run : held[std::size_t(e)])
        sum +=
            (model.environment(e).forecast(run.slice(0, 1), 19).states() - run.states().rightCols(19)).squaredNorm() /
            (3 * 4 * 38);
    return sum;
  };
  const double both = error_of(Sharing::shared_and_own), one = error_of(Sharing::shared_only),
               each = error_of(Sharing::own_only);
  CAPTURE(both, one, each);
  CHECK(both < 0.02);
  CHECK(both < 0.1 * one);
  CHECK(both < each);
}

TEST_CASE("A training of environments goes on to the same bits", "[neural]") {
  const Folder folder;
  const auto data = prey_and_predators(2, 1);
  const Leads leads{.hidden = {4}, .forcing = 0.9};
  Training options{.epochs = 6, .batch = 1, .rate = 5e-3};
  const auto whole = neural::fit(leads, data, {}, options);
  options.checkpoint = folder.file("training");
  options.checkpoint_seconds = 0;
  CHECK_THROWS_AS(neural::fit(leads, data, {}, options, [](double done) { return done < 0.5; }), Cancelled);
  CHECK(neural::fit(leads, data, {}, options).parts().parameters == whole.parts().parameters);
}

TEST_CASE("Environments that do not stand side by side are refused", "[neural]") {
  auto data = prey_and_predators(2, 1);
  data[1].pop_back();
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Leads{}, data); }), ContainsSubstring("as many of each"));
  data = prey_and_predators(1, 1);
  CHECK_THAT(sentence<InvalidArgument>([&] { neural::fit(Leads{.penalty = -1}, data); }),
             ContainsSubstring("penalty is -1"));
  const auto model = neural::fit(Leads{.hidden = {4}}, data, {}, Training{.epochs = 1});
  CHECK_THAT(sentence<InvalidArgument>([&] { model.environment(3); }), ContainsSubstring("no environment 3 among 3"));
}
