// SPDX-License-Identifier: Apache-2.0
//
// A Sandbox with fakes for everything around it.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "sandbox/sandbox.h"
#include "tests/fakes/fake_agent.h"
#include "tests/fakes/fake_hypervisor.h"
#include "tests/fakes/fake_network.h"
#include "tests/fakes/fake_shared_filesystem.h"

namespace kata::sandbox {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/kata-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_{};
};

// Runs the loop until the operation has completed; a hang is a failure, not a wait.
template <class T>
T await(boost::asio::io_context& loop, boost::asio::awaitable<T> operation) {
  std::optional<T> outcome;
  auto keep = [](boost::asio::awaitable<T> inner,
                 std::optional<T>& result) -> boost::asio::awaitable<void> {
    result = co_await std::move(inner);
  };
  boost::asio::co_spawn(loop, keep(std::move(operation), outcome),
                        [](const std::exception_ptr& thrown) {
                          if (thrown) std::rethrow_exception(thrown);
                        });
  const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  loop.restart();
  while (!outcome && std::chrono::steady_clock::now() < deadline) loop.run_one_until(deadline);
  if (!outcome) throw std::runtime_error("the operation did not complete within 20 s");
  return std::move(*outcome);
}

struct Stage {
  explicit Stage(config::Config config = {}) {
    config.agent.dial_timeout_s = 1;
    config.shared_filesystem.name = "fake-fs";
    config.hypervisor.name = "fake-vm";
    auto network_part = std::make_unique<fakes::FakeNetwork>(log);
    auto filesystem_part = std::make_unique<fakes::FakeSharedFilesystem>(log);
    auto hypervisor_part = std::make_unique<fakes::FakeHypervisor>(log, socket);
    network = network_part.get();
    filesystem = filesystem_part.get();
    hypervisor = hypervisor_part.get();
    agent.on_destroy = [this] { hypervisor->die("powered off"); };
    SandboxParts parts{std::move(network_part), std::move(filesystem_part),
                       std::move(hypervisor_part)};
    sandbox.emplace(loop.get_executor(), plugins, std::move(parts),
                    SandboxIdentity{"s1", "guest-name", {}}, std::move(config), journal);
  }
  ~Stage() {
    if (started) static_cast<void>(await(loop, sandbox->shutdown(std::chrono::milliseconds{0})));
  }

  Result<void> start() {
    auto outcome = await(loop, sandbox->start());
    started = outcome.ok();
    return outcome;
  }

  static boost::asio::awaitable<bool> stopped_within(Sandbox& sandbox, Deadline deadline) {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto first = co_await (sandbox.stopped() || sleep_until(deadline));
    co_return first.index() == 0;
  }
  bool stopped() {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    return await(loop, stopped_within(*sandbox, deadline));
  }

  Store make_store() {
    Store made(directory.path() / "run");
    if (!made.reserve("s1").ok()) throw std::runtime_error("reserve");
    return made;
  }
  SandboxRecord record() { return store.load_sandbox("s1").take(); }

  TemporaryDirectory directory{};
  std::filesystem::path socket = directory.path() / "agent.sock";
  Store store = make_store();
  Journal journal{store, SandboxRecord{.id = "s1"}};
  fakes::CallLog log{};
  boost::asio::io_context loop{1};
  PluginThread plugins{};
  fakes::FakeAgent agent{loop, log, socket};
  fakes::FakeNetwork* network = nullptr;
  fakes::FakeSharedFilesystem* filesystem = nullptr;
  fakes::FakeHypervisor* hypervisor = nullptr;
  std::optional<Sandbox> sandbox{};
  bool started = false;
};

using Calls = std::vector<std::string>;

}  // namespace kata::sandbox
