// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/shim.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/birth.h"
#include "programs/containerd-shim-kata-v2/event_publisher.h"
#include "programs/containerd-shim-kata-v2/pod.h"
#include "programs/containerd-shim-kata-v2/sandbox_api.h"
#include "programs/containerd-shim-kata-v2/sandbox_service.h"
#include "programs/containerd-shim-kata-v2/start.h"
#include "programs/containerd-shim-kata-v2/task_service.h"
#include "programs/containerd-shim-kata-v2/tasks.h"
#include "protocol/ttrpc/server.h"
#include "sandbox/socket_server.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kLastEvents{5}, kLookForIdleness{10};
constexpr std::chrono::milliseconds kLastReplies{200};
constexpr int kIdleLooks = 6;  // so many times without a container, and nobody will come any more

std::string path_of_socket(int listener) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return address.sun_path;
}

class Shim {
 public:
  Shim(const Options& options, const Environment& environment, UniqueFd listener)
      : socket_(path_of_socket(listener.get())),
        events_(loop_.get_executor(),
                EventTarget{options.container_namespace, environment.ttrpc_address,
                            options.containerd_address, options.publish_binary}),
        pod_(loop_.get_executor(), sandbox::Store(kStoreRoot)),
        tasks_(loop_.get_executor(), options.container_namespace, pod_, events_),
        sandbox_api_(loop_.get_executor(), options.config_path, pod_, tasks_),
        clients_(loop_.get_executor(), std::move(listener), server_) {
    register_task_service(server_, tasks_);
    register_sandbox_service(server_, sandbox_api_);
  }

  int run(UniqueFd birth) {
    asio::co_spawn(loop_, clients_.accept_clients(), asio::detached);
    asio::co_spawn(loop_, obey_signals(), asio::detached);
    asio::co_spawn(loop_, leave_when_unknown(std::move(birth)), asio::detached);
    asio::co_spawn(loop_, leave_when_idle(), asio::detached);
    asio::co_spawn(loop_, live(), [this](const std::exception_ptr& thrown) {
      if (thrown) log::error("the shim failed: out of memory or a defect");
      loop_.stop();
    });
    loop_.run();
    return 0;
  }

 private:
  asio::awaitable<void> live() {
    co_await tasks_.dismissed();
    if (!socket_.empty()) ::unlink(socket_.c_str());
    const Deadline last_event = steady_clock::now() + kLastEvents;
    const bool delivered = co_await events_.drained(last_event);
    if (!delivered) log::warn("containerd has not taken the last events");
    const Deadline last_reply = steady_clock::now() + kLastReplies;
    co_await clients_.drain(last_reply);
  }

  // The containers end with their VM; containerd hears of it and deletes them.
  asio::awaitable<void> obey_signals() {
    asio::signal_set signals(loop_, SIGTERM, SIGINT);
    for (;;) {
      co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
      log::info("told to stop by a signal");
      static_cast<void>(co_await pod_.take_down());
      if (!is_needed()) tasks_.dismiss();
    }
  }

  asio::awaitable<void> leave_when_unknown(UniqueFd birth) {
    const bool known = co_await becomes_known(std::move(birth));
    if (known) co_return;
    log::info("'start' has ended before containerd could know this shim: it ends");
    take_back_start(concat(kAddressScheme, socket_));
    static_cast<void>(co_await pod_.take_down());
    tasks_.dismiss();
  }

  // containerd may have gone between `start` and Create, or after a Create that failed.
  asio::awaitable<void> leave_when_idle() {
    int idle = 0;
    while (idle < kIdleLooks) {
      const Deadline next = steady_clock::now() + kLookForIdleness;
      co_await sandbox::sleep_until(next);
      ++idle;
      if (is_needed()) idle = 0;
    }
    log::info("nobody needs this shim: it ends");
    static_cast<void>(co_await pod_.take_down());
    tasks_.dismiss();
  }

  bool is_needed() const { return !tasks_.empty() || pod_.standalone() != nullptr; }

  asio::io_context loop_{1};  // first: everything below has timers and sockets in it
  std::string socket_;
  EventPublisher events_;
  Pod pod_;
  Tasks tasks_;
  SandboxApi sandbox_api_;
  ttrpc::Server server_;
  sandbox::SocketServer clients_;
};

}  // namespace

int serve(const Options& options, const Environment& environment, UniqueFd listener,
          UniqueFd birth) {
  return Shim(options, environment, std::move(listener)).run(std::move(birth));
}

}  // namespace kata::shim_v2
