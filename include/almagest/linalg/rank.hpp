// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// How many singular values to believe. All functions take them in decreasing order.

#include <Eigen/Core>
#include <cmath>
#include <limits>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// How many singular values stand above the rounding of the factorization,
/// \f$ \sigma_i > \varepsilon\, n\, \sigma_1 \f$ for a factor of `size` n.
template <typename Derived>
Eigen::Index numerical_rank(const Eigen::MatrixBase<Derived>& singular_values, Eigen::Index size) {
  using Scalar = typename Derived::Scalar;
  if (singular_values.size() == 0) return 0;
  const Scalar floor = std::numeric_limits<Scalar>::epsilon() * Scalar(size) * singular_values[0];
  return (singular_values.array() > floor).count();
}

/// The least r with \f$ \sum_{i \le r} \sigma_i^2 \ge \text{energy} \sum_i \sigma_i^2 \f$.
///
/// Summed from the small end: what is left out is compared with 1 - energy, which keeps its digits
/// where the sums themselves would agree to rounding.
template <typename Derived>
Eigen::Index rank_by_energy(const Eigen::MatrixBase<Derived>& singular_values, double energy) {
  if (singular_values.size() == 0 || !(singular_values[0] > 0)) return 0;
  // Relative to the largest, so that no square over- or underflows.
  const auto square = [&](Eigen::Index i) {
    const double ratio = double(singular_values[i]) / double(singular_values[0]);
    return ratio * ratio;
  };
  double total = 0;
  for (Eigen::Index i = singular_values.size() - 1; i >= 0; --i) total += square(i);
  double left_out = 0;
  Eigen::Index rank = singular_values.size();
  while (rank > 1 && left_out + square(rank - 1) <= (1 - energy) * total)
    left_out += square(--rank);
  return rank;
}

/// How many orthogonal directions a set of functions amounts to: \f$ \exp(-\sum_i p_i \ln p_i) \f$ for
/// \f$ p_i = \sigma_i^2 / \sum_j \sigma_j^2 \f$, the exponential of the von Neumann entropy of their
/// Gram matrix. N orthogonal functions of equal norm give N, N copies of one give 1.
template <typename Derived>
double effective_rank(const Eigen::MatrixBase<Derived>& singular_values) {
  if (singular_values.size() == 0 || !(singular_values.maxCoeff() > 0)) return 0;
  const Eigen::ArrayXd squares = (singular_values.template cast<double>() / double(singular_values.maxCoeff())).array().square();
  const Eigen::ArrayXd shares = squares / squares.sum();
  double entropy = 0;
  for (Eigen::Index i = 0; i < shares.size(); ++i)
    if (shares[i] > 0) entropy -= shares[i] * std::log(shares[i]);
  return std::exp(entropy);
}

/// Index of the first singular value of a noise floor, or the count of values where there is none.
///
/// A Hankel matrix of clean data falls geometrically. Where its singular values stop falling, modes
/// describe measurement noise or the interpolant of an adaptive integrator, not the system. The
/// floor is looked for within two values of the last steep fall (a factor 3 from one value to the
/// next): the first of four that agree within a factor 1.5, a hundred times or more below the
/// largest. A spectrum that falls slowly throughout, or ends in a cliff to rounding level, has no
/// floor; only the leading `rank` values, the numerical rank, are judged.
template <typename Derived>
Eigen::Index noise_floor(const Eigen::MatrixBase<Derived>& singular_values, Eigen::Index rank) {
  using Scalar = typename Derived::Scalar;
  const auto& sigma = singular_values.derived();
  Eigen::Index after_fall = 0;
  for (Eigen::Index i = 0; i + 1 < sigma.size() && i < rank; ++i)
    if (sigma[i] >= 3 * sigma[i + 1]) after_fall = i + 1;
  for (Eigen::Index i = after_fall; i <= after_fall + 2 && i + 3 < rank; ++i)
    if (sigma[i] < Scalar(1.5) * sigma[i + 3] && sigma[0] > 100 * sigma[i]) return i;
  return sigma.size();
}

}  // namespace almagest::inline ALMAGEST_ABI::linalg
