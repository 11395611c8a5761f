// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Ridge regression of targets on features that stream by in blocks of rows:
/// \f$ \min_W \|\Phi W - Y\|^2 + \alpha\,\|W\|^2 \f$, by the triangle of
/// \f$ [\Phi, Y] \f$. Nothing is squared, so that the smallest \f$ \alpha \f$ acts as it says.
template <typename Real>
class Readout {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  Readout(Eigen::Index features, Eigen::Index targets)
      : features_(features),
        qr_(features + targets),
        block_(qr_.block_rows(), features + targets),
        samples_(features + targets, together) {}

  /// A row to be filled: its features, then its targets.
  auto row() { return samples_.col(filled_ % together).transpose(); }
  void take() {
    if (++filled_ % together == 0) turn(together);
    if (filled_ == block_.rows()) flush();
  }

  Eigen::Index rows() const { return qr_.rows() + filled_; }

  /// W, `features x targets`.
  Matrix solve(double ridge) {
    flush();
    const Eigen::Index targets = qr_.columns() - features_;
    linalg::StreamingQr<Real> ridged = qr_;
    if (ridge > 0) {
      Matrix rows = Matrix::Zero(features_, qr_.columns());
      rows.diagonal().setConstant(std::sqrt(Real(ridge)));
      ridged.update(rows);
    }
    return ridged.triangle().topLeftCorner(features_, features_).template triangularView<Eigen::Upper>().solve(
        ridged.triangle().topRightCorner(features_, targets));
  }

 private:
  static constexpr Eigen::Index together = 16;

  /// The last samples, up to `together`, become rows of the block.
  void turn(Eigen::Index count) { block_.middleRows(filled_ - count, count) = samples_.leftCols(count).transpose(); }
  void flush() {
    turn(filled_ % together);
    if (filled_ > 0) qr_.update(block_.topRows(filled_));
    filled_ = 0;
  }

  Eigen::Index features_;
  linalg::StreamingQr<Real> qr_;
  Matrix block_;    ///< rows for the factor, a multiple of `together`
  Matrix samples_;  ///< a sample in each column, so that it lies together
  Eigen::Index filled_ = 0;
};

inline void check_ridge(const char* learner, double ridge) {
  if (!(ridge >= 0) || !std::isfinite(ridge))
    throw InvalidArgument(almagest::detail::text(learner, ": ridge is ", ridge,
                                                 "; give a finite number, 0 or more."));
}

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
