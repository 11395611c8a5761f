// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Seeded random streams: the same (seed, stream) gives the same numbers on every platform.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "almagest/core/config.hpp"

namespace almagest::inline ALMAGEST_ABI {

/// A random stream, xoshiro256++ seeded by SplitMix64 (Blackman & Vigna 2021,
/// https://doi.org/10.1145/3460772).
///
/// Streams with different numbers under one seed are independent for all practical purposes: give one
/// to each member of an ensemble and the result does not depend on the count of threads. The class is
/// a `UniformRandomBitGenerator`; `uniform` and `normal` are its own, because the distributions of the
/// standard library differ between platforms.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  explicit RandomStream(std::uint64_t seed, std::uint64_t stream = 0) {
    std::uint64_t mix = seed;
    std::uint64_t salt = stream;
    mix ^= split_mix(salt);
    for (auto& word : state_) word = split_mix(mix);
  }

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return double((*this)() >> 11) * 0x1.0p-53; }
  double uniform(double lower, double upper) { return lower + (upper - lower) * uniform(); }

  /// Standard normal, by the polar method.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double u, v, s;
    do {
      u = uniform(-1, 1);
      v = uniform(-1, 1);
      s = u * u + v * v;
    } while (s >= 1 || s == 0);
    const double scale = std::sqrt(-2 * std::log(s) / s);
    spare_ = v * scale;
    has_spare_ = true;
    return u * scale;
  }

 private:
  static std::uint64_t split_mix(std::uint64_t& x) {
    x += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::uint64_t state_[4];
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace almagest::inline ALMAGEST_ABI
