# SPDX-License-Identifier: BSD-3-Clause
# cmake -DCOMPILER= -DSOURCE= -DINCLUDES= -P refuse.cmake: see CMakeLists.txt beside this file.

file(STRINGS ${SOURCE} expectations REGEX "^// expect: ")
if(NOT expectations)
  message(FATAL_ERROR "${SOURCE} has no line `// expect: ...`")
endif()
list(TRANSFORM expectations REPLACE "^// expect: " "")

list(TRANSFORM INCLUDES PREPEND "-I")
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${INCLUDES} ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)

if(expectations STREQUAL "success")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} should compile:\n${output}")
  endif()
  return()
endif()

if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must not")
endif()
foreach(expectation IN LISTS expectations)
  if(NOT output MATCHES "${expectation}")
    message(FATAL_ERROR "${SOURCE} is refused, but without saying `${expectation}`:\n${output}")
  endif()
endforeach()

# Brackets and semicolons would make one element of several lines, so they go before lines are counted.
file(READ ${SOURCE} text)
string(REGEX REPLACE "[][;]" "" text "${text}")
string(REPLACE "\n" ";" lines "${text}")
cmake_path(GET SOURCE FILENAME file)
set(number 0)
foreach(line IN LISTS lines)
  math(EXPR number "${number} + 1")
  if(line MATCHES "// refused here" AND NOT output MATCHES "${file}:${number}:")
    message(FATAL_ERROR "${SOURCE} is refused, but line ${number} is not named:\n${output}")
  endif()
endforeach()
