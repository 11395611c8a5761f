// SPDX-License-Identifier: BSD-3-Clause
// Parametric DMD, compiled once.
#include "almagest/koopman/parametric_dmd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

template class ParameterInterpolant<double>;
template class ParametricDmd<double>;
namespace detail {
template ALMAGEST_EXPORT ParametricDmd<double> fit_parametric_dmd(const std::vector<TrajectoryView<double>>&,
                                                                  const Eigen::MatrixXd&, const ParametricDmdOptions&);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
