# SPDX-License-Identifier: Apache-2.0
#
# Compares core/include/kata/plugin/ABI.lock with the headers: an id and what it means never part. With -DUPDATE=ON new ids get their lines
# and drafts that are gone lose theirs; nothing makes it change a line.
#   cmake -DUPDATE=ON -P tests/architecture/abi_lock.cmake
cmake_minimum_required(VERSION 3.25)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
include("${root}/cmake/PluginDigest.cmake")
if(NOT INCLUDE_DIR)
  set(INCLUDE_DIR "${root}/core/include")
endif()
set(lock "${INCLUDE_DIR}/kata/plugin/ABI.lock")

kata_abi_lock("${INCLUDE_DIR}" now)
set(locked "")
if(EXISTS "${lock}")
  file(STRINGS "${lock}" locked REGEX "^[^#]")
endif()

set(wrong "")
foreach(line IN LISTS locked)
  string(REGEX REPLACE " .*" "" id "${line}")
  set(same "${now}")
  list(FILTER same INCLUDE REGEX "^${id} ")
  if(same STREQUAL line OR (same STREQUAL "" AND UPDATE AND id MATCHES "/draft-"))
    continue()
  elseif(same STREQUAL "")
    string(APPEND wrong "  '${id}' is gone: it was promised to plugins that exist\n")
  elseif(id MATCHES "/draft-")
    string(APPEND wrong "  '${id}' is another class now: raise the number of its draft, in its header and in cmake/PluginDigest.cmake\n")
  else()
    string(APPEND wrong "  '${id}' is frozen and its headers changed: take the change back, or make it an extension or the next number "
      "beside this one (docs/writing-a-plugin.md, Compatibility)\n")
  endif()
endforeach()
if(wrong)
  message(FATAL_ERROR "the plugin boundary differs from ABI.lock:\n${wrong}")
endif()
if(UPDATE)
  list(JOIN now "\n" lines)
  file(WRITE "${lock}" "# SPDX-License-Identifier: Apache-2.0\n#\n"
    "# What a plugin is compiled against: each interface and extension, and the digest of its headers (cmake/PluginDigest.cmake). A plugin of\n"
    "# another digest is refused. tests/architecture/abi_lock.cmake compares.\n${lines}\n")
elseif(NOT now STREQUAL locked)
  message(FATAL_ERROR "ABI.lock lacks an id: cmake -DUPDATE=ON -P tests/architecture/abi_lock.cmake\nlocked: ${locked}\nnow: ${now}")
endif()
