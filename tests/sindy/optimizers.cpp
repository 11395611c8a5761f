// SPDX-License-Identifier: BSD-3-Clause
// Optimizers on regressions whose answer is known.
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/sindy/best_subset.hpp"
#include "almagest/sindy/condense.hpp"
#include "almagest/sindy/constrained_sr3.hpp"
#include "almagest/sindy/ensemble.hpp"
#include "almagest/sindy/evidence.hpp"
#include "almagest/sindy/lasso.hpp"
#include "almagest/sindy/sr3.hpp"
#include "almagest/sindy/stepwise.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::InvalidArgument;
using almagest::RandomStream;
using namespace almagest::sindy;
using Eigen::Index;

namespace {

Eigen::MatrixXd normal(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// Correlated features and rates of a sparse law with noise.
struct Problem {
  Eigen::MatrixXd features, law, rates;

  explicit Problem(double noise, Index count = 9, Index samples = 400, std::uint64_t seed = 5)
      : features(normal(samples, count, seed)), law(Eigen::MatrixXd::Zero(count, 2)) {
    for (Index j = 1; j < count; ++j) features.col(j) += 0.7 * features.col(j - 1);
    law(1, 0) = 2, law(4, 0) = -1.5, law(7, 0) = 0.7;
    law(0, 1) = -3, law(8, 1) = 0.4;
    rates = features * law + noise * normal(samples, 2, seed + 1);
  }

  /// With parts, as runs give them.
  Regression<double> regression(Index parts = 20) const {
    detail::PartedQr<double> qr(features.cols() + 2, parts);
    Eigen::MatrixXd both(features.rows(), features.cols() + 2);
    both << features, rates;
    qr.update(both);
    std::vector<std::string> names;
    for (Index j = 0; j < features.cols(); ++j) names.push_back("f" + std::to_string(j));
    return {qr.whole(), names, {"x", "y"}, Eigen::VectorXd::Zero(2), qr.parts()};
  }
};

Support support_of(const Eigen::MatrixXd& xi, Index target) {
  Support out;
  for (Index f = 0; f < xi.rows(); ++f)
    if (xi(f, target) != 0) out.push_back(f);
  return out;
}

template <typename O>
Eigen::MatrixXd found_by(const O& optimizer, const Regression<double>& regression) {
  FitReport report;
  return solve(optimizer, regression, report);
}

double misfit(const Problem& problem, Index target, const Support& support) {
  const Eigen::MatrixXd some = problem.features(Eigen::indexing::all, support);
  const Eigen::VectorXd xi = some.householderQr().solve(problem.rates.col(target));
  return (problem.rates.col(target) - some * xi).squaredNorm();
}

}  // namespace

TEST_CASE("Every optimizer finds the terms of a noisy law", "[sindy]") {
  // Of 4 000 samples, a criterion takes one of the 13 false terms with a probability of 5 %.
  const Problem problem(0.3, 9, 4000);
  const auto regression = problem.regression();
  const Optimizer optimizers[] = {
      Stlsq{.threshold = 0.2}, Ssr{}, Ssr{.criterion = Criterion::cross_validation},
      Ssr{.criterion = Criterion::aicc, .most_terms = 3}, Frols{},
      Frols{.criterion = Criterion::cross_validation}, BestSubset{}, Lasso{},
      Evidence{}, Sr3{.threshold = 0.2}, Sr3{.threshold = 0.2, .penalty = Penalty::l1},
      ConstrainedSr3{.relaxed = {.threshold = 0.2}, .constraints = {}},
      EnsembleOf{.optimizer = Stlsq{.threshold = 0.2}}, EnsembleOf{.optimizer = Ssr{}, .models = 20}};
  for (const Optimizer& optimizer : optimizers) {
    CAPTURE(&optimizer - optimizers);
    const Eigen::MatrixXd xi = found_by(optimizer, regression);
    CHECK(support_of(xi, 0) == Support{1, 4, 7});
    // AICc with up to 3 terms is allowed one false term: it overestimates by design.
    if (&optimizer - optimizers != 3) CHECK(support_of(xi, 1) == Support{0, 8});
    CHECK((xi - problem.law).cwiseAbs().maxCoeff() < 0.1);
  }
}

TEST_CASE("Without noise every selection is exact and keeps no false term", "[sindy]") {
  const Problem problem(0);
  const auto regression = problem.regression();
  const Optimizer optimizers[] = {Ssr{}, Ssr{.criterion = Criterion::aicc}, Frols{}, BestSubset{},
                                  Ssr{.criterion = Criterion::cross_validation}, Lasso{}, Evidence{}};
  for (const Optimizer& optimizer : optimizers) {
    CAPTURE(&optimizer - optimizers);
    CHECK((found_by(optimizer, regression) - problem.law).cwiseAbs().maxCoeff() < 1e-9);
  }
}

TEST_CASE("Backward selection loses the cheapest feature each time", "[sindy]") {
  const Problem problem(2, 9);
  const auto path = detail::backward_path(problem.regression(), 0, all_features(9), 9);
  REQUIRE(path.size() == 10);
  for (std::size_t k = 0; k + 2 < path.size(); ++k) {
    double least = 1e300;
    Support cheapest;
    for (std::size_t j = 0; j < path[k].size(); ++j) {
      Support without = path[k];
      without.erase(without.begin() + std::ptrdiff_t(j));
      if (const double now = misfit(problem, 0, without); now < least) least = now, cheapest = without;
    }
    CHECK(path[k + 1] == cheapest);
  }
}

TEST_CASE("Forward selection takes what explains most", "[sindy]") {
  const Problem problem(2, 9);
  const auto path = detail::forward_path(problem.regression(), 1, 4);
  REQUIRE(path.size() == 5);
  for (std::size_t k = 0; k < 4; ++k) {
    double least = 1e300;
    Support best;
    for (Index f = 0; f < 9; ++f) {
      Support with = path[k];
      if (std::find(with.begin(), with.end(), f) != with.end()) continue;
      with.push_back(f);
      std::sort(with.begin(), with.end());
      if (const double now = misfit(problem, 1, with); now < least) least = now, best = with;
    }
    CHECK(path[k + 1] == best);
  }
}

TEST_CASE("Branch and bound finds the best subsets of all", "[sindy]") {
  const Index count = GENERATE(3, 8, 11);
  const Problem problem(3, std::max<Index>(count, 9), 60, 11);  // noise hides the law
  const Problem& all = problem;
  const Index n = all.features.cols();
  const detail::SubsetSearch<double> search(all.regression(), 0, std::size_t(count), 1'000'000);
  REQUIRE(search.complete());
  const auto path = search.path();
  std::vector<double> best(std::size_t(n) + 1, 1e300);
  for (unsigned mask = 1; mask < (1u << n); ++mask) {
    Support subset;
    for (Index f = 0; f < n; ++f)
      if (mask >> f & 1u) subset.push_back(f);
    best[subset.size()] = std::min(best[subset.size()], misfit(all, 0, subset));
  }
  for (std::size_t k = 1; k < path.size(); ++k) {
    REQUIRE(path[k].size() == k);
    CHECK(misfit(all, 0, path[k]) == Approx(best[k]).epsilon(1e-10));
  }
  FitReport report;
  solve(BestSubset{.most_terms = 5, .most_nodes = 1}, all.regression(), report);
  CHECK_THAT(report.warnings.at(0), ContainsSubstring("1 subsets did not suffice"));
}

TEST_CASE("Of orthonormal features the LASSO shrinks each alone", "[sindy]") {
  const Eigen::MatrixXd q = normal(50, 6, 3).householderQr().householderQ() * Eigen::MatrixXd::Identity(50, 6);
  Eigen::VectorXd xi(6);
  xi << 5, -4, 3, 0.5, 0, 0;
  const auto problem = regression(q, q * xi);
  std::vector<Support> path;
  CHECK(detail::LassoPath<double>(problem, 0).follow(Lasso{.penalties = 200}, path));
  CHECK(path[0] == Support{});
  CHECK(path[1] == Support{0});
  CHECK(path[2] == Support{0, 1});
  CHECK(path[3] == Support{0, 1, 2});
  CHECK(path[4] == Support{0, 1, 2, 3});
}

TEST_CASE("SR3 of orthonormal features is its proximal map", "[sindy]") {
  const Eigen::MatrixXd q =
      std::sqrt(50.0) * (normal(50, 3, 3).householderQr().householderQ() * Eigen::MatrixXd::Identity(50, 3));
  Eigen::VectorXd xi(3);
  xi << 2, -0.9, 0.3;
  const auto problem = regression(q, q * xi);
  // Xi = (xi + W) / 2 for nu = 1, and W = Xi - threshold: at rest W = xi - 2 threshold.
  const auto soft = found_by(Sr3{.threshold = 0.2, .penalty = Penalty::l1, .unbias = false}, problem);
  CHECK(soft(0, 0) == Approx(1.6));
  CHECK(soft(1, 0) == Approx(-0.5));
  CHECK(soft(2, 0) == 0);
  // W = Xi / (1 + 2 threshold) with Xi = (xi + W) / 2.
  const auto ridge = found_by(Sr3{.threshold = 0.25, .penalty = Penalty::l2, .unbias = false}, problem);
  CHECK(ridge(2, 0) == Approx(0.3 / (2 * 1.5 - 1)));
  Sr3 weighted{.threshold = 0.2};
  weighted.weights = Eigen::Vector3d(1, 10, 1);
  const auto hard = found_by(weighted, problem);
  CHECK(hard(0, 0) == Approx(2));
  CHECK(hard(1, 0) == 0);
}

TEST_CASE("Nonnegative least squares meets the conditions of Kuhn and Tucker", "[linalg]") {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const Eigen::MatrixXd A = normal(12, 8, seed);
    const Eigen::VectorXd b = normal(12, 1, seed + 100);
    const Eigen::VectorXd x = almagest::linalg::nonnegative_least_squares<double>(A, b);
    const Eigen::VectorXd pull = A.transpose() * (b - A * x);
    CHECK(x.minCoeff() >= 0);
    CHECK(pull.maxCoeff() < 1e-12 * b.norm() * A.norm());
    CHECK(std::abs(pull.dot(x)) < 1e-12);
  }
}

