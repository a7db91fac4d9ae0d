// SPDX-License-Identifier: Apache-2.0
//
// The shim as containerd runs it: `start` and `delete` in a bundle, and calls to the process that
// serves. Hypervisor "mock", so there is no VM.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "kata/unique_fd.h"
#include "protocol/ttrpc/blocking_client.h"
#include "tests/integration/harness/runtime.h"

namespace kata::test {

inline constexpr const char *kTaskService = "containerd.task.v2.Task",
                            *kSandboxService = "containerd.runtime.sandbox.v1.Sandbox";

class ShimProcess {
 public:
  // `network`: of [plugins]; `tail`: more lines of the configuration.
  explicit ShimProcess(const std::string& network = "none", const std::string& tail = "");
  ~ShimProcess();
  ShimProcess(const ShimProcess&) = delete;
  ShimProcess& operator=(const ShimProcess&) = delete;

  const std::string& id() const noexcept { return id_; }
  std::filesystem::path bundle() const { return kata_.bundle(id_); }
  std::vector<std::string> command(const std::vector<std::string>& verb) const;
  CommandOptions options() const;

  CommandResult start() const { return run(command({"start"}), options()); }
  CommandResult clean_up() const {
    return run(command({"-bundle", bundle(), "delete"}), options());
  }
  // As `start` wrote it; -1: it did not.
  pid_t pid() const;
  std::filesystem::path socket() const;

  template <class Response, class Request>
  Result<Response> ask(const char* service, const char* method, const Request& request) const {
    auto client = KATA_TRY(ttrpc::BlockingClient::connect(socket()), "");
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    return ttrpc::call<Response>(client, service, method, request, deadline);
  }
  // Of the Task API, about the container.
  template <class Response, class Request>
  Result<Response> of_task(const char* method) const {
    Request request;
    request.set_id(id_);
    return ask<Response>(kTaskService, method, request);
  }
  Result<void> create() const;
  Result<void> shut_down() const;

  bool ended() const;
  std::string logged();  // since the last call
  // What is left on the host, once it has settled.
  std::string leaked() const;

 private:
  Snapshot look() const;
  std::string options_message() const;

  Runtime kata_{};
  std::string id_ = "shim-" + kata_.directory().filename().string();  // no other test's
  UniqueFd log_{};
  Snapshot before_{};
};

}  // namespace kata::test
