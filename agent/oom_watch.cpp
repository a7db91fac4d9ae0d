// SPDX-License-Identifier: Apache-2.0
#include "agent/oom_watch.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

#include "agent/container/kernel_text.h"
#include "core/base/files.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

constexpr std::ptrdiff_t kMostWaiting = 16;

// Version 1 rings an eventfd, once more when the cgroup goes.
Result<UniqueFd> ring_on_oom(const std::filesystem::path& directory) {
  UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell) return errno_error("make an eventfd", errno);
  const UniqueFd control(::open((directory / "memory.oom_control").c_str(), O_RDONLY | O_CLOEXEC));
  if (!control) return errno_error(concat("open '", directory / "memory.oom_control", "'"), errno);
  KATA_TRY(
      write_existing(directory / "cgroup.event_control", concat(bell.get(), ' ', control.get())),
      "");
  return bell;
}

Result<UniqueFd> watch_events(const std::filesystem::path& file) {
  UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch) return errno_error("make an inotify descriptor", errno);
  if (::inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY) < 0)
    return errno_error(concat("watch '", file, "'"), errno);
  return watch;
}

}  // namespace

struct OomWatch::Source {
  Source(const asio::any_io_executor& executor, std::string container, UniqueFd fd)
      : id(std::move(container)), stream(executor, fd.release()) {}

  std::string id;
  asio::posix::stream_descriptor stream;
  std::filesystem::path file{};  // gone: the container is
  bool version2 = false;
  std::uint64_t kills = 0;

  // What was waited for has come: how many events that is.
  std::uint64_t news() {
    std::array<char, 4096> ring{};
    const ssize_t length = ::read(stream.native_handle(), ring.data(), ring.size());
    const auto text = read_file(file);
    if (!text.ok() || length <= 0) return 0;
    if (!version2) {
      std::uint64_t rung = 0;
      std::copy_n(ring.data(), sizeof rung, reinterpret_cast<char*>(&rung));
      return rung;
    }
    const std::uint64_t now = counter(text.value(), "oom_kill");
    return now - std::min(now, std::exchange(kills, now));
  }
};

Result<void> OomWatch::add(const std::string& id, const Cgroup& cgroup) {
  for (const CgroupDirectory& directory : cgroup.directories()) {
    const bool version2 = directory.name.empty();
    if (!version2 && directory.name != "memory") continue;
    const auto file = directory.path / (version2 ? "memory.events" : "memory.oom_control");
    UniqueFd fd = KATA_TRY(version2 ? watch_events(file) : ring_on_oom(directory.path),
                           concat("watch the memory of container '", id, "'"));
    auto source = std::make_shared<Source>(executor_, id, std::move(fd));
    source->file = file;
    source->version2 = version2;
    sources_.insert_or_assign(id, source);
    asio::co_spawn(executor_, follow(std::move(source), this), asio::detached);
  }
  return {};
}

// The owner outlives every source that is open.
asio::awaitable<void> OomWatch::follow(std::shared_ptr<Source> source, OomWatch* owner) {
  for (;;) {
    const auto [error] = co_await source->stream.async_wait(
        asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error || !source->stream.is_open() || ::access(source->file.c_str(), F_OK) != 0) co_return;
    for (std::uint64_t count = std::min<std::uint64_t>(source->news(), kMostWaiting); count > 0;
         --count)
      owner->push(source->id);
  }
}

void OomWatch::remove(const std::string& id) {
  const auto source = sources_.find(id);
  if (source == sources_.end()) return;
  boost::system::error_code ignored;
  source->second->stream.close(ignored);
  sources_.erase(source);
}

void OomWatch::push(const std::string& id) {
  if (std::count(waiting_.begin(), waiting_.end(), id) >= kMostWaiting) return;
  waiting_.push_back(id);
  wake_.cancel();
}

asio::awaitable<Result<std::string>> OomWatch::next() {
  KATA_CO_TRY(const auto turn, co_await turnstile_.enter(), "");
  while (waiting_.empty() && !stopped_) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      co_return make_error(ErrorCode::kCancelled, "the caller is gone");
  }
  if (stopped_) co_return make_error(ErrorCode::kInternal, "the sandbox is gone");
  std::string id = std::move(waiting_.front());
  waiting_.pop_front();
  co_return id;
}

void OomWatch::stop() {
  stopped_ = true;
  while (!sources_.empty()) remove(std::string(sources_.begin()->first));
  wake_.cancel();
}

}  // namespace kata::agent
