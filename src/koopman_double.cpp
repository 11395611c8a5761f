// SPDX-License-Identifier: BSD-3-Clause
// Hankel-DMD, compiled once. A file for each scalar, because each takes the compiler long.
#include "almagest/koopman/hankel_dmd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman::detail {

template ALMAGEST_EXPORT HankelDmd<double> fit_hankel_dmd(const std::vector<TrajectoryView<double>>&, const HankelDmdOptions&);

}  // namespace almagest::inline ALMAGEST_ABI::koopman::detail
