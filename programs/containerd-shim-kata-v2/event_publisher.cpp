// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/event_publisher.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "containerd/events.pb.h"
#include "core/base/log.h"
#include "core/base/memory_file.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "programs/containerd-shim-kata-v2/readable.h"
#include "programs/containerd-shim-kata-v2/start.h"
#include "programs/containerd-shim-kata-v2/timestamp.h"
#include "protocol/ttrpc/client.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;
namespace api = containerd::events;
using std::chrono::steady_clock;

namespace {

constexpr const char* kService = "containerd.services.events.ttrpc.v1.Events";
constexpr const char* kPackage = "containerd.events.";
constexpr std::chrono::seconds kForwardTime{5}, kPublishTime{5};
constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{2000};
constexpr std::size_t kMostWaiting = 4096;  // while containerd is away; then the oldest go

// Does not wait for a listener whose queue is full.
Result<UniqueFd> connect_at_once(const std::filesystem::path& path) {
  const NamedSocket named = KATA_TRY(name_socket(path), "");
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("make unix socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&named.address),
                sizeof named.address) != 0)
    return errno_error(concat("connect to '", path, "'"), errno);
  return fd;
}

// The peer understood and said no: it will not say yes to the same.
bool is_refusal(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kPermission;
}

}  // namespace

// Shared with the coroutine that delivers.
struct EventPublisher::State {
  State(const asio::any_io_executor& executor, EventTarget where)
      : loop(executor), target(std::move(where)), change(executor, Deadline::max()) {}

  static asio::awaitable<void> run(std::shared_ptr<State> self) {
    auto pause = kFirstPause;
    while (!self->ended) {
      if (self->waiting.empty()) {
        self->change.cancel();
        co_await self->change.async_wait(asio::as_tuple(asio::use_awaitable));
        continue;
      }
      const api::Envelope envelope = self->waiting.front();
      self->delivering = true;
      const auto delivered = co_await deliver(self, envelope);
      self->delivering = false;
      if (delivered.ok() || is_refusal(delivered.error())) {
        if (!delivered.ok()) log_loss(envelope, delivered.error().message);
        self->waiting.pop_front();
        pause = kFirstPause;
        continue;
      }
      log::debug("an event waits for containerd", {{"error", delivered.error().message}});
      co_await sandbox::sleep_until(steady_clock::now() + pause);
      pause = std::min(2 * pause, kLongestPause);
    }
  }

  static asio::awaitable<Result<void>> deliver(std::shared_ptr<State> self,
                                               const api::Envelope& envelope) {
    if (self->target.ttrpc_address.empty()) return publish_by_program(std::move(self), envelope);
    return forward(std::move(self), envelope);
  }

  static asio::awaitable<Result<void>> forward(std::shared_ptr<State> self,
                                               const api::Envelope& envelope) {
    if (!self->client) {
      KATA_CO_TRY(UniqueFd stream, connect_at_once(socket_path(self->target.ttrpc_address)), "");
      self->client.emplace(self->loop, std::move(stream));
    }
    api::ForwardRequest request;
    *request.mutable_envelope() = envelope;
    ttrpc::CallOptions options;
    options.timeout = kForwardTime;
    auto reply =
        co_await self->client->call(kService, "Forward", request.SerializeAsString(), options);
    if (reply.ok()) co_return Result<void>{};
    if (reply.error().code == ErrorCode::kUnsupported) self->target.ttrpc_address.clear();
    if (!is_refusal(reply.error())) self->client.reset();
    co_return std::move(reply).error();
  }

  static asio::awaitable<Result<void>> publish_by_program(std::shared_ptr<State> self,
                                                          const api::Envelope& envelope) {
    if (self->target.publish_binary.empty())
      co_return make_error(ErrorCode::kInvalidArgument,
                           "neither TTRPC_ADDRESS nor -publish-binary says where events go");
    KATA_CO_TRY(const UniqueFd input, memory_file("event", envelope.event().SerializeAsString()),
                "");
    SpawnRequest spawn;
    spawn.argv = {self->target.publish_binary,
                  "--address",
                  self->target.containerd_address,
                  "publish",
                  "--topic",
                  envelope.topic(),
                  "--namespace",
                  self->target.container_namespace};
    spawn.descriptors = {{input.get(), 0}};
    KATA_CO_TRY(ChildProcess program, ChildProcess::spawn(std::move(spawn)), "");
    const Deadline deadline = steady_clock::now() + kPublishTime;
    static_cast<void>(co_await readable_by(program.pidfd(), deadline));
    KATA_CO_TRY(const ExitStatus status, program.terminate(SIGKILL, steady_clock::now()), "");
    if (status.code == 0) co_return Result<void>{};
    co_return make_error(ErrorCode::kUnavailable, concat(self->target.publish_binary,
                                                         " publish ended with code ", status.code));
  }

  static void log_loss(const api::Envelope& envelope, const std::string& why) {
    log::error("an event is lost", {{"topic", envelope.topic()}, {"error", why}});
  }

  asio::any_io_executor loop;
  EventTarget target;
  asio::steady_timer change;  // never expires; cancelled when `waiting` is empty or no longer
  std::deque<api::Envelope> waiting{};
  std::optional<ttrpc::Client> client{};
  bool delivering = false, ended = false;
};

EventPublisher::EventPublisher(const asio::any_io_executor& loop, EventTarget target)
    : state_(std::make_shared<State>(loop, std::move(target))) {
  asio::co_spawn(loop, State::run(state_), asio::detached);
}

EventPublisher::~EventPublisher() {
  state_->ended = true;
  state_->change.cancel();
}

void EventPublisher::publish(std::string topic, const std::string& type, std::string message) {
  api::Envelope envelope;
  *envelope.mutable_timestamp() = now();
  envelope.set_namespace_(state_->target.container_namespace);
  envelope.set_topic(std::move(topic));
  envelope.mutable_event()->set_type_url(kPackage + type);
  envelope.mutable_event()->set_value(std::move(message));
  if (state_->waiting.size() >= kMostWaiting) {
    const auto oldest = state_->waiting.begin() + (state_->delivering ? 1 : 0);
    State::log_loss(*oldest, "containerd has been away for too long");
    state_->waiting.erase(oldest);
  }
  state_->waiting.push_back(std::move(envelope));
  state_->change.cancel();
}

asio::awaitable<bool> EventPublisher::drained(Deadline deadline) {
  using namespace asio::experimental::awaitable_operators;
  const auto state = state_;
  while (!state->waiting.empty() && steady_clock::now() < deadline)
    co_await (state->change.async_wait(asio::as_tuple(asio::use_awaitable)) ||
              sandbox::sleep_until(deadline));
  co_return state->waiting.empty();
}

}  // namespace kata::shim_v2
