// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <array>
#include <compare>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/spatial_grid.hpp"
#include "almagest/core/text.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// The mode that entry i of a full transform of n points holds: 0, 1, ..., -2, -1. The highest of an even n is
/// counted as +n/2.
inline Eigen::Index mode_number(Eigen::Index i, Eigen::Index n) { return i <= n / 2 ? i : i - n; }

/// The lengths of an array of one to three axes, the last one contiguous in memory.
///
/// \throws InvalidArgument for no or more than three axes, or a length outside 1 ... 2^31 - 1.
class Shape {
 public:
  Shape(std::initializer_list<Eigen::Index> lengths)  // NOLINT: {256, 256} is a shape
      : Shape(std::span<const Eigen::Index>(lengths.begin(), lengths.size())) {}
  explicit Shape(std::span<const Eigen::Index> lengths) : axes_(lengths.size()) {
    if (axes_ < 1 || axes_ > most_axes)
      throw InvalidArgument(almagest::detail::text("Shape: ", axes_, " axes; give 1 to 3 lengths."));
    for (std::size_t a = 0; a < axes_; ++a) {
      if (lengths[a] < 1 || lengths[a] > std::numeric_limits<int>::max())
        throw InvalidArgument(almagest::detail::text("Shape: axis ", a, " has length ", lengths[a],
                                                     "; give 1 to 2^31 - 1 points."));
      lengths_[a] = lengths[a];
    }
  }
  explicit Shape(const SpatialGrid& grid) : Shape(std::span<const Eigen::Index>(counts_of(grid))) {}

  std::size_t axes() const { return axes_; }
  Eigen::Index operator[](std::size_t axis) const { return lengths_[axis]; }
  Eigen::Index last() const { return lengths_[axes_ - 1]; }
  /// How many entries the array has.
  Eigen::Index size() const { return lengths_[0] * lengths_[1] * lengths_[2]; }
  /// How many contiguous rows it has.
  Eigen::Index rows() const { return size() / last(); }
  /// The shape of the spectrum of a real array: the last axis holds the modes 0 ... n/2.
  Shape spectrum() const {
    Shape half = *this;
    half.lengths_[axes_ - 1] = last() / 2 + 1;
    return half;
  }

  friend auto operator<=>(const Shape&, const Shape&) = default;

 private:
  static constexpr std::size_t most_axes = 3;
  static std::vector<Eigen::Index> counts_of(const SpatialGrid& grid) {
    std::vector<Eigen::Index> counts;
    for (const auto& axis : grid.axes()) counts.push_back(axis.count);
    return counts;
  }

  std::size_t axes_;
  std::array<Eigen::Index, most_axes> lengths_{1, 1, 1};
};

/// The least size not below `size` whose only prime factors are 2, 3, 5 and 7, and even: the sizes that
/// transforms are fast for.
inline Eigen::Index good_size(Eigen::Index size) {
  const auto smooth = [](Eigen::Index n) {
    for (const Eigen::Index prime : {2, 3, 5, 7})
      while (n % prime == 0) n /= prime;
    return n == 1;
  };
  Eigen::Index n = size < 2 ? 2 : size + size % 2;
  while (!smooth(n)) n += 2;
  return n;
}

}  // namespace almagest::inline ALMAGEST_ABI::fft
