// SPDX-License-Identifier: Apache-2.0
//
// MemoryDedup over the kernel's KSM. The policies decide (ladder.h, adaptive.h), HostSettings
// writes. Threads: one at a time, except stats().
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "host_settings.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/draft/memory_dedup.h"
#include "settings.h"

namespace kata::ksm {

class Throttler final : public MemoryDedup {
 public:
  static Result<std::unique_ptr<Throttler>> create(const plugin::Context& context);

  Throttler(plugin::Host& host, Settings settings, const std::filesystem::path& state_dir);

  Result<void> check_host() override;
  Result<Next> start(Deadline now) override;
  Result<Next> boost(Deadline now) override;
  Result<Next> tick(Deadline now) override;
  Result<DedupStats> stats() const override;
  Result<void> restore() override;

 private:
  Result<Next> enter(Deadline now, LadderStep step);
  Result<void> set_pace(Rung rung);
  Result<std::vector<Write>> writes_for(Rung rung) const;
  Result<void> add_extras(std::vector<Write>& writes) const;
  Result<Next> begin_adaptive(Deadline now, Rung rung);
  Result<Next> step_adaptive(Deadline now);
  Result<Sample> sample(Deadline now);
  bool advises() const;

  plugin::Host& host_;
  Settings settings_;
  KsmDirectory directory_;
  HostSettings host_settings_;
  AdaptiveState adaptive_{};
  std::optional<int> ksmd_{};
  std::atomic<Rung> rung_{Rung::kHost};
};

}  // namespace kata::ksm
