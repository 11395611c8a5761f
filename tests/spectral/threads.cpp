// SPDX-License-Identifier: BSD-3-Clause
// A step that several threads share.
#include <complex>

#include "almagest/spectral/equations/klein_gordon.hpp"
#include "almagest/spectral/equations/navier_stokes_2d.hpp"
#include "almagest/spectral/equations/navier_stokes_3d.hpp"
#include "almagest/spectral/equations/schrodinger.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "core/sentence.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

const SpatialGrid plane({{48, 7.0}, {40, 5.0}});

/// The last field by 1, 2 and 5 threads.
template <typename Equation, typename Start, typename Method>
void check(const Equation& equation, const SpatialGrid& grid, const Start& u0, const Method& method) {
  const TimeGrid times = TimeGrid::uniform(0, 10 * method.step, 2);
  const auto end = [&](unsigned threads) {
    return solve(equation, grid, u0, times, method, {.threads = threads}).trajectory[1].eval();
  };
  const auto one = end(1), two = end(2), five = end(5);
  CHECK((one - u0).cwiseAbs().maxCoeff() > 1e-3);
  CHECK((one - two).cwiseAbs().maxCoeff() < 1e-12 * one.cwiseAbs().maxCoeff());
  CHECK(two == five);
}

}  // namespace

TEST_CASE("Threads that share a step change nothing but roundings, and any number of them nothing at all") {
  const Eigen::VectorXd rough = gaussian_random_field(plane, 0.5, 4, 3);
  check(NavierStokes2D(1e-3), plane, rough, Etdrk4{0.01});
  Eigen::VectorXd wave(2 * plane.size());
  wave << rough, Eigen::VectorXd::Zero(plane.size());
  check(Phi4<2>(), plane, wave, Verlet{0.01});
  const Eigen::VectorXcd psi =
      rough.cast<std::complex<double>>() + std::complex<double>(0, 0.3) * gaussian_random_field(plane, 0.5, 4, 4);
  check(NonlinearSchrodinger<2>(), plane, psi, Strang{0.001});
  check(NonlinearSchrodinger<2>(), plane, psi, Etdrk4{0.001});
  const SpatialGrid box({{12, 6.0}, {10, 6.0}, {14, 6.0}});
  check(NavierStokes3D(1e-2), box, Eigen::VectorXd(gaussian_random_field(box, 1, 4, 5).replicate(3, 1)), Etdrk4{0.01});
}

TEST_CASE("A line has no lines to share, and takes any number of threads") {
  const auto line = SpatialGrid::periodic(64, 0, 6.0);
  const Eigen::VectorXd start = gaussian_random_field(line, 0.5, 4, 3);
  const auto end = [&](unsigned threads) {
    Eigen::VectorXd both(128);
    both << start, 0 * start;
    return solve(SineGordon<1>(), line, both, TimeGrid::uniform(0, 1, 2), Verlet{0.01}, {.threads = threads})
        .trajectory[1]
        .eval();
  };
  CHECK(end(1) == end(3));
}

TEST_CASE("No thread at all, and threads of an ensemble's member, are refused") {
  const Eigen::VectorXd start = gaussian_random_field(plane, 0.5, 4, 3);
  const TimeGrid times = TimeGrid::uniform(0, 0.1, 2);
  CHECK_THAT(
      sentence<InvalidArgument>([&] { solve(NavierStokes2D(), plane, start, times, Etdrk4{0.1}, {.threads = 0}); }),
      ContainsSubstring("threads is 0"));
  CHECK_THAT(sentence<InvalidArgument>([&] {
               solve_ensemble(NavierStokes2D(), plane, Eigen::MatrixXd(start), times, Etdrk4{0.1}, 2, {.threads = 2});
             }),
             ContainsSubstring("members run side by side"));
}
