// SPDX-License-Identifier: BSD-3-Clause
// Factorizations and learners of double, compiled once. They share what they take from Eigen; a file for each
// scalar, because each takes the compiler long.
#include "almagest/diagnostics/lyapunov.hpp"
#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/dmd.hpp"
#include "almagest/koopman/havok.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/optimized_dmd.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace linalg {
template ALMAGEST_EXPORT Svd<double> svd(const Eigen::MatrixX<double>&);
template class StreamingQr<double>;
namespace detail {
template ALMAGEST_EXPORT HankelSvd<double> hankel_svd(const HankelOperator<double>&, Eigen::Index, const HankelSvdOptions&);
}
}  // namespace linalg

namespace koopman {
template class Havok<double>;
template class OptimizedDmd<double>;
}
namespace koopman::detail {
template class ModeBasis<double>;
template ALMAGEST_EXPORT Dmd<double> fit_dmd(const char*, DmdMethod, const std::vector<TrajectoryView<double>>&, const DmdOptions&,
                                      bool);
template ALMAGEST_EXPORT Havok<double> fit_havok(const std::vector<TrajectoryView<double>>&, const HavokOptions&);
template ALMAGEST_EXPORT OptimizedDmd<double> fit_optimized_dmd(const std::vector<TrajectoryView<double>>&,
                                                                const OptimizedDmdOptions&);
template ALMAGEST_EXPORT BaggedDmd<double> fit_bagged_dmd(const std::vector<TrajectoryView<double>>&, const BaggedDmdOptions&,
                                                          const Progress&);
template ALMAGEST_EXPORT MultiresolutionDmd<double> fit_multiresolution_dmd(const std::vector<TrajectoryView<double>>&,
                                                                            const MultiresolutionDmdOptions&);
}

namespace diagnostics::detail {
template ALMAGEST_EXPORT Eigen::VectorXd GrowthRecord::orthonormalize(Eigen::MatrixXd&);
}

}  // namespace almagest::inline ALMAGEST_ABI
