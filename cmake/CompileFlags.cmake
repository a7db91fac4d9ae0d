# SPDX-License-Identifier: Apache-2.0
#
# Flags of every target. Hardening is on in each build type; the sanitizers' presets set KATA_SANITIZER.

add_compile_options(-Wall -Wextra -Wpedantic $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> -Wno-missing-field-initializers
  -fstack-protector-strong -ffunction-sections -fdata-sections)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wshadow=local)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)  # false alarms of g++ 12 in coroutine frames that Asio allocates
endif()
if(KATA_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
add_link_options(LINKER:--gc-sections LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)

# The instrumented flags go to host code only, through kata::host_flags.
add_library(kata_host_flags INTERFACE)
add_library(kata::host_flags ALIAS kata_host_flags)
if(KATA_SANITIZER)
  set(kata_sanitizer_flags -fsanitize=${KATA_SANITIZER} -fno-omit-frame-pointer)
  if(KATA_SANITIZER STREQUAL "address")
    list(APPEND kata_sanitizer_flags -fsanitize=undefined -fno-sanitize-recover=undefined)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND kata_sanitizer_flags -Wno-tsan)  # g++ warns of each fence of Asio's and of libstdc++'s
  endif()
  target_compile_options(kata_host_flags INTERFACE ${kata_sanitizer_flags})
  target_link_options(kata_host_flags INTERFACE ${kata_sanitizer_flags})
endif()

# A fuzz build makes its targets only: everything that goes into them is instrumented, the agent's libraries too.
if(KATA_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "KATA_FUZZERS: libFuzzer comes with clang; use 'cmake --preset fuzz'")
  endif()
  # Without "function": clang 14 puts its data before a function, and cannot for the parts of a coroutine.
  set(kata_fuzzer_flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_compile_options(${kata_fuzzer_flags})
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(KATA_MOLD mold)
if(KATA_MOLD AND NOT KATA_SANITIZER AND NOT KATA_FUZZERS)
  add_link_options(-fuse-ld=mold)
endif()

# For code that includes protobuf's headers and uses neither std::cout nor std::cerr: no constructor for them in each file.
function(kata_without_standard_streams)
  foreach(target IN LISTS ARGN)
    target_include_directories(${target} BEFORE PRIVATE "${PROJECT_SOURCE_DIR}/cmake/without-standard-streams")
  endforeach()
endfunction()
