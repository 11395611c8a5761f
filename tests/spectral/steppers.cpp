// SPDX-License-Identifier: BSD-3-Clause
// Orders of convergence against exact solutions.
#include "almagest/spectral/steppers.hpp"

#include <cmath>

#include "almagest/spectral/equations/korteweg_de_vries.hpp"
#include "almagest/spectral/equations/reaction_diffusion.hpp"
#include "almagest/spectral/initial_conditions.hpp"
#include "almagest/spectral/solve.hpp"
#include "support/catch.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

/// Error of a soliton of KdV, imaginary symbols, after some time.
template <typename Method>
double soliton_error(int steps) {
  const auto grid = SpatialGrid::periodic(128, -10, 10);
  const double time = 0.5;
  const auto run = solve(KortewegDeVries(6, 1), grid, korteweg_de_vries_soliton(grid, 6, 1, 2, 0), TimeGrid::uniform(0, time, 2),
                         Method{time / steps});
  REQUIRE(run.ledger.steps == steps);
  return (run.trajectory[1] - korteweg_de_vries_soliton(grid, 6, 1, 2, 0, time)).cwiseAbs().maxCoeff();
}

/// The product of forcing by itself and decay: real symbols, with a manufactured solution.
/// \f$ u = e^{-t}\cos x \f$ solves \f$ u_t = u_{xx} + u^2 - e^{-2t}\cos^2 x \f$; a second component
/// \f$ w = e^{-t} \f$, \f$ w_t = -w \f$, carries the time: \f$ u_t = u_{xx} + u^2 - w^2\cos^2 x \f$, with
/// \f$ \cos x \f$ as a third that does not change.
struct Manufactured : PointwiseEquation<1, 3> {
  static constexpr int degree = 4;
  static std::array<double, 3> symbol(const Wave<1>& k) { return {-k.squared(), -1, 0}; }
  static void multiply(const double* u, double* p) {
    p[0] = u[0] * u[0] - u[1] * u[1] * u[2] * u[2];
    p[1] = 0;
    p[2] = 0;
  }
};

template <typename Method>
double manufactured_error(int steps) {
  const auto grid = SpatialGrid::periodic(32, 0, 2 * std::numbers::pi);
  const Eigen::VectorXd cosine = field(grid, [](double x) { return std::cos(x); });
  Eigen::VectorXd start(96);
  start << cosine, Eigen::VectorXd::Ones(32), cosine;
  const auto run = solve(Manufactured(), grid, start, TimeGrid::uniform(0, 1, 2), Method{1.0 / steps});
  return (run.trajectory[1].head(32) - std::exp(-1.0) * cosine).cwiseAbs().maxCoeff();
}

/// The order between two runs, where the error lies above rounding.
double order(double coarse, double fine) { return std::log2(coarse / fine); }

}  // namespace

TEST_CASE("Steppers converge at their order on a soliton") {
  CHECK(order(soliton_error<Etdrk1>(8000), soliton_error<Etdrk1>(16000)) == Approx(1).margin(0.15));
  CHECK(order(soliton_error<Etdrk2>(400), soliton_error<Etdrk2>(800)) == Approx(2).margin(0.3));
  CHECK(order(soliton_error<Etdrk3>(200), soliton_error<Etdrk3>(400)) == Approx(3).margin(0.3));
  CHECK(order(soliton_error<Etdrk4>(100), soliton_error<Etdrk4>(200)) == Approx(4).margin(0.5));
  CHECK(order(soliton_error<Ifrk4>(200), soliton_error<Ifrk4>(400)) == Approx(4).margin(0.7));
  CHECK(order(soliton_error<EtdAb4>(400), soliton_error<EtdAb4>(800)) == Approx(4).margin(0.7));
}

TEST_CASE("Steppers converge at their order on a manufactured solution") {
  CHECK(order(manufactured_error<Etdrk1>(100), manufactured_error<Etdrk1>(200)) == Approx(1).margin(0.1));
  CHECK(order(manufactured_error<Etdrk2>(40), manufactured_error<Etdrk2>(80)) == Approx(2).margin(0.1));
  CHECK(order(manufactured_error<Etdrk3>(20), manufactured_error<Etdrk3>(40)) == Approx(3).margin(0.2));
  CHECK(order(manufactured_error<Etdrk4>(10), manufactured_error<Etdrk4>(20)) == Approx(4).margin(0.3));
  CHECK(order(manufactured_error<Ifrk4>(20), manufactured_error<Ifrk4>(40)) == Approx(4).margin(0.3));
  CHECK(order(manufactured_error<EtdAb4>(40), manufactured_error<EtdAb4>(80)) == Approx(4).margin(0.4));
}
