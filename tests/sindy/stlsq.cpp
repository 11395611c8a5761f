// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/sindy/stlsq.hpp"

#include <Eigen/LU>
#include <cmath>
#include <limits>
#include <string>

#include "almagest/core/random.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using almagest::DimensionMismatch;
using almagest::InvalidArgument;
using almagest::RandomStream;
using almagest::sindy::Stlsq;
using almagest::sindy::regress;

namespace {

Eigen::MatrixXd noise(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed = 1) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// The definition of the method, by normal equations: for well conditioned features only.
Eigen::MatrixXd by_definition(const Eigen::MatrixXd& features, const Eigen::MatrixXd& rates,
                              double threshold, double ridge) {
  const Eigen::MatrixXd gram = features.transpose() * features,
                        right = features.transpose() * rates;
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(features.cols(), rates.cols());
  for (Eigen::Index target = 0; target < rates.cols(); ++target) {
    std::vector<Eigen::Index> active(std::size_t(features.cols()));
    for (std::size_t i = 0; i < active.size(); ++i) active[i] = Eigen::Index(i);
    const auto solve = [&](double alpha) {
      const Eigen::Index k = Eigen::Index(active.size());
      Eigen::MatrixXd part = gram(active, active);
      part += alpha * Eigen::MatrixXd::Identity(k, k);
      return Eigen::VectorXd(part.partialPivLu().solve(right.col(target)(active)));
    };
    while (true) {
      const Eigen::VectorXd xi = solve(ridge);
      std::vector<Eigen::Index> kept;
      for (std::size_t i = 0; i < active.size(); ++i)
        if (std::abs(xi[Eigen::Index(i)]) >= threshold) kept.push_back(active[i]);
      if (kept == active) break;
      active = kept;
    }
    const Eigen::VectorXd xi = solve(0);
    for (std::size_t i = 0; i < active.size(); ++i) out(active[i], target) = xi[Eigen::Index(i)];
  }
  return out;
}

}  // namespace

TEST_CASE("A sparse law is found exactly", "[sindy]") {
  const Eigen::MatrixXd features = noise(200, 12);
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(12, 2);
  law(0, 0) = -1.5;
  law(7, 0) = 0.2;
  law(11, 1) = 4;
  const Eigen::MatrixXd found = regress(Stlsq{}, features, features * law);
  CHECK(((found.array() != 0) == (law.array() != 0)).all());
  CHECK((found - law).cwiseAbs().maxCoeff() < 100 * Eigen::NumTraits<double>::epsilon());
}

TEST_CASE("The iteration is the one of the definition", "[sindy]") {
  // Correlated features and noisy rates: terms fall in several rounds, and differently for each
  // target.
  Eigen::MatrixXd features = noise(150, 15, 2);
  for (Eigen::Index j = 1; j < 15; ++j) features.col(j) += 0.6 * features.col(j - 1);
  const Eigen::MatrixXd rates = features * noise(15, 4, 3) * 0.3 + 0.5 * noise(150, 4, 4);
  for (double threshold : {0.0, 0.05, 0.2, 0.35})
    for (double ridge : {0.0, 0.05, 20.0}) {
      const Eigen::MatrixXd expected = by_definition(features, rates, threshold, ridge);
      const Eigen::MatrixXd found =
          regress(Stlsq{.threshold = threshold, .ridge = ridge}, features, rates);
      CHECK((found - expected).cwiseAbs().maxCoeff() < 1e-12);
      if (threshold == 0.35) CHECK((expected.array() == 0).any());
    }
}