TEST_CASE("Constrained least squares is optimal and obeys", "[linalg]") {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const Eigen::MatrixXd A = normal(20, 7, seed);
    const Eigen::VectorXd b = normal(20, 1, seed + 50);
    almagest::linalg::LinearConstraints<double> constraints{normal(2, 7, seed + 60), normal(2, 1, seed + 70),
                                                            normal(4, 7, seed + 80), normal(4, 1, seed + 90)};
    const Eigen::VectorXd x = almagest::linalg::constrained_least_squares<double>(A, b, constraints);
    CHECK((constraints.C * x - constraints.d).norm() < 1e-12);
    const Eigen::VectorXd slack = constraints.G * x - constraints.h;
    CHECK(slack.minCoeff() > -1e-12);
    // The gradient is a combination of the active rows, with the right signs for inequalities.
    std::vector<Index> active;
    for (Index k = 0; k < 4; ++k)
      if (slack[k] < 1e-9) active.push_back(k);
    Eigen::MatrixXd rows(2 + Index(active.size()), 7);
    rows << constraints.C, constraints.G(active, Eigen::indexing::all);
    const Eigen::VectorXd gradient = A.transpose() * (A * x - b);
    const Eigen::VectorXd multipliers = rows.transpose().colPivHouseholderQr().solve(gradient);
    CHECK((rows.transpose() * multipliers - gradient).norm() < 1e-10 * gradient.norm() + 1e-10);
    if (!active.empty()) CHECK(multipliers.tail(Index(active.size())).minCoeff() > -1e-10);
  }
  almagest::linalg::LinearConstraints<double> both{{}, {}, Eigen::MatrixXd(2, 1), Eigen::Vector2d(1, 0)};
  both.G << 1, -1;  // x >= 1 and x <= 0
  CHECK_THAT(sentence<InvalidArgument>([&] {
               almagest::linalg::constrained_least_squares<double>(Eigen::MatrixXd::Ones(1, 1),
                                                                   Eigen::VectorXd::Ones(1), both);
             }),
             ContainsSubstring("contradict"));
}

