// SPDX-License-Identifier: Apache-2.0
#include "agent/container_resources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent.pb.h"
#include "agent/container/cgroup.h"
#include "agent/container/stats.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::chrono::seconds kFreezeTimeout{10};
constexpr std::chrono::milliseconds kFreezeRetry{2};
constexpr std::size_t kLastWords = 4096;

Error wrong_state(const std::string& id, std::string_view state) {
  return make_error(ErrorCode::kInternal, concat("container '", id, "' ", state));
}

// kCancelled when the caller goes meanwhile.
asio::awaitable<Result<void>> freeze(Cgroup& cgroup, bool frozen) {
  asio::steady_timer retry(co_await asio::this_coro::executor);
  const Deadline deadline = std::chrono::steady_clock::now() + kFreezeTimeout;
  for (;;) {
    KATA_CO_TRY(const bool done, cgroup.try_freeze(frozen), "");
    if (done) co_return Result<void>();
    if (std::chrono::steady_clock::now() >= deadline)
      co_return make_error(ErrorCode::kTimeout, "processes do not stand still within 10 s");
    retry.expires_after(kFreezeRetry);
    co_await retry.async_wait(asio::as_tuple(asio::use_awaitable));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return make_error(ErrorCode::kCancelled, "the call was cancelled");
  }
}

Result<std::string> first_bytes(const std::string& path, std::size_t limit) {
  const UniqueFd fd(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::string();
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0) return errno_error(concat("open '", path, "'"), errno);
  if (!S_ISREG(found.st_mode))
    return make_error(ErrorCode::kInternal, concat("'", path, "' is no regular file"));
  std::string text(limit, '\0');
  const ssize_t length = ::read(fd.get(), text.data(), text.size());
  if (length < 0) return errno_error(concat("read '", path, "'"), errno);
  text.resize(static_cast<std::size_t>(length));
  return text;
}

// Protobuf strings must be UTF-8, and a file of a container need not be.
std::string ascii_only(std::string text) {
  for (char& letter : text)
    if (static_cast<unsigned char>(letter) >= 0x80) letter = '?';
  return text;
}

}  // namespace

Result<Container*> known_container(ContainerTable& containers, const std::string& id) {
  Container* container = containers.find(id);
  if (container == nullptr) return make_error(ErrorCode::kInvalidArgument, "invalid container id");
  return container;
}

asio::awaitable<Result<void>> pause_container(ContainerTable& containers, std::string id) {
  KATA_CO_TRY(const Container* container, known_container(containers, id), "");
  if (container->init->status()) co_return wrong_state(id, "has stopped");
  KATA_CO_TRY(const auto cgroup, open_cgroup(container->paths.cgroup), "pause container");
  KATA_CO_TRY(const bool paused, cgroup->frozen(), "pause container");
  if (paused) co_return wrong_state(id, "is paused already");
  auto done = co_await freeze(*cgroup, true);
  if (!done.ok()) (void)cgroup->try_freeze(false);
  KATA_CO_CHECK(std::move(done), concat("pause container '", id, "'"));
  co_return Result<void>();
}

asio::awaitable<Result<void>> resume_container(ContainerTable& containers, std::string id) {
  KATA_CO_TRY(const Container* container, known_container(containers, id), "");
  KATA_CO_TRY(const auto cgroup, open_cgroup(container->paths.cgroup), "resume container");
  KATA_CO_TRY(const bool paused, cgroup->frozen(), "resume container");
  if (!paused) co_return wrong_state(id, "is not paused");
  KATA_CO_CHECK(co_await freeze(*cgroup, false), concat("resume container '", id, "'"));
  co_return Result<void>();
}

Result<void> update_container(ContainerTable& containers, const std::string& id,
                              const grpc::LinuxResources& resources) {
  Container* container = KATA_TRY(known_container(containers, id), "");
  grpc::Spec spec = container->spec.get();
  grpc::LinuxResources& recorded = *spec.mutable_linux()->mutable_resources();
  grpc::LinuxResources wanted = resources;
  wanted.clear_devices();
  // Swap is counted together with memory: one without the other needs the limit that is.
  if (wanted.memory().swap() > 0 && wanted.memory().limit() <= 0 && recorded.memory().limit() > 0)
    wanted.mutable_memory()->set_limit(recorded.memory().limit());
  const std::string action = concat("update container '", id, "'");
  KATA_TRY(check_resources(wanted), action);
  const auto cgroup = KATA_TRY(open_cgroup(container->paths.cgroup), action);
  KATA_TRY(cgroup->apply(wanted), action);
  if (wanted.hugepagelimits_size() > 0) recorded.clear_hugepagelimits();
  recorded.MergeFrom(wanted);
  return container->spec.set(spec);
}

Result<grpc::StatsContainerResponse> container_stats(ContainerTable& containers,
                                                     const std::string& id) {
  const Container* container = KATA_TRY(known_container(containers, id), "");
  const auto cgroup =
      KATA_TRY(open_cgroup(container->paths.cgroup), concat("stats of container '", id, "'"));
  grpc::StatsContainerResponse stats;
  read_cgroup_stats(*cgroup, *stats.mutable_cgroup_stats());
  if (!container->init->status()) read_network_stats(container->init->pid(), stats);
  return stats;
}

// The list may name more processors than there are yet; the driver warns and leaves it out then.
void refresh_cpusets(ContainerTable& containers) {
  containers.for_each([](const Container& container) {
    const std::string cpus = container.spec.get().linux().resources().cpu().cpus();
    if (cpus.empty()) return;
    grpc::LinuxResources only_cpus;
    only_cpus.mutable_cpu()->set_cpus(cpus);
    const auto cgroup = open_cgroup(container.paths.cgroup);
    if (cgroup.ok()) static_cast<void>(cgroup.value()->apply(only_cpus).ok());
  });
}

Result<std::string> termination_log(ContainerTable& containers, const std::string& id) {
  const Container* container = KATA_TRY(known_container(containers, id), "");
  const grpc::Spec spec = container->spec.get();
  const auto& annotations = spec.annotations();
  const auto path = annotations.find("io.kubernetes.container.terminationMessagePath");
  if (path == annotations.end()) return std::string();
  for (const auto& mount : spec.mounts())
    if (mount.destination() == path->second)
      return ascii_only(KATA_TRY(first_bytes(mount.source(), kLastWords), "termination log"));
  return std::string();
}

}  // namespace kata::agent
