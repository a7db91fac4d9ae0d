// SPDX-License-Identifier: Apache-2.0
//
// The Sandbox API of containerd 2.x: a pod's VM that is made by itself, before any container. Its
// containers then come by the Task API as those of any pod; none of them takes the VM along.
//
//   Create → created → Start → ready → Stop, or the VM's own end → stopped → Shutdown
//
// Create writes down what the sandbox will be, Start brings the VM up. A call that finds its work
// done succeeds: containerd may have lost the first answer.
//
// Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

#include "containerd/sandbox_api.pb.h"
#include "kata/result.h"
#include "programs/containerd-shim-kata-v2/pod.h"
#include "programs/containerd-shim-kata-v2/tasks.h"
#include "sandbox/event.h"
#include "sandbox/new_sandbox.h"

namespace kata::shim_v2 {

namespace api = containerd::sandbox_api;

class SandboxApi {
 public:
  // `config_path`: the configuration of a sandbox whose options name none; empty: at its usual
  // place.
  SandboxApi(boost::asio::any_io_executor loop, std::string config_path, Pod& pod, Tasks& tasks);

  template <class Response>
  using Reply = boost::asio::awaitable<Result<Response>>;
  using Empty = containerd::Empty;

  // One each of the service's methods. Create, Start, Stop and Shutdown finish what they began when
  // the caller goes.
  Reply<Empty> create(api::CreateSandboxRequest request);
  Reply<api::StartSandboxResponse> start(api::SandboxRequest request);
  Reply<Empty> stop(api::StopSandboxRequest request);
  Reply<Empty> shut_down(api::SandboxRequest request);
  Reply<api::PlatformResponse> platform(api::SandboxRequest request);
  Reply<api::WaitSandboxResponse> wait(api::SandboxRequest request);
  Reply<api::SandboxStatusResponse> status(api::SandboxStatusRequest request);
  Reply<Empty> ping(api::SandboxRequest request);
  Reply<api::SandboxMetricsResponse> metrics(api::SandboxRequest request);

 private:
  enum class State { kNone, kCreated, kStarting, kReady, kStopped };

  Result<void> make(const api::CreateSandboxRequest& request);
  Result<void> check_known(const std::string& id) const;
  boost::asio::awaitable<Result<void>> bring_up();
  boost::asio::awaitable<Result<void>> end_it();
  boost::asio::awaitable<void> watch();
  void ended(std::uint32_t code, std::string reason);
  Error not_ready() const;
  const char* state_name() const;

  boost::asio::any_io_executor loop_;
  std::string config_path_;
  Pod& pod_;
  Tasks& tasks_;
  State state_ = State::kNone;
  std::string id_{};
  std::optional<sandbox::SandboxPlan> plan_{};  // from Create to Start
  sandbox::Event start_ended_, stopped_;
  containerd::Timestamp created_at_{}, exited_at_{};
  std::uint32_t exit_status_ = 0;
  std::string failure_{};  // why it ended, when nobody asked for that
};

}  // namespace kata::shim_v2
