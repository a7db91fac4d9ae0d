// SPDX-License-Identifier: Apache-2.0
//
// What a plugin file says about itself, read from its bytes: no code of it has run. The section
// `.kata.plugin` holds "key=value" strings, as modinfo's does; the dynamic symbol table tells what
// the file exports. Every offset and size in the file is taken for hostile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kata/result.h"

namespace kata::plugin_host {

struct ExportedSymbol {
  std::string name{};
  std::uint64_t size = 0;  // bytes
};

struct ElfNote {
  std::map<std::string, std::string, std::less<>> fields{};  // interface, fingerprint, name, …
  std::vector<ExportedSymbol> exports{};                     // defined and visible to others
};

// Errors are refusals (refusal.h) without the file's name.
Result<ElfNote> read_elf_note(int fd);

}  // namespace kata::plugin_host
