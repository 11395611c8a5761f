// expect: static( |_)assert
// expect: Forecaster
// expect: model.forecast\(history, steps\)
// SPDX-License-Identifier: BSD-3-Clause
// A plain trajectory does not say how far it can be trusted.
#include <almagest/core.hpp>

struct Overconfident {
  using Scalar = double;
  Eigen::Index dimension() const;
  Eigen::Index context() const;
  const almagest::TrainingFacts& training() const;
  almagest::Trajectory<double> forecast(const almagest::TrajectoryView<double>&, Eigen::Index) const;
};
static_assert(almagest::Forecaster<Overconfident>);  // refused here

int main() {}
