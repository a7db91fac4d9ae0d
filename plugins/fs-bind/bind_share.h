// SPDX-License-Identifier: Apache-2.0
//
// Host directories and files in a guest that sees the host's files: a share tree, which the agent
// binds to where every guest has its shares. No device, no server. One instance a sandbox.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/shared_filesystem.h"
#include "share_tree.h"

namespace kata::bind {

class BindShare final : public SharedFilesystem {
 public:
  static Result<std::unique_ptr<BindShare>> create(const plugin::Context& context);

  SharedFilesystemNeeds needs() const override { return {.host_files = true}; }
  Result<void> check_host() override;
  Result<StartedShare> start(Deadline deadline) override;
  Result<Share> share(const ShareRequest& request) override;
  Result<void> unshare(std::string_view share_id) override;
  Result<void> stop(Deadline deadline) override;
  Result<std::string> wait() override;
  Result<std::string> save_state() const override { return std::string("{}"); }

 private:
  enum class Service { kNone, kRuns, kEnded };

  BindShare(plugin::Host& host, std::filesystem::path state_dir)
      : host_(host), state_dir_(std::move(state_dir)) {}

  Result<share::ShareTree*> tree();

  plugin::Host& host_;
  std::filesystem::path state_dir_;
  std::optional<share::ShareTree> tree_{};
  std::mutex mutex_{};
  std::condition_variable changed_{};
  Service service_ = Service::kNone;  // under mutex_
  std::uint64_t stops_ = 0;           // likewise: it may be started again before a waiter looks
};

}  // namespace kata::bind
