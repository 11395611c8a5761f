// SPDX-License-Identifier: BSD-3-Clause
// Transforms, compiled once.
#include "almagest/fft/complex_transform.hpp"
#include "almagest/fft/real_transform.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

template class RealTransform<double>;
template class RealTransform<float>;
template class ComplexTransform<double>;
template class ComplexTransform<float>;

}  // namespace almagest::inline ALMAGEST_ABI::fft
