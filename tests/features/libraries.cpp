// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/k_means.hpp"
#include "almagest/features/library.hpp"
#include "almagest/features/polynomial.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::features;
using Eigen::Index;
using Names = std::vector<std::string>;

namespace {

constexpr double pi = 3.14159265358979323846;

Eigen::MatrixXd uniform(Index rows, Index cols, double lower, double upper,
                        std::uint64_t seed = 1) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, cols, [&] { return random.uniform(lower, upper); });
}

Eigen::MatrixXd values(const Library& library, const Eigen::MatrixXd& states,
                       const Derivative& derivative = {}) {
  const auto made = evaluator(library, states.cols());
  Eigen::MatrixXd out(states.rows(), made->size());
  made->evaluate(states, out, derivative);
  return out;
}

/// Largest difference between derivatives and central differences of order 4, relative to the
/// largest derivative: of first order by those of the features, of second by those of the first.
double defect(const Library& library, const Eigen::MatrixXd& states, bool second) {
  const Index n = states.cols();
  const double h = 1e-3;
  double most = 0, scale = 0;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < (second ? n : 1); ++j) {
      const Derivative derivative = second ? Derivative{j, i} : Derivative{i},
                       before = second ? Derivative{j} : Derivative{};
      const auto at = [&](double shift) {
        Eigen::MatrixXd moved = states;
        moved.col(i).array() += shift;
        return values(library, moved, before);
      };
      const Eigen::MatrixXd exact = values(library, states, derivative);
      const Eigen::MatrixXd numerical =
          (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      most = std::max(most, (exact - numerical).cwiseAbs().maxCoeff());
      scale = std::max(scale, exact.cwiseAbs().maxCoeff());
    }
  return most / scale;
}

std::vector<Library> smooth_libraries() {
  const Eigen::MatrixXd centres = uniform(2, 5, -1, 1, 7);
  const TensorBasis mixed{{{Family::fourier, 2, {-2, 2}}, {Family::hermite_functions, 3, {-1, 2}}},
                          IndexSet::full};
  return {Polynomial{.degree = 4},
          Legendre{5, {{-1, 2}, {-2, 1}}},
          Chebyshev{5, {{-1.5, 1.5}}},
          Hermite{4, {{-1, 1}}},
          Hermite{4, {{-2, 1}}, false},
          Fourier{3, {{-2, 2}}},
          mixed,
          RadialBasis{centres, RadialKind::gaussian, 0.8},
          RadialBasis{centres, RadialKind::matern52, 0.8},
          RandomFourier{6, 0.5, 3},
          Product{{Polynomial{2}, RadialBasis{centres, RadialKind::gaussian, 0.8}}},
          Concatenation{{Selection{{1}, Polynomial{3}}, Fourier{1}}}};
}

}  // namespace

static_assert(FeatureLibrary<Polynomial> && FeatureLibrary<Legendre> &&
              FeatureLibrary<RadialBasis> && FeatureLibrary<Delays> && FeatureLibrary<Library> &&
              !FeatureLibrary<int>);

TEST_CASE("Derivatives of features are those of differences", "[features]") {
  const Eigen::MatrixXd states = uniform(9, 2, -1, 1);
  for (const Library& library : smooth_libraries()) {
    CHECK(defect(library, states, false) < 1e-8);
    CHECK(defect(library, states, true) < 1e-8);
  }
  const Eigen::MatrixXd centres = uniform(2, 5, -1, 1, 7);
  CHECK(defect(RadialBasis{centres, RadialKind::thin_plate, 0.8}, states, false) < 1e-6);
  CHECK(defect(RadialBasis{centres, RadialKind::wendland, 3}, states, true) < 1e-6);
  CHECK(defect(RadialBasis{centres, RadialKind::matern32, 0.8}, states, true) < 1e-5);
  // At a centre itself, where distances have no derivative.
  for (const RadialKind kind :
       {RadialKind::gaussian, RadialKind::wendland, RadialKind::matern32, RadialKind::matern52}) {
    const Eigen::MatrixXd at = values(RadialBasis{centres, kind, 2}, centres.transpose(), {0, 0});
    CHECK(at.allFinite());
    CHECK(at(0, 0) < 0);
  }
  CHECK_THROWS_WITH(values(RadialBasis{centres, RadialKind::laplacian, 1}, states, {0}),
                    ContainsSubstring("Laplacian has no first"));
  CHECK_THROWS_WITH(values(RadialBasis{centres, RadialKind::thin_plate, 1}, states, {0, 1}),
                    ContainsSubstring("thin plate has no second"));
}

