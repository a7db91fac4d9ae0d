// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_host.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "core/base/log.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "sandbox/parts.h"
#include "sandbox/pod_network.h"
#include "sandbox/sandbox_cgroups.h"
#include "sandbox/systemd_scope.h"

namespace kata::sandbox {

namespace asio = boost::asio;

SandboxHost::SandboxHost(asio::any_io_executor loop, Store store, SandboxRecord record,
                         config::Config config, MakeParts make_parts)
    : loop_(std::move(loop)),
      store_(store),
      record_(record),
      config_(std::move(config)),
      make_parts_(std::move(make_parts)),
      journal_(std::move(store), std::move(record)) {}

asio::awaitable<Result<void>> SandboxHost::prepare(UniqueFd lock) {
  const pid_t self = ::getpid();
  KATA_CO_TRY(const auto start_time, process_start_time(self), "");
  record_.proxy = ProcessRef{self, start_time};
  KATA_CO_CHECK(journal_.write_proxy(record_.proxy), "write the sandbox's record");
  lock.reset();
  KATA_CO_CHECK(co_await start_scope(), "enter the sandbox's control group");
  KATA_CO_CHECK(enter_cgroups(), "");
  KATA_CO_CHECK(make_netns(), "");
  auto make = [this] { return make_parts(); };
  KATA_CO_TRY(auto parts, co_await plugins_.run(std::move(make)), "");
  sandbox_.emplace(loop_, plugins_, std::move(parts),
                   SandboxIdentity{record_.id, record_.hostname, record_.netns, record_.dns,
                                   record_.cgroups, record_.shm_bytes},
                   config_, journal_);
  co_return Result<void>{};
}

Result<SandboxParts> SandboxHost::make_parts() {
  if (make_parts_) return make_parts_(record_);
  return sandbox::make_parts(plugin_host_, config_, store_, record_);
}

// systemd may take a while, and knows best where it put the scope.
asio::awaitable<Result<void>> SandboxHost::start_scope() {
  if (!record_.cgroups.systemd_scope) co_return Result<void>{};
  auto start = [pod = record_.cgroups.pod] { return sandbox::start_scope(pod, ::getpid()); };
  KATA_CO_TRY(std::string path, co_await plugins_.run(std::move(start)), "");
  if (path == record_.cgroups.pod) co_return Result<void>{};
  record_.cgroups.pod = std::move(path);
  co_return journal_.write_cgroups(record_.cgroups);
}

// First of all, so that every other process of the sandbox starts there.
Result<void> SandboxHost::enter_cgroups() {
  auto entered = sandbox::enter_cgroups(record_.cgroups);
  if (entered.ok()) return entered;
  if (entered.error().code != ErrorCode::kUnavailable)
    return in_context(std::move(entered).error(), "enter the sandbox's control group");
  log::warn("the sandbox's processes stay in the control groups of who started it",
            {{"error", entered.error().message}});
  KATA_TRY(remove_cgroups(record_.cgroups, std::chrono::steady_clock::now()), "");
  record_.cgroups = {};
  return journal_.write_cgroups({});
}

// It needs no clean-up: its users are this process, the VMM and the shims.
Result<void> SandboxHost::make_netns() {
  if (!record_.new_netns) return {};
  netns_ = KATA_TRY(make_network_namespace(), "");
  record_.netns = concat("/proc/", ::getpid(), "/fd/", netns_.get());
  return journal_.write_netns(record_.netns);
}

}  // namespace kata::sandbox
