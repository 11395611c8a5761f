// SPDX-License-Identifier: BSD-3-Clause
// A step of each stepper against the bare transforms that it cannot avoid, in turn: plain transforms of the
// whole arrays, by plans of the same rigor, on one core.
#include <cmath>
#include <complex>
#include <cstdio>
#include <numbers>
#include <string>

#include "almagest/spectral.hpp"
#include "bench.hpp"

using namespace almagest;
using namespace almagest::spectral;

namespace {

constexpr int repetitions = 41;
constexpr double pi = std::numbers::pi;

/// So many steps that a block of them takes some milliseconds.
long long steps_a_block(Eigen::Index points) { return std::max(2LL, static_cast<long long>(2'000'000 / (points * 8))); }

template <typename Transform>
auto plain(const SpatialGrid& grid) {
  using Point = std::conditional_t<std::is_same_v<Transform, fft::RealTransform<double>>, double, std::complex<double>>;
  return [transform = Transform(fft::Shape(grid)), field = fft::Buffer<Point>(grid.size()),
          modes = fft::Buffer<std::complex<double>>(grid.size())](long long pairs) mutable {
    for (long long k = 0; k < pairs; ++k) {
      if constexpr (std::is_same_v<Point, double>) {
        transform.forward(field.data(), modes.data());
        transform.inverse(modes.data(), field.data());
      } else {
        transform.forward(modes.data());
        transform.inverse(modes.data());
      }
    }
  };
}

/// Measures one stepper; `pairs` of a forward and an inverse transform a step are its yardstick.
template <typename Method, typename Transform = fft::RealTransform<double>, typename Equation, typename Start>
void measure(const std::string& name, const Equation& equation, const SpatialGrid& grid, const Start& u0, double h,
             long long pairs, double limit) {
  const auto run = evolution(equation, grid, Method{h});
  run->load(u0.data());
  auto transforms = plain<Transform>(grid);
  const long long steps = steps_a_block(grid.size());
  const auto times =
      bench::paired(repetitions, [&] { run->advance(h * double(steps)); }, [&] { transforms(steps * pairs); });
  std::printf("%s: %.3f us a step, its %lld transforms %.3f us\n", name.c_str(), 1e6 * times.first / double(steps),
              2 * pairs, 1e6 * times.second / double(steps));
  if (!run->failure().empty()) std::printf("%s failed: %s\n", name.c_str(), run->failure().c_str());
  bench::at_most(name.c_str(), times.ratio, limit);
}

/// Korteweg–de Vries as a user writes it, for its cost against the one that the library ships.
struct OwnKdv {
  using Value = double;
  static constexpr int axes = 1, components = 1, fields = 1, products = 1, degree = 2;
  std::complex<double> symbol(const Wave<1>& k) const { return {0, k[0] * k[0] * k[0]}; }
  void to_fields(const Wave<1>&, const Mode<double>* u, Mode<double>* f) const { f[0] = u[0]; }
  void multiply(const double* f, double* p) const { p[0] = f[0] * f[0]; }
  void to_rates(const Wave<1>& k, const Mode<double>* p, Mode<double>* r) const { r[0] = i_times(-3 * k[0], p[0]); }
};

void own_equation() {
  const auto grid = SpatialGrid::periodic(1024, 0, 256);
  const Eigen::VectorXd u0 = field(grid, [](double x) { return std::sin(2 * pi * x / 256); });
  const auto own = evolution(OwnKdv(), grid, Etdrk4{0.004}), ours = evolution(KortewegDeVries(), grid, Etdrk4{0.004});
  own->load(u0.data());
  ours->load(u0.data());
  const auto times = bench::paired(repetitions, [&] { own->advance(1); }, [&] { ours->advance(1); });
  bench::at_most("own_equation_against_shipped", times.ratio, 1.1);
}

/// A member of an ensemble against a run on its own.
void ensemble() {
  const auto grid = SpatialGrid::periodic(256, 0, 32 * pi);
  Eigen::MatrixXd starts(256, 64);
  for (Eigen::Index m = 0; m < 64; ++m) starts.col(m) = 0.1 * gaussian_random_field(grid, 2, 2, 1, std::uint64_t(m));
  const TimeGrid ends = TimeGrid::uniform(0, 10, 2);
  const auto times = bench::paired(
      repetitions,
      [&] { bench::keep(solve_ensemble(KuramotoSivashinsky<1>(), grid, starts, ends, Etdrk4{0.05}).runs.size()); },
      [&] {
        for (Eigen::Index m = 0; m < 64; ++m)
          bench::keep(solve(KuramotoSivashinsky<1>(), grid, starts.col(m), ends, Etdrk4{0.05}).trajectory.size());
      });
  bench::at_most("ensemble_of_64_ks_256_per_member", times.ratio, 1.0);
}

/// A step that two threads share, against one of a thread alone.
void threads() {
  const SpatialGrid grid({{512, 2 * pi}, {512, 2 * pi}});
  const Eigen::VectorXd vorticity = gaussian_random_field(grid, 0.3, 4, 1);
  const auto alone = evolution(NavierStokes2D(), grid, Etdrk4{1e-3}, {.threads = 1}),
             shared = evolution(NavierStokes2D(), grid, Etdrk4{1e-3}, {.threads = 2});
  alone->load(vorticity.data());
  shared->load(vorticity.data());
  const auto times = bench::paired(repetitions, [&] { shared->advance(2e-3); }, [&] { alone->advance(2e-3); });
  bench::at_most("navier_stokes_512x512_two_threads_against_one", times.ratio, 0.8);
}

}  // namespace

