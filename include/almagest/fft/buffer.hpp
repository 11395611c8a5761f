// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI::fft {

/// An array of numbers on a cache line's border, which transforms and vector instructions like best.
/// Starts as zeros; a copy copies the numbers.
template <typename T>
class Buffer {
 public:
  static constexpr std::size_t alignment = 64;

  Buffer() = default;
  explicit Buffer(Eigen::Index size) : size_(size), data_(allocate(size)) { std::fill_n(data_, size_, T(0)); }
  Buffer(const Buffer& other) : size_(other.size_), data_(allocate(other.size_)) {
    std::copy_n(other.data_, size_, data_);
  }
  Buffer(Buffer&& other) noexcept : size_(std::exchange(other.size_, 0)), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() { ::operator delete(data_, std::align_val_t(alignment)); }

  Eigen::Index size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](Eigen::Index i) { return data_[i]; }
  const T& operator[](Eigen::Index i) const { return data_[i]; }

 private:
  static T* allocate(Eigen::Index size) {
    return static_cast<T*>(::operator new(std::size_t(size) * sizeof(T), std::align_val_t(alignment)));
  }

  Eigen::Index size_ = 0;
  T* data_ = nullptr;
};

}  // namespace almagest::inline ALMAGEST_ABI::fft
