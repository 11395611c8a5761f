// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <limits>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"

namespace almagest::inline ALMAGEST_ABI::features {

/// How `k_means` seeds and stops.
struct KMeans {
  std::uint64_t seed = 0;
  int iterations = 20;  ///< at most; it stops earlier where no state changes its centre
};

/// Centres for a RadialBasis: means of the states nearest to them, `dimension x count`.
///
/// Seeded far apart (k-means++: each next one is a state drawn with the square of its distance from
/// the nearest so far), then moved to the means of their states, again and again. Deterministic for
/// a seed. Cost: \f$ 3 n m k \f$ flops an iteration for m states of n components and k centres.
///
/// \throws InvalidArgument for a count below 1 or above that of the different states, no iteration;
///         NonFiniteData for states that are not finite.
///
/// Reference: D. Arthur, S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA
/// (2007), https://dl.acm.org/doi/10.5555/1283383.1283494
template <typename Derived>
Eigen::MatrixXd k_means(const Eigen::MatrixBase<Derived>& given, Eigen::Index count,
                        const KMeans& options = {}) {
  const Eigen::MatrixXd states = given.template cast<double>();
  using almagest::detail::text;
  if (count < 1 || count > states.cols())
    throw InvalidArgument(
        text("k_means: count is ", count, " with ", states.cols(),
             " states; give at least 1 centre and no more than there are states."));
  if (options.iterations < 0)
    throw InvalidArgument(text("k_means: iterations is ", options.iterations, "; give 0 or more."));
  almagest::detail::check_finite("k_means", "states", states);
  Eigen::MatrixXd centres(states.rows(), count);
  Eigen::VectorXd nearest =
      Eigen::VectorXd::Constant(states.cols(), std::numeric_limits<double>::infinity());
  Eigen::VectorXi owner = Eigen::VectorXi::Zero(states.cols());
  const auto visit = [&](Eigen::Index k) {
    bool moved = false;
    for (Eigen::Index i = 0; i < states.cols(); ++i) {
      const double squared = (states.col(i) - centres.col(k)).squaredNorm();
      if (!(squared < nearest[i])) continue;
      nearest[i] = squared;
      moved = moved || owner[i] != int(k);
      owner[i] = int(k);
    }
    return moved;
  };
  RandomStream random(options.seed);
  centres.col(0) = states.col(Eigen::Index(random.uniform() * double(states.cols())));
  visit(0);
  for (Eigen::Index k = 1; k < count; ++k) {
    const double total = nearest.sum();
    if (!(total > 0))
      throw InvalidArgument(text("k_means: count is ", count, ", but only ", k,
                                 " states are different; ask for no more centres than that."));
    double left = random.uniform() * total;
    Eigen::Index drawn = -1;
    for (Eigen::Index i = 0; i < states.cols() && !(drawn >= 0 && left < 0); ++i)
      if (nearest[i] > 0) drawn = i, left -= nearest[i];
    centres.col(k) = states.col(drawn);
    visit(k);
  }
  for (int round = 0; round < options.iterations; ++round) {
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(states.rows(), count);
    Eigen::VectorXd members = Eigen::VectorXd::Zero(count);
    for (Eigen::Index i = 0; i < states.cols(); ++i)
      sums.col(owner[i]) += states.col(i), members[owner[i]] += 1;
    for (Eigen::Index k = 0; k < count; ++k)
      if (members[k] > 0) centres.col(k) = sums.col(k) / members[k];
    const Eigen::VectorXi before = owner;
    nearest.setConstant(std::numeric_limits<double>::infinity());
    for (Eigen::Index k = 0; k < count; ++k) visit(k);
    if (owner == before) break;
  }
  return centres;
}

}  // namespace almagest::inline ALMAGEST_ABI::features
