// SPDX-License-Identifier: Apache-2.0
//
// The process that a sandbox lives in: it is in the record and in the sandbox's control group,
// holds the pod's network namespace when there is none yet, and has the plugins. It is the parent
// of VMM and file server, and lives as long as they do.
//
// Threads: the loop's. One a sandbox; destroy it after its sandbox has stopped or did not start.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>

#include "core/config/config.h"
#include "core/plugin_host/plugin_host.h"
#include "kata/result.h"
#include "kata/unique_fd.h"
#include "sandbox/journal.h"
#include "sandbox/plugin_thread.h"
#include "sandbox/sandbox.h"
#include "sandbox/store.h"

namespace kata::sandbox {

class SandboxHost {
 public:
  // Called on the plugin thread. Empty: the plugins that the configuration names are loaded.
  using MakeParts = std::function<Result<SandboxParts>(const SandboxRecord& record)>;

  // The record is on disk already.
  SandboxHost(boost::asio::any_io_executor loop, Store store, SandboxRecord record,
              config::Config config, MakeParts make_parts = {});
  SandboxHost(const SandboxHost&) = delete;
  SandboxHost& operator=(const SandboxHost&) = delete;

  // Makes this process the sandbox's. After that sandbox() may be started. `lock`, if any, is the
  // sandbox's: it is closed when the record names this process, so that who gets it next knows whom
  // to end.
  boost::asio::awaitable<Result<void>> prepare(UniqueFd lock = {});
  bool prepared() const noexcept { return sandbox_.has_value(); }
  Sandbox& sandbox() { return *sandbox_; }  // precondition: prepared()

  const SandboxRecord& record() const noexcept { return record_; }
  PluginThread& plugins() noexcept { return plugins_; }

 private:
  Result<SandboxParts> make_parts();
  boost::asio::awaitable<Result<void>> start_scope();
  Result<void> enter_cgroups();
  Result<void> make_netns();

  boost::asio::any_io_executor loop_;
  Store store_;
  SandboxRecord record_;
  config::Config config_;
  MakeParts make_parts_;
  Journal journal_;
  UniqueFd netns_{};  // the one that was made here
  PluginThread plugins_{};
  plugin_host::PluginHost plugin_host_{};
  std::optional<Sandbox> sandbox_{};
};

}  // namespace kata::sandbox