TEST_CASE("A constrained fit satisfies its constraints", "[sindy]") {
  const Problem problem(0.3);
  const auto regression = problem.regression();
  ConstrainedSr3 options{.relaxed = {.threshold = 0.2},
                         .constraints = {{{{"x", "f1"}, {"y", "f0"}}, -0.5},
                                         {{{"x", "f7"}}, 0.8, Constraint::Kind::at_least}}};
  FitReport report;
  const Eigen::MatrixXd xi = solve(options, regression, report);
  CHECK(std::abs(xi(1, 0) + xi(0, 1) + 0.5) < 1e-12);
  CHECK(xi(7, 0) >= 0.8 - 1e-12);
  CHECK(xi(7, 0) < 0.81);
  CHECK(support_of(xi, 0) == Support{1, 4, 7});
  CHECK(support_of(xi, 1) == Support{0, 8});
  // A constraint may need a term that the threshold would remove.
  options.constraints = {{{{"x", "f5"}}, 0.05}};
  const Eigen::MatrixXd forced = solve(options, regression, report);
  CHECK(std::abs(forced(5, 0) - 0.05) < 1e-12);
  options.constraints = {{{{"x", "f5"}}, 0.05}, {{{"x", "f5"}}, 0.06}};
  CHECK_THAT(sentence<InvalidArgument>([&] { solve(options, regression, report); }), ContainsSubstring("contradict"));
  options.constraints = {{{{"x", "f99"}}, 0}};
  CHECK_THAT(sentence<InvalidArgument>([&] { solve(options, regression, report); }),
             ContainsSubstring("'f99'") && ContainsSubstring("f0, f1"));
}

