// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/bench.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <numeric>

#include "programs/kata-agent-ctl/exit_code.h"
#include "programs/kata-agent-ctl/render.h"

namespace kata::agentctl {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

class Bench {
 public:
  Bench(const BenchCall& call, const BenchSettings& settings) : call_(call), settings_(settings) {}

  Result<BenchResult> run(const Link& link) {
    const std::uint64_t connections = std::min(settings_.connections, settings_.concurrency);
    for (std::uint64_t at = 0; at < connections; ++at)
      clients_.push_back(KATA_TRY(link.connect(loop_), ""));
    for (ttrpc::Client& client : clients_)
      asio::co_spawn(loop_, note_end(client.closed()), asio::detached);
    asio::signal_set interrupt(loop_, SIGINT);
    interrupt.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop(kInterrupted);
    });
    phase(settings_.warmup, Clock::time_point::max(), false);
    const auto start = Clock::now();
    if (settings_.duration.count() > 0)
      phase(UINT64_MAX, start + settings_.duration, true);
    else
      phase(settings_.count, Clock::time_point::max(), true);
    result_.elapsed = Clock::now() - start;
    return std::move(result_);
  }

 private:
  // So many calls, or calls until the deadline, by all workers together.
  void phase(std::uint64_t calls, Clock::time_point deadline, bool counts) {
    left_ = calls;
    deadline_ = deadline;
    counts_ = counts;
    loop_.restart();
    for (std::uint64_t at = 0; at < settings_.concurrency && !stopped_; ++at) {
      ++workers_;
      asio::co_spawn(loop_, work(clients_[at % clients_.size()]),
                     [this](const std::exception_ptr&) {
                       if (--workers_ == 0) loop_.stop();
                     });
    }
    if (workers_ > 0) loop_.run();
  }

  asio::awaitable<void> work(ttrpc::Client& client) {
    const ttrpc::CallOptions options{call_.timeout};
    while (left_ > 0 && !stopped_ && Clock::now() < deadline_) {
      --left_;
      std::string payload = call_.payload;
      const auto start = Clock::now();
      const Result<std::string> reply =
          co_await client.call(call_.service, call_.method, std::move(payload), options);
      const auto took = Clock::now() - start;
      // The end of a connection is heard a moment after the end of its calls.
      if (!reply.ok()) co_await asio::post(loop_, asio::use_awaitable);
      note(reply, took);
    }
  }

  asio::awaitable<void> note_end(asio::awaitable<Error> closed) {
    (void)co_await std::move(closed);
    lost_ = true;
  }

  void note(const Result<std::string>& reply, std::chrono::nanoseconds took) {
    if (!reply.ok()) return note_failure(reply.error());
    if (counts_) result_.nanoseconds.push_back(static_cast<std::uint64_t>(took.count()));
  }

  // Calls that end because we stop do not count.
  void note_failure(const Error& error) {
    if (stopped_) return;
    if (result_.exit_code == 0) result_.exit_code = exit_code_of_answer(error, lost_);
    if (counts_) ++result_.failures[status_name(ttrpc::status_code(error))];
    if (lost_) stop(kNoAgent);
  }

  void stop(int exit_code) {
    stopped_ = true;
    if (result_.exit_code == 0) result_.exit_code = exit_code;
    for (ttrpc::Client& client : clients_) client.close();
  }

  const BenchCall& call_;
  const BenchSettings& settings_;
  asio::io_context loop_;
  std::vector<ttrpc::Client> clients_;
  BenchResult result_;
  std::uint64_t left_ = 0, workers_ = 0;
  Clock::time_point deadline_;
  bool counts_ = false, stopped_ = false, lost_ = false;
};

}  // namespace

LatencySummary summarise(std::vector<std::uint64_t>& nanoseconds) {
  if (nanoseconds.empty()) return {};
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const std::size_t size = nanoseconds.size();
  const auto rank = [&](std::size_t percent) {
    return nanoseconds[(size * percent + 99) / 100 - 1];
  };
  const std::uint64_t sum = std::accumulate(nanoseconds.begin(), nanoseconds.end(), 0ULL);
  return {nanoseconds.front(), sum / size, rank(50), rank(90), rank(99), nanoseconds.back()};
}

Result<BenchResult> run_bench(const Link& link, const BenchCall& call,
                              const BenchSettings& settings) {
  return Bench(call, settings).run(link);
}

}  // namespace kata::agentctl