TEST_CASE("Tensor bases are orthonormal where they claim to be", "[features]") {
  const Index m = 4000;
  // Midpoints: exact for periodic functions, to m^-2 for others.
  const Eigen::VectorXd u =
      (Eigen::VectorXd::LinSpaced(m, 0, double(m - 1)).array() + 0.5) / double(m);
  const auto gram = [&](const Library& library, const Eigen::VectorXd& x,
                        const Eigen::VectorXd& weights) {
    const Eigen::MatrixXd psi = values(library, x);
    const Eigen::MatrixXd g = psi.transpose() * weights.asDiagonal() * psi;
    return (g - Eigen::MatrixXd::Identity(g.rows(), g.cols())).cwiseAbs().maxCoeff();
  };
  const Eigen::VectorXd even = Eigen::VectorXd::Constant(m, 1.0 / double(m));
  CHECK(gram(Fourier{5, {{1, 3}}}, 1 + 2 * u.array(), even) < 1e-12);
  CHECK(gram(Legendre{5, {{-1, 4}}}, -1 + 5 * u.array(), even) < 1e-4);
  CHECK(gram(Chebyshev{8, {{-1, 4}}}, 1.5 + 2.5 * (pi * u.array()).cos(), even) < 1e-12);
  const Eigen::VectorXd line = 2 + 24 * (u.array() - 0.5);
  const Eigen::VectorXd normal =
      (-(line.array() - 2).square() / 2).exp() * 24 / double(m) / std::sqrt(2 * pi);
  CHECK(gram(Hermite{6, {{1, 3}}, false}, line, normal) < 1e-12);
  CHECK(gram(Hermite{8, {{1, 3}}}, line, Eigen::VectorXd::Constant(m, 24.0 / double(m))) < 1e-12);
}

TEST_CASE("Index sets hold what they say", "[features]") {
  const auto size = [](const Library& library, Index dimension) {
    return evaluator(library, dimension)->size();
  };
  CHECK(size(Legendre{4, {{-1, 1}}}, 3) == 35);
  CHECK(size(Legendre{4, {{-1, 1}}, IndexSet::full}, 2) == 25);
  // max(1, i) max(1, j) <= 4: (0, 0-4), (1, 0-4), (2, 0-2), (3, 0-1), (4, 0-1).
  CHECK(size(Legendre{4, {{-1, 1}}, IndexSet::hyperbolic}, 2) == 17);
  CHECK(size(Fourier{2}, 1) == 5);
  CHECK(size(Fourier{1}, 2) == 5);
  CHECK(size(Legendre{0}, 2) == 1);
  CHECK(size(Legendre{0, {{-1, 1}}, IndexSet::hyperbolic}, 2) == 1);
  CHECK(size(Product{{Polynomial{1}, Polynomial{1}}}, 2) == 9);
  CHECK(evaluator(Library(Legendre{2, {{-1, 1}}}), 2)->names({"x", "y"}) ==
        Names{"1", "P1(x)", "P1(y)", "P2(x)", "P1(x) P1(y)", "P2(y)"});
  CHECK(evaluator(Library(Fourier{1}), 2)->names({"x", "y"}) ==
        Names{"1", "cos1(x)", "sin1(x)", "cos1(y)", "sin1(y)"});
  CHECK(evaluator(Library(Polynomial{2}), 2)->names({"x", "y"}) ==
        Names{"1", "x", "y", "x^2", "x y", "y^2"});
}

TEST_CASE("Compositions are what they are made of", "[features]") {
  const Eigen::MatrixXd states = uniform(11, 2, -1, 1);
  const Eigen::MatrixXd one = values(Polynomial{2}, states), two = values(Fourier{1}, states);
  Eigen::MatrixXd both(11, one.cols() + two.cols());
  both << one, two;
  CHECK(values(Concatenation{{Polynomial{2}, Fourier{1}}}, states) == both);
  const Eigen::MatrixXd products = values(Product{{Polynomial{2}, Fourier{1}}}, states);
  for (Index i = 0; i < one.cols(); ++i)
    for (Index j = 0; j < two.cols(); ++j)
      CHECK((products.col(i * two.cols() + j) - one.col(i).cwiseProduct(two.col(j)))
                .cwiseAbs()
                .maxCoeff() < 1e-15);
  CHECK(values(Selection{{1}, Polynomial{3}}, states) == values(Polynomial{3}, states.col(1)));
  const auto delays = evaluator(Library(Delays{3, Polynomial{1}}), 2);
  CHECK(delays->context() == 3);
  CHECK(delays->dimension() == 6);
  CHECK(delays->names({"x", "y"}) == Names{"1", "x(-2)", "y(-2)", "x(-1)", "y(-1)", "x", "y"});
}

