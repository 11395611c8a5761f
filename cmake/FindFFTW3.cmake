# SPDX-License-Identifier: BSD-3-Clause
# FFTW 3 in double and single precision: FFTW3::fftw3 and FFTW3::fftw3f.
# FFTW installed by its configure script, as Debian does, brings no CMake package that works.
# Looks where pkg-config says, in CMAKE_PREFIX_PATH and in FFTW3_ROOT.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_FFTW3 QUIET fftw3)
endif()

find_path(FFTW3_INCLUDE_DIR fftw3.h HINTS ${PC_FFTW3_INCLUDE_DIRS})
find_library(FFTW3_LIBRARY fftw3 HINTS ${PC_FFTW3_LIBRARY_DIRS})
find_library(FFTW3F_LIBRARY fftw3f HINTS ${PC_FFTW3_LIBRARY_DIRS})
mark_as_advanced(FFTW3_INCLUDE_DIR FFTW3_LIBRARY FFTW3F_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FFTW3
  REQUIRED_VARS FFTW3_LIBRARY FFTW3F_LIBRARY FFTW3_INCLUDE_DIR
  VERSION_VAR PC_FFTW3_VERSION)

if(FFTW3_FOUND)
  foreach(precision fftw3 fftw3f)
    string(TOUPPER ${precision} upper)
    if(NOT TARGET FFTW3::${precision})
      add_library(FFTW3::${precision} UNKNOWN IMPORTED)
      set_target_properties(FFTW3::${precision} PROPERTIES
        IMPORTED_LOCATION "${${upper}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${FFTW3_INCLUDE_DIR}")
    endif()
  endforeach()
endif()
