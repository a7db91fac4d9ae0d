// SPDX-License-Identifier: Apache-2.0
//
// A right plugin of another interface.
#include <memory>
#include <string>

#include "kata/plugin/export.h"
#include "kata/plugin/memory_dedup.h"

namespace {

class Dedup final : public kata::MemoryDedup {
 public:
  static kata::Result<std::unique_ptr<Dedup>> create(const kata::plugin::Context& /*context*/) {
    return std::make_unique<Dedup>();
  }
  kata::Result<void> check_host() override { return {}; }
  kata::Result<Next> start(kata::TimePoint /*now*/) override { return Next{}; }
  kata::Result<Next> boost(kata::TimePoint /*now*/) override { return Next{}; }
  kata::Result<Next> tick(kata::TimePoint /*now*/) override { return Next{}; }
  kata::Result<kata::DedupStats> stats() const override { return kata::DedupStats{}; }
  kata::Result<void> restore() override { return {}; }
  kata::Result<std::string> save_state() const override { return std::string(); }
};

constexpr kata::plugin::ConfigField kConfig[] = {{"speed", "integer", "3", "How fast."}};

}  // namespace

KATA_PLUGIN(MemoryDedup, Dedup, "wrong_interface", "1.0.0", "Broken", "Apache-2.0",
            "Another interface", kConfig);
