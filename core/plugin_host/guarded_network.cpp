// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"
#include "core/plugin_host/guarded_extension.h"
#include "kata/plugin/network_changes.h"

namespace kata::plugin_host {

namespace {

class GuardedChanges final : public NetworkChanges {
 public:
  GuardedChanges(const std::string& plugin, NetworkChanges& inner)
      : plugin_(plugin), inner_(inner) {}

  Result<int> watch() override {
    return guard(plugin_, "watch", [&] { return inner_.watch(); });
  }
  Result<NetworkChange> rescan() override {
    return guard(plugin_, "rescan", [&] { return inner_.rescan(); });
  }
  Result<void> release(std::string_view device_id) override {
    return guard(plugin_, "release", [&] { return inner_.release(device_id); });
  }

 private:
  const std::string& plugin_;
  NetworkChanges& inner_;
};

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
  Result<std::string> save_state() const override {
    return guard(inner_.name, "save_state", [&] { return inner_.object->save_state(); });
  }
  void* extension(std::string_view id) noexcept override {
    return guarded_extension(inner_.name, *inner_.object, id, changes_);
  }

 private:
  Instance<Network> inner_;
  GuardedExtension<NetworkChanges, GuardedChanges> changes_{};
};

}  // namespace

std::unique_ptr<Network> guarded(Instance<Network> instance) {
  return std::make_unique<GuardedNetwork>(std::move(instance));
}

}  // namespace kata::plugin_host
