// SPDX-License-Identifier: BSD-3-Clause
// Factorizations and learners of float, compiled once. They share what they take from Eigen; a file for each
// scalar, because each takes the compiler long.
#include "almagest/koopman/hankel_dmd.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace linalg {
template ALMAGEST_EXPORT Svd<float> svd(const Eigen::MatrixX<float>&);
template class StreamingQr<float>;
namespace detail {
template ALMAGEST_EXPORT HankelSvd<float> hankel_svd(const HankelOperator<float>&, Eigen::Index, const HankelSvdOptions&);
}
}  // namespace linalg

namespace koopman::detail {
template ALMAGEST_EXPORT HankelDmd<float> fit_hankel_dmd(const std::vector<TrajectoryView<float>>&, const HankelDmdOptions&);
}

}  // namespace almagest::inline ALMAGEST_ABI
