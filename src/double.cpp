// SPDX-License-Identifier: BSD-3-Clause
// Factorizations and dynamic mode decompositions of double, compiled once. They share what they take from Eigen; a file for each
// scalar, because each takes the compiler long.
#include "almagest/diagnostics/fixed_points.hpp"
#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/koopman/dmd.hpp"
#include "almagest/koopman/dmd_spectrum.hpp"
#include "almagest/koopman/reduction.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace linalg {
template ALMAGEST_EXPORT Svd<double> svd(const Eigen::MatrixX<double>&);
template class StreamingQr<double>;
namespace detail {
template ALMAGEST_EXPORT Eigen::VectorXd hankel_singular_values(const HankelOperator<double>&);
template ALMAGEST_EXPORT HankelSvd<double> hankel_svd(const HankelOperator<double>&, Eigen::Index,
                                                      const HankelSvdOptions&);
}
}  // namespace linalg

namespace koopman {
template class Dmd<double>;
namespace detail {
template ALMAGEST_EXPORT WindowPairs<double> factor_pairs(const std::vector<TrajectoryView<double>>&, Eigen::Index);
template ALMAGEST_EXPORT Reduction<double> reduce_pairs(const char*, WindowPairs<double>&, const DmdOptions&,
                                                        std::vector<std::string>&);
template ALMAGEST_EXPORT DmdSpectrum<double> dmd_spectrum(const LinearMap<double>&, const char*,
                                                          std::vector<std::string>&);
template ALMAGEST_EXPORT Dmd<double> fit_dmd(const char*, DmdMethod, const std::vector<TrajectoryView<double>>&,
                                             const DmdOptions&, bool);
}  // namespace detail
}  // namespace koopman

namespace diagnostics::detail {
template ALMAGEST_EXPORT Eigen::VectorXd GrowthRecord::orthonormalize(Eigen::MatrixXd&);
template ALMAGEST_EXPORT std::vector<FixedPoint> fixed_points(const RestingField<double>&, const Eigen::VectorXd&,
                                                              const Eigen::VectorXd&, const FixedPointOptions&);
}

}  // namespace almagest::inline ALMAGEST_ABI
