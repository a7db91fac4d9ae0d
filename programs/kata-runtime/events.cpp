// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <optional>

#include "core/base/log.h"
#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/duration.h"
#include "programs/kata-runtime/stats_json.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox.pb.h"
#include "sandbox/container_state.h"

namespace kata::runtime {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kStatsTime{10}, kReplyTime{5};
constexpr milliseconds kLongestWait{500};  // until the container is seen to have ended
constexpr milliseconds kLastWait{100};

// A reader that has gone, such as `head`, is the end of the verb and no error.
bool print_line(const std::string& line) {
  return std::printf("%s\n", line.c_str()) >= 0 && std::fflush(stdout) == 0;
}

class Events {
 public:
  Events(sandbox::Store store, sandbox::ContainerRecord record)
      : store_(std::move(store)), record_(std::move(record)) {}

  Result<std::string> stats() const {
    grpc::StatsContainerRequest request;
    request.set_container_id(record_.id);
    const auto reply =
        KATA_TRY(ask_agent<grpc::StatsContainerResponse>(store_, record_.sandbox_id,
                                                         "StatsContainer", request, kStatsTime),
                 concat("statistics of container '", record_.id, "'"));
    return stats_event(record_.id, reply);
  }

  // Until the container has ended.
  Result<int> follow(nanoseconds interval) {
    auto due = steady_clock::now() + interval;
    KATA_TRY(count_ooms(milliseconds(0)), "");
    while (alive()) {
      const bool told = KATA_TRY(tell(due), "");
      if (!told) break;
      if (steady_clock::now() >= due) due = std::max(due + interval, steady_clock::now());
    }
    tell_last();
    return 0;
  }

 private:
  // One round: waits for OOM kills, at most until `due`, and prints statistics then. False when the
  // reader or the container has gone.
  Result<bool> tell(Deadline due) {
    const auto left = std::chrono::ceil<milliseconds>(due - steady_clock::now());
    auto ooms = count_ooms(std::clamp(left, milliseconds(0), kLongestWait));
    if (!ooms.ok() && !alive()) return false;
    for (auto more = KATA_TRY(std::move(ooms), ""); more > 0; --more)
      if (!print_line(oom_event(record_.id))) return false;
    if (steady_clock::now() < due) return true;
    auto line = stats();
    if (!line.ok() && !alive()) return false;
    return print_line(KATA_TRY(std::move(line), ""));
  }

  // The kill that ended the container may be told a little after its end.
  void tell_last() {
    const auto ooms = count_ooms(kLastWait);
    for (auto more = ooms.ok() ? ooms.value() : 0; more > 0; --more)
      print_line(oom_event(record_.id));
  }

  bool alive() const { return sandbox::is_alive(record_.shim); }

  // How often the guest has killed for want of memory since the last call; waits for the first.
  Result<std::uint64_t> count_ooms(milliseconds time) {
    if (!client_) client_ = KATA_TRY(connect_to_sandbox(store_, record_.sandbox_id), "");
    sandbox::WaitOomRequest request;
    request.set_container_id(record_.id);
    if (seen_) request.set_seen(*seen_);
    request.set_timeout_ms(time.count());
    auto reply = ttrpc::call<sandbox::WaitOomResponse>(*client_, kSandboxService, "WaitOom",
                                                       request, in(time + kReplyTime));
    if (!reply.ok()) return explain(std::move(reply).error(), store_, record_.sandbox_id);
    const std::uint64_t before = seen_.value_or(reply.value().count());
    seen_ = reply.value().count();
    if (!reply.value().failure().empty() && !warned_) {
      warned_ = true;
      std::fprintf(stderr, "kata-runtime: no OOM events: %s\n", reply.value().failure().c_str());
    }
    return *seen_ - before;
  }

  sandbox::Store store_;
  sandbox::ContainerRecord record_;
  std::optional<ttrpc::BlockingClient> client_{};
  std::optional<std::uint64_t> seen_{};
  bool warned_ = false;
};

Result<int> events(const Globals& globals, const CommandLine& line) {
  const sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_container(line.operands[0]), "");
  const nanoseconds interval = KATA_TRY(duration(line.text("interval")), "--interval");
  const std::string status = status_of(record);
  if (status == "stopped" || status == "creating")
    return wrong_status(store, record, "only a living container has events");
  Events source(store, record);
  if (!line.is_set("stats")) return source.follow(interval);
  print_line(KATA_TRY(source.stats(), ""));
  return 0;
}

}  // namespace

Verb events_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "events";
  verb.operands = "CONTAINER-ID";
  verb.summary = "print what a container uses, and when it ran out of memory";
  verb.description =
      "Prints a line of JSON every interval with the use of CPU, memory, processes and block I/O\n"
      "in the guest ({\"type\":\"stats\"}), and one whenever the guest's kernel has killed a "
      "process\n"
      "of the container for want of memory ({\"type\":\"oom\"}), until the container ends. The\n"
      "members are those of runc; what the VM itself uses on the host is in 'metrics'.";
  verb.exit_status = "0 when the container has ended; 1 when it did not run, or its VM is gone.";
  verb.examples =
      "  kata-runtime events --stats web | jq .data.memory.usage.usage\n"
      "  kata-runtime events --interval 1s web | grep '\"oom\"'\n";
  verb.add_flags = [](po::options_description& flags) {
    auto add = flags.add_options();
    add("interval", po::value<std::string>()->value_name("TIME")->default_value("5s"),
        "time between two lines of statistics: 5s, 500ms, 1m30s");
    add("stats", po::bool_switch(), "print one line of statistics and end");
  };
  verb.run = events;
  return verb;
}

}  // namespace kata::runtime
