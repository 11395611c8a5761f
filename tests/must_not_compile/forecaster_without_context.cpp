// expect: static( |_)assert
// expect: Forecaster
// expect: model.context\(\)
// SPDX-License-Identifier: BSD-3-Clause
#include <almagest/core.hpp>

struct Forgetful {
  using Scalar = double;
  Eigen::Index dimension() const;
  const almagest::TrainingFacts& training() const;
  almagest::Forecast<double> forecast(const almagest::TrajectoryView<double>&, Eigen::Index) const;
};
static_assert(almagest::Forecaster<Forgetful>);  // refused here

int main() {}
