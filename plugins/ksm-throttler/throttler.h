// SPDX-License-Identifier: Apache-2.0
//
// MemoryDedup over the kernel's KSM. The policies decide (ladder.h, adaptive.h), HostSettings
// writes. Threads: one at a time, except stats().
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host_settings.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/memory_dedup.h"
#include "settings.h"

namespace kata::ksm {

class Throttler final : public MemoryDedup {
 public:
  static Result<std::unique_ptr<Throttler>> create(const plugin::Context& context);

  // `predecessor` is the saved state of the instance before this one, empty when there was none.
  Throttler(plugin::Host& host, Settings settings, const std::filesystem::path& state_dir,
            std::string_view predecessor = {});

  Result<void> check_host() override;
  Result<Next> start(TimePoint now) override;
  Result<Next> boost(TimePoint now) override;
  Result<Next> tick(TimePoint now) override;
  Result<DedupStats> stats() const override;
  Result<void> restore() override;
  Result<std::string> save_state() const override;

 private:
  Result<Next> enter(TimePoint now, LadderStep step);
  Result<void> set_pace(Rung rung);
  Result<void> step_aside(const std::vector<std::string>& foreign);
  Result<std::vector<Write>> writes_for(Rung rung) const;
  Result<void> add_extras(std::vector<Write>& writes, bool advised) const;
  Result<Next> follow(TimePoint now, const AdaptiveState& state);
  Result<Sample> sample(TimePoint now) const;
  Result<std::uint64_t> zero_pages() const;
  std::optional<std::chrono::milliseconds> ksmd_cpu() const;
  bool advised_on(Rung rung) const;

  plugin::Host& host_;
  Settings settings_;
  KsmDirectory directory_;
  HostSettings host_settings_;
  AdaptiveState adaptive_{};
  const bool has_predecessor_;
  const std::optional<int> ksmd_;
  std::atomic<Rung> rung_;
};

}  // namespace kata::ksm
