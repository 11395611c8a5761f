// SPDX-License-Identifier: BSD-3-Clause
// A step allocates nothing.
#include "support/allocations.hpp"

#include <numbers>

#include "almagest/spectral/equations/klein_gordon.hpp"
#include "almagest/spectral/equations/kuramoto_sivashinsky.hpp"
#include "almagest/spectral/equations/navier_stokes_2d.hpp"
#include "almagest/spectral/equations/schrodinger.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

template <typename Equation, typename Values, typename Method>
long allocations_of_steps(const Equation& equation, const SpatialGrid& grid, const Values& u0, const Method& method) {
  const auto run = evolution(equation, grid, method, {.rigor = fft::Rigor::estimate});
  run->load(u0.data());
  run->advance(20e-3);
  const long before = allocations();
  run->advance(20e-3);
  return allocations() - before;
}

}  // namespace

TEST_CASE("Steps allocate nothing") {
  const auto line = SpatialGrid::periodic(64, 0, 22);
  const SpatialGrid plane({{32, 2 * std::numbers::pi}, {32, 2 * std::numbers::pi}});
  const Eigen::VectorXd u = gaussian_random_field(line, 2, 3, 1), w = gaussian_random_field(plane, 1, 3, 1);
  CHECK(allocations_of_steps(KuramotoSivashinsky<1>(), line, u, Etdrk4{1e-3}) == 0);
  CHECK(allocations_of_steps(KuramotoSivashinsky<1>(), line, u, EtdAb4{1e-3}) == 0);
  CHECK(allocations_of_steps(KuramotoSivashinsky<1>(), line, u, Etdrk32{1e-3, 1e-3}) == 0);
  CHECK(allocations_of_steps(NavierStokes2D(1e-3, w), plane, w, Etdrk4{1e-3}) == 0);
  CHECK(allocations_of_steps(Schrodinger<>(u), line, wave_packet(line, 10, 1, 2), Strang{1e-3}) == 0);
  CHECK(allocations_of_steps(SineGordon<>(), line, sine_gordon_breather(line, 0.5, 11), Verlet{1e-3}) == 0);
}
