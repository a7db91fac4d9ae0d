// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/container_create.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/base/log.h"
#include "core/config/load.h"
#include "kata/concat.h"
#include "programs/kata-runtime/container_delete.h"
#include "programs/kata-runtime/interruption.h"
#include "programs/kata-runtime/sandbox_client.h"
#include "programs/kata-runtime/sandbox_process.h"
#include "programs/kata-runtime/shim_process.h"
#include "protocol/agent.pb.h"
#include "sandbox.pb.h"
#include "sandbox/container_state.h"
#include "sandbox/hooks.h"
#include "sandbox/new_sandbox.h"
#include "sandbox/oci_spec.h"
#include "sandbox/placement.h"
#include "sandbox/pod_network.h"
#include "sandbox/sandbox_cgroups.h"

namespace kata::runtime {

using std::chrono::seconds;

namespace {

constexpr seconds kCreateInPodTime{60}, kStartTime{60};
constexpr seconds kNetworkTime{10};  // a NIC is plugged in within half a second

// A name beside root's would need the name service, which a static program does not have.
std::string user_name() { return ::geteuid() == 0 ? "root" : std::to_string(::geteuid()); }

Result<void> check_terminal(const CreateRequest& request, bool terminal) {
  const bool socket = !request.console_socket.empty();
  if (terminal && request.detached && !socket)
    return make_error(ErrorCode::kInvalidArgument,
                      "process.terminal is true: pass --console-socket to receive the terminal");
  if (!terminal && socket)
    return make_error(ErrorCode::kInvalidArgument,
                      "--console-socket is of no use: process.terminal is not true");
  return {};
}

Result<config::Config> effective_config(const Globals& globals) {
  const auto file = KATA_TRY(config::find_config_file(globals.config), "");
  auto config = KATA_TRY(config::load_config(file), "");
  for (const std::string& warning : config.warnings) log::warn(warning);
  return config;
}

bool was_interrupted() { return Interruption::signal() != 0; }

// One attempt. Each member says how far it got, for undo().
class Creation {
 public:
  Creation(const Globals& globals, const CreateRequest& request)
      : globals_(globals), request_(request), store_(globals.store()) {}

  Result<Created> run() {
    KATA_TRY(read_bundle(), "");
    config::Config config;
    if (placement_.new_sandbox) {
      config = KATA_TRY(plan_new_sandbox(), "");
    } else {
      const auto pod = KATA_TRY(store_.load_sandbox(placement_.sandbox_id), "");
      KATA_TRY(sandbox::check_same_network(spec_, pod.netns), "");
    }
    KATA_TRY(write_records(), "");
    if (placement_.new_sandbox)
      proxy_ = KATA_TRY(
          start_sandbox(globals_, record_.sandbox_id, config, std::move(lock_), interruption_), "");
    const seconds time = placement_.new_sandbox ? seconds(config.agent.create_container_timeout_s)
                                                : kCreateInPodTime;
    KATA_TRY(create_in_sandbox(time), concat("create container '", record_.id, "'"));
    KATA_TRY(start_shim(), "");
    KATA_TRY(run_create_hooks(spec_.hooks(), record_, pod_netns_, was_interrupted), "");
    if (Interruption::signal() != 0) return make_error(ErrorCode::kCancelled, "interrupted");
    KATA_TRY(record_created(), "record the new container");
    KATA_TRY(write_pid_file(request_.pid_file, shim_.pid()), "--pid-file");
    return Created{record_, std::move(shim_)};
  }

  // What a signal broke off is reported as that, not as the proxy's sudden end.
  Error undo(Error error) {
    if (const int signal = Interruption::signal(); signal != 0)
      error = make_error(ErrorCode::kCancelled,
                         concat("interrupted by SIG", ::sigabbrev_np(signal), ": undone"));
    lock_.reset();
    if (!reserved_) return error;
    if (shim_) static_cast<void>(shim_.terminate(SIGKILL, in(seconds(1))));
    const auto removed = force_delete(globals_, record_);
    if (!removed.ok()) error.message += concat("; undoing it: ", removed.error().message);
    return error;
  }

