// SPDX-License-Identifier: BSD-3-Clause
// Neural surrogates, compiled once.
#include "almagest/neural/descent.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/reservoir.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

template ALMAGEST_EXPORT Network<float> network(const Architecture&, Eigen::Index);
template ALMAGEST_EXPORT Network<double> network(const Architecture&, Eigen::Index);
template ALMAGEST_EXPORT Trained<float> train(Objective<float>&, Eigen::VectorXf, const Training&, const Progress&);
template ALMAGEST_EXPORT Trained<double> train(Objective<double>&, Eigen::VectorXd, const Training&, const Progress&);

}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::neural::detail {

template <typename Scalar>
using Views = std::vector<TrajectoryView<Scalar>>;

template ALMAGEST_EXPORT ReservoirModel<float> fit_reservoir(const Views<float>&, Reservoir, const Progress&);
template ALMAGEST_EXPORT ReservoirModel<double> fit_reservoir(const Views<double>&, Reservoir, const Progress&);
template ALMAGEST_EXPORT NvarModel<float> fit_nvar(const Views<float>&, Nvar, const Progress&);
template ALMAGEST_EXPORT NvarModel<double> fit_nvar(const Views<double>&, Nvar, const Progress&);
template ALMAGEST_EXPORT NetworkModel<float> fit_network(const Architecture&, const Views<float>&, const Views<float>&,
                                                         const Training&, const Progress&);
template ALMAGEST_EXPORT NetworkModel<double> fit_network(const Architecture&, const Views<double>&,
                                                          const Views<double>&, const Training&, const Progress&);

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
