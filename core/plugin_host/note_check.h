// SPDX-License-Identifier: Apache-2.0
//
// Whether a plugin file may be loaded as a given interface, judged by its note alone.
#pragma once

#include <string_view>

#include "core/plugin_host/elf_note.h"
#include "kata/plugin/descriptor.h"
#include "kata/result.h"

namespace kata::plugin_host {

inline constexpr const char* kDescriptorSymbol = "kata_plugin_v1";

struct WantedInterface {
  std::string_view id{};           // "kata.hypervisor/1"
  std::string_view fingerprint{};  // of this build, for this interface
};

Result<void> check_note(const ElfNote& note, const WantedInterface& wanted);

// Stage two, after dlopen: the descriptor says what the note said, and is whole.
Result<void> check_descriptor(const plugin::Descriptor& descriptor, const ElfNote& note);

}  // namespace kata::plugin_host