 private:
  Result<void> read_bundle() {
    KATA_TRY(sandbox::check_id(request_.id), "");
    bundle_ = KATA_TRY(sandbox::load_bundle(request_.bundle, spec_), "");
    for (const std::string& warning : bundle_.warnings) log::warn(warning);
    KATA_TRY(check_terminal(request_, spec_.process().terminal()), "");
    record_.annotations = {spec_.annotations().begin(), spec_.annotations().end()};
    placement_ = KATA_TRY(sandbox::place_container(request_.id, record_.annotations), "");
    return {};
  }

  Result<config::Config> plan_new_sandbox() {
    auto config = KATA_TRY(effective_config(globals_), "");
    sandbox::CgroupsPath cgroups{spec_.linux().cgroupspath(), globals_.systemd_cgroup};
    if (cgroups.systemd_scope)
      cgroups.text =
          KATA_TRY(sandbox::systemd_cgroups_path(cgroups.text, placement_.sandbox_id), "");
    auto plan = KATA_TRY(sandbox::plan_sandbox(placement_.sandbox_id, spec_, bundle_.directory,
                                               cgroups, std::move(config)),
                         "");
    new_sandbox_ = std::move(plan.record);
    return std::move(plan.config);
  }

  Result<void> write_records() {
    record_.id = request_.id;
    record_.sandbox_id = placement_.sandbox_id;
    record_.bundle = bundle_.directory;
    record_.rootfs = bundle_.rootfs;
    record_.status = "creating";
    record_.created = timestamp();
    record_.creator = KATA_TRY(reference_to(::getpid()), "");
    record_.owner = user_name();
    record_.terminal = spec_.process().terminal();
    record_.late_hooks = !spec_.hooks().poststart().empty() || !spec_.hooks().poststop().empty();
    lock_ = KATA_TRY(store_.reserve(request_.id), "");
    reserved_ = true;
    KATA_TRY(store_.save(record_), "");
    if (placement_.new_sandbox) return store_.save_at_birth(new_sandbox_);
    lock_.reset();
    return {};
  }

  // `delete --force` may have been faster.
  Result<void> record_created() {
    const UniqueFd lock = KATA_TRY(store_.lock(record_.id, in(sandbox::kLockTime)), "");
    const auto found = KATA_TRY(store_.load_container(record_.id), "");
    if (found.created != record_.created)
      return make_error(ErrorCode::kCancelled, "it was deleted while it was being created");
    record_.status = "created";
    record_.creator = {};
    return store_.save(record_);
  }

  Result<void> create_in_sandbox(seconds time) {
    auto client = KATA_TRY(connect_to_sandbox(store_, record_.sandbox_id), "");
    interruption_.watch(proxy_ ? proxy_.pidfd() : -1);
    sandbox::CreateContainerRequest call;
    call.set_container_id(record_.id);
    call.set_bundle(record_.bundle);
    call.set_rootfs(record_.rootfs);
    *call.mutable_spec() = spec_;
    auto reply = ttrpc::call<sandbox::CreateContainerResponse>(client, kSandboxService,
                                                               "CreateContainer", call, in(time));
    interruption_.watch(-1);
    if (!reply.ok()) return explain(std::move(reply).error(), store_, record_.sandbox_id);
    return {};
  }

  ShimView view() const {
    ShimView view{record_.rootfs, spec_.root().readonly()};
    for (const grpc::Mount& mount : spec_.mounts()) {
      const auto& options = mount.options();
      auto has = [&](const char* name) {
        return std::ranges::find(options, name) != options.end();
      };
      if (has("bind") || has("rbind"))
        view.binds.push_back({std::filesystem::path(record_.bundle) / mount.source(),
                              mount.destination(), has("ro")});
    }
    return view;
  }

