// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// How many singular values to believe. All functions take them in decreasing order.

#include <Eigen/Core>
#include <algorithm>
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

namespace detail {

/// Median of the singular values of noise of unit variance over \f$ \sqrt m \f$, for `n x m` with n / m =
/// `aspect`: the root of that of the law of Marchenko and Pastur.
inline double noise_median(double aspect) {
  constexpr int panels = 2000;
  const double root = std::sqrt(aspect), low = (1 - root) * (1 - root), range = 4 * root;
  // With x = low + range sin^2 the density has no kinks, and midpoints err by less than 1e-6.
  double total = 0, sums[panels + 1] = {};
  const double width = 1.5707963267948966 / panels;
  for (int k = 0; k < panels; ++k) {
    const double angle = (k + 0.5) * width, sine = std::sin(angle);
    const double s = sine * std::cos(angle), x = low + range * sine * sine;
    total += s * s / x;
    sums[k + 1] = total;
  }
  const double half = total / 2;
  const int k = int(std::upper_bound(sums, sums + panels + 1, half) - sums) - 1;
  const double angle = (k + (half - sums[k]) / (sums[k + 1] - sums[k])) * width;
  return std::sqrt(low + range * std::sin(angle) * std::sin(angle));
}

}  // namespace detail

/// How many singular values of a `rows x columns` matrix stand above the optimal hard threshold for white
/// noise of unknown size: that under which truncation comes nearest to the matrix without noise.
///
/// The threshold is \f$ \lambda(\beta) / \mu_\beta \f$ times the median singular value, 2.858 times for a
/// square. Takes all min(rows, columns) of them. Where more than half of them vanish there is no noise, and all
/// others count.
///
/// Reference: M. Gavish, D. L. Donoho, The optimal hard threshold for singular values is 4/sqrt(3), IEEE Trans.
/// Inf. Theory 60 (2014), https://doi.org/10.1109/TIT.2014.2323359
template <typename Derived>
Eigen::Index rank_by_threshold(const Eigen::MatrixBase<Derived>& singular_values, Eigen::Index rows,
                               Eigen::Index columns) {
  const Eigen::Index all = std::min(rows, columns), count = std::min(all, singular_values.size());
  if (count < 1) return 0;
  const double beta = double(all) / double(std::max(rows, columns));
  const double lambda = std::sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + std::sqrt(beta * beta + 14 * beta + 1)));
  const auto at = [&](Eigen::Index i) { return i < count ? double(singular_values[i]) : 0.0; };
  const double median = (at((all - 1) / 2) + at(all / 2)) / 2;
  const double threshold = lambda / detail::noise_median(beta) * median;
  Eigen::Index rank = 0;
  while (rank < count && at(rank) > threshold) ++rank;
  return rank;
}

/// How many orthogonal directions a set of functions amounts to: \f$ \exp(-\sum_i p_i \ln p_i) \f$ for
/// \f$ p_i = \sigma_i^2 / \sum_j \sigma_j^2 \f$, the exponential of the von Neumann entropy of their
/// Gram matrix. N orthogonal functions of equal norm give N, N copies of one give 1.
template <typename Derived>
double effective_rank(const Eigen::MatrixBase<Derived>& singular_values) {
  if (singular_values.size() == 0 || !(singular_values.maxCoeff() > 0)) return 0;
  const Eigen::ArrayXd squares =
      (singular_values.template cast<double>() / double(singular_values.maxCoeff())).array().square();
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
