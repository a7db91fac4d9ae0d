// SPDX-License-Identifier: Apache-2.0
#include "tests/component/shim-process/shim_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "containerd/task.pb.h"
#include "tests/integration/harness/bundle.h"

namespace kata::test {

namespace fs = std::filesystem;
namespace task = containerd::task;

ShimProcess::ShimProcess(const std::string& network, const std::string& tail) {
  std::ofstream(kata_.config_file())
      << "[plugins]\ndirectory = \"" KATA_PLUGIN_DIR "\"\nhypervisor = \"mock\"\n"
      << "shared_filesystem = \"bind\"\nnetwork = \"" << network << "\"\n[hypervisor.mock]\n"
      << "unsafe_no_vm = true\npath = \"" KATA_MOCK_VM "\"\nagent = \"" KATA_AGENT "\"\n"
      << tail;
  kata_.make(id_, default_spec({"/bin/sleep", "1000"}));
  const fs::path log = bundle() / "log";
  REQUIRE(::mkfifo(log.c_str(), 0600) == 0);
  log_.reset(::open(log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  before_ = look();
}

ShimProcess::~ShimProcess() {
  if (const pid_t shim = pid(); shim > 1) ::kill(shim, SIGKILL);
  clean_up();
}

std::vector<std::string> ShimProcess::command(const std::vector<std::string>& verb) const {
  std::vector<std::string> words = {
      "/bin/sh", "-c",       R"(cd "$0" && exec "$@")",    bundle(), KATA_SHIM_V2, "-namespace",
      "default", "-address", kata_.directory() / "c.sock", "-id",    id_};
  words.insert(words.end(), verb.begin(), verb.end());
  return words;
}

std::string ShimProcess::options_message() const {
  task::RuntimeOptions options;
  options.set_config_path(kata_.config_file());
  containerd::Any any;
  any.set_type_url("runtimeoptions.v1.Options");
  any.set_value(options.SerializeAsString());
  return any.SerializeAsString();
}

CommandOptions ShimProcess::options() const {
  CommandOptions options = kata_.options();
  options.input = options_message();
  return options;
}

pid_t ShimProcess::pid() const {
  pid_t shim = -1;
  std::ifstream(bundle() / "shim.pid") >> shim;
  return shim > 1 ? shim : -1;
}

fs::path ShimProcess::socket() const {
  std::string address;
  std::ifstream(bundle() / "address") >> address;
  const std::string scheme = "unix://";
  return address.starts_with(scheme) ? address.substr(scheme.size()) : address;
}

Result<void> ShimProcess::create() const {
  task::CreateTaskRequest request;
  request.set_id(id_);
  request.set_bundle(bundle());
  REQUIRE(request.mutable_options()->ParseFromString(options_message()));
  KATA_TRY(ask<task::CreateTaskResponse>(kTaskService, "Create", request), "");
  return {};
}

Result<void> ShimProcess::shut_down() const {
  task::ShutdownRequest request;
  request.set_id(id_);
  request.set_now(true);
  KATA_TRY(ask<containerd::Empty>(kTaskService, "Shutdown", request), "");
  return {};
}

bool ShimProcess::ended() const {
  const pid_t shim = pid();
  return eventually([&] { return ::kill(shim, 0) != 0; }, std::chrono::seconds(10));
}

std::string ShimProcess::logged() {
  std::string text;
  char block[4096];
  for (ssize_t got; (got = ::read(log_.get(), block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  return text;
}

Snapshot ShimProcess::look() const {
  const std::string marker = kata_.options().environment.at(kMarkerVariable);
  Snapshot all = take_snapshot("/run/kata-containers", marker);
  all.entries.merge(take_snapshot("/run/containerd/s", marker).entries);
  all.entries.merge(take_snapshot(bundle() / "rootfs", marker).entries);
  return all;
}

std::string ShimProcess::leaked() const {
  std::string found;
  eventually([&] { return (found = leaks(before_, look())).empty(); }, std::chrono::seconds(5));
  return found;
}

}  // namespace kata::test
