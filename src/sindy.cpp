// SPDX-License-Identifier: BSD-3-Clause
// Sparse regression and the features of formulas, compiled once.
#include "almagest/features/expressions.hpp"
#include "almagest/sindy/fit.hpp"
#include "almagest/sindy/fit_map.hpp"
#include "almagest/sindy/implicit.hpp"
#include "almagest/sindy/second_order.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace features {
template class PolynomialFeatures<double>;
namespace detail {
template class ExpressionFeatures<double>;
}
}  // namespace features

namespace sindy {
template class Regression<double>;
template ALMAGEST_EXPORT Eigen::MatrixXd solve(const Stlsq&, const Regression<double>&, FitReport&);
// Regression is in double precision for runs in floats too.
namespace detail {
template ALMAGEST_EXPORT void least_squares_weights(const Eigen::VectorXd&, double, Eigen::Index, Weights<double>&);
template ALMAGEST_EXPORT Prepared prepare(const std::vector<TrajectoryView<float>>&, const features::Library&,
                                          const AnyDerivative&, Eigen::Index);
template ALMAGEST_EXPORT Prepared prepare(const std::vector<TrajectoryView<double>>&, const features::Library&,
                                          const AnyDerivative&, Eigen::Index);
template ALMAGEST_EXPORT Model<double> fit_rational(const std::vector<TrajectoryView<double>>&,
                                                    const features::Library&, const Optimizer&, const AnyDerivative&);
template ALMAGEST_EXPORT Model<double> fit_second_order(const std::vector<TrajectoryView<double>>&,
                                                        const features::Library&, const Optimizer&,
                                                        const AnyDerivative&);
template ALMAGEST_EXPORT Prepared prepare_map(const std::vector<TrajectoryView<double>>&, const features::Library&,
                                              Eigen::Index);
}  // namespace detail
}  // namespace sindy

}  // namespace almagest::inline ALMAGEST_ABI
