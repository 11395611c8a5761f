// SPDX-License-Identifier: BSD-3-Clause
// Sums of exponentials fitted to samples, compiled once.
#include "almagest/koopman/optimized_dmd.hpp"

#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

template class OptimizedDmd<double>;
namespace detail {
template class ModeBasis<double>;
template ALMAGEST_EXPORT ExponentialMisfit<double> exponential_misfit(const std::vector<TimedSamples<double>>&,
                                                                      const ExponentSet<double>&);
template ALMAGEST_EXPORT linalg::Svd<double> leading_patterns(const std::vector<TrajectoryView<double>>&, Eigen::Index,
                                                              const char*);
template ALMAGEST_EXPORT OptimizedDmd<double> fit_optimized_dmd(const std::vector<TrajectoryView<double>>&,
                                                                const OptimizedDmdOptions&);
template ALMAGEST_EXPORT BaggedDmd<double> fit_bagged_dmd(const std::vector<TrajectoryView<double>>&,
                                                          const BaggedDmdOptions&, const Progress&);
template ALMAGEST_EXPORT MultiresolutionDmd<double> fit_multiresolution_dmd(const std::vector<TrajectoryView<double>>&,
                                                                            const MultiresolutionDmdOptions&);
}  // namespace detail

}  // namespace almagest::inline ALMAGEST_ABI::koopman
