// SPDX-License-Identifier: Apache-2.0
#include <boost/program_options/value_semantic.hpp>
#include <csignal>

#include "kata/concat.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/signal_names.h"
#include "programs/kata-runtime/verbs.h"
#include "protocol/agent.pb.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kKillTime{4};

// Every process of a container is meant by no exec id, with SIGKILL only: that is Kata's wire. With
// other signals by "*", which Kata's agent does not know.
std::string exec_id_for(const std::string& id, int signal, bool all) {
  if (!all) return id;
  return signal == SIGKILL ? "" : "*";
}

// The agent delivers it: the shim may be stuck or stopped, and SIGKILL cannot pass through it.
Result<int> kill_container(const Globals& globals, const std::string& id, int signal, bool all) {
  const sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_container(id), "");
  const std::string status = status_of(record);
  if (status == "stopped" && all) return 0;  // nothing is left to get it
  if (status == "stopped") return wrong_status(store, record, "container not running");
  if (status == "creating") return wrong_status(store, record, "container not running yet");
  auto client = KATA_TRY(connect_to_sandbox(store, record.sandbox_id), "");
  grpc::SignalProcessRequest call;
  call.set_container_id(id);
  call.set_exec_id(exec_id_for(id, signal, all));
  call.set_signal(static_cast<std::uint32_t>(signal));
  const auto reply =
      client.call(kAgentService, "SignalProcess", call.SerializeAsString(), in(kKillTime));
  if (reply.ok()) return 0;
  return in_context(explain(reply.error(), store, record.sandbox_id),
                    concat("send signal ", signal, " to container '", id, "'"));
}

}  // namespace

Verb kill_verb() {
  Verb verb;
  verb.name = "kill";
  verb.operands = "CONTAINER-ID [SIGNAL]";
  verb.summary = "send a signal to a container's process";
  verb.description =
      "Sends SIGNAL (TERM when not given) to the first process of the container. SIGNAL is a name\n"
      "with or without SIG, a number from 1 to 64, or RTMIN+N.";
  verb.exit_status =
      "0 when the signal was sent; 1 when the container does not run. With --all, a stopped\n"
      "  container is no error: callers send it to make sure that nothing is left.";
  verb.examples =
      "  kata-runtime kill web\n"
      "  kata-runtime kill --all web KILL\n";
  verb.most_operands = 2;
  verb.add_flags = [](boost::program_options::options_description& flags) {
    flags.add_options()("all,a", boost::program_options::bool_switch(),
                        "to every process of the container");
  };
  verb.run = [](const Globals& globals, const CommandLine& line) -> Result<int> {
    const std::string signal = line.operands.size() > 1 ? line.operands[1] : "TERM";
    const int number = KATA_TRY(signal_number(signal), "");
    return kill_container(globals, line.operands[0], number, line.is_set("all"));
  };
  return verb;
}

}  // namespace kata::runtime
