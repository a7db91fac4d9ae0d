// SPDX-License-Identifier: Apache-2.0
//
// Host directories and files in the guest through 9p: a share tree, which the VMM itself serves.
// One instance a sandbox. No process of its own, and no need for shared memory, so that the host
// can merge equal pages of guests.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "kata/plugin/descriptor.h"
#include "kata/plugin/shared_filesystem.h"
#include "settings.h"
#include "share_tree.h"

namespace kata::plan9 {

class Plan9 final : public SharedFilesystem {
 public:
  static Result<std::unique_ptr<Plan9>> create(const plugin::Context& context);

  SharedFilesystemNeeds needs() const override { return {.shared_memory = false, .plan9 = true}; }
  Result<void> check_host() override;
  Result<StartedShare> start(Deadline deadline) override;
  Result<Share> share(const ShareRequest& request) override;
  Result<void> unshare(std::string_view share_id) override;
  Result<void> stop(Deadline deadline) override;
  Result<std::string> wait() override;
  Result<std::string> save_state() const override { return std::string("{}"); }

 private:
  // Until stop(). A wait() in progress outlasts the instance's interest in it.
  struct Service {
    std::mutex mutex{};
    std::condition_variable changed{};
    bool ended = false;
  };

  Plan9(plugin::Host& host, Settings settings, std::filesystem::path state_dir)
      : host_(host), settings_(std::move(settings)), state_dir_(std::move(state_dir)) {}

  Result<share::ShareTree*> tree();
  std::shared_ptr<Service> service() const;
  void end_service();

  plugin::Host& host_;
  Settings settings_;
  std::filesystem::path state_dir_;
  std::optional<share::ShareTree> tree_{};
  mutable std::mutex mutex_;
  std::shared_ptr<Service> service_{};  // under mutex_
};

}  // namespace kata::plan9
