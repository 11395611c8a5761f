// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/time_grid.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy {

namespace detail {

/// The standard deviation of the noise of each column of samples, on any times.
///
/// Divided differences of order d, scaled to weights of unit length, have no part of any polynomial
/// below degree d and the noise as it is; their median size is that of a normal distribution. What
/// motion they keep can only add to it, so the least of all orders would count; the lowest that is no
/// larger than chance makes it counts instead, because low orders share fewer samples.
template <typename Real>
Eigen::VectorX<Real> noise_level(const TimeGrid& times, const Eigen::MatrixX<Real>& samples) {
  const Eigen::Index n = samples.rows(), highest = std::min<Eigen::Index>(10, n - 2);
  Eigen::MatrixX<Real> found(highest, samples.cols()), sizes;
  Eigen::VectorX<Real> weights, level(samples.cols());
  const Real unit = Real((times.back() - times.front()) / double(n - 1));
  for (Eigen::Index order = 1; order <= highest; ++order) {
    sizes.resize(n - order, samples.cols());
    for (Eigen::Index first = 0; first + order < n; ++first) {
      if (first == 0 || !times.is_uniform()) {
        weights.setOnes(order + 1);
        for (Eigen::Index i = 0; i <= order; ++i)
          for (Eigen::Index j = 0; j <= order; ++j)
            if (i != j) weights[i] *= unit / Real(times[first + i] - times[first + j]);
        weights.normalize();
      }
      sizes.row(first) = (weights.transpose() * samples.middleRows(first, order + 1)).cwiseAbs();
    }
    for (Eigen::Index c = 0; c < samples.cols(); ++c) {
      Real* begin = sizes.col(c).data();
      Real* middle = begin + sizes.rows() / 2;
      std::nth_element(begin, middle, begin + sizes.rows());
      found(order - 1, c) = *middle / Real(0.6744897501960817);
    }
  }
  const Real chance = 1 + 3 / std::sqrt(Real(n));
  for (Eigen::Index c = 0; c < samples.cols(); ++c) {
    Eigen::Index order = 0;
    while (found(order, c) > chance * found.col(c).minCoeff()) ++order;
    level[c] = found(order, c);
  }
  return level;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT Eigen::VectorXd noise_level(const TimeGrid&, const Eigen::MatrixXd&);
#endif

}  // namespace detail

/// The standard deviation of the noise of every component of a run, in its unit.
///
/// From the median size of divided differences of order 1 to 10: motion that eleven neighbours follow
/// as a polynomial costs nothing, a few outliers little, and times may be
/// uneven. Noise must be independent from sample to sample; the motion must be resolved, or what is
/// found is an upper bound. Rounding is noise too.
///
/// \throws InvalidArgument for fewer than 8 samples.
template <typename Scalar>
Eigen::VectorXd noise_level(const TrajectoryView<Scalar>& run) {
  if (run.size() < 8)
    throw InvalidArgument(almagest::detail::text("sindy::noise_level: the run has ", run.size(),
                                                 " samples; give 8 or more."));
  using Real = decltype(double() + Scalar());
  const Eigen::MatrixX<Real> samples = run.states().transpose().template cast<Real>();
  return detail::noise_level(run.times(), samples);
}
template <typename Scalar>
Eigen::VectorXd noise_level(const Trajectory<Scalar>& run) {
  return noise_level(TrajectoryView<Scalar>(run));
}

}  // namespace almagest::inline ALMAGEST_ABI::sindy
