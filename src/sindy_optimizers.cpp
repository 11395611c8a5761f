// SPDX-License-Identifier: BSD-3-Clause
// The optimizers of sparse regression, compiled once.
#include "almagest/sindy/best_subset.hpp"
#include "almagest/sindy/constrained_sr3.hpp"
#include "almagest/sindy/ensemble.hpp"
#include "almagest/sindy/evidence.hpp"
#include "almagest/sindy/lasso.hpp"
#include "almagest/sindy/sr3.hpp"
#include "almagest/sindy/stepwise.hpp"
#include "almagest/sindy/trapping_sr3.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

using Problem = Regression<double>;

template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Ssr&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Frols&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const BestSubset&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Lasso&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Evidence&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Sr3&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const ConstrainedSr3&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const TrappingSr3&, const Problem&, FitReport&);
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const EnsembleOf&, const Problem&, FitReport&);

}  // namespace almagest::inline ALMAGEST_ABI::sindy
