// SPDX-License-Identifier: BSD-3-Clause
// Lorenz63 by classical Runge–Kutta: integrate against a loop written by hand, and ensembles in SIMD
// lanes against the trajectories one by one.

#include <array>
#include <cstdio>
#include <vector>

#include "almagest/integrate.hpp"
#include "almagest/systems/lorenz63.hpp"
#include "bench.hpp"

using namespace almagest;

namespace {

using State = std::array<double, 3>;

State rate(const State& x) {
  return {10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3.0 * x[2]};
}

State add(const State& a, double s, const State& b) { return {a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]}; }

/// What one writes without a library.
State by_hand(State x, double h) {
  const State k1 = rate(x), k2 = rate(add(x, h / 2, k1)), k3 = rate(add(x, h / 2, k2)), k4 = rate(add(x, h, k3));
  for (std::size_t i = 0; i < 3; ++i) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return x;
}

template <typename Scalar>
Eigen::MatrixX<Scalar> starts(Eigen::Index members) {
  Eigen::MatrixX<Scalar> x0 = Eigen::MatrixX<Scalar>::Ones(3, members);
  for (Eigen::Index m = 0; m < members; ++m) x0(0, m) += Scalar(1e-4) * Scalar(m);
  return x0;
}

}  // namespace

int main() {
  const double h = 1e-3;
  const methods::Rk4 method{h};
  const int steps = 1'000'000;

  const auto final_only = bench::paired(
      21,
      [&] {
        bench::keep(
            integrate(systems::Lorenz63<>{}, {1, 1, 1}, TimeGrid::uniform(0, steps * h, 2), method).states()(0, 1));
      },
      [&] {
        State x{1, 1, 1};
        for (int k = 0; k < steps; ++k) x = by_hand(x, h);
        bench::keep(x[0]);
      });
  std::printf("Lorenz63 RK4: %.2f ns a step, by hand %.2f ns\n", 1e9 * final_only.first / steps,
              1e9 * final_only.second / steps);
  bench::at_most("rk4_against_hand_loop", final_only.ratio, 1.05);

  Eigen::MatrixXd stored(3, steps + 1);
  const auto all_stored = bench::paired(
      21,
      [&] {
        bench::keep(
            integrate(systems::Lorenz63<>{}, {1, 1, 1}, TimeGrid::uniform(0, h, steps + 1), method).states()(0, 1));
      },
      [&] {
        State x{1, 1, 1};
        Eigen::MatrixXd out(3, steps + 1);
        for (int k = 0; k <= steps; ++k) {
          out.col(k) << x[0], x[1], x[2];
          x = by_hand(x, h);
        }
        bench::keep(out(0, 1));
      });
  std::printf("the same, every step stored: %.2f ns a step, by hand %.2f ns, ratio %.3f\n",
              1e9 * all_stored.first / steps, 1e9 * all_stored.second / steps, all_stored.ratio);

  const Eigen::Index members = 10'240;
  const double work = double(members) * 1000;
  const auto x0 = starts<double>(members);
  const auto x0_float = starts<float>(members);
  const TimeGrid ends = TimeGrid::uniform(0, 1000 * h, 2);
  const auto ensemble = bench::paired(
      11, [&] { bench::keep(integrate_ensemble(systems::Lorenz63<>{}, x0, ends, method)[0].states()(0, 1)); },
      [&] {
        double sum = 0;
        for (Eigen::Index m = 0; m < members; ++m)
          sum += integrate(systems::Lorenz63<>{}, Eigen::Vector3d(x0.col(m)), ends, method).states()(0, 1);
        bench::keep(sum);
      });
  std::printf("ensemble of 10240: %.3f ns a trajectory-step, one by one %.2f ns\n", 1e9 * ensemble.first / work,
              1e9 * ensemble.second / work);
  bench::at_most("ensemble_ns_per_trajectory_step", 1e9 * ensemble.first / work, 1.1);
  bench::at_least("ensemble_against_one_by_one", 1 / ensemble.ratio, 12);

  const auto in_float = bench::paired(
      11,
      [&] { bench::keep(integrate_ensemble(systems::Lorenz63<float>{}, x0_float, ends, method)[0].states()(0, 1)); },
      [&] {
        bench::keep(integrate_ensemble(systems::Lorenz63<>{}, x0, ends, method, {.threads = 2})[0].states()(0, 1));
      });
  std::printf("in float %.3f ns, in double on two threads %.3f ns\n", 1e9 * in_float.first / work,
              1e9 * in_float.second / work);
}