TEST_CASE("The evidence is the density of the rates", "[sindy]") {
  const Problem problem(0.5, 9, 30);
  const double noise = 0.4, prior = 3;
  for (const Support& support : {Support{}, Support{1}, Support{1, 4, 7}, Support{0, 2, 3, 8}}) {
    const auto found = detail::posterior(problem.regression(0), 0, support, noise, prior);
    const Eigen::MatrixXd some = problem.features(Eigen::indexing::all, support);
    const Eigen::MatrixXd covariance =
        noise * noise * Eigen::MatrixXd::Identity(30, 30) + prior * prior * some * some.transpose();
    const Eigen::LLT<Eigen::MatrixXd> llt(covariance);
    const Eigen::VectorXd y = problem.rates.col(0);
    const double log_det = 2 * Eigen::MatrixXd(llt.matrixL()).diagonal().array().log().sum();
    CHECK(found.log_evidence ==
          Approx(-0.5 * (30 * std::log(2 * 3.14159265358979) + log_det + y.dot(llt.solve(y)))).epsilon(1e-10));
    // Leaving a feature out changes the evidence by the ratio of its densities at 0.
    for (std::size_t j = 0; j < support.size(); ++j) {
      Support without = support;
      without.erase(without.begin() + std::ptrdiff_t(j));
      const double mean = found.mean[Index(j)], deviation = found.deviation[Index(j)];
      const double gain = std::log(prior / deviation) - mean * mean / (2 * deviation * deviation);
      CHECK(detail::posterior(problem.regression(0), 0, without, noise, prior).log_evidence - found.log_evidence ==
            Approx(gain).epsilon(1e-8));
    }
  }
}

