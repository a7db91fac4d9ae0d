// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/guest_metrics.h"
#include "sandbox/process_metrics.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kMetricsTime{10};

// A container's id stands for its sandbox.
Result<std::string> sandbox_of(const sandbox::Store& store, const std::string& id) {
  const auto record = store.load_container(id);
  if (record.ok()) return record.value().sandbox_id;
  return KATA_TRY(store.load_sandbox(id), "").id;
}

Result<int> metrics(const Globals& globals, const CommandLine& line) {
  const sandbox::Store store = globals.store();
  const std::string id = KATA_TRY(sandbox_of(store, line.operands[0]), "");
  const auto record = KATA_TRY(store.load_sandbox(id), "");
  if (!sandbox::is_alive(record.proxy))
    return make_error(ErrorCode::kUnavailable,
                      concat("sandbox '", id, "' is gone: ", loss_of_sandbox(store, id),
                             "; 'kata-runtime delete --force' cleans up"));
  std::string text = sandbox::process_metrics("kata_shim", record.proxy.pid);
  text += sandbox::process_metrics("kata_hypervisor", record.vmm.pid);
  const auto reply =
      ask_agent<grpc::Metrics>(store, id, "GetMetrics", grpc::GetMetricsRequest(), kMetricsTime);
  if (reply.ok()) text += sandbox::guest_metrics(reply.value().metrics());
  std::fputs(text.c_str(), stdout);
  if (!reply.ok()) return in_context(reply.error(), "metrics of the guest");
  return 0;
}

}  // namespace

Verb metrics_verb() {
  Verb verb;
  verb.name = "metrics";
  verb.operands = "SANDBOX-ID|CONTAINER-ID";
  verb.summary = "print what a VM uses, in Prometheus' text format";
  verb.description =
      "Prints metrics of the sandbox's processes on the host (kata_shim_ for kata-proxy,\n"
      "kata_hypervisor_ for the VMM) and those that the guest's agent has of itself and its "
      "kernel\n"
      "(kata_agent_, kata_guest_). The names are Kata's.";
  verb.exit_status =
      "0; 1 when the sandbox is gone, or the guest gave none (the host's are shown).";
  verb.examples = "  kata-runtime metrics web | grep kata_hypervisor_proc_status\n";
  verb.run = metrics;
  return verb;
}

}  // namespace kata::runtime
