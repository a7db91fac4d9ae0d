// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/process.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>
#include <variant>

#include "agent.pb.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/timestamp.h"

namespace kata::shim_v2 {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr std::uint32_t kOutputBlock = 128 * 1024;  // bytes a ReadStdout or ReadStderr
constexpr std::chrono::seconds kCallTime{10}, kQuiet{1};
constexpr std::chrono::nanoseconds kNoLimit{0};
constexpr std::uint32_t kKilled = 137, kLost = 255;

}  // namespace

Process::Process(asio::any_io_executor loop, sandbox::Sandbox& sandbox, ProcessIdentity identity,
                 StdioRequest stdio, OnExit on_exit, Patience patience)
    : loop_(loop),
      sandbox_(sandbox),
      identity_(std::move(identity)),
      request_(std::move(stdio)),
      on_exit_(std::move(on_exit)),
      patience_(patience),
      finished_(loop),
      started_(loop),
      ended_(loop),
      given_up_(loop),
      streams_changed_(loop, Deadline::max()),
      quiet_(loop) {}

const std::string& Process::name() const noexcept {
  return identity_.exec_id.empty() ? identity_.container_id : identity_.exec_id;
}

template <class Request>
Request Process::named() const {
  Request request;
  request.set_container_id(identity_.container_id);
  request.set_exec_id(name());
  return request;
}

asio::awaitable<Result<void>> Process::open_stdio() {
  StdioRequest request = request_;
  KATA_CO_TRY(stdio_, co_await Stdio::open(std::move(request)), "");
  if (stdin_closed_) stdio_->close_input();
  co_return Result<void>{};
}

void Process::attach() {
  const auto self = shared_from_this();
  attached_ = true;
  progress_ = steady_clock::now();
  open_streams_ = request_.terminal ? 1 : 2;
  const auto begin = [this, self](std::size_t call, asio::awaitable<void> work) {
    const auto ended = [self](const std::exception_ptr&) {};
    asio::co_spawn(loop_, std::move(work),
                   asio::bind_cancellation_slot(calls_[call].slot(), ended));
  };
  begin(0, carry_stdin(self));
  begin(1, carry(self, "ReadStdout", stdio_->out));
  if (!request_.terminal) begin(2, carry(self, "ReadStderr", stdio_->err));
  asio::co_spawn(loop_, follow(self), asio::detached);
}

void Process::end_start(bool runs) {
  starting_ = false;
  if (runs && status_ == Status::kCreated) status_ = Status::kRunning;
  started_.set();
}

void Process::abandon() {
  on_exit_ = nullptr;
  close_stdio();
  if (!exit_) finish(kKilled);
}

// The code of what ended with its sandbox: killed with it, unless that was an accident.
std::uint32_t Process::code_of_loss() const {
  return !sandbox_.status().running && sandbox_.failure().empty() ? kKilled : kLost;
}

asio::awaitable<void> Process::follow(std::shared_ptr<Process> self) {
  const std::uint32_t code = co_await self->end_in_guest();
  self->ended_.set();
  co_await self->end_of_streams();
  self->stdio_->abandon_input();
  co_await self->stdio_->finish();
  // A guest may tell the end and never answer the start.
  const Deadline started_by = steady_clock::now() + self->patience_.stall;
  if (self->starting_) co_await self->started_.wait_until(started_by);
  self->finish(code);
  // What a guest has not answered by now it may never answer.
  for (asio::cancellation_signal& call : self->calls_) call.emit(asio::cancellation_type::terminal);
}

asio::awaitable<std::uint32_t> Process::end_in_guest() {
  using namespace asio::experimental::awaitable_operators;
  const auto request = named<grpc::WaitProcessRequest>();
  const auto first =
      co_await (ask_agent<grpc::WaitProcessResponse>(sandbox_, "WaitProcess", request, kNoLimit) ||
                given_up_.wait());
  if (first.index() == 1) co_return kKilled;
  const auto& reply = std::get<0>(first);
  if (reply.ok()) co_return static_cast<std::uint32_t>(reply.value().status()) & 0xff;
  log::warn("the end of a process is not known",
            {{"container", identity_.container_id}, {"error", reply.error().message}});
  co_return code_of_loss();
}

