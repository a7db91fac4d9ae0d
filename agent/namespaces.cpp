// SPDX-License-Identifier: Apache-2.0
#include "agent/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "agent/container/mount_seed.h"
#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

Result<UniqueFd> open_namespace(std::string_view process, std::string_view kind) {
  const std::string path = concat("/proc/", process, "/ns/", kind);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open '", path, "'"), errno);
  return fd;
}

// A path that stays good in children of the agent, whatever they close or unshare.
std::filesystem::path path_of(const UniqueFd& fd) {
  return fd ? std::filesystem::path(concat("/proc/", ::getpid(), "/fd/", fd.get()))
            : std::filesystem::path();
}

grpc::LinuxNamespace* find(grpc::Spec& spec, std::string_view type) {
  auto& list = *spec.mutable_linux()->mutable_namespaces();
  const auto found =
      std::ranges::find_if(list, [&](const auto& entry) { return entry.type() == type; });
  return found == list.end() ? nullptr : &*found;
}

bool lists(const grpc::Spec& spec, std::string_view type) {
  return std::ranges::any_of(spec.linux().namespaces(),
                             [&](const auto& entry) { return entry.type() == type; });
}

}  // namespace

Result<SharedNamespaces> SharedNamespaces::make(const std::string& hostname) {
  const UniqueFd own_ipc = KATA_TRY(open_namespace("self", "ipc"), "");
  const UniqueFd own_uts = KATA_TRY(open_namespace("self", "uts"), "");
  if (::unshare(CLONE_NEWIPC | CLONE_NEWUTS) != 0)
    return errno_error("make the sandbox's ipc and uts namespaces", errno);
  const bool named = hostname.empty() || ::sethostname(hostname.data(), hostname.size()) == 0;
  const int number = errno;
  SharedNamespaces made;
  auto ipc = open_namespace("self", "ipc");
  auto uts = open_namespace("self", "uts");
  if (::setns(own_ipc.get(), CLONE_NEWIPC) != 0 || ::setns(own_uts.get(), CLONE_NEWUTS) != 0)
    return errno_error("return from the sandbox's namespaces", errno);
  if (!named) return errno_error(concat("set hostname '", hostname, "'"), number);
  made.ipc_ = KATA_TRY(std::move(ipc), "");
  made.uts_ = KATA_TRY(std::move(uts), "");
  return made;
}

Result<void> SharedNamespaces::keep_pid_namespace(pid_t pid) {
  pid_ = KATA_TRY(open_namespace(std::to_string(pid), "pid"), "");
  return {};
}

Result<void> SharedNamespaces::make_mount_seed(const std::filesystem::path& place) {
  mount_seed_ = KATA_TRY(agent::make_mount_seed(place), "");
  return {};
}

SandboxNamespaces SharedNamespaces::for_spec(const grpc::Spec& spec, bool share_pid) const {
  SandboxNamespaces out;
  if (lists(spec, "ipc")) out.ipc = path_of(ipc_);
  if (lists(spec, "uts")) out.uts = path_of(uts_);
  if (share_pid) out.pid = path_of(pid_);
  out.mount_seed = path_of(mount_seed_);
  return out;
}

void rewrite_namespaces(grpc::Spec& spec, const SandboxNamespaces& namespaces) {
  if (auto* ipc = find(spec, "ipc")) ipc->set_path(namespaces.ipc);
  if (auto* uts = find(spec, "uts")) uts->set_path(namespaces.uts);
  auto* pid = find(spec, "pid");
  if (pid == nullptr) {
    pid = spec.mutable_linux()->add_namespaces();
    pid->set_type("pid");
  }
  pid->set_path(namespaces.pid);
}

}  // namespace kata::agent
