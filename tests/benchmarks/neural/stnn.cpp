// SPDX-License-Identifier: BSD-3-Clause
// The structured factor halved to the end beside a dense matrix, on one column: n log n against n^2.
#include <Eigen/Core>
#include <cstdio>
#include <ctime>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/neural/dft_like.hpp"
#include "bench.hpp"

using namespace almagest;

namespace {

/// Seconds of the processor for one call, the median over blocks of `count`.
template <typename Work>
double seconds(int count, const Work& work) {
  std::vector<double> all;
  for (int block = 0; block < 21; ++block) {
    const std::clock_t start = std::clock();
    for (int k = 0; k < count; ++k) work();
    all.push_back(double(std::clock() - start) / CLOCKS_PER_SEC / count);
  }
  return bench::median(all);
}

}  // namespace

int main() {
  double before = 0;
  for (int levels = 7; levels <= 10; ++levels) {
    const Eigen::Index n = Eigen::Index(1) << levels;
    const neural::DftLike<float> factor(n, levels);
    RandomStream random(1);
    const auto normal = [&] { return float(random.normal()); };
    const Eigen::VectorXf parameters = Eigen::VectorXf::NullaryExpr(factor.parameters(), normal);
    const Eigen::MatrixXf dense = Eigen::MatrixXf::NullaryExpr(n, n, normal);
    const Eigen::MatrixXf x = Eigen::MatrixXf::NullaryExpr(n, 1, normal);
    Eigen::MatrixXf y(n, 1), z(n, 1), kept(factor.kept(), 1);
    const int repeats = int(2'000'000 / (n * levels));
    const double product = seconds(repeats, [&] { z.noalias() = dense * x, bench::keep(z); });
    const double recursive = seconds(repeats, [&] { factor.forward(parameters.data(), x, y, kept), bench::keep(y); });
    const double ratio = product / recursive;
    std::printf("n = %4d: dense %.4g us, structured %.4g us, ratio %.3g; operations %.3g of dense\n", int(n),
                1e6 * product, 1e6 * recursive, ratio, factor.flops() / (2.0 * double(n) * double(n)));
    if (levels == 10) {
      bench::at_least("stnn_operations_dense_to_structured_n1024", 2.0 * double(n) * double(n) / factor.flops(), 20);
      bench::at_least("stnn_time_dense_to_structured_n1024", ratio, 20);
      bench::at_most("stnn_time_n1024_to_n512", recursive / before, 2 * 10.0 / 9 * 1.25);
    }
    before = recursive;
  }
}
