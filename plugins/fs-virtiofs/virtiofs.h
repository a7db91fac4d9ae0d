// SPDX-License-Identifier: Apache-2.0
//
// Host directories and files in the guest through virtiofs: a share tree and a virtiofsd that
// exports it. One instance a sandbox. The VM needs shared memory.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "daemon_record.h"
#include "kata/plugin/descriptor.h"
#include "kata/plugin/draft/shared_filesystem_server.h"
#include "kata/plugin/shared_filesystem.h"
#include "kata/unique_fd.h"
#include "settings.h"
#include "share_tree.h"
#include "virtiofsd_process.h"

namespace kata::virtiofs {

class Virtiofs final : public SharedFilesystem, public SharedFilesystemServer {
 public:
  static Result<std::unique_ptr<Virtiofs>> create(const plugin::Context& context);

  SharedFilesystemNeeds needs() const override { return {.shared_memory = true}; }
  Result<void> check_host() override;
  Result<StartedShare> start(Deadline deadline) override;
  Result<Share> share(const ShareRequest& request) override;
  Result<void> unshare(std::string_view share_id) override;
  Result<void> stop(Deadline deadline) override;
  Result<std::string> wait() override;
  Result<std::string> save_state() const override;
  void* extension(std::string_view id) noexcept override;
  FileServer file_server() const noexcept override;

 private:
  Virtiofs(plugin::Host& host, Settings settings, std::filesystem::path state_dir,
           DaemonRecord record)
      : host_(host),
        settings_(std::move(settings)),
        state_dir_(std::move(state_dir)),
        record_(record) {}

  Result<void> bring_up(Deadline deadline);
  Result<void> launch_daemon(int listening_fd, Deadline deadline);
  Result<share::ShareTree*> tree();
  std::filesystem::path socket() const;
  std::shared_ptr<VirtiofsdProcess> daemon() const;

  plugin::Host& host_;
  Settings settings_;
  std::filesystem::path state_dir_;
  UniqueFd state_{};  // O_PATH of state_dir_; see socket()
  DaemonRecord record_;
  std::optional<share::ShareTree> tree_{};
  mutable std::mutex mutex_;
  // Under mutex_. Two owners: this object, and a wait() in progress, which outlasts stop().
  std::shared_ptr<VirtiofsdProcess> daemon_{};
};

}  // namespace kata::virtiofs
