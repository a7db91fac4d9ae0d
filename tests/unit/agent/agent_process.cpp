// SPDX-License-Identifier: Apache-2.0
#include "agent_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

using namespace kata;

namespace {

// Retries while the agent is starting.
UniqueFd connect_soon(const std::filesystem::path& socket) {
  for (const Deadline deadline = in_seconds(10);;) {
    auto connected = connect_unix(socket);
    if (connected.ok()) return connected.take();
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, connected.error().message);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void make_rootfs(const std::filesystem::path& root) {
  for (const char* directory : {"bin", "proc", "dev", "sys", "tmp", "etc"})
    std::filesystem::create_directories(root / directory);
  std::filesystem::copy_file("/bin/busybox", root / "bin/busybox");
  for (const char* applet :
       {"sh", "cat", "wc", "sleep", "echo", "hostname", "true", "stty", "kill"})
    std::filesystem::create_symlink("busybox", root / "bin" / applet);
}

void add_mount(grpc::Spec& spec, const char* destination, const char* type) {
  auto& mount = *spec.add_mounts();
  mount.set_destination(destination);
  mount.set_type(type);
  mount.set_source(type);
}

void fill_process(grpc::Process& process, const std::vector<std::string>& args) {
  for (const std::string& word : args) process.add_args(word);
  process.add_env("PATH=/bin");
  process.set_cwd("/");
}

}  // namespace

AgentConnection::AgentConnection(const std::filesystem::path& socket)
    : client_(connect_soon(socket)) {}

AgentProcess::AgentProcess(const std::vector<std::string>& more_arguments,
                           const std::string& guest_hook_path) {
  make_rootfs(rootfs());
  SpawnRequest request;
  request.argv = {KATA_AGENT,  "--server-addr", "unix://" + socket().string(),
                  "--run-dir", run_dir(),       "--log-level",
                  "debug"};
  request.argv.insert(request.argv.end(), more_arguments.begin(), more_arguments.end());
  const UniqueFd log(
      ::open((directory_.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  request.descriptors = {{log.get(), 1}, {log.get(), 2}};
  auto child = ChildProcess::spawn(std::move(request));
  REQUIRE_MESSAGE(child.ok(), child.error().message);
  child_ = child.take();
  AgentConnection agent = connect();
  grpc::CreateSandboxRequest create;
  create.set_hostname("kata-test");
  create.set_sandbox_id("sandbox");
  create.set_guest_hook_path(guest_hook_path);
  const auto created = agent.send("CreateSandbox", create);
  REQUIRE_MESSAGE(created.ok(), created.error().message);
}

AgentProcess::~AgentProcess() {
  const auto ended = child_.terminate(SIGTERM, in_seconds(15));
  CHECK((ended.ok() && ended.value().code == 0));
  const std::vector<std::string> left = leftovers();
  for (const std::string& thing : left) MESSAGE("left over: ", thing);
  CHECK(left.empty());
  if (!left.empty()) {
    std::ifstream log(directory_.path() / "log");
    MESSAGE(std::string(std::istreambuf_iterator<char>(log), {}));
  }
}

grpc::CreateContainerRequest AgentProcess::container(const std::string& id,
                                                     const std::vector<std::string>& args) const {
  grpc::CreateContainerRequest request;
  request.set_container_id(id);
  grpc::Spec& spec = *request.mutable_oci();
  spec.set_version("1.0.2");
  spec.mutable_root()->set_path(rootfs());
  fill_process(*spec.mutable_process(), args);
  add_mount(spec, "/proc", "proc");
  add_mount(spec, "/dev", "tmpfs");
  for (const char* kind : {"mount", "ipc", "uts"})
    spec.mutable_linux()->add_namespaces()->set_type(kind);
  spec.mutable_linux()->set_cgroupspath("/" + cgroup_ + "-" + id);
  return request;
}

void AgentProcess::run(AgentConnection& agent, const grpc::CreateContainerRequest& request) const {
  const auto created = agent.send("CreateContainer", request);
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  grpc::StartContainerRequest start;
  start.set_container_id(request.container_id());
  const auto started = agent.send("StartContainer", start);
  REQUIRE_MESSAGE(started.ok(), started.error().message);
}

std::vector<std::string> AgentProcess::leftovers() const {
  std::vector<std::string> found;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);)
    if (line.find(directory_.path().string()) != std::string::npos) found.push_back(line);
  if (std::filesystem::exists(run_dir())) found.push_back(run_dir());
  std::error_code ignored;
  for (const auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup", ignored)) {
    if (!hierarchy.is_directory(ignored)) continue;
    if (hierarchy.path().filename().string().starts_with(cgroup_))
      found.push_back(hierarchy.path());
    for (const auto& group : std::filesystem::directory_iterator(hierarchy, ignored))
      if (group.path().filename().string().starts_with(cgroup_)) found.push_back(group.path());
  }
  return found;
}

grpc::ExecProcessRequest exec_request(const std::string& id, const std::string& exec_id,
                                      const std::vector<std::string>& args) {
  grpc::ExecProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  fill_process(*request.mutable_process(), args);
  return request;
}

std::string read_all(AgentConnection& agent, const std::string& id, const std::string& exec_id,
                     std::string_view method) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_len(32768);
  for (std::string all;;) {
    const auto reply = agent.call<grpc::ReadStreamResponse>(method, request);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    if (reply.value().data().empty()) return all;
    all += reply.value().data();
  }
}

void write_all(AgentConnection& agent, const std::string& id, const std::string& exec_id,
               std::string_view data) {
  constexpr std::size_t kChunk = 65536;
  for (std::size_t at = 0; at <= data.size(); at += kChunk) {
    grpc::WriteStreamRequest request;
    request.set_container_id(id);
    request.set_exec_id(exec_id);
    request.set_data(std::string(data.substr(at, kChunk)));
    const auto reply = agent.call<grpc::WriteStreamResponse>("WriteStdin", request);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    REQUIRE(reply.value().len() == request.data().size());
  }
}

int wait_for(AgentConnection& agent, const std::string& id, const std::string& exec_id) {
  grpc::WaitProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  const auto reply = agent.call<grpc::WaitProcessResponse>("WaitProcess", request);
  REQUIRE_MESSAGE(reply.ok(), reply.error().message);
  return reply.value().status();
}

Result<void> send_signal(AgentConnection& agent, const std::string& id, const std::string& exec_id,
                         int number) {
  grpc::SignalProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_signal(static_cast<std::uint32_t>(number));
  return agent.send("SignalProcess", request);
}

void remove_container(AgentConnection& agent, const std::string& id) {
  grpc::RemoveContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(10);
  const auto removed = agent.send("RemoveContainer", request);
  REQUIRE_MESSAGE(removed.ok(), removed.error().message);
}
