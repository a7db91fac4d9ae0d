// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a plugin file: a note or a refusal in one line.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "core/plugin_host/elf_note.h"
#include "core/plugin_host/note_check.h"
#include "kata/unique_fd.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kata::UniqueFd file(::memfd_create("plugin", MFD_CLOEXEC));
  if (!file || ::write(file.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  const auto note = kata::plugin_host::read_elf_note(file.get());
  if (!note.ok()) {
    if (note.error().message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  const auto checked =
      kata::plugin_host::check_note(note.value(), {"kata.network/1", "x86_64 sdk:0"});
  if (!checked.ok() && checked.error().message.find('\n') != std::string::npos) std::abort();
  return 0;
}
