// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>
#include <unistd.h>

#include <boost/program_options/value_semantic.hpp>

#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"
#include "programs/kata-runtime/debug_console.h"
#include "programs/kata-runtime/exec_process.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/shim_process.h"
#include "programs/kata-runtime/verbs.h"
#include "protocol/agent.pb.h"
#include "sandbox/container_state.h"
#include "sandbox/oci_spec.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::runtime {

namespace po = boost::program_options;

namespace {

constexpr std::chrono::seconds kExecTime{30}, kKillTime{2};

void add_exec_flags(po::options_description& flags) {
  auto add = flags.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto texts = [](const char* name) {
    return po::value<Words>()->composing()->value_name(name);
  };
  add("process,p", text("FILE"), "JSON of the process, as in config.json, instead of a command");
  add("tty,t", po::bool_switch(), "give it a terminal");
  add("detach,d", po::bool_switch(), "return when it runs");
  add("env,e", texts("NAME=value"), "add to its environment; may be repeated");
  add("cwd", text("DIR"), "its working directory in the container");
  add("user,u", text("USER[:GROUP]"), "its user and group, by number or by name");
  add("additional-gids,g", texts("GID"), "add a group; may be repeated");
  add("cap,c", texts("CAP_NAME"), "add a capability; may be repeated");
  add("no-new-privs", po::bool_switch(), "it may not gain privileges");
  add("pid-file", text("FILE"), "write the pid here, last of all");
  add("console-socket", text("SOCKET"), "unix socket that receives the terminal's master end");
  add("preserve-fds", po::value<int>()->value_name("N"), "only 0: descriptors cannot enter a VM");
  add("ignore-paused", po::bool_switch(),
      "in a paused container, start when it is resumed, within 30 s");
  add("process-label", text("LABEL"), "accepted; the guest has no SELinux");
  add("apparmor", text("PROFILE"), "accepted; the guest has no AppArmor");
  add("cgroup", text("PATH"), "refused: the container's cgroup is the guest's business");
  add("no-subreaper", po::bool_switch(), "accepted; its children stay in the guest");
}

Result<grpc::Process> requested_process(const CommandLine& line,
                                        const sandbox::ContainerRecord& record) {
  grpc::Spec spec;
  if (line.has("process")) {
    const std::string file = line.text("process");
    const std::string json = KATA_TRY(read_file(file, 4U << 20), "--process");
    KATA_TRY(sandbox::parse_process(json, file, *spec.mutable_process()), "");
  } else {
    KATA_TRY(sandbox::load_bundle(record.bundle, spec), "");
  }
  KATA_TRY(apply_exec_flags(line, *spec.mutable_process()), "");
  return spec.process();
}

std::string new_exec_id() {
  constexpr char kHex[] = "0123456789abcdef";
  unsigned char bytes[16] = {};
  while (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) continue;
  std::string id;
  for (const unsigned char byte : bytes) {
    id += kHex[byte >> 4];
    id += kHex[byte & 15];
  }
  return id;
}

Result<void> check_flags(const CommandLine& line, const grpc::Process& process) {
  if (line.has("preserve-fds") && line.flags["preserve-fds"].as<int>() != 0)
    return make_error(ErrorCode::kUnsupported,
                      "--preserve-fds: file descriptors cannot be passed into a VM");
  if (process.terminal() && line.is_set("detach") && !line.has("console-socket"))
    return make_error(ErrorCode::kInvalidArgument,
                      "--detach with a terminal needs --console-socket to receive it");
  if (!process.terminal() && line.has("console-socket"))
    return make_error(ErrorCode::kInvalidArgument, "--console-socket is of no use without --tty");
  if (line.has("cgroup"))
    return make_error(ErrorCode::kUnsupported,
                      "--cgroup: a process joins its container's cgroup: leave the flag out");
  for (const char* name : {"process-label", "apparmor"})
    if (line.has(name) && !line.text(name).empty())
      log::warn(concat("--", name, " is left out: the guest has no such confinement"));
  return {};
}

Result<void> check_status(const sandbox::Store& store, const sandbox::ContainerRecord& record,
                          bool ignore_paused) {
  const std::string status = status_of(record);
  if (status == "running" || status == "created") return {};
  if (status == "paused" && ignore_paused) return {};
  return wrong_status(store, record,
                      status == "paused" ? "resume it first, or wait for that by --ignore-paused"
                                         : "exec needs a container that runs");
}

// The process runs in the guest from here on; the shim finds its stdio waiting there.
Result<void> start_in_guest(const sandbox::Store& store, const sandbox::ContainerRecord& record,
                            const std::string& exec_id, const grpc::Process& process) {
  auto client = KATA_TRY(connect_to_sandbox(store, record.sandbox_id), "");
  grpc::ExecProcessRequest call;
  call.set_container_id(record.id);
  call.set_exec_id(exec_id);
  *call.mutable_process() = process;
  if (!process.user().username().empty())
    set_string_user(process.user(), *call.mutable_string_user());
  const auto reply =
      client.call(kAgentService, "ExecProcess", call.SerializeAsString(), in(kExecTime));
  if (reply.ok()) return {};
  return in_context(explain(reply.error(), store, record.sandbox_id),
                    concat("execute '", process.args(0), "' in container '", record.id, "'"));
}

// For a process that no shim stands for.
void kill_in_guest(const sandbox::Store& store, const sandbox::ContainerRecord& record,
                   const std::string& exec_id) {
  auto client = connect_to_sandbox(store, record.sandbox_id);
  grpc::SignalProcessRequest call;
  call.set_container_id(record.id);
  call.set_exec_id(exec_id);
  call.set_signal(SIGKILL);
  if (client.ok())
    static_cast<void>(client.value().call(kAgentService, "SignalProcess", call.SerializeAsString(),
                                          in(kKillTime)));
}

// A container that is being deleted has no group any more; its process ends soon as well.
void place(const sandbox::Store& store, const std::string& sandbox_id, pid_t pid) {
  const auto pod = store.load_sandbox(sandbox_id);
  if (!pod.ok()) return;
  const auto placed = sandbox::place_beside_vmm(pod.value().cgroups, pid);
  if (!placed.ok())
    log::warn("the shim is not in the sandbox's control group",
              {{"error", placed.error().message}});
}

// In the foreground this program becomes the shim: one process less, and nobody between the caller
// and the workload's signals and exit code.
Result<int> become_shim(const ShimRequest& request, const std::string& pid_file) {
  std::vector<std::string> words = KATA_TRY(shim_command(request), "");
  KATA_TRY(write_pid_file(pid_file, ::getpid()), "--pid-file");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  return errno_error(concat("execute '", words[0], "'"), errno);
}

Result<int> leave_to_shim(const sandbox::Store& store, const std::string& sandbox_id,
                          const ShimRequest& request, const std::string& pid_file) {
  auto shim = KATA_TRY(spawn_shim(request), "");
  place(store, sandbox_id, shim.pid());
  if (auto written = write_pid_file(pid_file, shim.pid()); !written.ok()) {
    static_cast<void>(shim.terminate(SIGKILL, in(kKillTime)));
    return in_context(std::move(written).error(), "--pid-file");
  }
  return 0;
}

Result<int> exec(const Globals& globals, const CommandLine& line) {
  const sandbox::Store store = globals.store();
  if (line.operands.size() == 1 && !line.has("process"))
    return use_debug_console(store, line.operands[0]);
  const auto record = KATA_TRY(store.load_container(line.operands[0]), "");
  KATA_TRY(check_status(store, record, line.is_set("ignore-paused")), "");
  const grpc::Process process = KATA_TRY(requested_process(line, record), "");
  KATA_TRY(check_flags(line, process), "");
  ShimRequest shim;
  shim.proxy_socket = proxy_socket(store, record.sandbox_id);
  shim.container_id = record.id;
  shim.exec_id = new_exec_id();
  shim.terminal = process.terminal();
  shim.console_socket = line.text("console-socket");
  shim.console_size = {process.consolesize().height(), process.consolesize().width()};
  shim.detached = line.is_set("detach") || line.has("console-socket");
  KATA_TRY(start_in_guest(store, record, shim.exec_id, process), "");
  if (!shim.detached) place(store, record.sandbox_id, ::getpid());
  auto code = shim.detached ? leave_to_shim(store, record.sandbox_id, shim, line.text("pid-file"))
                            : become_shim(shim, line.text("pid-file"));
  if (!code.ok()) kill_in_guest(store, record, shim.exec_id);
  return code;
}

}  // namespace

Verb exec_verb() {
  Verb verb;
  verb.name = "exec";
  verb.operands = "CONTAINER-ID [COMMAND [ARGUMENT...]]";
  verb.summary = "run another process in a running container";
  verb.description =
      "Runs COMMAND, or the process of --process FILE, beside the container's own, with the same\n"
      "user, environment and capabilities unless flags say otherwise. Flags end at CONTAINER-ID.\n"
      "With an id alone, of a container or a sandbox: a shell on the guest itself, its debug\n"
      "console, if debug_console_enabled of [agent.kata] was set when the sandbox was created.";
  verb.exit_status =
      "The command's; 128 plus the signal's number when a signal ended it; 255 when it could not\n"
      "  be started, as with runc; with --detach 0 when it runs.";
  verb.failure = 255;
  verb.examples =
      "  kata-runtime exec web cat /proc/1/status\n"
      "  kata-runtime exec --tty --env TERM=xterm --user 1000:1000 web sh\n"
      "  kata-runtime exec web\n";
  verb.most_operands = SIZE_MAX;
  verb.place = Flags::kBeforeOperands;
  verb.add_flags = add_exec_flags;
  verb.run = exec;
  return verb;
}

}  // namespace kata::runtime
