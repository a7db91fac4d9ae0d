// SPDX-License-Identifier: Apache-2.0
//
// kata.memory-dedup/1: page merging on the host, one instance a host. FROZEN: see ABI.lock.
//
// Order: start, (boost | tick)*, restore. No threads and no clock: the daemon says what time it is,
// and calls tick() when the last call asked for it. A call that returns no next tick has given the
// host its own settings back. The daemon may then destroy the instance and go on later with
// another one over its saved state; start() of that one waits for a boost, too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kata/plugin/outcome.h"

namespace kata {

// Pages are the host's, of getconf PAGESIZE.
struct DedupStats {
  std::uint64_t pages_shared = 0, pages_sharing = 0, full_scans = 0;  // kept once, given up, passes
  std::uint64_t zero_pages = 0;                   // given up for the kernel's zero page
  std::optional<std::uint64_t> scanner_cpu_ms{};  // since boot; nothing: it cannot be seen
  std::optional<std::int64_t> profit_bytes{};     // the kernel's word: savings less bookkeeping
  std::string mode{};                             // what it does now: one word, for people
};

class MemoryDedup {
 public:
  using Next = std::optional<TimePoint>;  // when to call tick(); nullopt: not until the next boost

  virtual ~MemoryDedup() = default;

  // Why it cannot run here: the error; kUnsupported: the kernel has no such thing. No side effect.
  virtual Result<void> check_host() = 0;

  // Remembers the host's settings in state_dir, then applies its own. What a killed predecessor
  // left there counts as the host's. Once.
  virtual Result<Next> start(TimePoint now) = 0;

  virtual Result<Next> boost(TimePoint now) = 0;  // a VM has come or gone: scan hard
  virtual Result<Next> tick(TimePoint now) = 0;   // one step down; the next one is later than now

  virtual Result<DedupStats> stats() const = 0;  // [any]

  virtual Result<void> restore() = 0;  // the host's settings, exactly; idempotent

  // For the next instance, at rest: text that only the plugin understands.
  virtual Result<std::string> save_state() const = 0;

  // See extension.h.
  virtual void* extension(std::string_view /*id*/) noexcept { return nullptr; }
};

}  // namespace kata
