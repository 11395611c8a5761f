// SPDX-License-Identifier: BSD-3-Clause
#include "support/allocations.hpp"

#include <atomic>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALMAGEST_FOREIGN_MALLOC
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ALMAGEST_FOREIGN_MALLOC
#endif

namespace {
std::atomic<long> count{0};
}

long allocations() { return count; }

#if defined(__GLIBC__) && !defined(ALMAGEST_FOREIGN_MALLOC)
extern "C" {
void* __libc_malloc(std::size_t size);  // NOLINT: glibc's own name
void* malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}
}
#endif
