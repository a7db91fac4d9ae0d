# SPDX-License-Identifier: Apache-2.0
#
# Compares core/include/kata/plugin/ABI.lock with the headers. After changing the boundary on purpose (with a new interface id):
#   cmake -DUPDATE=ON -P tests/architecture/abi_lock.cmake
cmake_minimum_required(VERSION 3.25)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
include("${root}/cmake/PluginDigest.cmake")
set(lock "${root}/core/include/kata/plugin/ABI.lock")

kata_abi_lock("${root}/core/include" now)
if(UPDATE)
  file(WRITE "${lock}" "${now}")
  return()
endif()
file(READ "${lock}" locked)
if(NOT now STREQUAL locked)
  message(FATAL_ERROR "the plugin boundary differs from ABI.lock: plugins built before will be refused.\n"
    "If that is meant, give the interface a new id in cmake/PluginDigest.cmake and update the lock in the same commit:\n"
    "  cmake -DUPDATE=ON -P tests/architecture/abi_lock.cmake\nlocked:\n${locked}now:\n${now}")
endif()
