// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"

namespace kata::plugin_host {

namespace {

class GuardedMemoryDedup final : public MemoryDedup {
 public:
  explicit GuardedMemoryDedup(Instance<MemoryDedup> inner) : inner_(std::move(inner)) {}

  Result<void> check_host() override {
    return guard(inner_.name, "check_host", [&] { return inner_.object->check_host(); });
  }
  Result<Next> start(Deadline now) override {
    return guard(inner_.name, "start", [&] { return inner_.object->start(now); });
  }
  Result<Next> boost(Deadline now) override {
    return guard(inner_.name, "boost", [&] { return inner_.object->boost(now); });
  }
  Result<Next> tick(Deadline now) override {
    return guard(inner_.name, "tick", [&] { return inner_.object->tick(now); });
  }
  Result<DedupStats> stats() const override {
    return guard(inner_.name, "stats", [&] { return inner_.object->stats(); });
  }
  Result<void> restore() override {
    return guard(inner_.name, "restore", [&] { return inner_.object->restore(); });
  }
  void* extension(std::string_view id) noexcept override { return inner_.object->extension(id); }

 private:
  Instance<MemoryDedup> inner_;
};

}  // namespace

std::unique_ptr<MemoryDedup> guarded(Instance<MemoryDedup> instance) {
  return std::make_unique<GuardedMemoryDedup>(std::move(instance));
}

}  // namespace kata::plugin_host
