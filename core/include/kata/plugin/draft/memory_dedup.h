// SPDX-License-Identifier: Apache-2.0
//
// kata.memory-dedup/1: page merging on the host. No threads and no clock: the daemon calls tick().
// DRAFT.
//
// A call that returns no next tick has given the host its own settings back. The daemon may then
// destroy the instance and go on later with another one, whose saved_state is the mode of the
// first; start() of that one waits for a boost too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kata/result.h"

namespace kata {

struct DedupStats {
  std::uint64_t pages_shared = 0, pages_sharing = 0, full_scans = 0;  // kept once, given up, passes
  std::uint64_t zero_pages = 0;                   // given up for the kernel's zero page
  std::optional<std::uint64_t> scanner_cpu_ms{};  // since boot; nothing: it cannot be seen
  std::optional<std::int64_t> profit_bytes{};     // the kernel's word: savings less bookkeeping
  std::string mode{};                             // one word
};

class MemoryDedup {
 public:
  using Next = std::optional<Deadline>;  // when to call tick(); nullopt: not until the next boost

  virtual ~MemoryDedup() = default;
  virtual Result<void> check_host() = 0;
  virtual Result<Next> start(
      Deadline now) = 0;  // remembers the host's settings, then applies its own
  virtual Result<Next> boost(Deadline now) = 0;  // a VM has come or gone: scan hard
  virtual Result<Next> tick(Deadline now) = 0;   // one step down
  virtual Result<DedupStats> stats() const = 0;  // [any]
  virtual Result<void> restore() = 0;            // the host's settings, exactly; idempotent
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
