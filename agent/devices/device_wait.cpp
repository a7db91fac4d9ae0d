// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/device_wait.h"

#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>

#include "agent/devices/uevent.h"
#include "agent/network/pci_path.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstScan{100};  // an event of a device that is there comes within less
constexpr milliseconds kScanInterval{500};
constexpr milliseconds kBlindInterval{20};  // where events cannot be heard

struct Watch {
  Watch(const asio::any_io_executor& executor, UniqueFd socket)
      : events(executor), wake(executor), hears(static_cast<bool>(socket)) {
    if (hears) events.assign(socket.release());
  }
  asio::posix::stream_descriptor events;
  asio::steady_timer wake;
  bool hears;
};

void listen(const std::shared_ptr<Watch>& watch) {
  watch->events.async_wait(asio::posix::stream_descriptor::wait_read,
                           [watch](const boost::system::error_code& error) {
                             if (error) return;
                             if (brought_devices(watch->events.native_handle()))
                               watch->wake.cancel();
                             else
                               listen(watch);
                           });
}

// Until something may have come, or until then.
asio::awaitable<void> wait_for_news(std::shared_ptr<Watch> watch, Deadline until) {
  watch->wake.expires_at(until);
  if (watch->hears) listen(watch);
  co_await watch->wake.async_wait(asio::as_tuple(asio::use_awaitable));
  if (watch->hears) watch->events.cancel();
}

bool is_missing(const Result<std::string>& found) {
  return !found.ok() && found.error().code == ErrorCode::kNotFound;
}

std::string duration_text(milliseconds time) {
  const long ms = time.count();
  return ms % 1000 == 0 ? concat(ms / 1000, " s") : concat(ms, " ms");
}

}  // namespace

asio::awaitable<Result<std::string>> DeviceWait::wait_for(Wanted wanted) {
  auto found = wanted.look();
  if (!is_missing(found)) co_return found;
  const auto executor = co_await asio::this_coro::executor;
  UniqueFd socket;
  if (auto opened = open_uevents(); opened.ok()) socket = opened.take();
  const auto watch = std::make_shared<Watch>(executor, std::move(socket));
  const Deadline deadline = steady_clock::now() + timeout_;
  Deadline next_scan = steady_clock::now() + kFirstScan;
  for (;;) {
    found = wanted.look();  // once more after the socket was opened: nothing is missed
    const Deadline now = steady_clock::now();
    if (!is_missing(found)) co_return found;
    if (now >= deadline) break;
    if (now >= next_scan) {
      wanted.scan();
      next_scan = steady_clock::now() + kScanInterval;
      continue;
    }
    const Deadline next = watch->hears ? next_scan : now + kBlindInterval;
    co_await wait_for_news(watch, std::min(next, deadline));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return make_error(ErrorCode::kCancelled, "the call was cancelled");
  }
  co_return make_error(ErrorCode::kTimeout,
                       concat(wanted.name, " does not appear within ", duration_text(timeout_),
                              ": is it plugged in, and are the guest's kernel modules complete? ",
                              "(agent.hotplug_timeout sets the time)"));
}

// Drivers may be built in, so that an error counts only when the device does not come.
std::string DeviceWait::load(const std::vector<std::string_view>& modules) const {
  std::string errors;
  for (const std::string_view module : modules)
    if (const auto loaded = load_module_(module); !loaded.ok())
      errors += concat(errors.empty() ? "" : "; ", loaded.error().message);
  return errors;
}

asio::awaitable<Result<std::string>> DeviceWait::disk(DiskAddress address) {
  std::string errors;
  if (!find_disk(address, sysfs_).ok()) {
    errors = load(drivers_of(address));
    if (std::holds_alternative<ScsiDisk>(address)) scan_for(address, sysfs_);
  }
  Wanted wanted{text_of(address), [this, address] { return find_disk(address, sysfs_); },
                [this, address] { scan_for(address, sysfs_); }};
  auto name = co_await wait_for(std::move(wanted));
  if (!name.ok()) {
    Error error = std::move(name).error();
    if (!errors.empty()) error.message += concat("; modules that were not loaded: ", errors);
    co_return error;
  }
  const std::string node = dev_ / name.value();
  struct stat found {};
  if (::stat(node.c_str(), &found) != 0)
    co_return errno_error(concat(text_of(address), ": look at '", node, "'"), errno);
  if (!S_ISBLK(found.st_mode))
    co_return make_error(ErrorCode::kInvalidArgument,
                         concat(text_of(address), ": '", node, "' is no block device"));
  co_return node;
}

asio::awaitable<Result<std::string>> DeviceWait::pci_device(std::string path) {
  Wanted wanted{concat("device at PCI path '", path, "'"),
                [this, path] { return pci_directory(path, sysfs_ / "devices"); },
                [this, path] { scan_for(PciDisk{path}, sysfs_); }};
  co_return co_await wait_for(std::move(wanted));
}

}  // namespace kata::agent
