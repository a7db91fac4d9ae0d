// SPDX-License-Identifier: Apache-2.0
#include "agent/container/namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>

#include "agent/container/names.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace kata::agent {

Result<std::vector<OpenNamespace>> open_namespaces(const std::vector<JoinedNamespace>& joined) {
  std::vector<OpenNamespace> result;
  for (const JoinedNamespace& one : joined) {
    UniqueFd fd(::open(one.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
      return errno_error(concat("linux.namespaces: open the ", namespace_file(one.flag),
                                " namespace '", one.path, "'"),
                         errno);
    result.push_back({one.flag, std::move(fd)});
  }
  return result;
}

Result<void> NamespaceVisit::enter(const std::vector<OpenNamespace>& namespaces) {
  for (const OpenNamespace& one : namespaces) KATA_TRY(enter(one.flag, one.fd.get()), "");
  return {};
}

Result<void> NamespaceVisit::enter(std::uint64_t flag, int fd) {
  const std::string file = concat("/proc/self/ns/", namespace_file(flag));
  OpenNamespace own{flag, UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC))};
  if (!own.fd) return errno_error(concat("open '", file, "'"), errno);
  if (::setns(fd, static_cast<int>(flag)) != 0)
    return errno_error(concat("join the ", namespace_file(flag), " namespace"), errno);
  own_.push_back(std::move(own));
  return {};
}

Result<void> NamespaceVisit::make_time(const std::string& offsets) {
  OpenNamespace own{kNewTime, UniqueFd(::open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC))};
  if (!own.fd) return errno_error("open '/proc/self/ns/time'", errno);
  if (::unshare(static_cast<int>(kNewTime)) != 0)
    return errno_error("make a time namespace", errno);
  own_.push_back(std::move(own));
  if (offsets.empty()) return {};
  return write_existing("/proc/self/timens_offsets", offsets);
}

void NamespaceVisit::leave() {
  while (!own_.empty()) {
    const OpenNamespace& own = own_.back();
    if (::setns(own.fd.get(), static_cast<int>(own.flag)) != 0) {
      log::error("cannot return to the agent's own namespace",
                 {{"namespace", std::string(namespace_file(own.flag))}});
      std::abort();
    }
    own_.pop_back();
  }
}

Result<void> write_id_maps(const ContainerPlan& plan, pid_t pid) {
  if (!plan.has_new(CLONE_NEWUSER)) return {};
  KATA_TRY(write_existing(concat("/proc/", pid, "/uid_map"), plan.uid_map), "linux.uidMappings");
  KATA_TRY(write_existing(concat("/proc/", pid, "/gid_map"), plan.gid_map), "linux.gidMappings");
  return {};
}

Result<void> copy_mount_namespace(const std::filesystem::path& original) {
  const UniqueFd fd(::open(original.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(concat("open the mount namespace '", original, "'"), errno);
  if (::setns(fd.get(), CLONE_NEWNS) != 0) return errno_error("join a mount namespace", errno);
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("copy a mount namespace", errno);
  return {};
}

Result<void> bring_loopback_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("make a socket", errno);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0)
    return errno_error("read the flags of 'lo'", errno);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return errno_error("set 'lo' up", errno);
  return {};
}

}  // namespace kata::agent
