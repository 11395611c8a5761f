// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// A sparse matrix of some hundred rows with a few entries each, for many products with vectors: rows of like length,
/// eight together, so that a product has one loop for eight rows, whose end the processor foresees, and eight sums at
/// a time. Zeros fill the shorter of them.
template <typename Scalar>
class SparseRows {
 public:
  explicit SparseRows(const Eigen::SparseMatrix<Scalar, Eigen::RowMajor>& A) : order_(std::size_t(A.rows())) {
    std::iota(order_.begin(), order_.end(), 0);
    const auto length = [&A](int row) { return A.outerIndexPtr()[row + 1] - A.outerIndexPtr()[row]; };
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) { return length(a) > length(b); });
    for (std::size_t first = 0; first < order_.size(); first += together) {
      const int longest = length(order_[first]);
      lengths_.push_back(longest);
      for (int k = 0; k < longest; ++k)
        for (std::size_t i = first; i < first + together; ++i) {
          const bool filled = i < order_.size() && k < length(order_[i]);
          const int at = filled ? A.outerIndexPtr()[order_[i]] + k : 0;
          columns_.push_back(filled ? A.innerIndexPtr()[at] : 0);
          values_.push_back(filled ? A.valuePtr()[at] : Scalar(0));
        }
    }
  }

  /// y = Ax
  void multiply(const Scalar* x, Scalar* y) const { multiply(x, y, std::make_index_sequence<together>()); }

 private:
  static constexpr std::size_t together = 8;

  template <std::size_t... I>
  void multiply(const Scalar* x, Scalar* y, std::index_sequence<I...>) const {
    const Scalar* value = values_.data();
    const int* column = columns_.data();
    std::size_t row = 0;
    for (const int length : lengths_) {
      Scalar sums[] = {(void(I), Scalar(0))...};
      for (int k = 0; k < length; ++k, value += together, column += together)
        ((sums[I] += value[I] * x[column[I]]), ...);
      for (std::size_t i = 0; i < together && row < order_.size(); ++i, ++row) y[order_[row]] = sums[i];
    }
  }

  std::vector<int> order_, lengths_, columns_;
  std::vector<Scalar> values_;
};

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
