// SPDX-License-Identifier: BSD-3-Clause
// Weak forms and partial differential equations, compiled once.
#include "almagest/sindy/pde_fit.hpp"
#include "almagest/sindy/pde_model.hpp"
#include "almagest/sindy/weak_fit.hpp"
#include "almagest/sindy/weak_pde.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

template ALMAGEST_EXPORT Prepared prepare_weak(const std::vector<TrajectoryView<float>>&, const features::Library&,
                                               const WeakForm&, Eigen::Index);
template ALMAGEST_EXPORT Prepared prepare_weak(const std::vector<TrajectoryView<double>>&, const features::Library&,
                                               const WeakForm&, Eigen::Index);
template ALMAGEST_EXPORT PreparedPde prepare_pde(const std::vector<TrajectoryView<double>>&, const PdeLibrary&,
                                                 const AnyDerivative&, const PdeSampling&, Eigen::Index);
template ALMAGEST_EXPORT PreparedPde prepare_weak_pde(const std::vector<TrajectoryView<double>>&, const PdeLibrary&,
                                                      const WeakForm&, Eigen::Index);
template class FieldRates<double>;
template ALMAGEST_EXPORT void continue_field(const PdeProblem<double>&, Eigen::VectorXd, double, Eigen::Index,
                                             almagest::detail::ForecastRecorder<double>&);

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
