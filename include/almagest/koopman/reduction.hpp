// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// From windows to few coordinates: the step that every dynamic mode decomposition begins with.

#include <Eigen/Core>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/ensemble.hpp"
#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/koopman/delay_windows.hpp"
#include "almagest/koopman/dmd_model.hpp"
#include "almagest/linalg/hankel_operator.hpp"
#include "almagest/linalg/hankel_svd.hpp"
#include "almagest/linalg/rank.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/linalg/svd.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman::detail {

using almagest::detail::rounded;
using almagest::detail::text;

inline void check_rank(const char* what, Eigen::Index rank, Eigen::Index available) {
  if (available == 0)
    throw InvalidArgument(
        text(what, ": states are 0 throughout, which has rank 0; give a trajectory that moves."));
  if (rank > available)
    throw InvalidArgument(text(what, ": rank is ", rank,
                               ", but the windows of the data have rank ", available,
                               " to rounding; ask for rank ", available,
                               " or less, or give rank = 0 and an energy."));
}

/// The rank asked for, that of the energy or that above the noise of `count` windows of a `width`. Warns where
/// it reaches into a noise floor.
template <typename Derived>
Eigen::Index choose_rank(const char* what, const DmdOptions& options, const Eigen::MatrixBase<Derived>& sigma,
                         Eigen::Index count, Eigen::Index width, std::vector<std::string>& warnings) {
  const Eigen::Index available = linalg::numerical_rank(sigma, sigma.size());
  check_rank(what, options.rank, available);
  const Eigen::Index rank = rank_of(options, sigma, available, count, width);
  const Eigen::Index floor = linalg::noise_floor(sigma, available);
  if (rank > floor)
    warnings.push_back(
        text("rank ", rank, " reaches into a noise floor: from number ", floor + 1,
             " on the singular values stop falling (", rounded(double(sigma[floor]), 3), " to ",
             rounded(double(sigma[floor + 3]), 3), " over four); use rank ", floor, " or less."));
  return rank;
}

/// Once found, an optimal rank is a rank like any other; so it goes into files.
inline void note_rank(DmdOptions& options, Eigen::Index found) {
  if (options.rank == optimal_rank) options.rank = found;
}

/// Windows, their successors and the inputs between, one pair a row, as far as inner products tell:
/// up to one orthogonal factor from the left.
template <typename Scalar>
struct WindowPairs {
  Eigen::MatrixX<Scalar> x, y, u;
  Eigen::Index count = 0, width = 0;  ///< of the windows themselves
};

/// Windows in few coordinates \f$ z = S^{-1} V^\top h \f$: the directions V, the scales S, and all
/// windows \f$ Q = U \f$ and their successors \f$ C = H_Y V S^{-1} \f$, up to one orthogonal factor
/// from the left. Columns of Q are orthonormal.
template <typename Scalar>
struct Reduction {
  Eigen::VectorX<Scalar> singular_values, scales;
  Eigen::MatrixX<Scalar> basis, q, c;
};

/// The triangle of windows one sample longer holds both the windows and their successors; before them the
/// inputs at the newest sample of the earlier window.
template <typename Scalar>
WindowPairs<Scalar> pairs_of(const Eigen::MatrixX<Scalar>& triangle, Eigen::Index dimension, Eigen::Index delays,
                             Eigen::Index count) {
  const Eigen::Index width = dimension * delays, inputs = triangle.cols() - width - dimension;
  return {triangle.middleCols(inputs, width), triangle.rightCols(width), triangle.leftCols(inputs), count, width};
}

template <typename Scalar>
WindowPairs<Scalar> factor_pairs(const std::vector<TrajectoryView<Scalar>>& several, Eigen::Index delays) {
  const linalg::StreamingQr<Scalar> factor = factor_windows(several, delays + 1);
  return pairs_of(factor.triangle(), several.front().dimension(), delays, factor.rows());
}

/// Leaves in both windows of a pair what they share with the `rank` leading directions of the pairs:
/// noise in either of them is treated alike.
///
/// Reference: M. Hemati, C. Rowley, E. Deem, L. Cattafesta, De-biasing the dynamic mode decomposition
/// for applied Koopman spectral analysis of noisy datasets, Theor. Comput. Fluid Dyn. 31 (2017),
/// https://doi.org/10.1007/s00162-017-0432-2
template <typename Scalar>
void project_on_shared(WindowPairs<Scalar>& pairs, Eigen::Index rank) {
  Eigen::MatrixX<Scalar> both(pairs.x.rows(), 2 * pairs.x.cols());
  both << pairs.x, pairs.y;
  const linalg::Svd<Scalar> svd = linalg::svd<Scalar>(both);
  const auto shared = svd.u.leftCols(std::min(rank, svd.u.cols()));
  pairs.x = shared * (shared.transpose() * pairs.x).eval();
  pairs.y = shared * (shared.transpose() * pairs.y).eval();
}

