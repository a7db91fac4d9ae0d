# SPDX-License-Identifier: Apache-2.0
#
# cmake --install BUILD [--prefix DIR] [--component runtime|sdk]. Every place is below the prefix, and programs find each other from where
# they are, so that a tree can be moved. docs/installing.md has the layout.
include(CMakePackageConfigHelpers)

set(kata_libexec libexec/kata-containers)
set(kata_plugins lib/kata-containers/plugins)
set(kata_cmake lib/cmake/kata)
set(kata_share share/kata-containers)
set(kata_examples ${kata_share}/examples)
set(kata_doc share/doc/kata-containers)

# --- runtime ---

foreach(program IN ITEMS kata-runtime kata-agent-ctl containerd-shim-kata-v2)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION bin COMPONENT runtime)
  endif()
endforeach()
foreach(program IN ITEMS kata-runtime-plugins kata-proxy kata-shim kata-systemd-scope kata-ksm-throttler-daemon kata-ksm-throttler-asleep kata-mock-vm kata-agent)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${kata_libexec} COMPONENT runtime)
  endif()
endforeach()
# The daemon's other half is beside the file that the link names.
install(CODE "file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin\")
file(CREATE_LINK ../${kata_libexec}/kata-ksm-throttler \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin/kata-ksm-throttler\" SYMBOLIC)"
  COMPONENT runtime)

get_property(kata_plugin_targets GLOBAL PROPERTY KATA_PLUGIN_TARGETS)
install(TARGETS ${kata_plugin_targets} LIBRARY DESTINATION ${kata_plugins} COMPONENT runtime)

# The shipped configuration names files below /usr.
install(CODE "file(READ \"${PROJECT_SOURCE_DIR}/configuration.toml\" text)
foreach(place IN ITEMS /${kata_plugins} /${kata_share}/)
  string(REPLACE \"\\\"/usr\${place}\" \"\\\"\${CMAKE_INSTALL_PREFIX}\${place}\" text \"\${text}\")
endforeach()
set(directory \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/defaults/kata-containers\")
message(STATUS \"Installing: \${directory}/configuration.toml\")
file(WRITE \"\${directory}/configuration.toml\" \"\${text}\")" COMPONENT runtime)

install(DIRECTORY osbuilder DESTINATION ${kata_share} COMPONENT runtime USE_SOURCE_PERMISSIONS)
install(DIRECTORY docs/ DESTINATION ${kata_doc} COMPONENT runtime PATTERN man EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md ARCHITECTURE.md DESTINATION ${kata_doc} COMPONENT runtime)

# --- sdk ---

install(DIRECTORY core/include/kata DESTINATION include COMPONENT sdk FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_BINARY_DIR}/generated/kata/plugin/digest.h" DESTINATION include/kata/plugin COMPONENT sdk)
install(TARGETS kata_plugin_sdk kata-plugin-check EXPORT kata-targets RUNTIME DESTINATION bin COMPONENT sdk)
install(EXPORT kata-targets NAMESPACE kata:: DESTINATION ${kata_cmake} COMPONENT sdk)
install(FILES cmake/KataPlugin.cmake cmake/plugin.map core/include/kata/plugin/ABI.lock DESTINATION ${kata_cmake} COMPONENT sdk)
configure_package_config_file(cmake/kata-config.cmake.in "${PROJECT_BINARY_DIR}/kata-config.cmake"
  INSTALL_DESTINATION ${kata_cmake} PATH_VARS kata_examples)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/kata-config-version.cmake" COMPATIBILITY SameMinorVersion)
configure_file(cmake/kata.pc.in "${PROJECT_BINARY_DIR}/kata.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/kata-config.cmake" "${PROJECT_BINARY_DIR}/kata-config-version.cmake"
  DESTINATION ${kata_cmake} COMPONENT sdk)
install(FILES "${PROJECT_BINARY_DIR}/kata.pc" DESTINATION share/pkgconfig COMPONENT sdk)
install(DIRECTORY examples/ DESTINATION ${kata_examples} COMPONENT sdk)
install(FILES docs/writing-a-plugin.md DESTINATION ${kata_doc} COMPONENT sdk)
