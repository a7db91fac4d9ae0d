# SPDX-License-Identifier: Apache-2.0
#
# kata_add_test(ttrpc LABEL unit SOURCES frame_test.cpp … LIBRARIES kata::ttrpc) → program test-ttrpc; each doctest case is one ctest.
# LABEL unit: no root, no VM. component: root, real processes, no VM. vm: a real VM.

find_package(doctest REQUIRED)
include(doctest)

add_library(kata_doctest_main STATIC EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/tests/doctest_main.cpp")
target_link_libraries(kata_doctest_main PUBLIC kata::host_flags)

# A program of VM tests again with the share over 9p: "[9p]" ends the name. Of an area the cases that the share can change.
function(kata_repeat_on_9p area cases)
  doctest_discover_tests(test-${area} TEST_PREFIX "${area}: " TEST_SUFFIX " [9p]" TEST_SPEC "${cases}"
    PROPERTIES LABELS vm TIMEOUT 300 RUN_SERIAL ON ENVIRONMENT KATA_TEST_SHARED_FILESYSTEM=9p)
endfunction()

function(kata_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES")
  set(target "test-${name}")
  add_executable(${target} ${test_SOURCES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/core/include")
  target_link_libraries(${target} PRIVATE kata_doctest_main kata::plugin_sdk ${test_LIBRARIES})
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 60)
  endif()
  set(serial OFF)  # what looks at the host's processes, mounts and cgroups has the host to itself
  if(NOT test_LABEL STREQUAL "unit")
    set(serial ON)
  endif()
  doctest_discover_tests(${target} TEST_PREFIX "${name}: " PROPERTIES LABELS "${test_LABEL}" TIMEOUT ${test_TIMEOUT} RUN_SERIAL ${serial})
endfunction()
