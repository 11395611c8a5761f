# SPDX-License-Identifier: BSD-3-Clause
# What only our own targets get. Both are linked PRIVATE and never exported: no user sees our flags.

# Not -Wsign-conversion (in Clang a part of -Wconversion): Eigen counts in signed, the standard library
# in unsigned numbers, and a cast at every index hides more mistakes than it finds.
add_library(almagest_warnings INTERFACE)
target_compile_options(almagest_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wdouble-promotion -Wshadow
  -Wold-style-cast -Wcast-align -Wextra-semi -Wnon-virtual-dtor -Woverloaded-virtual
  # GCC 12 finds its own AVX-512 intrinsics uninitialised (its bug 105593).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>
  $<$<BOOL:${ALMAGEST_WARNINGS_AS_ERRORS}>:-Werror>)
# GCC looks for garbage in its own memory often and finds little: a tenth of its time, for a quarter more memory.
target_compile_options(almagest_warnings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1000000>)

# For code that stays on the machine it is built on.
add_library(almagest_native INTERFACE)
if(NOT ALMAGEST_PORTABLE)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-march=native ALMAGEST_HAS_MARCH_NATIVE)
  if(ALMAGEST_HAS_MARCH_NATIVE)
    target_compile_options(almagest_native INTERFACE -march=native)
  endif()
endif()

# Everything that is not named in the script stays inside the shared object: standard-library and Eigen
# templates compiled for this processor must not stand in for the ones that a user compiled.
function(almagest_export_only target script)
  if(NOT APPLE)
    target_link_options(${target} PRIVATE "LINKER:--version-script=${script}")
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
  endif()
endfunction()
