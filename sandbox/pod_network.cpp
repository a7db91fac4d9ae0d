// SPDX-License-Identifier: Apache-2.0
#include "sandbox/pod_network.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>
#include <sstream>

#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::sandbox {

namespace {

constexpr std::size_t kMaxResolvConf = 64U << 10;  // bytes
constexpr const char* kResolvConf = "/etc/resolv.conf";

const grpc::LinuxNamespace* network_entry(const grpc::Spec& spec) {
  for (const grpc::LinuxNamespace& space : spec.linux().namespaces())
    if (space.type() == "network") return &space;
  return nullptr;
}

Error host_network_refused() {
  return make_error(
      ErrorCode::kUnsupported,
      "config.json: linux.namespaces: no entry of type \"network\", which means the host's own "
      "network: a VM cannot share it; give the container a network of its own, or select "
      "[plugins] network = \"none\" in configuration.toml to run it without one");
}

// Hosts and images differ in what they keep there, and a guest can do without: a file that cannot
// be read, or that is none, gives no lines.
std::string read_regular_file(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  auto text = read_file(concat("/proc/self/fd/", file.get()), kMaxResolvConf);
  return text.ok() ? text.take() : std::string();
}

std::vector<std::string> dns_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream input(text);
  for (std::string line; std::getline(input, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string::npos || line[start] == '#' || line[start] == ';') continue;
    lines.push_back(line.substr(start));
  }
  return lines;
}

std::filesystem::path resolv_conf_source(const grpc::Spec& spec,
                                         const std::filesystem::path& bundle) {
  for (const grpc::Mount& mount : spec.mounts())
    if (mount.destination() == kResolvConf && !mount.source().empty())
      return bundle / mount.source();
  return {};
}

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

Result<Identity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return errno_error(concat("network namespace '", path, "'"), errno);
  return Identity{status.st_dev, status.st_ino};
}

}  // namespace

Result<PodNetwork> pod_network_of(const grpc::Spec& spec, const std::filesystem::path& bundle,
                                  bool with_plugin) {
  PodNetwork network;
  if (!with_plugin) return network;
  const grpc::LinuxNamespace* const entry = network_entry(spec);
  if (entry == nullptr) return host_network_refused();
  if (!entry->path().empty() && entry->path().front() != '/')
    return make_error(ErrorCode::kInvalidArgument,
                      concat("config.json: linux.namespaces: path '", entry->path(),
                             "' of type \"network\": expected an absolute path"));
  network.netns = entry->path();
  network.new_netns = network.netns.empty();
  const auto source = resolv_conf_source(spec, bundle);
  if (!source.empty()) network.dns = dns_lines(read_regular_file(source));
  return network;
}

Result<void> check_same_network(const grpc::Spec& spec, const std::string& pod_netns) {
  const grpc::LinuxNamespace* const entry = network_entry(spec);
  if (entry == nullptr || entry->path().empty() || pod_netns.empty()) return {};
  const Identity wanted = KATA_TRY(identity_of(entry->path()), "config.json: linux.namespaces");
  const auto has = identity_of(pod_netns);
  if (has.ok() && has.value() == wanted) return {};
  return make_error(ErrorCode::kInvalidArgument,
                    concat("config.json: linux.namespaces: network namespace '", entry->path(),
                           "' is not the one of the pod, '", pod_netns,
                           "': all containers of a pod share its VM, so its network"));
}

Result<UniqueFd> make_network_namespace() {
  const auto make = []() -> Result<UniqueFd> {
    if (::unshare(CLONE_NEWNET) != 0) return errno_error("make a network namespace", errno);
    UniqueFd space(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!space) return errno_error("open the new network namespace", errno);
    return space;
  };
  return std::async(std::launch::async, make).get();
}

}  // namespace kata::sandbox