TEST_CASE("Libraries of one type compare by what is in them", "[features]") {
  const Library a = Legendre{3}, b = Legendre{3}, c = Legendre{4}, d = Chebyshev{3};
  CHECK(a == b);
  CHECK(!(a == c));
  CHECK(!(a == d));
  CHECK(Concatenation{{a, c}} == Concatenation{{b, c}});
  CHECK(!(Delays{3, a} == Delays{2, a}));
  CHECK(a.as<Legendre>()->degree == 3);
  CHECK(a.as<Chebyshev>() == nullptr);
  CHECK(!(RadialBasis{Eigen::MatrixXd::Zero(2, 3)} == RadialBasis{Eigen::MatrixXd::Zero(3, 2)}));
}

TEST_CASE("Random waves stand for the Gaussian kernel", "[features]") {
  const Eigen::MatrixXd x = uniform(6, 2, -1, 1);
  const Eigen::MatrixXd psi = values(RandomFourier{9000, 0.7, 1}, x);
  const Eigen::MatrixXd kernel = values(RadialBasis{x.transpose(), RadialKind::gaussian, 0.7}, x);
  // The error of a mean of 9000 terms, 2 cos cos, of variance below 1.
  CHECK((psi * psi.transpose() - kernel).cwiseAbs().maxCoeff() < 5 / std::sqrt(9000.0));
}

TEST_CASE("k-means finds clusters that lie apart, and is deterministic", "[features]") {
  Eigen::MatrixXd states = uniform(2, 300, -0.1, 0.1);
  for (Index i = 0; i < 300; ++i) states(i % 2, i) += double(i % 3) * 5;
  const Eigen::MatrixXd centres = k_means(states, 5, {.seed = 4});
  CHECK(centres == k_means(states, 5, {.seed = 4}));
  // The groups: offset 0, and 5 or 10 along either axis.
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {5.0, 0.0}, {0.0, 5.0}, {10.0, 0.0}, {0.0, 10.0}})
    CHECK((centres.colwise() - Eigen::Vector2d(x, y)).colwise().norm().minCoeff() < 0.1);
  CHECK_THROWS_WITH(k_means(states, 301), ContainsSubstring("count is 301 with 300"));
  CHECK_THROWS_WITH(k_means(Eigen::MatrixXd::Ones(2, 9), 2),
                    ContainsSubstring("only 1 states are different"));
}

TEST_CASE("What libraries refuse", "[features]") {
  const auto on = [](const Library& library, Index dimension) {
    return evaluator(library, dimension);
  };
  CHECK_THROWS_WITH(on(Legendre{-1}, 2), ContainsSubstring("Legendre: degree is -1"));
  CHECK_THROWS_WITH(on(Legendre{3, {{1, 1}}}, 2), ContainsSubstring("[1, 1]"));
  CHECK_THROWS_WITH(on(Legendre{3, {{0, 1}, {0, 1}, {0, 1}}}, 2),
                    ContainsSubstring("3 intervals") && ContainsSubstring("2 components"));
  CHECK_THROWS_WITH(on(Legendre{40}, 4), ContainsSubstring("at most 10000"));
  CHECK_THROWS_WITH(on(TensorBasis{{{Family::fourier, 2, {}}}}, 2), ContainsSubstring("1 factors"));
  CHECK_THROWS_WITH(on(RadialBasis{Eigen::MatrixXd::Zero(3, 4)}, 2),
                    ContainsSubstring("3 components") && ContainsSubstring("2;"));
  CHECK_THROWS_WITH(on(RadialBasis{Eigen::MatrixXd::Zero(2, 4), RadialKind::gaussian, 0}, 2),
                    ContainsSubstring("width is 0"));
  CHECK_THROWS_WITH(on(RandomFourier{0}, 2), ContainsSubstring("count is 0"));
  CHECK_THROWS_WITH(on(Concatenation{}, 2), ContainsSubstring("libraries is empty"));
  CHECK_THROWS_WITH(on(Selection{{2}, Polynomial{1}}, 2), ContainsSubstring("component 2"));
  CHECK_THROWS_WITH(on(Selection{{0, 0}, Polynomial{1}}, 2), ContainsSubstring("twice"));
  CHECK_THROWS_WITH(on(Delays{0, Polynomial{1}}, 2), ContainsSubstring("samples is 0"));
  CHECK_THROWS_WITH(on(Concatenation{{Polynomial{1}, Delays{2, Polynomial{1}}}}, 2),
                    ContainsSubstring("put the Delays around"));
  const auto made = on(Polynomial{2}, 2);
  Eigen::MatrixXd out(3, 6);
  CHECK_THROWS_AS(made->evaluate(Eigen::MatrixXd::Zero(3, 1), out), DimensionMismatch);
  CHECK_THROWS_AS(made->names({"x"}), DimensionMismatch);
}
