// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/systems/lorenz96.hpp"

#include <vector>

#include "almagest/integrate/jacobian.hpp"
#include "support/catch.hpp"
#include "systems/facts.hpp"

using namespace almagest;

namespace {

std::vector<double> random_ring(std::size_t cells, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<double> x(cells);
  for (double& value : x) value = 3 * random.normal();
  return x;
}

std::vector<double> rate(const systems::Lorenz96<>& ring, const std::vector<double>& x) {
  std::vector<double> dxdt(x.size());
  ring(x, dxdt, 0.0);
  return dxdt;
}

}  // namespace

TEST_CASE("Each cell of the ring is driven by its three neighbours") {
  for (std::size_t n : {4U, 5U, 40U}) {
    const systems::Lorenz96<> ring{6.5, n};
    const auto x = random_ring(n, 1), dxdt = rate(ring, x);
    for (std::size_t i = 0; i < n; ++i)
      CHECK(dxdt[i] ==
            Approx((x[(i + 1) % n] - x[(i + n - 2) % n]) * x[(i + n - 1) % n] - x[i] + 6.5)
                .epsilon(1e-14));
  }
}

TEST_CASE("The quadratic part of the ring conserves the sum of squares") {
  for (std::size_t n : {4U, 7U, 40U}) {
    const systems::Lorenz96<> ring{8, n};
    const auto x = random_ring(n, 2), dxdt = rate(ring, x);
    double work = 0, size = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double quadratic = dxdt[i] + x[i] - 8;
      work += x[i] * quadratic;
      size += std::abs(x[i] * quadratic);
    }
    CHECK(std::abs(work) < 1e-14 * size);
  }
}

TEST_CASE("A rotated ring has rotated rates") {
  const systems::Lorenz96<> ring{8, 9};
  auto x = random_ring(9, 3), dxdt = rate(ring, x);
  std::rotate(x.begin(), x.begin() + 4, x.end());
  std::rotate(dxdt.begin(), dxdt.begin() + 4, dxdt.end());
  CHECK(rate(ring, x) == dxdt);
}

TEST_CASE("Rings at rest at F, with divergence -N") {
  for (std::size_t n : {4U, 36U}) {
    const systems::Lorenz96<> ring{3.5, n};
    for (double value : rate(ring, std::vector<double>(n, ring.fixed_point()))) CHECK(value == 0);
    Eigen::MatrixXd J;
    jacobian(ring, random_ring(n, 4), 0.0, J);
    CHECK(J.trace() == Approx(ring.divergence()).epsilon(1e-14));
    CHECK(ring.divergence() == -double(n));
    CHECK(ring.size() == n);
  }
}
