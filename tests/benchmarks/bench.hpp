// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What the benchmark programs share: paired timing, and the line that scripts/bench reads.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Keeps the compiler from removing the computation of x.
template <typename T>
void keep(const T& x) {
  asm volatile("" : : "r,m"(x) : "memory");
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Pair {
  double first, second;  ///< median seconds of each
  double ratio;          ///< median of first/second, pair by pair
};

/// Times two pieces of work in turn, so that a busy machine slows both alike.
template <typename First, typename Second>
Pair paired(int repetitions, const First& first, const Second& second) {
  const auto time = [](const auto& work) {
    const double start = now();
    work();
    return now() - start;
  };
  first();
  second();
  std::vector<double> a, b, ratio;
  for (int k = 0; k < repetitions; ++k) {
    a.push_back(time(first));
    b.push_back(time(second));
    ratio.push_back(a.back() / b.back());
  }
  return {median(a), median(b), median(ratio)};
}

/// One yardstick: `value` must not exceed the limit.
inline void at_most(const char* name, double value, double limit) {
  std::printf("%s %.4g %.4g %s\n", name, value, limit, value <= limit ? "ok" : "SHORT");
  std::fflush(stdout);
}

/// One yardstick: `value` must reach the limit.
inline void at_least(const char* name, double value, double limit) {
  std::printf("%s %.4g %.4g %s\n", name, value, limit, value >= limit ? "ok" : "SHORT");
  std::fflush(stdout);
}

}  // namespace bench
