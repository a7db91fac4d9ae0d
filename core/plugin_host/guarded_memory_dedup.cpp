// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"
#include "core/plugin_host/guarded_extension.h"

namespace kata::plugin_host {

namespace {

class GuardedMemoryDedup final : public MemoryDedup {
 public:
  explicit GuardedMemoryDedup(Instance<MemoryDedup> inner) : inner_(std::move(inner)) {}

  Result<void> check_host() override {
    return guard(inner_.name, "check_host", [&] { return inner_.object->check_host(); });
  }
  Result<Next> start(TimePoint now) override {
    return guard(inner_.name, "start", [&] { return inner_.object->start(now); });
  }
  Result<Next> boost(TimePoint now) override {
    return guard(inner_.name, "boost", [&] { return inner_.object->boost(now); });
  }
  Result<Next> tick(TimePoint now) override {
    return guard(inner_.name, "tick", [&] { return inner_.object->tick(now); });
  }
  Result<DedupStats> stats() const override {
    return guard(inner_.name, "stats", [&] { return inner_.object->stats(); });
  }
  Result<void> restore() override {
    return guard(inner_.name, "restore", [&] { return inner_.object->restore(); });
  }
  Result<std::string> save_state() const override {
    return guard(inner_.name, "save_state", [&] { return inner_.object->save_state(); });
  }
  void* extension(std::string_view id) noexcept override {
    return guarded_extension(inner_.name, *inner_.object, id);
  }

 private:
  Instance<MemoryDedup> inner_;
};

}  // namespace

std::unique_ptr<MemoryDedup> guarded(Instance<MemoryDedup> instance) {
  return std::make_unique<GuardedMemoryDedup>(std::move(instance));
}

}  // namespace kata::plugin_host
