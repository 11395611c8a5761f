// SPDX-License-Identifier: BSD-3-Clause
// SINDy of Lorenz63 from 10^8 samples in pieces (or as many as the argument says), made as they are
// asked for: processor seconds of the learning alone beside the least that its arithmetic takes,
// and memory, which must not grow.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "almagest/sindy/law_accumulator.hpp"
#include "bench.hpp"

namespace {

using namespace almagest;

constexpr double step = 0.002;
constexpr Eigen::Index piece = 10'000;

/// Seconds of this thread's processor.
double processor() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

/// What this process holds, MiB.
double resident() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (word == "VmRSS:") {
      double kib = 0;
      file >> kib;
      return kib / 1024;
    }
  return 0;
}

/// The next piece of a run of Lorenz63: it begins with the last sample of the one before. Fourth
/// order at the step of the samples, so that the law is found to 1e-5, not to that of the stencil.
void advance(Eigen::Matrix3Xd& states) {
  const auto rate = [](const Eigen::Vector3d& x) {
    return Eigen::Vector3d(10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8.0 / 3 * x[2]);
  };
  states.col(0) = states.col(states.cols() - 1).eval();
  for (Eigen::Index k = 1; k < states.cols(); ++k) {
    const Eigen::Vector3d x = states.col(k - 1), a = rate(x), b = rate(x + step / 2 * a),
                          c = rate(x + step / 2 * b), d = rate(x + step * c);
    states.col(k) = x + step / 6 * (a + 2 * b + 2 * c + d);
  }
}

/// Multiplications and additions a second in products of matrices that lie in the cache.
double speed() {
  constexpr Eigen::Index n = 192;
  const Eigen::MatrixXd a = Eigen::MatrixXd::Random(n, n), b = a.transpose();
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(n, n);
  double best = 0;
  for (int k = 0; k < 40; ++k) {
    const double start = processor();
    c.noalias() += a * b;
    bench::keep(c.data());
    best = std::max(best, 2.0 * n * n * n / (processor() - start));
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const double wanted = argc > 1 ? std::atof(argv[1]) : 1e8;
  Eigen::Matrix3Xd states(3, piece + 1);
  states.col(piece) << -8, 8, 27;
  sindy::LawAccumulator law(sindy::Polynomial{3}, 3, sindy::FiniteDifference{4});
  double learning = 0, early = 0, samples = 0, start = 0;
  while (samples < wanted) {
    advance(states);
    const Trajectory<double> run(TimeGrid::uniform(start, step, states.cols()), states);
    const double begin = processor();
    law.update(run);
    learning += processor() - begin;
    start += double(piece) * step;
    samples += double(piece);
    if (early == 0 && samples >= wanted / 100) early = resident();
  }
  const double grown = resident() - early;
  const auto model = law.solve(sindy::Stlsq{});
  for (const auto& equation : model.equations()) std::puts(equation.c_str());

  // The triangle of m rows of n columns takes 2 m n^2 operations.
  const double operations = 2.0 * 23 * 23, fastest = speed();
  std::printf("%.3g samples: %.2f s of the processor, %.3g million samples a second\n", samples, learning,
              samples / learning / 1e6);
  std::printf("%.0f operations a sample: %.3g Gflop/s; products of matrices in the cache reach %.3g Gflop/s\n",
              operations, operations * samples / learning / 1e9, fastest / 1e9);
  bench::at_most("sindy_stream_wrong_terms",
                 std::abs(double((model.coefficients().array() != 0).count()) - 7), 0);
  bench::at_most("sindy_stream_over_its_arithmetic", learning * fastest / (operations * samples), 10);
  bench::at_most("sindy_stream_grown_mib", grown, 1);
}
