// SPDX-License-Identifier: BSD-3-Clause
// Derivatives that need a whole run, compiled once.
#include "almagest/sindy/automatic_derivative.hpp"
#include "almagest/sindy/kalman_smoother.hpp"
#include "almagest/sindy/noise.hpp"
#include "almagest/sindy/smoothing_spline.hpp"
#include "almagest/sindy/spectral_derivative.hpp"
#include "almagest/sindy/total_variation.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

template ALMAGEST_EXPORT Eigen::VectorXd noise_level(const TimeGrid&, const Eigen::MatrixXd&);
template class SplineFit<double>;
template class SplineDifferentiator<double>;
template class KalmanDifferentiator<double>;
template class VariationDifferentiator<double>;
template class SpectralDifferentiator<double>;
template class AutomaticDifferentiator<double>;

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
