# SPDX-License-Identifier: BSD-3-Clause
# Install rules: headers, the CMake package and the pkg-config files.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/almagest)
install(DIRECTORY include/almagest DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")

install(TARGETS almagest EXPORT almagest)
if(TARGET almagest_compiled)
  install(TARGETS almagest_compiled EXPORT almagest)
endif()
install(EXPORT almagest NAMESPACE almagest:: DESTINATION ${package_dir} FILE almagestTargets.cmake)

configure_package_config_file(cmake/almagestConfig.cmake.in almagestConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(almagestConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/almagestConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/almagestConfigVersion.cmake
  cmake/dependencies.cmake cmake/FindFFTW3.cmake
  DESTINATION ${package_dir})

# The files name their prefix relative to themselves, so that an installed tree can be moved.
cmake_path(SET pc_dir "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pc_include "${pc_dir}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file(cmake/almagest.pc.in almagest.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/almagest.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET almagest_compiled)
  configure_file(cmake/almagest-compiled.pc.in almagest-compiled.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/almagest-compiled.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
