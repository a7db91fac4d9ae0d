// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/guard.h"
#include "core/plugin_host/guarded_extension.h"
#include "kata/plugin/draft/shared_filesystem_server.h"

namespace kata::plugin_host {

namespace {

class GuardedServer final : public SharedFilesystemServer {
 public:
  GuardedServer(const std::string& plugin, SharedFilesystemServer& inner)
      : plugin_(plugin), inner_(inner) {}

  FileServer file_server() const noexcept override {
    const PluginCall running(plugin_.c_str(), "file_server");
    return inner_.file_server();
  }

 private:
  const std::string& plugin_;
  SharedFilesystemServer& inner_;
};

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
  void* extension(std::string_view id) noexcept override {
    return guarded_extension(inner_.name, *inner_.object, id, server_);
  }

 private:
  Instance<SharedFilesystem> inner_;
  GuardedExtension<SharedFilesystemServer, GuardedServer> server_{};
};

}  // namespace

std::unique_ptr<SharedFilesystem> guarded(Instance<SharedFilesystem> instance) {
  return std::make_unique<GuardedSharedFilesystem>(std::move(instance));
}

}  // namespace kata::plugin_host