TEST_CASE("The last solution is free of the ridge's bias", "[sindy]") {
  const Eigen::MatrixXd features = noise(100, 3);
  const Eigen::MatrixXd law = Eigen::Vector3d(2, 0, -1);
  // With a ridge as large as the Gram matrix, the ridge solution is half of the truth.
  const Eigen::MatrixXd found =
      regress(Stlsq{.threshold = 0.3, .ridge = 100}, features, features * law);
  CHECK((found - law).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("With normalize, the units of the features do not matter", "[sindy]") {
  const Eigen::MatrixXd features = noise(300, 8, 5);
  Eigen::MatrixXd law = Eigen::MatrixXd::Zero(8, 1);
  law(1, 0) = 3;
  law(4, 0) = -0.5;
  const Eigen::MatrixXd rates = features * law + 0.02 * noise(300, 1, 6);
  const Eigen::VectorXd units =
      Eigen::VectorXd::LinSpaced(8, -4, 4).unaryExpr([](double e) { return std::pow(10, e); });
  const Eigen::MatrixXd scaled = features * units.asDiagonal();
  const Stlsq normalized{.threshold = 0.1, .ridge = 0.05, .normalize = true};
  const Eigen::MatrixXd plain = regress(normalized, features, rates);
  const Eigen::MatrixXd in_units = regress(normalized, scaled, rates);
  CHECK(((plain.array() != 0) == (law.array() != 0)).all());
  CHECK((units.asDiagonal() * in_units - plain).cwiseAbs().maxCoeff() < 1e-13);

  // The threshold is in the unit of the rates, whatever the count of samples: 0.5 times a feature
  // of root mean square 1 falls between 0.45 and 0.55.
  Eigen::MatrixXd twice(600, 8), twice_rates(600, 1);
  twice << features, features;
  twice_rates << rates, rates;
  const auto kept = [](const Eigen::MatrixXd& coefficients) {
    return (coefficients.array() != 0).count();
  };
  for (const double threshold : {0.4, 0.6}) {
    const Stlsq options{.threshold = threshold, .ridge = 0, .normalize = true};
    CHECK(kept(regress(options, features, rates)) == (threshold < 0.5 ? 2 : 1));
    CHECK(kept(regress(options, twice, twice_rates)) == (threshold < 0.5 ? 2 : 1));
  }
}

TEST_CASE("Features that vanish or depend on each other do no harm", "[sindy]") {
  Eigen::MatrixXd features = noise(80, 5, 7);
  features.col(2).setZero();
  features.col(4) = features.col(0);
  const Eigen::MatrixXd rates = 2 * features.col(0) - 3 * features.col(1);
  for (double ridge : {0.0, 0.05}) {
    const Eigen::MatrixXd found = regress(Stlsq{.threshold = 0.1, .ridge = ridge}, features, rates);
    REQUIRE(found.allFinite());
    CHECK((features * found - rates).cwiseAbs().maxCoeff() < 1e-12);
    CHECK(found(2, 0) == 0);
    CHECK(found(3, 0) == 0);
  }
}

TEST_CASE("Feature scales may span many decades", "[sindy]") {
  Eigen::MatrixXd features = noise(100, 4, 8);
  const Eigen::Vector4d units(1e-9, 1, 1e6, 1e12);
  features *= units.asDiagonal();
  const Eigen::MatrixXd law = Eigen::Vector4d(3e9, 2, -1e-6, 4e-12);
  const Eigen::MatrixXd found =
      regress(Stlsq{.threshold = 0, .ridge = 0}, features, features * law);
  CHECK((found - law).cwiseQuotient(law).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("A rate of zero has no terms", "[sindy]") {
  const Eigen::MatrixXd features = noise(50, 4);
  Eigen::MatrixXd rates = Eigen::MatrixXd::Zero(50, 2);
  rates.col(0) = features.col(3);
  const Eigen::MatrixXd found = regress(Stlsq{}, features, rates);
  CHECK((found.col(1).array() == 0).all());
  CHECK(found(3, 0) == Approx(1).epsilon(1e-14));
}

TEST_CASE("A rate that is noise has no terms", "[sindy]") {
  const Eigen::MatrixXd found =
      regress(Stlsq{.threshold = 0.5}, noise(1000, 6, 9), noise(1000, 1, 10));
  CHECK((found.array() == 0).all());
}

TEST_CASE("Bad options of Stlsq are refused", "[sindy]") {
  const Eigen::MatrixXd features = noise(50, 4), rates = 3 * features.col(1);
  const auto refusal = [&](const Stlsq& options) {
    return sentence<InvalidArgument>([&] { regress(options, features, rates); });
  };
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THAT(refusal({.threshold = -0.5}),
             ContainsSubstring("threshold is -0.5;") && ContainsSubstring("0 or more"));
  CHECK_THAT(refusal({.threshold = std::nan("")}),
             ContainsSubstring("threshold is nan") && ContainsSubstring("finite"));
  CHECK_THAT(refusal({.ridge = -1}),
             ContainsSubstring("ridge is -1;") && ContainsSubstring("0 or more"));
  CHECK_THAT(refusal({.ridge = infinity}),
             ContainsSubstring("ridge is inf") && ContainsSubstring("finite"));
  CHECK_THAT(refusal({.max_iterations = 0}),
             ContainsSubstring("max_iterations is 0") && ContainsSubstring("at least 1"));
  CHECK_THAT(refusal({.threshold = 4, .ridge = 0}),
             ContainsSubstring("threshold 4 removes every term of x0'") &&
                 ContainsSubstring("largest remaining coefficient was 3;") &&
                 ContainsSubstring("threshold below that"));
  CHECK_THAT(sentence<DimensionMismatch>([&] { regress(Stlsq{}, features, rates.topRows(49)); }),
             ContainsSubstring("rates (samples) has 49") &&
                 ContainsSubstring("features (samples) has 50"));
}