asio::awaitable<void> Process::end_of_streams() {
  using namespace asio::experimental::awaitable_operators;
  progress_ = steady_clock::now();
  const Deadline last = progress_ + patience_.drain;
  while (open_streams_ > 0 && !given_up_.is_set()) {
    const Deadline deadline = std::min<Deadline>(progress_ + patience_.stall, last);
    if (steady_clock::now() >= deadline) break;
    co_await (streams_changed_.async_wait(asio::as_tuple(asio::use_awaitable)) ||
              sandbox::sleep_until(deadline));
  }
  if (open_streams_ > 0)
    log::warn("output of a process is lost: it has not come to its end in time",
              {{"container", identity_.container_id}, {"process", name()}});
}

void Process::finish(std::uint32_t code) {
  exit_ = ProcessExit{code, now()};
  status_ = Status::kStopped;
  if (on_exit_) std::exchange(on_exit_, nullptr)(*this);
  finished_.set();
}

// Output goes on being read when nobody wants it, or the workload would stop.
asio::awaitable<void> Process::carry(std::shared_ptr<Process> self, const char* method,
                                     Output& output) {
  bool wanted = true;
  auto request = self->named<grpc::ReadStreamRequest>();
  request.set_len(kOutputBlock);
  for (;;) {
    const auto reply =
        co_await ask_agent<grpc::ReadStreamResponse>(self->sandbox_, method, request, kNoLimit);
    if (!reply.ok() || reply.value().data().empty()) break;
    if (reply.value().data().size() > kOutputBlock) {
      log::error("the agent sent more output than asked for: the stream ends here",
                 {{"container", self->identity_.container_id}});
      break;
    }
    if (wanted) wanted = co_await output.write(reply.value().data());
    self->progress_ = steady_clock::now();
    self->nudge_guest_when_quiet();
  }
  output.close();
  --self->open_streams_;
  self->streams_changed_.cancel();
}

// An emulated guest may sleep through the interrupt that lets it go on; the next request wakes it.
void Process::nudge_guest_when_quiet() {
  quiet_.expires_after(kQuiet);
  quiet_.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
    const auto self = weak.lock();
    if (failure || !self || self->open_streams_ == 0 || self->exit_) return;
    auto nudge = [](std::shared_ptr<Process> process) -> asio::awaitable<void> {
      static_cast<void>(
          co_await process->sandbox_.forward("grpc.Health", "Check", std::string(), kCallTime));
    };
    asio::co_spawn(self->loop_, nudge(self), asio::detached);
  });
}

asio::awaitable<void> Process::carry_stdin(std::shared_ptr<Process> self) {
  while (self->stdio_->has_input()) {
    std::string block = co_await self->stdio_->read_input();
    if (block.empty()) break;
    auto request = self->named<grpc::WriteStreamRequest>();
    request.set_data(std::move(block));
    const auto written = co_await tell_agent(self->sandbox_, "WriteStdin", request, kNoLimit);
    if (!written.ok()) co_return;  // a workload that closed its stdin reads no more
  }
  if (self->request_.terminal || self->exit_) co_return;
  const auto request = self->named<grpc::CloseStdinRequest>();
  static_cast<void>(co_await tell_agent(self->sandbox_, "CloseStdin", request, kCallTime));
}

asio::awaitable<Result<void>> Process::resize(std::uint32_t rows, std::uint32_t columns) {
  auto request = named<grpc::TtyWinResizeRequest>();
  request.set_row(rows);
  request.set_column(columns);
  co_return co_await tell_agent(sandbox_, "TtyWinResize", request, kCallTime);
}

void Process::close_stdin() {
  if (stdio_) stdio_->close_input();
  stdin_closed_ = true;
}

}  // namespace kata::shim_v2
