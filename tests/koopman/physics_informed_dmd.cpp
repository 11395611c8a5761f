// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/koopman/physics_informed_dmd.hpp"

#include <Eigen/QR>
#include <complex>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;
using koopman::fit_physics_informed_dmd;
using koopman::MapStructure;
using koopman::PhysicsInformedOptions;

namespace structured {

Eigen::MatrixXd gaussian(Index rows, Index columns, std::uint64_t seed) {
  RandomStream random(seed);
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return random.normal(); });
}

/// Pairs of random states and their images, with noise in both.
std::vector<Trajectory<double>> pairs(const Eigen::MatrixXd& a, int count, double noise = 0) {
  const Index n = a.cols();
  const Eigen::MatrixXd x = gaussian(n, count, 11), y = a * x, e = noise * gaussian(2 * n, count, 12);
  std::vector<Trajectory<double>> runs;
  for (Index k = 0; k < count; ++k) {
    Eigen::MatrixXd both(n, 2);
    both << x.col(k) + e.col(k).head(n), y.col(k) + e.col(k).tail(n);
    runs.emplace_back(TimeGrid::uniform(0, 1, 2), both);
  }
  return runs;
}

/// The fitted map in the coordinates of the state.
Eigen::MatrixXd map_of(const koopman::Dmd<double>& model) {
  const auto& parts = model.parts();
  return parts.basis * parts.reduced_operator * parts.basis.transpose();
}

/// The squared misfit of a map on pairs.
double misfit(const Eigen::MatrixXd& a, const std::vector<Trajectory<double>>& runs) {
  double sum = 0;
  for (const auto& run : runs) sum += (run[1] - a * run[0]).squaredNorm();
  return sum;
}

Eigen::MatrixXd example(MapStructure structure, Index n) {
  const Eigen::MatrixXd g = gaussian(n, n, 5) / std::sqrt(double(n));
  switch (structure) {
    case MapStructure::orthogonal: return Eigen::HouseholderQR<Eigen::MatrixXd>(g).householderQ();
    case MapStructure::symmetric: return g + g.transpose();
    case MapStructure::skew_symmetric: return g - g.transpose();
    case MapStructure::upper_triangular: return g.triangularView<Eigen::Upper>();
    case MapStructure::lower_triangular: return g.triangularView<Eigen::Lower>();
    case MapStructure::banded:
      return Eigen::MatrixXd::NullaryExpr(n, n, [&](Index i, Index j) { return std::abs(i - j) <= 1 ? g(i, j) : 0; });
    case MapStructure::circulant:
      return Eigen::MatrixXd::NullaryExpr(n, n, [&](Index i, Index j) { return g((i - j + n) % n, 0); });
    case MapStructure::toeplitz:
      return Eigen::MatrixXd::NullaryExpr(n, n, [&](Index i, Index j) { return i >= j ? g(i - j, 0) : g(0, j - i); });
  }
  return g;
}

}  // namespace structured

using namespace structured;

TEST_CASE("Each structure is found exactly, held under noise, and best among maps near it", "[physics_informed]") {
  const MapStructure structure = GENERATE(
      MapStructure::orthogonal, MapStructure::symmetric, MapStructure::skew_symmetric, MapStructure::upper_triangular,
      MapStructure::lower_triangular, MapStructure::banded, MapStructure::circulant, MapStructure::toeplitz);
  CAPTURE(int(structure));
  const Index n = 7;
  const Eigen::MatrixXd a = example(structure, n);
  const PhysicsInformedOptions options{.structure = structure,
                                       .rank = structure <= MapStructure::skew_symmetric ? n : 0};
  const auto exact = fit_physics_informed_dmd(pairs(a, 20), options);
  CHECK((map_of(exact) - a).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(exact.residuals().maxCoeff() < 1e-12);

  const auto noisy = pairs(a, 40, 0.1);
  const auto model = fit_physics_informed_dmd(noisy, options);
  const Eigen::MatrixXd found = map_of(model);
  const double least = misfit(found, noisy);
  // Any other map of the structure does worse: so found is the minimum, whatever formula led there.
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Eigen::MatrixXd other = found;
    if (structure == MapStructure::orthogonal) {
      const Eigen::MatrixXd g = 0.01 * gaussian(n, n, 50 + seed), skew = g - g.transpose();
      other = (Eigen::MatrixXd::Identity(n, n) - skew).inverse() * (Eigen::MatrixXd::Identity(n, n) + skew) * found;
    } else {
      const Eigen::MatrixXd g = gaussian(n, n, 50 + seed);
      const Eigen::MatrixXd direction = [&]() -> Eigen::MatrixXd {
        switch (structure) {
          case MapStructure::symmetric: return g + g.transpose();
          case MapStructure::skew_symmetric: return g - g.transpose();
          case MapStructure::circulant:
            return Eigen::MatrixXd::NullaryExpr(n, n, [&](Index i, Index j) { return g((i - j + n) % n, 0); });
          case MapStructure::toeplitz:
            return Eigen::MatrixXd::NullaryExpr(n, n,
                                                [&](Index i, Index j) { return i >= j ? g(i - j, 0) : g(0, j - i); });
          default: return g.cwiseProduct((a.array() != 0).cast<double>().matrix());
        }
      }();
      other += 1e-3 * direction;
    }
    CHECK(misfit(other, noisy) > least);
  }
}

TEST_CASE("An orthogonal map keeps every eigenvalue on the unit circle", "[physics_informed]") {
  const auto model = fit_physics_informed_dmd(pairs(example(MapStructure::orthogonal, 8), 30, 0.3), {.rank = 6});
  CHECK((model.eigenvalues().cwiseAbs().array() - 1).abs().maxCoeff() < 1e-13);
  CHECK(model.rank() == 6);
  // Noise shows in the residuals: the circle alone proves nothing.
  CHECK(model.residuals().minCoeff() > 0.05);
}

TEST_CASE("What fit_physics_informed_dmd refuses", "[physics_informed]") {
  const auto runs = pairs(example(MapStructure::banded, 4), 10);
  CHECK_THROWS_WITH(fit_physics_informed_dmd(runs, {.bandwidth = -1}), ContainsSubstring("bandwidth is -1"));
  CHECK_THROWS_WITH(fit_physics_informed_dmd(runs, {.rank = 9}), ContainsSubstring("rank is 9"));
}
