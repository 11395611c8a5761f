// SPDX-License-Identifier: BSD-3-Clause
// A simulation code of its own, in plain C++17: it knows nothing of almagest but the header of a
// law that was learned elsewhere. Compile with -DMODEL_HEADER='"lorenz_model.hpp"' -DMODEL=lorenz.
//
// simulation_loop START STEP SAMPLES SUBSTEPS X0...
// writes SAMPLES states as CSV, the first of them X0 at time START. Each step is cut into SUBSTEPS.

#include <cstdio>
#include <cstdlib>

#include MODEL_HEADER

int main(int argc, char** argv) {
  constexpr int arguments = 5;
  if (argc != arguments + MODEL::dimension) {
    std::fprintf(stderr, "usage: %s START STEP SAMPLES SUBSTEPS and %d initial values\n", argv[0],
                 MODEL::dimension);
    return 2;
  }
  const double start = std::atof(argv[1]), step = std::atof(argv[2]);
  const long samples = std::atol(argv[3]), substeps = std::atol(argv[4]);
  MODEL::scalar x[MODEL::dimension];
  for (int i = 0; i < MODEL::dimension; ++i) x[i] = std::atof(argv[arguments + i]);

  for (long sample = 0; sample < samples; ++sample) {
    std::printf("%.17g", start + step * double(sample));
    for (const double value : x) std::printf(",%.17g", value);
    std::printf("\n");
    for (long substep = 0; substep < substeps; ++substep) MODEL::step(x, step / double(substeps));
  }
}