int main() {
  for (const Eigen::Index n : {256, 1024, 4096}) {
    const std::string size = std::to_string(n);
    const auto kdv = SpatialGrid::periodic(n, 0, 0.25 * double(n)),
               ks = SpatialGrid::periodic(n, 0, 0.125 * pi * double(n));
    const auto wave = [](const SpatialGrid& grid) {
      return field(grid, [&](double x) { return std::sin(2 * pi * x / grid.axes()[0].length); });
    };
    measure<Etdrk4>("etdrk4_kdv_" + size, KortewegDeVries(), kdv, wave(kdv), 0.004, 4, 1.35);
    measure<Etdrk4>("etdrk4_ks_" + size, KuramotoSivashinsky<1>(), ks, wave(ks), 0.02, 4, 1.35);
  }
  for (const Eigen::Index n : {1024, 4096}) {
    const auto grid = SpatialGrid::periodic(n, -30, 30);
    const Eigen::VectorXd barrier = field(grid, [](double x) { return 4 * std::exp(-x * x); });
    measure<Strang, fft::ComplexTransform<double>>("strang_schrodinger_" + std::to_string(n), Schrodinger<>(barrier),
                                                   grid, wave_packet(grid, -8, 0.8, 4), 5e-4, 1, 1.25);
  }
  {
    const auto grid = SpatialGrid::periodic(1024, -50, 50);
    measure<Verlet>("verlet_phi4_1024", Phi4<>(), grid, phi4_kink_pair(grid, 1, 1, 20), 0.005, 1, 1.25);
    measure<Verlet>("verlet_sine_gordon_1024", SineGordon<>(), grid, sine_gordon_breather(grid, 0.5), 0.005, 1, 1.8);
  }
  {
    const SpatialGrid grid({{256, 2 * pi}, {256, 2 * pi}});
    const Eigen::VectorXd vorticity = field(grid, [](double x, double y) {
      return std::sin(3 * x) * std::cos(2 * y) + 0.5 * std::cos(5 * y + x) + 0.3 * std::sin(7 * x - 4 * y);
    });
    measure<Etdrk4>("etdrk4_navier_stokes_256x256", NavierStokes2D(), grid, vorticity, 1e-3, 8, 1.0);
  }
  threads();
  own_equation();
  ensemble();
}
