// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>

#include "almagest/core/progress.hpp"
#include "almagest/neural/objective.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

/// Descends from the given parameters.
///
/// \throws InvalidArgument for impossible options, and for the checkpoint of another training;
///         ConvergenceFailure where the loss stops being a number within the first epoch (later the last good
///         parameters stay, in the checkpoint too, and a warning says so); IoError for a damaged checkpoint;
///         Cancelled where `progress` says so.
template <typename Scalar>
Trained<Scalar> train(Objective<Scalar>& objective, Eigen::VectorX<Scalar> parameters, const Training& options,
                      const Progress& progress);

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Trained<float> train(Objective<float>&, Eigen::VectorXf, const Training&,
                                                     const Progress&);
extern template ALMAGEST_EXPORT Trained<double> train(Objective<double>&, Eigen::VectorXd, const Training&,
                                                      const Progress&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural

#if !ALMAGEST_INSTANTIATED
#include "almagest/neural/descent.hpp"
#endif