  Result<void> start_shim() {
    ShimRequest shim;
    shim.proxy_socket = proxy_socket(store_, record_.sandbox_id);
    shim.container_id = shim.exec_id = record_.id;
    shim.terminal = record_.terminal;
    shim.console_socket = request_.console_socket;
    shim.console_size = {spec_.process().consolesize().height(),
                         spec_.process().consolesize().width()};
    shim.view = view();
    shim.detached = request_.detached;
    const auto pod = KATA_TRY(store_.load_sandbox(record_.sandbox_id), "");
    shim.netns = pod_netns_ = pod.netns;
    shim_ = KATA_TRY(spawn_shim(shim), "");
    KATA_TRY(sandbox::place_beside_vmm(pod.cgroups, shim_.pid()),
             "place the shim in the sandbox's control group");
    record_.shim = KATA_TRY(reference_to(shim_.pid()), "");
    return {};
  }

  const Globals& globals_;
  const CreateRequest& request_;
  sandbox::Store store_;
  Interruption interruption_{};
  grpc::Spec spec_{};
  sandbox::Bundle bundle_{};
  sandbox::Placement placement_{};
  sandbox::SandboxRecord new_sandbox_{};
  std::string pod_netns_{};
  sandbox::ContainerRecord record_{};
  UniqueFd lock_{};  // from the reservation to the start of the proxy
  bool reserved_ = false;
  ChildProcess proxy_{}, shim_{};
};

}  // namespace

Result<Created> create_container(const Globals& globals, const CreateRequest& request) {
  Creation creation(globals, request);
  auto created = creation.run();
  if (!created.ok()) return creation.undo(std::move(created).error());
  return created;
}

namespace {

// Engines and hooks plug links into the pod's namespace between create and start, and workloads
// take what they find. A network that does not come is no reason to keep a workload from running.
void await_network(ttrpc::BlockingClient& client, const sandbox::ContainerRecord& record) {
  sandbox::AwaitNetworkRequest request;
  request.set_timeout_ms(std::chrono::milliseconds(kNetworkTime).count());
  const auto reply = ttrpc::call<sandbox::AwaitNetworkResponse>(
      client, kSandboxService, "AwaitNetwork", request, in(kNetworkTime + seconds(2)));
  if (reply.ok() && reply.value().complete()) return;
  if (!reply.ok() && reply.error().code == ErrorCode::kUnavailable)
    return;  // the start will say it
  const std::string why =
      reply.ok()
          ? concat("the guest has not taken all links of the pod's network namespace within ",
                   kNetworkTime.count(), " s; the sandbox's proxy.log says which")
          : reply.error().message;
  const std::string warning =
      concat("container '", record.id, "' starts with an incomplete network: ", why);
  std::fprintf(stderr, "kata-runtime: %s\n", warning.c_str());
  log::warn(warning);
}

// Reads the record anew: it may be older than the lock.
Result<void> start_locked(const sandbox::Store& store, sandbox::ContainerRecord& record) {
  const UniqueFd lock = KATA_TRY(store.lock(record.id, in(sandbox::kLockTime)), "");
  record = KATA_TRY(store.load_container(record.id), "");
  if (status_of(record) != "created")
    return wrong_status(store, record, "only a created container can be started");
  auto client = KATA_TRY(connect_to_sandbox(store, record.sandbox_id), "");
  await_network(client, record);
  grpc::StartContainerRequest call;
  call.set_container_id(record.id);
  const std::string action = concat("start container '", record.id, "'");
  const auto reply =
      client.call(kAgentService, "StartContainer", call.SerializeAsString(), in(kStartTime));
  if (!reply.ok()) return in_context(explain(reply.error(), store, record.sandbox_id), action);
  record.status = "running";
  return store.save(record);
}

}  // namespace

Result<void> start_container(const Globals& globals, sandbox::ContainerRecord record) {
  KATA_TRY(start_locked(globals.store(), record), "");
  run_poststart_hooks(record);
  return {};
}

}  // namespace kata::runtime
