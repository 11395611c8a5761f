// SPDX-License-Identifier: BSD-3-Clause
// SINDy, compiled once for float and double.
#include "almagest/sindy/fit.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

template ALMAGEST_EXPORT Model<float> fit(const std::vector<TrajectoryView<float>>&, const Polynomial&, const Stlsq&,
                                          const LocalPolynomial&);
template ALMAGEST_EXPORT Model<double> fit(const std::vector<TrajectoryView<double>>&, const Polynomial&, const Stlsq&,
                                           const LocalPolynomial&);

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
