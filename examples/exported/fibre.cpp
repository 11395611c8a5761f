// SPDX-License-Identifier: BSD-3-Clause
// A fibre of excitable cells, in plain C++17. What a cell does is a law that was learned elsewhere, of a
// potential and a recovery; this program adds the coupling. Compile with -DMODEL_HEADER='"cell_model.hpp"'
// -DMODEL=cell.
//
// fibre CELLS COUPLING STEP SAMPLES SUBSTEPS
// writes SAMPLES lines of the CELLS potentials, STEP apart. The first cells are excited, all others at rest.

#include <cstdio>
#include <cstdlib>
#include <vector>

#include MODEL_HEADER

namespace {

using Fibre = std::vector<double>;  // potential and recovery, cell after cell

void rate(const Fibre& y, Fibre& dydt, double coupling) {
  const std::size_t cells = y.size() / 2;
  for (std::size_t i = 0; i < cells; ++i) {
    MODEL::rhs(&y[2 * i], &dydt[2 * i]);
    const double left = y[2 * (i > 0 ? i - 1 : i)], right = y[2 * (i + 1 < cells ? i + 1 : i)];
    dydt[2 * i] += coupling * (left - 2 * y[2 * i] + right);
  }
}

void step(Fibre& y, double h, double coupling) {
  static Fibre k(y.size()), at(y.size()), sum(y.size());
  constexpr double stage[] = {0, 0.5, 0.5, 1}, weight[] = {1, 2, 2, 1};
  sum.assign(y.size(), 0);
  for (int s = 0; s < 4; ++s) {
    for (std::size_t i = 0; i < y.size(); ++i) at[i] = y[i] + stage[s] * h * k[i];
    rate(at, k, coupling);
    for (std::size_t i = 0; i < y.size(); ++i) sum[i] += weight[s] * k[i];
  }
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += h / 6 * sum[i];
}

}  // namespace

int main(int argc, char** argv) {
  static_assert(MODEL::dimension == 2, "a cell has a potential and a recovery");
  if (argc != 6) {
    std::fprintf(stderr, "usage: %s CELLS COUPLING STEP SAMPLES SUBSTEPS\n", argv[0]);
    return 2;
  }
  const std::size_t cells = std::size_t(std::atol(argv[1]));
  const double coupling = std::atof(argv[2]), interval = std::atof(argv[3]);
  const long samples = std::atol(argv[4]), substeps = std::atol(argv[5]);

  Fibre y(2 * cells);
  for (int n = 0; n < 100'000; ++n) MODEL::step(y.data(), 0.02);  // one cell comes to rest
  for (std::size_t i = 1; i < cells; ++i) y[2 * i] = y[0], y[2 * i + 1] = y[1];
  for (std::size_t i = 0; i < cells && i < 5; ++i) y[2 * i] = 1.5;

  for (long sample = 0; sample < samples; ++sample) {
    for (std::size_t i = 0; i < cells; ++i) std::printf("%s%.12g", i > 0 ? "," : "", y[2 * i]);
    std::printf("\n");
    for (long n = 0; n < substeps; ++n) step(y, interval / double(substeps), coupling);
  }
}
