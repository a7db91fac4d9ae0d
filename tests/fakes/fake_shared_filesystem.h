// SPDX-License-Identifier: Apache-2.0
//
// A shared filesystem that only remembers what is shared.
#pragma once

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "kata/plugin/draft/shared_filesystem_server.h"
#include "kata/plugin/shared_filesystem.h"
#include "tests/fakes/call_log.h"

namespace kata::fakes {

class FakeSharedFilesystem final : public SharedFilesystem, public SharedFilesystemServer {
 public:
  explicit FakeSharedFilesystem(CallLog& log) : log_(log) {}

  SharedFilesystemNeeds wanted{};
  FileServer server{};
  std::map<std::string, ShareRequest> shares{};  // by id; read it when no call is under way

  // Its server ends by itself. [any]
  void die(std::string reason) { end(std::move(reason)); }

  SharedFilesystemNeeds needs() const override { return wanted; }
  Result<void> check_host() override { return log_.enter("filesystem.check_host"); }
  Result<StartedShare> start(Deadline) override {
    KATA_TRY(log_.enter("filesystem.start"), "");
    return StartedShare{
        VhostUserFs{"fs0", "/run/fake.sock", "kataShared"},
        GuestMount{"virtio-fs", "kataShared", "virtiofs", {"nodev"}, "/run/shared/"}};
  }
  Result<Share> share(const ShareRequest& request) override {
    if (!is_file_name(request.id))
      return make_error(ErrorCode::kInvalidArgument, "the id is no file name");
    KATA_TRY(log_.enter("filesystem.share " + request.id), "");
    if (!shares.emplace(request.id, request).second)
      return make_error(ErrorCode::kAlreadyExists, "shared already");
    return Share{request.id, "/run/shared/" + request.id};
  }
  Result<void> unshare(std::string_view id) override {
    shares.erase(std::string(id));
    return log_.enter(concat("filesystem.unshare ", id));
  }
  Result<void> stop(Deadline) override {
    shares.clear();
    end("stopped");
    return log_.enter("filesystem.stop");
  }
  Result<std::string> wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
    return reason_;
  }
  Result<std::string> save_state() const override { return std::string("filesystem state"); }
  void* extension(std::string_view id) noexcept override {
    return id == SharedFilesystemServer::kId ? static_cast<SharedFilesystemServer*>(this) : nullptr;
  }
  FileServer file_server() const noexcept override { return server; }

 private:
  static bool is_file_name(std::string_view id) {
    const auto allowed = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
    };
    return !id.empty() && id != "." && id != ".." && std::all_of(id.begin(), id.end(), allowed);
  }
  void end(std::string reason) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    reason_ = std::move(reason);
    changed_.notify_all();
  }

  CallLog& log_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool ended_ = false;
  std::string reason_{};
};

}  // namespace kata::fakes
