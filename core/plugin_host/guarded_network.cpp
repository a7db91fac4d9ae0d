// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"

namespace kata::plugin_host {

namespace {

class GuardedNetwork final : public Network {
 public:
  explicit GuardedNetwork(Instance<Network> inner) : inner_(std::move(inner)) {}

  Result<void> check_host() override {
    return guard(inner_.name, "check_host", [&] { return inner_.object->check_host(); });
  }
  Result<NetworkPlan> attach(const NetworkSpec& spec) override {
    return guard(inner_.name, "attach", [&] { return inner_.object->attach(spec); });
  }
  Result<void> detach() override {
    return guard(inner_.name, "detach", [&] { return inner_.object->detach(); });
  }
  Result<int> watch() override {
    return guard(inner_.name, "watch", [&] { return inner_.object->watch(); });
  }
  Result<NetworkChange> rescan() override {
    return guard(inner_.name, "rescan", [&] { return inner_.object->rescan(); });
  }
  Result<void> release(std::string_view device_id) override {
    return guard(inner_.name, "release", [&] { return inner_.object->release(device_id); });
  }
  Result<std::string> save_state() const override {
    return guard(inner_.name, "save_state", [&] { return inner_.object->save_state(); });
  }
  void* extension(std::string_view id) noexcept override { return inner_.object->extension(id); }

 private:
  Instance<Network> inner_;
};

}  // namespace

std::unique_ptr<Network> guarded(Instance<Network> instance) {
  return std::make_unique<GuardedNetwork>(std::move(instance));
}

}  // namespace kata::plugin_host
