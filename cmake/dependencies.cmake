# SPDX-License-Identifier: BSD-3-Clause
# What a user of the headers needs. Included by our own build and by the installed package, so that
# both look for the same things in the same way.

# FindBoost was retired in CMake 3.30; Boost's own package has been the way since Boost 1.70.
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)
endif()
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")

function(almagest_require target hint)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "almagest needs ${target}, which was not found. ${hint}")
  endif()
endfunction()

# Its package files take a version for that version only, and Eigen 5 will do as well as 3.4.
find_package(Eigen3 QUIET NO_MODULE)
if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.4)
  message(FATAL_ERROR "almagest needs Eigen >= 3.4, but ${Eigen3_DIR} has ${Eigen3_VERSION}. Install a newer one "
                      "(Debian: libeigen3-dev) or set Eigen3_DIR.")
endif()
almagest_require(Eigen3::Eigen "Install Eigen >= 3.4 (Debian: libeigen3-dev) or set Eigen3_DIR.")

find_package(Boost 1.74 QUIET)
almagest_require(Boost::headers "Install Boost's headers >= 1.74 (Debian: libboost-dev) or set Boost_DIR.")

find_package(FFTW3 QUIET)
almagest_require(FFTW3::fftw3 "Install FFTW 3 (Debian: libfftw3-dev) or set FFTW3_ROOT.")
almagest_require(FFTW3::fftw3f
  "Install FFTW 3 in single precision too (Debian: libfftw3-dev) or set FFTW3_ROOT.")

find_package(Threads QUIET)
almagest_require(Threads::Threads "The compiler must offer a thread library.")

list(REMOVE_ITEM CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