/// By the pairs. All singular values are known.
template <typename Scalar>
Reduction<Scalar> reduce_pairs(const char* what, WindowPairs<Scalar>& pairs, const DmdOptions& options,
                               std::vector<std::string>& warnings) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index width = pairs.x.cols();
  // Where nothing stands before them the windows fill the top of the triangle.
  const Eigen::Index rows = std::min(pairs.x.rows(), pairs.u.cols() + width);
  linalg::Svd<Scalar> svd = linalg::svd<Scalar>(pairs.x.topRows(rows));
  Reduction<Scalar> result;
  // What the decomposition drops as rounding counts as zero.
  result.singular_values.setZero(width);
  result.singular_values.head(svd.singular_values.size()) = svd.singular_values;
  const Eigen::Index rank = choose_rank(what, options, result.singular_values, pairs.count, pairs.width, warnings);
  if (options.regression == Regression::total_least_squares) {
    project_on_shared(pairs, rank);
    svd = linalg::svd<Scalar>(pairs.x);
    check_rank(what, rank, svd.singular_values.size());
  }
  result.basis = svd.v.leftCols(rank);
  result.scales = svd.singular_values.head(rank);
  result.q = Matrix::Zero(pairs.x.rows(), rank);
  result.q.topRows(svd.u.rows()) = svd.u.leftCols(rank);
  result.c = pairs.y * result.basis * result.scales.cwiseInverse().asDiagonal();
  return result;
}

/// By products with the matrix of windows, which is not formed: for long windows and a rank that is
/// known, where the triangle would take most of the time. Singular values up to the rank are known.
template <typename Scalar>
Reduction<Scalar> reduce_by_products(const char* what, const std::vector<TrajectoryView<Scalar>>& several,
                                     const DmdOptions& options, std::vector<std::string>& warnings) {
  using Matrix = Eigen::MatrixX<Scalar>;
  const Eigen::Index delays = options.delays, rank = options.rank;
  std::vector<TrajectoryView<Scalar>> earlier, later;
  for (const auto& run : several) {
    if (run.size() <= delays) continue;
    earlier.push_back(run.slice(0, run.size() - 1));
    later.push_back(run.slice(1, run.size() - 1));
  }
  const linalg::HankelOperator<Scalar> windows(earlier, delays), successors(later, delays);
  linalg::HankelSvd<Scalar> svd = linalg::hankel_svd(windows, rank);
  check_rank(what, rank, svd.singular_values.size());
  warnings.insert(warnings.end(), svd.warnings.begin(), svd.warnings.end());
  Matrix image(successors.rows(), rank);
  successors.apply(svd.v * svd.singular_values.cwiseInverse().asDiagonal(), image);
  linalg::StreamingQr<Scalar> factor(2 * rank);
  for (Eigen::Index first = 0; first < image.rows(); first += 1024) {
    const Eigen::Index count = std::min<Eigen::Index>(1024, image.rows() - first);
    Matrix both(count, 2 * rank);
    both << svd.u.middleRows(first, count), image.middleRows(first, count);
    factor.update(both);
  }
  return {svd.singular_values, svd.singular_values, std::move(svd.v), factor.triangle().leftCols(rank),
          factor.triangle().rightCols(rank)};
}

/// Whether the triangle would cost far more than products do. Short windows never leave it, nor does
/// what needs the triangle.
template <typename Scalar>
bool products_pay(const std::vector<TrajectoryView<Scalar>>& several, const DmdOptions& options) {
  constexpr Eigen::Index short_window = 256;
  const Eigen::Index width = several.front().dimension() * options.delays;
  Eigen::Index pairs = 0;
  for (const auto& run : several) pairs += window_count(run, options.delays + 1);
  return width >= short_window && options.rank > 0 && options.delays > 1 &&
         4 * options.rank <= std::min(width, pairs) && several.front().inputs().rows() == 0 &&
         options.regression != Regression::total_least_squares;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT WindowPairs<double> factor_pairs(const std::vector<TrajectoryView<double>>&,
                                                                 Eigen::Index);
extern template ALMAGEST_EXPORT Reduction<double> reduce_pairs(const char*, WindowPairs<double>&, const DmdOptions&,
                                                               std::vector<std::string>&);
#endif

}  // namespace almagest::inline ALMAGEST_ABI::koopman::detail
