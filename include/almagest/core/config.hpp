// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Version, and the inline namespace that keeps differently compiled code apart.

#define ALMAGEST_VERSION_MAJOR 0
#define ALMAGEST_VERSION_MINOR 1
#define ALMAGEST_VERSION_PATCH 0
#define ALMAGEST_VERSION "0.1.0"

/// Eigen aligns and allocates by the vector instructions of the translation unit. Two units compiled
/// with different flags must therefore not share one definition of a template: every numerical name
/// of the library lives in an inline namespace called after those instructions, so that the linker
/// sees two names. Users never write it.
#if defined(__AVX512F__)
#define ALMAGEST_ABI isa_avx512
#define ALMAGEST_ABI_LEVEL 3
#elif defined(__AVX2__) && defined(__FMA__)
#define ALMAGEST_ABI isa_avx2
#define ALMAGEST_ABI_LEVEL 2
#elif defined(__AVX__)
#define ALMAGEST_ABI isa_avx
#define ALMAGEST_ABI_LEVEL 1
#else
#define ALMAGEST_ABI isa_base
#define ALMAGEST_ABI_LEVEL 0
#endif

/// Linking almagest::compiled defines ALMAGEST_COMPILED_LEVEL. Where it is the level of this unit, the
/// factorizations and learners that are compiled there need not be compiled here once more, which takes
/// seconds. The compiled library's own units share them in the same way.
#if defined(ALMAGEST_BUILDING_COMPILED)
#define ALMAGEST_INSTANTIATED 1
#elif defined(ALMAGEST_COMPILED_LEVEL)
#define ALMAGEST_INSTANTIATED (ALMAGEST_COMPILED_LEVEL == ALMAGEST_ABI_LEVEL)
#else
#define ALMAGEST_INSTANTIATED 0
#endif

/// Marks what crosses the border of the compiled library (errors are caught on the other side).
#define ALMAGEST_EXPORT __attribute__((visibility("default")))

/// Before a loop whose iterations touch different memory: GCC need not prove it. (Clang's own pragma warns of
/// every loop that it then does not turn into vector instructions.)
#if defined(__GNUC__) && !defined(__clang__)
#define ALMAGEST_INDEPENDENT _Pragma("GCC ivdep")
#else
#define ALMAGEST_INDEPENDENT
#endif

/// Before a function of inner loops: GCC takes vectors of 512 bits where the processor has them. By itself it takes 256,
/// out of care for processors that lower their clock for wider ones. A caller's choice would hold where it is inlined.
#if defined(__GNUC__) && !defined(__clang__) && defined(__AVX512F__)
#define ALMAGEST_WIDE_VECTORS [[gnu::noinline, gnu::target("prefer-vector-width=512")]]
#else
#define ALMAGEST_WIDE_VECTORS
#endif
