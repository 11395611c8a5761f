// SPDX-License-Identifier: BSD-3-Clause
// Orders of convergence against exact solutions.
#include "almagest/spectral/steppers.hpp"

#include <cmath>
#include <numbers>

#include "almagest/spectral/equations/burgers.hpp"
#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

/// Error of a soliton of KdV, imaginary symbols, after some time.
template <typename Method>
double soliton_error(int steps) {
  const auto grid = SpatialGrid::periodic(384, -20, 20);
  const double time = 0.5;
  const auto run = solve(KortewegDeVries(6, 1), grid, korteweg_de_vries_soliton(grid, 6, 1, 2, 0),
                         TimeGrid::uniform(0, time, 2), Method{time / steps});
  REQUIRE(run.ledger.steps == steps);
  return (run.trajectory[1] - korteweg_de_vries_soliton(grid, 6, 1, 2, 0, time)).cwiseAbs().maxCoeff();
}

/// Error of Burgers, real symbols, against the solution that Cole and Hopf make of
/// \f$ \varphi = 1 + a\,e^{-\nu t}\cos x \f$: \f$ u = -2\nu\varphi_x/\varphi \f$.
template <typename Method>
double burgers_error(int steps) {
  const auto grid = SpatialGrid::periodic(128, 0, 2 * std::numbers::pi);
  const double nu = 0.5, time = 1;
  const auto exact = [&](double t) {
    const double a = 0.6 * std::exp(-nu * t);
    return field(grid, [&, a](double x) { return 2 * nu * a * std::sin(x) / (1 + a * std::cos(x)); });
  };
  const auto run = solve(Burgers<>(nu), grid, exact(0), TimeGrid::uniform(0, time, 2), Method{time / steps});
  return (run.trajectory[1] - exact(time)).cwiseAbs().maxCoeff();
}

/// The order between two runs, where the error lies above rounding.
double order(double coarse, double fine) { return std::log2(coarse / fine); }

}  // namespace

TEST_CASE("Steppers converge at their order on a soliton") {
  CHECK(order(soliton_error<Etdrk1>(8000), soliton_error<Etdrk1>(16000)) == Approx(1).margin(0.15));
  CHECK(order(soliton_error<Etdrk2>(400), soliton_error<Etdrk2>(800)) == Approx(2).margin(0.3));
  CHECK(order(soliton_error<Etdrk3>(200), soliton_error<Etdrk3>(400)) == Approx(3).margin(0.3));
  CHECK(order(soliton_error<Etdrk4>(200), soliton_error<Etdrk4>(400)) == Approx(4).margin(0.5));
  CHECK(order(soliton_error<Ifrk4>(800), soliton_error<Ifrk4>(1600)) == Approx(4).margin(0.7));
  CHECK(order(soliton_error<EtdAb4>(400), soliton_error<EtdAb4>(800)) == Approx(4).margin(0.7));
}

TEST_CASE("Steppers converge at their order on a solution of Burgers") {
  CHECK(order(burgers_error<Etdrk1>(100), burgers_error<Etdrk1>(200)) == Approx(1).margin(0.1));
  CHECK(order(burgers_error<Etdrk2>(40), burgers_error<Etdrk2>(80)) == Approx(2).margin(0.1));
  CHECK(order(burgers_error<Etdrk3>(20), burgers_error<Etdrk3>(40)) == Approx(3).margin(0.2));
  CHECK(order(burgers_error<Etdrk4>(10), burgers_error<Etdrk4>(20)) == Approx(4).margin(0.3));
  CHECK(order(burgers_error<Ifrk4>(20), burgers_error<Ifrk4>(40)) == Approx(4).margin(0.3));
  CHECK(order(burgers_error<EtdAb4>(40), burgers_error<EtdAb4>(80)) == Approx(4).margin(0.4));
}
