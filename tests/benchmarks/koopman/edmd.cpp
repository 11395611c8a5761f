// SPDX-License-Identifier: BSD-3-Clause
// EDMD of Duffing's oscillator in 503 functions from 10 000 pairs, kernel EDMD from 2000 pairs, and
// a pseudospectrum of the pendulum in 156 functions on a grid: seconds, and the known eigenvalues.
// Given a file of pairs (x, y, x', y' in turn, doubles) and one of centres, times those instead:
// what edmd.py sets beside deeptime and kooplearn.

#include "almagest/koopman/edmd.hpp"

#include <cmath>
#include <complex>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/features/composition.hpp"
#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_basis.hpp"
#include "almagest/koopman/kernel_edmd.hpp"
#include "bench.hpp"

namespace {

using namespace almagest;
using Complex = std::complex<double>;

/// Pairs half an oscillation of a law apart, by 50 steps of fourth order, each a run of two
/// samples.
template <typename Law>
Eigen::MatrixXd pairs(const Eigen::MatrixXd& starts, double time, const Law& f) {
  Eigen::MatrixXd out(2, 2 * starts.cols());
  const double h = time / 50;
  for (Eigen::Index i = 0; i < starts.cols(); ++i) {
    Eigen::Vector2d y = starts.col(i);
    for (int k = 0; k < 50; ++k) {
      const Eigen::Vector2d a = f(y), b = f(y + h / 2 * a), c = f(y + h / 2 * b), d = f(y + h * c);
      y += h / 6 * (a + 2 * b + 2 * c + d);
    }
    out.middleCols(2 * i, 2) << starts.col(i), y;
  }
  return out;
}

Ensemble<double> ensemble(const Eigen::MatrixXd& both, double step) {
  const auto count = std::size_t(both.cols() / 2);
  return {both, std::vector<TimeGrid>(count, TimeGrid::uniform(0, step, 2)),
          std::vector<std::shared_ptr<const TrajectoryInfo>>(count)};
}

template <typename Work>
double seconds(int times, const Work& work) {
  std::vector<double> all;
  for (int k = 0; k <= times; ++k) {
    const double start = bench::now();
    bench::keep(work());
    if (k > 0) all.push_back(bench::now() - start);
  }
  return bench::median(all);
}

double missed(const Eigen::VectorXcd& found, double step) {
  double most = 0;
  for (const Complex rate :
       {Complex(0), Complex(-0.25, std::sqrt(7.75) / 2), Complex(-0.25, -std::sqrt(7.75) / 2)})
    most = std::max(most, (found.array() - std::exp(step * rate)).abs().minCoeff());
  return most;
}

Eigen::MatrixXd read(const char* path, Eigen::Index rows) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto count = Eigen::Index(file.tellg()) / Eigen::Index(sizeof(double));
  file.seekg(0);
  Eigen::MatrixXd out(rows, count / rows);
  file.read(reinterpret_cast<char*>(out.data()), out.size() * std::streamsize(sizeof(double)));
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  RandomStream random(0);
  const double step = 0.25;
  Eigen::MatrixXd both, centres;
  if (argc > 2) {
    both = read(argv[1], 2);
    centres = read(argv[2], 2);
  } else {
    const Eigen::MatrixXd starts =
        Eigen::MatrixXd::NullaryExpr(2, 10000, [&] { return random.uniform(-2, 2); });
    both = pairs(starts, step, [](const Eigen::Vector2d& s) {
      return Eigen::Vector2d(s[1], s[0] - s[0] * s[0] * s[0] - 0.5 * s[1]);
    });
    centres = starts.leftCols(500);
  }
  const features::Library library = features::Concatenation{
      {features::Polynomial{1}, features::RadialBasis{centres, features::RadialKind::thin_plate}}};
  const auto all = ensemble(both, step), few = ensemble(both.leftCols(4000), step);
  const koopman::KernelEdmdOptions kernel{.width = 0.5};
  const double edmd = seconds(3, [&] { return koopman::fit_edmd(all, library); });
  const double kernels = seconds(3, [&] { return koopman::fit_kernel_edmd(few, kernel); });
  const auto model = koopman::fit_edmd(all, library);
  const auto other = koopman::fit_kernel_edmd(few, kernel);
  const double distance = missed(model.eigenvalues(), step),
               far = missed(other.eigenvalues(), step);
  if (argc > 2) {
    std::printf("%.6f %.6g\n%.6f %.6g\n", edmd, distance, kernels, far);
    return 0;
  }
  std::printf("EDMD, 503 functions, 10 000 pairs: %.3f s, known eigenvalues to %.3g\n", edmd,
              distance);
  std::printf("kernel EDMD, 2000 pairs, %td functions: %.3f s, known eigenvalues to %.3g\n",
              other.rank(), kernels, far);

  const double pi = 3.14159265358979323846;
  Eigen::MatrixXd grid(2, 3600);
  for (Eigen::Index k = 0; k < 3600; ++k)
    grid.col(k) << -pi + pi / 30 * (double(k / 60) + 0.5), -8 + 16.0 / 59 * double(k % 60);
  const auto pendulum = ensemble(
      pairs(grid, 0.5,
            [](const Eigen::Vector2d& s) { return Eigen::Vector2d(s[1], -std::sin(s[0])); }),
      0.5);
  const features::TensorBasis basis{{{features::Family::fourier, 6, {-pi, pi}},
                                     {features::Family::hermite_functions, 11, {-1, 1}}},
                                    features::IndexSet::full};
  const auto swing = koopman::fit_edmd(pendulum, basis);
  std::vector<Complex> places;
  for (int i = 0; i < 20; ++i)
    for (int j = 0; j < 20; ++j) places.emplace_back(-1.5 + 3 * i / 19.0, -1.5 + 3 * j / 19.0);
  const double figure = seconds(1, [&] { return swing.pseudospectrum(places); });
  std::printf("pseudospectrum, %td functions: %.3g ms a place, %.3g s for 200 x 200\n",
              swing.rank(), figure / 400 * 1e3, figure * 100);
  bench::at_most("edmd_missed", distance, 0.07);
}
