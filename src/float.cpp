// SPDX-License-Identifier: BSD-3-Clause
// Factorizations and learners of float, compiled once. They share what they take from Eigen; a file for each
// scalar, because each takes the compiler long.
#include "almagest/koopman/dmd.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace linalg {
template ALMAGEST_EXPORT Svd<float> svd(const Eigen::MatrixX<float>&);
template class StreamingQr<float>;
namespace detail {
template ALMAGEST_EXPORT Eigen::VectorXf hankel_singular_values(const HankelOperator<float>&);
template ALMAGEST_EXPORT HankelSvd<float> hankel_svd(const HankelOperator<float>&, Eigen::Index,
                                                     const HankelSvdOptions&);
}
}  // namespace linalg

namespace koopman {
template class Dmd<float>;
}
namespace koopman::detail {
template ALMAGEST_EXPORT Dmd<float> fit_dmd(const char*, DmdMethod, const std::vector<TrajectoryView<float>>&,
                                            const DmdOptions&, bool);
}

}  // namespace almagest::inline ALMAGEST_ABI
