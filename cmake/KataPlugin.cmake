# SPDX-License-Identifier: Apache-2.0
#
# kata_add_plugin(hypervisor-qemu INTERFACE hypervisor SOURCES plugin.cpp …) → libkata-hypervisor-qemu.so, exporting one symbol.
# CHECK_CONFIG file.toml: a test, too, that runs kata-plugin-check with that configuration. The same file serves this tree and, installed,
# everybody else's.

set(KATA_PLUGIN_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")

function(kata_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "INTERFACE;CHECK_CONFIG" "SOURCES;LIBRARIES")
  if(NOT plugin_INTERFACE OR NOT plugin_SOURCES)
    message(FATAL_ERROR "kata_add_plugin(${name}): INTERFACE and SOURCES are required")
  endif()
  set(interfaces hypervisor network shared-filesystem memory-dedup)
  if(NOT plugin_INTERFACE IN_LIST interfaces)
    message(FATAL_ERROR "kata_add_plugin(${name}): INTERFACE ${plugin_INTERFACE}: expected one of: ${interfaces}")
  endif()
  set(target "kata-${name}")
  set_property(GLOBAL APPEND PROPERTY KATA_PLUGIN_TARGETS ${target})
  add_library(${target} MODULE ${plugin_SOURCES})
  target_link_libraries(${target} PRIVATE kata::plugin_sdk ${plugin_LIBRARIES})
  target_compile_options(${target} PRIVATE -fvisibility=hidden -fvisibility-inlines-hidden)
  set_target_properties(${target} PROPERTIES
    PREFIX lib POSITION_INDEPENDENT_CODE ON
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins"
    LINK_DEPENDS "${KATA_PLUGIN_CMAKE_DIR}/plugin.map")
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${KATA_PLUGIN_CMAKE_DIR}/plugin.map" "LINKER:-z,nodelete" "LINKER:-z,now")
  if(NOT KATA_SANITIZER)  # a sanitizer's runtime stays undefined in a module
    target_link_options(${target} PRIVATE "LINKER:-z,defs")
  endif()
  if(plugin_CHECK_CONFIG)
    get_filename_component(config "${plugin_CHECK_CONFIG}" ABSOLUTE)
    add_test(NAME "plugin-check: ${name}" COMMAND "$<TARGET_FILE:kata::plugin-check>" "$<TARGET_FILE:${target}>" --config "${config}")
    set_tests_properties("plugin-check: ${name}" PROPERTIES LABELS component RUN_SERIAL ON SKIP_RETURN_CODE 77)
  endif()
endfunction()
