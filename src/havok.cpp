// SPDX-License-Identifier: BSD-3-Clause
// HAVOK, compiled once.
#include "almagest/koopman/havok.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

template class Havok<double>;
namespace detail {
template ALMAGEST_EXPORT Havok<double> fit_havok(const std::vector<TrajectoryView<double>>&, HavokOptions);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
