// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/fft/derivative.hpp"

#include <cmath>
#include <numbers>

#include "almagest/fft/interpolation.hpp"
#include "support/catch.hpp"

using namespace almagest;

namespace {

constexpr double pi = std::numbers::pi;

Eigen::VectorXd on(const SpatialGrid& grid, double (*f)(double, double)) {
  const Eigen::VectorXd x = grid.points(0), y = grid.axes().size() > 1 ? grid.points(1) : Eigen::VectorXd::Zero(1);
  Eigen::VectorXd values(grid.size());
  for (Eigen::Index i = 0; i < x.size(); ++i)
    for (Eigen::Index j = 0; j < y.size(); ++j) values[i * y.size() + j] = f(x[i], y[j]);
  return values;
}

}  // namespace

TEST_CASE("Derivatives of trigonometric polynomials are exact") {
  for (const Eigen::Index n : {15, 16}) {
    const SpatialGrid line({{n, 3 * 2 * pi, -1}});
    const Eigen::VectorXd u = on(line, [](double x, double) { return std::sin(x) + std::cos(2 * x / 3); });
    const Eigen::VectorXd first =
        on(line, [](double x, double) { return std::cos(x) - 2.0 / 3 * std::sin(2 * x / 3); });
    const Eigen::VectorXd fourth =
        on(line, [](double x, double) { return std::sin(x) + 16.0 / 81 * std::cos(2 * x / 3); });
    CHECK((fft::derivative(u, line) - first).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((fft::derivative(u, line, 0, 4) - fourth).cwiseAbs().maxCoeff() < 1e-13);
    CHECK((fft::derivative(u, line, 0, 0) - u).cwiseAbs().maxCoeff() < 1e-14);
  }
  const SpatialGrid plane({{12, 2 * pi}, {10, 2 * pi}});
  const Eigen::VectorXd u = on(plane, [](double x, double y) { return std::sin(3 * x) * std::cos(2 * y); });
  const Eigen::VectorXd ux = on(plane, [](double x, double y) { return 3 * std::cos(3 * x) * std::cos(2 * y); });
  const Eigen::VectorXd uyy = on(plane, [](double x, double y) { return -4 * std::sin(3 * x) * std::cos(2 * y); });
  CHECK((fft::derivative(u, plane, 0) - ux).cwiseAbs().maxCoeff() < 1e-13);
  CHECK((fft::derivative(u, plane, 1, 2) - uyy).cwiseAbs().maxCoeff() < 1e-13);
  // The highest mode: its derivative vanishes at every point.
  const SpatialGrid even({{8, 2 * pi}});
  const Eigen::VectorXd highest = on(even, [](double x, double) { return std::cos(4 * x); });
  CHECK(fft::derivative(highest, even).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((fft::derivative(highest, even, 0, 2) + 16 * highest).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("Interpolation is exact for what both grids hold") {
  const auto f = [](double x, double y) { return std::exp(0.0) + std::sin(2 * x) * std::cos(y) + std::cos(x); };
  for (const Eigen::Index n : {7, 8, 12})
    for (const Eigen::Index m : {7, 9, 16}) {
      const SpatialGrid from({{n, 2 * pi}, {m, 2 * pi}}), to({{11, 2 * pi}, {6, 2 * pi}});
      CHECK((fft::interpolate(on(from, f), from, to) - on(to, f)).cwiseAbs().maxCoeff() < 1e-14);
    }
  // There and back, the highest mode included.
  const SpatialGrid coarse({{8, 1.0}}), fine({{20, 1.0}});
  const Eigen::VectorXd u = Eigen::VectorXd::LinSpaced(8, 0, 1).array().square();
  CHECK((fft::interpolate(fft::interpolate(u, coarse, fine), fine, coarse) - u).cwiseAbs().maxCoeff() < 1e-15);
}

TEST_CASE("Fields of another size are refused") {
  const SpatialGrid line({{8, 1.0}});
  CHECK_THROWS_WITH(fft::derivative(Eigen::VectorXd::Zero(9), line), ContainsSubstring("9") && ContainsSubstring("8"));
  CHECK_THROWS_WITH(fft::derivative(Eigen::VectorXd::Zero(8), line, 1), ContainsSubstring("axis is 1"));
  CHECK_THROWS_WITH(fft::derivative(Eigen::VectorXd::Zero(8), line, 0, -1), ContainsSubstring("order is -1"));
  CHECK_THROWS_WITH(fft::interpolate(Eigen::VectorXd::Zero(8), line, SpatialGrid({{8, 2.0}})),
                    ContainsSubstring("one domain"));
}
