// SPDX-License-Identifier: BSD-3-Clause
// Dynamic mode decomposition with known structure or few modes, compiled once.
#include "almagest/koopman/physics_informed_dmd.hpp"
#include "almagest/koopman/sparse_amplitudes.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

namespace detail {
template ALMAGEST_EXPORT Dmd<double> fit_physics_informed_dmd(const std::vector<TrajectoryView<double>>&,
                                                              const PhysicsInformedOptions&);
}
template ALMAGEST_EXPORT std::vector<SparseAmplitudes<double>> sparse_amplitudes(const Dmd<double>&,
                                                                                 const TrajectoryView<double>&,
                                                                                 const std::vector<double>&);
template ALMAGEST_EXPORT double greatest_penalty(const Dmd<double>&, const TrajectoryView<double>&);

}  // namespace almagest::inline ALMAGEST_ABI::koopman
