// SPDX-License-Identifier: Apache-2.0
//
// A guest's agent without a guest: containers and their processes are entries of a table. Processes
// run until a signal ends them; those of ExecProcess end at once with 0, unless they are called
// "sleep". Threads: the loop's only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent.pb.h"
#include "kata/result.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/event.h"

namespace kata::fakes {

class FakeGuest {
 public:
  FakeGuest(boost::asio::any_io_executor loop, std::function<void()> power_off);

  boost::asio::awaitable<void> serve(UniqueFd client);

 private:
  using Reply = boost::asio::awaitable<Result<std::string>>;
  enum class Phase { kCreated, kRunning, kPaused };
  struct Process {
    explicit Process(const boost::asio::any_io_executor& loop) : ended(loop) {}
    sandbox::Event ended;
    std::int32_t status = 0;
  };
  struct Container {
    Phase phase = Phase::kCreated;
    std::map<std::string, std::shared_ptr<Process>> processes{};  // by exec id
  };

  // `act` takes the request; its reply is empty.
  template <class Request, class Act>
  void on(const char* method, Act act);
  void add_containers();
  void add_processes();
  void add_streams();

  Result<Container*> find(const std::string& id);
  Result<void> move(const std::string& id, Phase from, Phase to);
  Result<void> signal(const grpc::SignalProcessRequest& request);
  static void end(Process& process, std::int32_t status);
  std::shared_ptr<Process> process(const std::string& container, const std::string& exec_id);
  Reply wait(grpc::WaitProcessRequest request);
  Reply read(grpc::ReadStreamRequest request);

  boost::asio::any_io_executor loop_;
  std::function<void()> power_off_;
  ttrpc::Server server_{};
  std::map<std::string, Container> containers_{};
};

}  // namespace kata::fakes
