// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "almagest/koopman/dmd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

/// What Hankel-DMD may be told.
struct HankelDmdOptions {
  Eigen::Index delays = 10;   ///< samples in a window; q real frequencies need at least 2 q
  Eigen::Index rank = 0;      ///< of the reduced operator; 0: chosen by `energy`
  double energy = 1 - 1e-10;  ///< share of the squared singular values to keep where rank is 0
};

/// Fits a Hankel-DMD, a dynamic mode decomposition of windows of delayed samples, to a trajectory or to
/// several.
///
/// The windows of all runs stream through a tall-skinny QR, so memory does not grow with the count
/// of samples. With n components, d delays and the triangle \f$ R = (R_X \; *) = (* \; R_Y) \f$ of
/// windows of d + 1 samples, the operator, its eigenvalues and their residuals follow from
/// \f$ R_X = U S V^\top \f$ and \f$ R_Y V S^{-1} \f$.
///
/// Cost: \f$ 2 m (n(d+1))^2 \f$ flops for m samples, and a singular value decomposition of a
/// triangle of order nd. Where windows have 256 numbers or more and a rank r is given, of at most a
/// quarter of them: what `linalg::hankel_svd` costs, some 5 r products by fast Fourier transforms,
/// and \f$ 3 m r \f$ numbers of memory; singular values beyond the rank are then not known.
///
/// Errors and the rest as of fit_dmd.
template <typename Data>
requires requires(const Data& data) { runs(data); }
auto fit_hankel_dmd(const Data& data, const HankelDmdOptions& options = {}) {
  return detail::fit_dmd("fit_hankel_dmd", DmdMethod::hankel, runs(data),
                         {.delays = options.delays, .rank = options.rank, .energy = options.energy}, false);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
