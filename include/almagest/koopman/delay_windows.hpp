// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Windows of consecutive samples: the rows of a Hankel matrix that is never formed as a whole.
///
/// A window of length l is one row of `dimension * l` numbers, oldest sample first, and inside a
/// sample channel by channel: the samples (1, 4), (2, 5), (3, 6) have the windows 1 4 2 5 and 2 5 3
/// 6 of length 2. A window lies within one run.

#include <Eigen/Core>
#include <algorithm>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::koopman {

namespace detail {
/// What a fit with inputs says where the state and the inputs depend on each other.
inline constexpr const char* inputs_that_follow =
    "the inputs are functions of the state on these data, as under feedback, so that nothing "
    "tells what either does; give runs whose inputs vary by themselves.";
}  // namespace detail

/// How many windows of `length` samples a run has.
template <typename Scalar>
Eigen::Index window_count(const TrajectoryView<Scalar>& run, Eigen::Index length) {
  return std::max<Eigen::Index>(0, run.size() - length + 1);
}

/// Writes the windows that start at sample `first` and after into `rows`, one a row; the length of
/// a window follows from the count of columns.
template <typename Scalar, typename Derived>
void write_windows(const TrajectoryView<Scalar>& run, Eigen::Index first,
                   Eigen::MatrixBase<Derived>& rows) {
  if (rows.rows() == 0) return;  // a run too short for a window has no samples to point at
  const Eigen::Index dimension = run.dimension(), length = rows.cols() / dimension;
  for (Eigen::Index delay = 0; delay < length; ++delay)
    rows.middleCols(delay * dimension, dimension) =
        run.states().middleCols(first + delay, rows.rows()).transpose();
}

/// All windows of a run as one matrix, `windows x (dimension * length)`: for looking at small
/// cases.
template <typename Scalar>
Eigen::MatrixX<Scalar> delay_windows(const TrajectoryView<Scalar>& run, Eigen::Index length) {
  if (length < 1)
    throw InvalidArgument(almagest::detail::text("delay_windows: length is ", length,
                                                 "; give at least 1 sample a window."));
  Eigen::MatrixX<Scalar> rows(window_count(run, length), run.dimension() * length);
  write_windows(run, 0, rows);
  return rows;
}
template <typename Scalar>
Eigen::MatrixX<Scalar> delay_windows(const Trajectory<Scalar>& run, Eigen::Index length) {
  return delay_windows(TrajectoryView<Scalar>(run), length);
}

/// The triangle of all windows of all runs, in one pass and memory that does not grow with the
/// data. Where runs have inputs, the input at the last sample but one stands before each window.
template <typename Scalar>
linalg::StreamingQr<Scalar> factor_windows(const std::vector<TrajectoryView<Scalar>>& several,
                                           Eigen::Index length) {
  const Eigen::Index width = several.front().dimension() * length;
  const Eigen::Index inputs = several.front().inputs().rows(), columns = inputs + width;
  linalg::StreamingQr<Scalar> factor(columns);
  // Windows of many short runs share a block, since a block costs as much as its rows only when
  // full.
  Eigen::MatrixX<Scalar> block(std::clamp<Eigen::Index>((1 << 17) / columns, 64, 1024), columns);
  Eigen::Index filled = 0;
  for (const auto& run : several)
    for (Eigen::Index first = 0, end = window_count(run, length); first < end;) {
      const Eigen::Index count = std::min(block.rows() - filled, end - first);
      auto rows = block.block(filled, inputs, count, width);
      write_windows(run, first, rows);
      if (inputs > 0)
        block.block(filled, 0, count, inputs) =
            run.inputs().middleCols(first + length - 2, count).transpose();
      first += count;
      filled += count;
      if (filled == block.rows()) factor.update(block), filled = 0;
    }
  if (filled > 0) factor.update(block.topRows(filled));
  return factor;
}

}  // namespace almagest::inline ALMAGEST_ABI::koopman
