// SPDX-License-Identifier: BSD-3-Clause
// Neural operators, compiled once.
#include "almagest/neural/operator_model.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

template ALMAGEST_EXPORT Network<float> network(const Operator&, Eigen::Index, const SpatialGrid&);
template ALMAGEST_EXPORT Network<double> network(const Operator&, Eigen::Index, const SpatialGrid&);
template class OperatorModel<float>;
template class OperatorModel<double>;

}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::neural::detail {

template <typename Scalar>
using FieldRuns = std::vector<TrajectoryView<Scalar>>;

template ALMAGEST_EXPORT OperatorModel<float> fit_operator(const Operator&, const FieldRuns<float>&,
                                                           const FieldRuns<float>&, const Training&, const Progress&);
template ALMAGEST_EXPORT OperatorModel<double> fit_operator(const Operator&, const FieldRuns<double>&,
                                                            const FieldRuns<double>&, const Training&, const Progress&);

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
