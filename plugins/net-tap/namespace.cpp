// SPDX-License-Identifier: Apache-2.0
#include "namespace.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <future>

#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::tap {

namespace {

Result<void> run_on_thread(const std::function<Result<void>()>& work) {
  return std::async(std::launch::async, work).get();  // an exception of `work` arrives here
}

Error not_a_namespace(const std::filesystem::path& path) {
  return make_error(ErrorCode::kInvalidArgument,
                    concat("'", path,
                           "' is not a network namespace; the engine must give a path such as "
                           "/run/netns/NAME or /proc/PID/ns/net"));
}

Result<std::uint64_t> inode_of(const char* path) {
  struct stat status {};
  if (::stat(path, &status) != 0) return errno_error(concat("read '", path, "'"), errno);
  return std::uint64_t{status.st_ino};
}

}  // namespace

Result<NetworkNamespace> open_namespace(const std::filesystem::path& path) {
  // O_PATH: a FIFO would block and a device could act when it is opened.
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) return errno_error(concat("open network namespace '", path, "'"), errno);
  struct statfs filesystem {};
  if (::fstatfs(place.get(), &filesystem) != 0)
    return errno_error(concat("check network namespace '", path, "'"), errno);
  if (filesystem.f_type != NSFS_MAGIC) return not_a_namespace(path);
  NetworkNamespace space;
  space.fd.reset(::open(fd_path(place.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!space.fd) return errno_error(concat("open network namespace '", path, "'"), errno);
  if (::ioctl(space.fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) return not_a_namespace(path);
  struct stat status {};
  if (::fstat(space.fd.get(), &status) != 0)
    return errno_error(concat("check network namespace '", path, "'"), errno);
  space.inode = status.st_ino;
  return space;
}

Result<HostCheck> refuse_host_namespace(const NetworkNamespace& candidate) {
  const auto refusal = [] {
    return make_error(ErrorCode::kInvalidArgument,
                      "it is the host's own network namespace, which a sandbox would take over; "
                      "give the pod a network namespace of its own (no host networking), or set "
                      "[plugins] network = \"none\"");
  };
  for (const char* own : {"/proc/thread-self/ns/net", "/proc/self/ns/net"})
    if (KATA_TRY(inode_of(own), "compare with the host's network") == candidate.inode)
      return refusal();
  auto host = inode_of("/proc/1/ns/net");
  if (!host.ok() && host.error().code == ErrorCode::kPermission) return HostCheck::kOwnOnly;
  if (KATA_TRY(std::move(host), "compare with the host's network") == candidate.inode)
    return refusal();
  return HostCheck::kComplete;
}

Result<void> run_inside(const NetworkNamespace& space, const std::function<Result<void>()>& work) {
  return run_on_thread([&]() -> Result<void> {
    if (::setns(space.fd.get(), CLONE_NEWNET) != 0)
      return errno_error("enter network namespace", errno);
    return work();
  });
}

Result<void> run_in_fresh_namespace(const std::function<Result<void>()>& work) {
  return run_on_thread([&]() -> Result<void> {
    if (::unshare(CLONE_NEWNET) != 0) return errno_error("make a network namespace", errno);
    return work();
  });
}

}  // namespace kata::tap
