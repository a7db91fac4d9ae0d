# SPDX-License-Identifier: Apache-2.0
#
# kata_add_dual_library(ttrpc SOURCES … LIBRARIES …) → kata::ttrpc for host programs and kata::ttrpc_guest for the static agent, which
# never links a sanitizer. Without a sanitizer both names are one library. A name in LIBRARIES that is itself dual is matched by flavour.

set_property(GLOBAL PROPERTY KATA_DUAL_LIBRARIES "")

function(kata_link_flavour target flavour)
  get_property(dual GLOBAL PROPERTY KATA_DUAL_LIBRARIES)
  foreach(library IN LISTS ARGN)
    if(library IN_LIST dual)
      string(APPEND library "${flavour}")
    endif()
    target_link_libraries(${target} PUBLIC ${library})
  endforeach()
endfunction()

function(kata_add_dual_library name)
  cmake_parse_arguments(PARSE_ARGV 1 dual "" "" "SOURCES;LIBRARIES")
  add_library(kata_${name} STATIC ${dual_SOURCES})
  add_library(kata::${name} ALIAS kata_${name})
  target_link_libraries(kata_${name} PUBLIC kata::host_flags)
  kata_link_flavour(kata_${name} "" ${dual_LIBRARIES})
  if(KATA_SANITIZER)
    add_library(kata_${name}_guest STATIC ${dual_SOURCES})
    add_library(kata::${name}_guest ALIAS kata_${name}_guest)
    kata_link_flavour(kata_${name}_guest "_guest" ${dual_LIBRARIES})
    set(${name}_targets kata_${name} kata_${name}_guest PARENT_SCOPE)
  else()
    add_library(kata::${name}_guest ALIAS kata_${name})
    set(${name}_targets kata_${name} PARENT_SCOPE)
  endif()
  set_property(GLOBAL APPEND PROPERTY KATA_DUAL_LIBRARIES kata::${name})
endfunction()
