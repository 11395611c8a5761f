// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Fields of many components and few samples, on an orthonormal basis of what they span.

#include <Eigen/Core>
#include <algorithm>
#include <utility>
#include <vector>

#include "almagest/core/random.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/linalg/operator_svd.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman::detail {

/// States \f$ x = Q y \f$ with orthonormal columns of Q, and the runs as y.
template <typename Scalar>
struct StateBasis {
  Eigen::MatrixX<Scalar> q;              ///< n x k
  std::vector<Trajectory<Scalar>> runs;  ///< of dimension k

  std::vector<TrajectoryView<Scalar>> views() const { return {runs.begin(), runs.end()}; }

  /// Windows of y as windows of x: directions `k d x r` become `n d x r`.
  Eigen::MatrixX<Scalar> expand(const Eigen::MatrixX<Scalar>& directions) const {
    const Eigen::Index k = q.cols(), delays = directions.rows() / k;
    Eigen::MatrixX<Scalar> out(q.rows() * delays, directions.cols());
    for (Eigen::Index d = 0; d < delays; ++d)
      out.middleRows(d * q.rows(), q.rows()).noalias() = q * directions.middleRows(d * k, k);
    return out;
  }
};

template <typename Scalar>
Eigen::Index sample_count(const std::vector<TrajectoryView<Scalar>>& several) {
  Eigen::Index count = 0;
  for (const auto& run : several) count += run.size();
  return count;
}

/// An orthonormal basis of a random block of combinations of all samples, `width` columns.
template <typename Scalar>
Eigen::MatrixX<Scalar> sketch_basis(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index width) {
  RandomStream random(0);
  Eigen::MatrixX<Scalar> sketch = Eigen::MatrixX<Scalar>::Zero(several.front().dimension(), width);
  for (const auto& run : several) {
    const Eigen::MatrixX<Scalar> weights =
        Eigen::MatrixX<Scalar>::NullaryExpr(run.size(), width, [&] { return Scalar(random.normal()); });
    sketch.noalias() += run.states() * weights;
  }
  return linalg::detail::orthonormal_basis<Scalar>(sketch);
}

template <typename Scalar>
Eigen::MatrixX<Scalar> all_samples(const std::vector<TrajectoryView<Scalar>>& several) {
  Eigen::MatrixX<Scalar> all(several.front().dimension(), sample_count(several));
  Eigen::Index at = 0;
  for (const auto& run : several) {
    all.middleCols(at, run.size()) = run.states();
    at += run.size();
  }
  return all;
}

template <typename Scalar>
std::vector<Trajectory<Scalar>> coordinates(const std::vector<TrajectoryView<Scalar>>& several,
                                            const Eigen::MatrixX<Scalar>& q) {
  std::vector<Trajectory<Scalar>> runs;
  for (const auto& run : several)
    runs.emplace_back(run.times(), q.transpose() * run.states(), TrajectoryInfo{}, run.inputs());
  return runs;
}

/// A basis of all that the samples span, to rounding.
///
/// Where a rank is hoped for, a random block of a few columns more is tried first. If it holds no more
/// than rounding in its last direction, it holds all samples; else their factorization does.
template <typename Scalar>
StateBasis<Scalar> state_basis(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index hoped) {
  constexpr Eigen::Index spare = 10;
  const Eigen::Index most = std::min(several.front().dimension(), sample_count(several));
  if (hoped > 0 && 4 * (hoped + spare) <= most) {
    StateBasis<Scalar> basis{sketch_basis(several, hoped + spare), {}};
    basis.runs = coordinates(several, basis.q);
    const auto sigma = linalg::svd<Scalar>(all_samples(basis.views())).singular_values;
    if (linalg::numerical_rank(sigma, most) < hoped + spare) return basis;
  }
  StateBasis<Scalar> basis{linalg::detail::orthonormal_basis<Scalar>(all_samples(several)), {}};
  basis.runs = coordinates(several, basis.q);
  return basis;
}

/// Keeps the `rank` leading directions of all samples.
template <typename Scalar>
void truncate(StateBasis<Scalar>& basis, Eigen::Index rank) {
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(all_samples(basis.views()));
  const Eigen::Index kept = std::min(rank, svd.u.cols());
  const Eigen::MatrixX<Scalar> leading = svd.u.leftCols(kept);
  basis.q = basis.q * leading;
  basis.runs = coordinates(basis.views(), leading);
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman::detail
