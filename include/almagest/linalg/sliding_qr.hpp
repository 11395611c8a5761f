// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/linalg/streaming_qr.hpp"

namespace almagest::inline ALMAGEST_ABI::linalg {

/// The triangular factor of the last blocks of rows of an endless matrix.
///
/// Rows come by `push` and leave, oldest block first, by `pop`. Nothing is subtracted: taking rows out of
/// a triangle (hyperbolic rotations) loses digits, and what it loses stays lost. The factors of the
/// oldest blocks up to each of those that leave next are kept instead, and those of new blocks are
/// gathered in one; so the factor in force is always a merger of two. When the old ones are used up, the
/// blocks kept are factored backwards once.
///
/// Cost: a push is an `update` of a StreamingQr, a pop the same in the mean over many; `triangle` a
/// merger, \f$ \tfrac43 n^3 \f$ flops. Memory: the rows in force, and a triangle a block.
///
/// \throws what StreamingQr throws; InvalidArgument for a pop from nothing.
template <typename Scalar_ = double>
class SlidingQr {
 public:
  using Scalar = Scalar_;
  using Matrix = Eigen::MatrixX<Scalar>;

  explicit SlidingQr(Eigen::Index columns) : newer_(columns) {}

  /// Appends a block of rows, `rows x columns()`.
  void push(const Eigen::Ref<const Matrix>& rows) {
    newer_.update(rows);
    new_blocks_.push_back(rows);
  }

  /// Forgets the oldest block.
  void pop() {
    if (blocks() == 0) throw InvalidArgument("SlidingQr::pop: no block is left; push one first.");
    if (old_.empty()) turn_over();
    old_.pop_back();
  }

  /// R of all rows in force, `columns x columns`.
  Matrix triangle() const {
    if (old_.empty()) return newer_.triangle();
    StreamingQr<Scalar> both = old_.back();
    both.merge(newer_);
    return both.triangle();
  }

  Eigen::Index columns() const { return newer_.columns(); }
  Eigen::Index rows() const { return newer_.rows() + (old_.empty() ? 0 : old_.back().rows()); }
  /// Blocks in force.
  std::size_t blocks() const { return old_.size() + new_blocks_.size(); }

 private:
  /// Factors of the newest block, of the two newest, ..., of all: the last is in force, and the one before
  /// it is what remains when the oldest block leaves.
  void turn_over() {
    StreamingQr<Scalar> gathered(columns());
    for (; !new_blocks_.empty(); new_blocks_.pop_back()) {
      gathered.update(new_blocks_.back());
      old_.push_back(gathered);
    }
    newer_ = StreamingQr<Scalar>(columns());
  }

  StreamingQr<Scalar> newer_;
  std::vector<Matrix> new_blocks_;
  std::vector<StreamingQr<Scalar>> old_;
};

}  // namespace almagest::inline ALMAGEST_ABI::linalg
