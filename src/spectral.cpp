// SPDX-License-Identifier: BSD-3-Clause
// What of a spectral run does not know its equation.
#include "almagest/spectral/grid_modes.hpp"
#include "almagest/spectral/sampler.hpp"

namespace almagest::inline ALMAGEST_ABI::spectral {

template class GridModes<double>;
template class GridModes<std::complex<double>>;

namespace detail {

template ALMAGEST_EXPORT Solution<double> solve(const Maker<double>&, const SpatialGrid&, const Eigen::VectorXd&,
                                                const TimeGrid&, const SolveOptions&);
template ALMAGEST_EXPORT Solution<std::complex<double>> solve(const Maker<std::complex<double>>&, const SpatialGrid&,
                                                              const Eigen::VectorXcd&, const TimeGrid&,
                                                              const SolveOptions&);
template ALMAGEST_EXPORT Ledger solve_into(SampleSink<double>&, const Maker<double>&, const SpatialGrid&,
                                           const Eigen::VectorXd&, const TimeGrid&, const SolveOptions&);
template ALMAGEST_EXPORT Ledger solve_into(SampleSink<std::complex<double>>&, const Maker<std::complex<double>>&,
                                           const SpatialGrid&, const Eigen::VectorXcd&, const TimeGrid&,
                                           const SolveOptions&);
template ALMAGEST_EXPORT EnsembleSolution<double> solve_ensemble(const Maker<double>&, const SpatialGrid&,
                                                                 const Eigen::MatrixXd&, const TimeGrid&, unsigned,
                                                                 const SolveOptions&);
template ALMAGEST_EXPORT EnsembleSolution<std::complex<double>> solve_ensemble(const Maker<std::complex<double>>&,
                                                                               const SpatialGrid&,
                                                                               const Eigen::MatrixXcd&, const TimeGrid&,
                                                                               unsigned, const SolveOptions&);

}  // namespace detail
}  // namespace almagest::inline ALMAGEST_ABI::spectral
