// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/start.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "kata/child_process.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"
#include "programs/containerd-shim-kata-v2/birth.h"
#include "programs/containerd-shim-kata-v2/sha256.h"

namespace kata::shim_v2 {

namespace {

namespace fs = std::filesystem;

constexpr const char* kSocketDirectory = "/run/containerd/s";  // where every shim has its socket
constexpr std::size_t kLargestSpec = 4U << 20;                 // bytes
constexpr const char *kAddressFile = "address", *kPidFile = "shim.pid";

std::map<std::string, std::string> annotations_of(const nlohmann::json& spec) {
  std::map<std::string, std::string> annotations;
  if (!spec.is_object()) return annotations;
  const auto found = spec.find("annotations");
  if (found == spec.end() || !found->is_object()) return annotations;
  for (const auto& [key, value] : found->items())
    if (value.is_string()) annotations[key] = value.get<std::string>();
  return annotations;
}

bool somebody_listens(const fs::path& socket) { return connect_unix(socket).ok(); }

Result<UniqueFd> listen_at(const fs::path& socket) {
  std::error_code failure;
  fs::create_directories(socket.parent_path(), failure);
  if (failure)
    return make_error(ErrorCode::kInternal,
                      concat("make directory '", socket.parent_path(), "': ", failure.message()));
  auto listener = listen_unix(socket);
  if (listener.ok() || listener.error().sys_errno != EADDRINUSE) return listener;
  if (somebody_listens(socket))
    return make_error(ErrorCode::kAlreadyExists,
                      concat("socket '", socket, "': another shim serves this container"));
  ::unlink(socket.c_str());  // of a shim that was killed
  return listen_unix(socket);
}

// What the shim logs goes to containerd through the bundle's FIFO; it must never wait for a reader.
UniqueFd log_of_bundle() {
  struct stat status {};
  if (::stat("log", &status) == 0 && S_ISFIFO(status.st_mode))
    return UniqueFd(::open("log", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
}

Result<pid_t> spawn_shim(const Options& options, int listener, int birth) {
  std::error_code failure;
  const fs::path program = fs::read_symlink("/proc/self/exe", failure);
  if (failure) return make_error(ErrorCode::kInternal, "find this program: " + failure.message());
  const UniqueFd log = log_of_bundle();
  SpawnRequest spawn;
  spawn.argv = {program,
                "-namespace",
                options.container_namespace,
                "-id",
                options.id,
                "-address",
                options.containerd_address,
                "-publish-binary",
                options.publish_binary};
  if (!options.config_path.empty())
    spawn.argv.insert(spawn.argv.end(), {"-config-path", options.config_path});
  if (options.debug) spawn.argv.emplace_back("-debug");
  spawn.kill_with_parent = false;
  spawn.descriptors = {{listener, kSocketFd}, {birth, kBirthFd}};
  if (log) spawn.descriptors.push_back({log.get(), STDERR_FILENO});
  return KATA_TRY(ChildProcess::spawn(std::move(spawn)), "").pid();
}

Result<void> write_bundle_file(const char* name, std::string_view text) {
  return write_file_atomically(fs::current_path() / name, text, 0644, Durability::kVolatile);
}

// containerd reads the address again when it has been restarted.
Result<void> write_address(const std::string& address) {
  return write_bundle_file(kAddressFile, address);
}

Result<UniqueFd> start_on(const Options& options, const std::string& address, int listener) {
  BirthPipe pipe = KATA_TRY(make_birth_pipe(), "");
  KATA_TRY(write_address(address), "");
  const pid_t pid = KATA_TRY(spawn_shim(options, listener, pipe.shims_end.get()), "");
  KATA_TRY(write_bundle_file(kPidFile, std::to_string(pid)), "");
  return std::move(pipe.starts_end);
}

Result<UniqueFd> start_new(const Options& options, const std::string& address) {
  const fs::path socket = socket_path(address);
  const UniqueFd listener = KATA_TRY(listen_at(socket), "");
  auto started = start_on(options, address, listener.get());
  if (!started.ok()) ::unlink(socket.c_str());
  return started;
}

Result<void> join(const std::string& address, const std::string& sandbox_id) {
  if (!somebody_listens(socket_path(address)))
    return make_error(ErrorCode::kUnavailable, concat("the shim of the pod's sandbox '", sandbox_id,
                                                      "' does not answer at ", address));
  return write_address(address);
}

}  // namespace

Result<sandbox::Placement> placement_of_bundle(const fs::path& bundle, const std::string& id) {
  const fs::path file = bundle / "config.json";
  // The CRI plugin writes none for a sandbox that the shim is to make.
  std::error_code unclear;
  if (!fs::exists(file, unclear) && !unclear) return sandbox::Placement{id, true};
  const std::string text = KATA_TRY(read_file(file, kLargestSpec), "");
  const auto spec = nlohmann::json::parse(text, nullptr, false);
  if (spec.is_discarded())
    return make_error(ErrorCode::kInvalidArgument, concat(file, ": not valid JSON"));
  return KATA_TRY(sandbox::place_container(id, annotations_of(spec)), file.native());
}

std::string socket_address(const Options& options, const std::string& sandbox_id) {
  return concat(kAddressScheme, kSocketDirectory, '/',
                sha256_hex(concat(options.containerd_address, '\n', options.container_namespace,
                                  '\n', sandbox_id)));
}

fs::path socket_path(std::string_view address) {
  if (address.starts_with(kAddressScheme)) address.remove_prefix(kAddressScheme.size());
  return address;
}

std::string bootstrap_text(const std::string& address, unsigned max_version) {
  constexpr unsigned kFirstWithJson = 3;
  if (max_version < kFirstWithJson) return address;
  const nlohmann::ordered_json json = {
      {"version", kFirstWithJson}, {"address", address}, {"protocol", "ttrpc"}};
  return json.dump();
}

Result<Started> start(const Options& options, const Environment& environment) {
  const auto placement = KATA_TRY(placement_of_bundle(fs::current_path(), options.id), "");
  const std::string address = socket_address(options, placement.sandbox_id);
  Started started{bootstrap_text(address, environment.max_version), address};
  if (placement.new_sandbox) {
    started.birth = KATA_TRY(start_new(options, address), "");
  } else {
    KATA_TRY(join(address, placement.sandbox_id), "");
  }
  return started;
}

void take_back_start(const std::string& address) {
  const auto unless_anothers = [](const char* file, const std::string& own) {
    const auto text = read_file(file, own.size());
    if (text.ok() && text.value() == own) ::unlink(file);
  };
  unless_anothers(kAddressFile, address);
  unless_anothers(kPidFile, std::to_string(::getpid()));
}

}  // namespace kata::shim_v2
