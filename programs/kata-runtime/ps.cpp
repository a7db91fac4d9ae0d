// SPDX-License-Identifier: Apache-2.0
//
// Two views. Engines ask for JSON and look those pids up on the host: they get the host's processes
// that stand for the container's. People ask for the table and mean what runs inside: the guest's
// processes, as the agent lists them.
#include <boost/program_options/value_semantic.hpp>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "programs/kata-runtime/agent_call.h"
#include "programs/kata-runtime/ps_format.h"
#include "programs/kata-runtime/shim_pids.h"
#include "programs/kata-runtime/verbs.h"
#include "sandbox/container_state.h"

namespace kata::runtime {
namespace {

constexpr std::chrono::seconds kListTime{10};

Result<std::string> host_view(const sandbox::Store& store, const sandbox::ContainerRecord& record) {
  const auto pids =
      KATA_TRY(shim_pids(proxy_socket(store, record.sandbox_id), record.id), "list processes");
  return nlohmann::json(pids).dump() + '\n';
}

Result<std::string> guest_view(const sandbox::Store& store, const sandbox::ContainerRecord& record,
                               const Words& options) {
  const auto columns = KATA_TRY(ps_columns(options), "");
  const std::string action = concat("list the processes of container '", record.id, "'");
  grpc::GetDiagnosticDataRequest request;
  request.set_container_id(record.id);
  request.set_log_type("processes");
  const auto reply = ask_agent<grpc::GetDiagnosticDataResponse>(
      store, record.sandbox_id, "GetDiagnosticData", request, kListTime);
  if (!reply.ok() && reply.error().code == ErrorCode::kInvalidArgument)
    return make_error(ErrorCode::kUnsupported,
                      concat(action,
                             ": the guest's agent cannot list them: use --format json for "
                             "the host's, or rebuild the guest with a newer agent"));
  if (!reply.ok()) return in_context(reply.error(), action);
  const auto processes = KATA_TRY(parse_guest_processes(reply.value().data()), action);
  return ps_table(columns, processes, std::time(nullptr));
}

Result<int> ps(const Globals& globals, const CommandLine& line) {
  const std::string format = line.text("format");
  if (format != "table" && format != "json")
    return make_error(ErrorCode::kInvalidArgument,
                      concat("--format '", format, "': expected table or json"));
  const sandbox::Store store = globals.store();
  const auto record = KATA_TRY(store.load_container(line.operands[0]), "");
  const std::string status = status_of(record);
  if (status == "creating") return wrong_status(store, record, "it has no processes yet");
  Words options(line.operands.begin() + 1, line.operands.end());
  if (!options.empty() && options.front() == "--") options.erase(options.begin());
  if (status == "stopped" && format == "table")
    return wrong_status(store, record, "it has no processes any more");
  const std::string text = KATA_TRY(
      format == "json" ? host_view(store, record) : guest_view(store, record, options), "");
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

Verb ps_verb() {
  namespace po = boost::program_options;
  Verb verb;
  verb.name = "ps";
  verb.operands = "CONTAINER-ID [-- PS-OPTION...]";
  verb.summary = "list the processes of a container";
  verb.description =
      "As a table: the processes in the guest, with their pids in the container. The options of "
      "ps(1)\n"
      "that count are -e, -f, -ef (when none is given) and -o FIELD,... with the fields pid, "
      "ppid,\n"
      "uid, user, state, stat, nlwp, tty, stime, etime, time, c, pcpu, vsz, rss, comm, cmd, args.\n"
      "As JSON: the pids of the host's processes that stand for the container's, one for the\n"
      "workload and one for each exec; engines look these up on the host.";
  verb.exit_status = "0; 1 when the container does not run, or its agent cannot list processes.";
  verb.examples =
      "  kata-runtime ps web\n"
      "  kata-runtime ps web -- -o pid,rss,args\n"
      "  kata-runtime ps --format json web\n";
  verb.most_operands = SIZE_MAX;
  verb.place = Flags::kBeforeOperands;
  verb.add_flags = [](po::options_description& flags) {
    flags.add_options()("format,f",
                        po::value<std::string>()->value_name("FORMAT")->default_value("table"),
                        "table or json");
  };
  verb.run = ps;
  return verb;
}

}  // namespace kata::runtime
