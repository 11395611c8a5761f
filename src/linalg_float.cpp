// SPDX-License-Identifier: BSD-3-Clause
// Factorizations, compiled once. A file for each scalar, because each takes the compiler long.
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

template ALMAGEST_EXPORT Svd<float> svd(const Eigen::MatrixX<float>&);
template class StreamingQr<float>;

}  // namespace almagest::inline ALMAGEST_ABI::linalg
