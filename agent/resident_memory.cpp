// SPDX-License-Identifier: Apache-2.0
#include "agent/resident_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

// Set by the linker: the program's first byte and the end of its code.
extern "C" const char __executable_start[];
extern "C" const char etext[];

namespace kata::agent {

void release_setup_pages() noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(__executable_start) & ~(page - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(etext) & ~(page - 1);
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace kata::agent
