// SPDX-License-Identifier: Apache-2.0
#include "namespace.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/net_namespace.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cstdint>
#include <future>
#include <memory>

#include "kata/beneath.h"
#include "kata/concat.h"
#include "netlink.h"

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

constexpr std::int32_t kNumber = 0;  // of the namespace of process 1 in a fresh one

struct MessageFree {
  void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
};
using Message = std::unique_ptr<nl_msg, MessageFree>;

Result<Message> namespace_request(int type, int attribute, std::uint32_t value) {
  Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST));
  rtgenmsg head{};
  head.rtgen_family = AF_UNSPEC;
  if (!message || nlmsg_append(message.get(), &head, sizeof head, NLMSG_ALIGNTO) < 0 ||
      nla_put_u32(message.get(), attribute, value) < 0)
    return make_error(ErrorCode::kResourceExhausted, "make netlink message: no memory");
  return message;
}

Result<void> number_process_1(nl_sock& socket) {
  const Message request = KATA_TRY(namespace_request(RTM_NEWNSID, NETNSA_PID, 1), "");
  if (nla_put_u32(request.get(), NETNSA_NSID, static_cast<std::uint32_t>(kNumber)) < 0)
    return make_error(ErrorCode::kResourceExhausted, "make netlink message: no memory");
  int code = nl_send_auto(&socket, request.get());
  if (code >= 0) code = nl_wait_for_ack(&socket);
  if (code < 0) return netlink_error("number the namespace of process 1", code);
  return {};
}

int read_number(nl_msg* reply, void* number) {
  const nlattr* const found = nlmsg_find_attr(nlmsg_hdr(reply), sizeof(rtgenmsg), NETNSA_NSID);
  if (found != nullptr && nla_len(found) == sizeof(std::int32_t))
    *static_cast<std::int32_t*>(number) = static_cast<std::int32_t>(nla_get_u32(found));
  return NL_OK;
}

// -1: it has none.
Result<std::int32_t> number_of(nl_sock& socket, int space) {
  const Message request =
      KATA_TRY(namespace_request(RTM_GETNSID, NETNSA_FD, static_cast<std::uint32_t>(space)), "");
  std::int32_t number = INT32_MIN;
  nl_socket_modify_cb(&socket, NL_CB_VALID, NL_CB_CUSTOM, read_number, &number);
  int code = nl_send_auto(&socket, request.get());
  if (code >= 0) code = nl_recvmsgs_default(&socket);
  if (code < 0) return netlink_error("ask for a namespace's number", code);
  if (number == INT32_MIN)
    return make_error(ErrorCode::kInternal, "the kernel names no number of a namespace");
  return number;
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

Result<bool> holds_process_1(const NetworkNamespace& space) {
  bool same = false;
  const auto compare = [&]() -> Result<void> {
    const auto socket = KATA_TRY(open_netlink(), "");
    KATA_TRY(number_process_1(*socket), "");
    same = KATA_TRY(number_of(*socket, space.fd.get()), "") == kNumber;
    return {};
  };
  KATA_TRY(run_in_fresh_namespace(compare), "compare with the network of process 1");
  return same;
}

Result<void> refuse_host_namespace(const NetworkNamespace& candidate) {
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
  if (!host.ok() && host.error().code == ErrorCode::kPermission) {
    if (KATA_TRY(holds_process_1(candidate), "")) return refusal();
    return {};
  }
  if (KATA_TRY(std::move(host), "compare with the host's network") == candidate.inode)
    return refusal();
  return {};
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
