// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

/// What a run did and cost.
struct Ledger {
  /// Names of integrals over the domain, and their values, `quantities x samples`, by the rectangle rule,
  /// which is spectrally exact on a periodic grid. The exact solution never changes the first `invariants`.
  std::vector<std::string> quantities;
  int invariants = 0;
  Eigen::MatrixXd values;
  Eigen::VectorXd sizes;  ///< the integrals of the absolute densities, the largest of all samples

  long long steps = 0, transforms = 0;
  double step_seconds = 0;       ///< of all steps
  double transform_seconds = 0;  ///< that their transforms take alone, measured after the run on some of them

  std::vector<std::string> warnings;  ///< what is doubtful, in sentences
  std::string stopped;                ///< why the run ended early; empty where it did not

  /// Largest change of a quantity since the first sample, relative to its size. Momenta are often 0 as a
  /// whole and large in their parts, so the size is that of the parts.
  double drift(Eigen::Index quantity) const {
    const auto row = values.row(quantity);
    const double change = (row.array() - row[0]).abs().maxCoeff();
    return change > 0 ? change / sizes[quantity] : 0.0;
  }
};

/// The samples of a run, and its ledger.
template <typename Value = double>
struct Solution {
  Trajectory<Value> trajectory;
  Ledger ledger;
};

/// The same of many members.
template <typename Value = double>
struct EnsembleSolution {
  Ensemble<Value> runs;
  std::vector<Ledger> ledgers;
};

}  // namespace almagest::inline ALMAGEST_ABI::spectral
