// SPDX-License-Identifier: BSD-3-Clause
// Features and Koopman learners in their span, compiled once.
#include "almagest/koopman/edmd.hpp"

#include "almagest/features/radial_basis.hpp"
#include "almagest/features/tensor_features.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace features {
template class TensorFeatures<double>;
namespace detail {
template class RadialFeatures<double>;
template class RandomWaves<double>;
}  // namespace detail
}  // namespace features

namespace koopman {
template class Edmd<double>;
template class EdmdAccumulator<double>;
}  // namespace koopman

}  // namespace almagest::inline ALMAGEST_ABI
