// SPDX-License-Identifier: Apache-2.0
//
// An attacker in the place of the guest's agent: passes the shim's calls on to an honest one, but
// answers one method itself, with whatever bytes. Threads: the loop's only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "kata/result.h"

namespace kata::test {

class HostileAgent {
 public:
  // What is written instead of a reply to the call with this stream id.
  struct Answer {
    std::string bytes{};
    bool hangs_up = false;  // the connection is closed behind them
    bool endless = false;   // they are written again and again
  };
  using Attack = std::function<Answer(std::uint32_t stream_id)>;

  // Listens on `socket`; the honest agent on `honest`.
  HostileAgent(boost::asio::io_context& loop, const std::filesystem::path& socket,
               std::filesystem::path honest, std::string method, Attack attack);

  ~HostileAgent() { plan_->attack = nullptr; }  // and hangs up at the next call
  HostileAgent(const HostileAgent&) = delete;
  HostileAgent& operator=(const HostileAgent&) = delete;

  int connections() const noexcept { return plan_->connections; }
  int attacks() const noexcept { return plan_->attacks; }

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  struct Line {  // one of the shim's connections
    explicit Line(const boost::asio::any_io_executor& loop)
        : shim(loop), honest(loop), turn(loop, Deadline::max()) {}
    Socket shim, honest;
    boost::asio::steady_timer turn;  // to write to the shim; cancelled when somebody has
    bool busy = false;
  };
  struct Plan {  // shared with the coroutines
    std::filesystem::path honest{};
    std::string method{};
    Attack attack{};
    int connections = 0, attacks = 0;
  };

  boost::asio::awaitable<void> accept();
  static boost::asio::awaitable<void> pass_calls(std::shared_ptr<Plan> plan,
                                                 std::shared_ptr<Line> line);
  static boost::asio::awaitable<void> pass_replies(std::shared_ptr<Line> line);
  static boost::asio::awaitable<void> write(std::shared_ptr<Line> line, Answer answer);
  static boost::asio::awaitable<bool> tell_shim(std::shared_ptr<Line> line,
                                                const std::string& bytes);

  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::shared_ptr<Plan> plan_;
};

}  // namespace kata::test
