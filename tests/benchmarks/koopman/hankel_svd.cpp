// SPDX-License-Identifier: BSD-3-Clause
// Leading singular triples of Hankel matrices of 200 000 samples: seconds, and digits against the residuals.
// Given a file of 200 000 doubles, prints seconds and values for that series: what hankel_svd.py sets beside
// NumPy and ARPACK. On a chaotic series of its own each side would have other numbers after a while.

#include "almagest/linalg/hankel_svd.hpp"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "bench.hpp"

namespace {

using namespace almagest;

/// x of the Lorenz system from (-8, 8, 27) by the classical Runge-Kutta method with fixed steps: the dense
/// output of an adaptive one is noise to the small singular values.
Eigen::MatrixXd lorenz(Eigen::Index samples, double step) {
  const auto rate = [](const Eigen::Vector3d& v) {
    return Eigen::Vector3d(10 * (v[1] - v[0]), v[0] * (28 - v[2]) - v[1], v[0] * v[1] - 8.0 / 3 * v[2]);
  };
  Eigen::Vector3d v(-8, 8, 27);
  Eigen::MatrixXd series(1, samples);
  for (Eigen::Index k = 0; k < samples; ++k) {
    series(0, k) = v[0];
    const Eigen::Vector3d a = rate(v), b = rate(v + step / 2 * a), c = rate(v + step / 2 * b), d = rate(v + step * c);
    v += step / 6 * (a + 2 * b + 2 * c + d);
  }
  return series;
}

double seconds(const Eigen::MatrixXd& series, Eigen::Index delays) {
  std::vector<double> all;
  for (int k = 0; k < 6; ++k) {
    const double start = bench::now();
    const linalg::HankelOperator<double> windows(series, delays);
    bench::keep(linalg::hankel_svd(windows, 15));
    if (k > 0) all.push_back(bench::now() - start);
  }
  return bench::median(all);
}

}  // namespace

int main(int argc, char** argv) {
  const bool given = argc > 1;
  Eigen::MatrixXd series(1, 200000);
  if (!given) {
    series = lorenz(200000, 0.001);
  } else if (!std::ifstream(argv[1], std::ios::binary)
                  .read(reinterpret_cast<char*>(series.data()), series.size() * std::streamsize(sizeof(double)))) {
    std::fprintf(stderr, "hankel_svd: %s does not hold 200000 doubles\n", argv[1]);
    return 1;
  }
  for (const Eigen::Index delays : {1000, 10000}) {
    const double time = seconds(series, delays);
    const auto svd = linalg::hankel_svd(linalg::HankelOperator<double>(series, delays), 15);
    if (given) {
      std::printf("%ld %.6f %.15g %.15g %.15g\n", long(delays), time, svd.singular_values[0], svd.singular_values[7],
                  svd.singular_values[14]);
      continue;
    }
    std::printf("200000 samples, %ld delays, 15 triples by %s in %ld steps: %.4f s\n", long(delays),
                name_of(svd.route), long(svd.steps), time);
    const std::string name = "hankel_svd_" + std::to_string(delays);
    bench::at_most((name + "_seconds").c_str(), time, delays == 1000 ? 0.10 : 0.27);
    bench::at_most((name + "_residual").c_str(),
                   svd.residuals.cwiseQuotient(svd.singular_values).maxCoeff(), 1e-10);
  }
}
