// SPDX-License-Identifier: Apache-2.0
#include "agent/shared_mounts.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "agent.pb.h"
#include "agent/container/names.h"
#include "agent/container/shared_mount.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::chrono::seconds kLongestWait{10};
constexpr std::chrono::milliseconds kRetry{100};

// As containerd and CRI-O write it.
constexpr const char* kNames[] = {"io.kubernetes.cri.container-name",
                                  "io.kubernetes.container.name"};

bool is_called(const Container& container, const std::string& name) {
  const grpc::Spec spec = container.spec.get();
  const auto& annotations = spec.annotations();
  return std::ranges::any_of(kNames, [&](const char* key) {
    const auto entry = annotations.find(key);
    return entry != annotations.end() && entry->second == name;
  });
}

// Its first process; -1 when the mount is not there.
pid_t owner_of(ContainerTable& containers, const grpc::SharedMount& mount) {
  pid_t owner = -1;
  containers.for_each([&](const Container& container) {
    if (owner < 0 && is_called(container, mount.src_ctr()) && !container.init->status() &&
        is_mount_point_of(container.init->pid(), mount.src_path()))
      owner = container.init->pid();
  });
  return owner;
}

}  // namespace

Result<void> check_shared_mounts(const SharedMountList& mounts) {
  for (const grpc::SharedMount& mount : mounts) {
    const std::string action = concat("shared mount '", mount.name(), "'");
    if (mount.src_ctr().empty())
      return make_error(ErrorCode::kInvalidArgument, concat(action, ": src_ctr: is empty"));
    KATA_TRY(check_absolute(mount.src_path(), "src_path"), action);
    KATA_TRY(check_text(mount.src_path(), "src_path"), action);
    KATA_TRY(check_absolute(mount.dst_path(), "dst_path"), action);
    KATA_TRY(check_text(mount.dst_path(), "dst_path"), action);
  }
  return {};
}

asio::awaitable<void> wait_for_shared_mounts(ContainerTable& containers,
                                             const SharedMountList& mounts) {
  asio::steady_timer retry(co_await asio::this_coro::executor);
  const Deadline deadline = std::chrono::steady_clock::now() + kLongestWait;
  const auto is_missing = [&](const grpc::SharedMount& mount) {
    return owner_of(containers, mount) < 0;
  };
  while (std::ranges::any_of(mounts, is_missing) && std::chrono::steady_clock::now() < deadline) {
    retry.expires_after(kRetry);
    co_await retry.async_wait(asio::as_tuple(asio::use_awaitable));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return;
  }
}

Result<void> attach_shared_mounts(ContainerTable& containers, const SharedMountList& mounts,
                                  pid_t destination) {
  for (const grpc::SharedMount& mount : mounts) {
    const pid_t owner = owner_of(containers, mount);
    if (owner < 0) {
      log::warn(
          "a shared mount is left out: it is not there",
          {{"name", mount.name()}, {"container", mount.src_ctr()}, {"path", mount.src_path()}});
      continue;
    }
    KATA_TRY(share_mount(owner, mount.src_path(), destination, mount.dst_path()),
             concat("shared mount '", mount.name(), "'"));
  }
  return {};
}

}  // namespace kata::agent
