// SPDX-License-Identifier: BSD-3-Clause
// Factorizations, compiled once. A file for each scalar, because each takes the compiler long.
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

template ALMAGEST_EXPORT Svd<double> svd(const Eigen::MatrixX<double>&);
template class StreamingQr<double>;

}  // namespace almagest::inline ALMAGEST_ABI::linalg
