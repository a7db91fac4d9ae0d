// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"

namespace kata::plugin_host {

namespace {

class GuardedSharedFilesystem final : public SharedFilesystem {
 public:
  explicit GuardedSharedFilesystem(Instance<SharedFilesystem> inner) : inner_(std::move(inner)) {}

  SharedFilesystemNeeds needs() const override {
    return guard_value(inner_.name, "needs", [&] { return inner_.object->needs(); });
  }
  Result<void> check_host() override {
    return guard(inner_.name, "check_host", [&] { return inner_.object->check_host(); });
  }
  Result<StartedShare> start(Deadline deadline) override {
    return guard(inner_.name, "start", [&] { return inner_.object->start(deadline); });
  }
  Result<Share> share(const ShareRequest& request) override {
    return guard(inner_.name, "share", [&] { return inner_.object->share(request); });
  }
  Result<void> unshare(std::string_view share_id) override {
    return guard(inner_.name, "unshare", [&] { return inner_.object->unshare(share_id); });
  }
  Result<void> stop(Deadline deadline) override {
    return guard(inner_.name, "stop", [&] { return inner_.object->stop(deadline); });
  }
  Result<std::string> wait() override {
    return guard(inner_.name, "wait", [&] { return inner_.object->wait(); });
  }
  Result<std::string> save_state() const override {
    return guard(inner_.name, "save_state", [&] { return inner_.object->save_state(); });
  }
  void* extension(std::string_view id) noexcept override { return inner_.object->extension(id); }

 private:
  Instance<SharedFilesystem> inner_;
};

}  // namespace

std::unique_ptr<SharedFilesystem> guarded(Instance<SharedFilesystem> instance) {
  return std::make_unique<GuardedSharedFilesystem>(std::move(instance));
}

}  // namespace kata::plugin_host