TEST_CASE("Error bars of the evidence cover the truth as often as they say", "[sindy]") {
  int covered = 0, all = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem problem(0.3, 9, 200, 10 * seed + 1);
    FitReport report;
    const Eigen::MatrixXd xi = solve(Evidence{}, problem.regression(0), report);
    for (const auto& [f, t] : {std::pair<Index, Index>{1, 0}, {4, 0}, {0, 1}}) {
      ++all;
      covered += std::abs(xi(f, t) - problem.law(f, t)) < 2 * report.errors(f, t);
    }
  }
  CHECK(covered > 0.89 * all);  // 95.4 % are expected; 3 standard deviations below that
  CHECK(covered < all);
}

TEST_CASE("An ensemble tells how often terms are chosen, whatever the threads", "[sindy]") {
  const Problem problem(3);
  const auto regression = problem.regression();
  FitReport one, two;
  EnsembleOf options{.optimizer = Stlsq{.threshold = 0.3}, .models = 40, .library = 0.8, .seed = 3};
  const Eigen::MatrixXd alone = solve(options, regression, one);
  options.threads = 2;
  const Eigen::MatrixXd shared = solve(options, regression, two);
  CHECK(alone == shared);
  CHECK(one.inclusion == two.inclusion);
  CHECK(one.members.size() == 40);
  CHECK(one.inclusion(0, 1) > 0.9);
  CHECK(one.inclusion.minCoeff() < 0.6);
  CHECK(((alone.array() != 0) == (one.inclusion.array() >= 0.6)).all());
  CHECK_THAT(sentence<InvalidArgument>([&] { found_by(EnsembleOf{}, problem.regression(0)); }),
             ContainsSubstring("0 parts"));
  CHECK_THAT(sentence<InvalidArgument>([&] { check(EnsembleOf{.rows = false}); }),
             ContainsSubstring("all members are equal"));
}

TEST_CASE("Members whose threshold removes every term of a target count as members that did not choose it", "[sindy]") {
  // The only coefficient of y lies on the threshold: about half of the bags see it below.
  Problem problem(1, 9, 2000);
  problem.law.col(1).setZero();
  problem.law(0, 1) = 1;
  problem.rates = problem.features * problem.law + 0.3 * normal(2000, 2, 6);
  const auto regression = problem.regression();
  const EnsembleOf options{.optimizer = Stlsq{.threshold = found_by(Stlsq{.threshold = 0.5}, regression)(0, 1)},
                           .models = 200};
  FitReport report;
  const Eigen::MatrixXd law = solve(options, regression, report);
  CHECK(report.members.size() == 200);
  CHECK(report.inclusion(0, 1) == Approx(0.5).margin(0.15));
  CHECK(law(0, 1) == 0);
  CHECK(report.inclusion(1, 0) == 1);  // the other target is judged by all members
  REQUIRE(report.warnings.size() == 2);
  CHECK_THAT(report.warnings[0], ContainsSubstring("did not choose its terms"));
  EnsembleOf hopeless = options;
  hopeless.optimizer = Stlsq{.threshold = 5};
  CHECK_THAT(sentence<InvalidArgument>([&] { found_by(hopeless, regression); }),
             ContainsSubstring("removes every term of x"));
}

TEST_CASE("Parts are consecutive and complete, and bags weigh them", "[sindy]") {
  const Problem problem(1, 9, 5000);
  const auto regression = problem.regression(8);
  CHECK(regression.parts().size() >= 8);
  CHECK(regression.parts().size() <= 17);
  Index samples = 0;
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(11, 11);
  for (const auto& part : regression.parts()) {
    samples += part.samples;
    gram += part.triangle.transpose() * part.triangle;
  }
  CHECK(samples == 5000);
  const Eigen::MatrixXd whole = regression.triangle().transpose() * regression.triangle();
  CHECK((gram - whole).norm() < 1e-12 * whole.norm());
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(Index(regression.parts().size()));
  weights[0] = 3;
  const auto bag = regression.weighted(weights);
  CHECK(bag.samples() == 3 * regression.parts()[0].samples);
  const Index length = regression.parts()[0].samples;
  const Eigen::MatrixXd head = problem.features.topRows(length);
  CHECK((bag.factor().transpose() * bag.factor() - 3 * head.transpose() * head).norm() < 1e-10 * head.squaredNorm());
}
