// SPDX-License-Identifier: Apache-2.0
#include "sandbox/late_network.h"

#include <fcntl.h>
#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/log.h"
#include "kata/concat.h"
#include "kata/plugin/extension.h"

namespace kata::sandbox {

namespace asio = boost::asio;

namespace {

// Calls of plugins wait for each other, so a guest that ignores an unplug delays its own end by
// this.
constexpr std::chrono::seconds kPlugTime{5};
// A link and its addresses and routes come one after the other.
constexpr std::chrono::milliseconds kSettle{30};
constexpr std::chrono::seconds kAfterFailure{1};
constexpr std::chrono::milliseconds kSettledStep{5};

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

void warn(std::string_view what, const std::string& name, const Error& error) {
  log::warn(what, {{"link", name}, {"error", error.message}});
}

}  // namespace

LateNetwork::LateNetwork(asio::any_io_executor loop, Parts parts)
    : parts_(parts), changes_(loop), ended_(loop) {}

void LateNetwork::stop() {
  stopping_ = true;
  boost::system::error_code ignored;
  changes_.cancel(ignored);
}

asio::awaitable<void> LateNetwork::follow() {
  if (auto opened = co_await open(); !opened.ok())
    log::warn("later changes of the network will not reach the guest",
              {{"error", opened.error().message}});
  while (co_await changed()) co_await look_again();
  changes_.close();
  ended_.set();
}

asio::awaitable<bool> LateNetwork::settled(Deadline deadline) {
  while (is_behind()) {
    if (std::chrono::steady_clock::now() >= deadline) co_return false;
    const Deadline next = std::min(deadline, in(kSettledStep));
    co_await sleep_until(next);
  }
  co_return true;
}

// The descriptor is asked, too: the loop hears of a change later than who made it.
bool LateNetwork::is_behind() {
  if (stopping_ || ended_.is_set()) return false;
  if (at_work_) return true;
  pollfd item{changes_.native_handle(), POLLIN, 0};
  return ::poll(&item, 1, 0) > 0;
}

asio::awaitable<Result<void>> LateNetwork::open() {
  auto watch = [this]() -> Result<int> {
    source_ = extension_of<NetworkChanges>(parts_.network);
    return source_ == nullptr ? Result<int>(-1) : source_->watch();
  };
  KATA_CO_TRY(const int watched, co_await parts_.plugins.run(std::move(watch)), "");
  if (source_ == nullptr) {
    log::debug("the network does not tell of changes", {{"lacks", NetworkChanges::kId}});
    co_return Result<void>();
  }
  const int own = ::fcntl(watched, F_DUPFD_CLOEXEC, 3);  // asio closes what it has
  if (own < 0) co_return errno_error("watch the network namespace", errno);
  changes_.assign(own);
  co_return Result<void>();
}

asio::awaitable<bool> LateNetwork::changed() {
  if (stopping_ || !changes_.is_open()) co_return false;
  at_work_ = false;
  const auto [error] = co_await changes_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                    asio::as_tuple(asio::use_awaitable));
  at_work_ = true;
  if (!error && !stopping_) co_await sleep_until(in(kSettle));
  co_return !error && !stopping_;
}

asio::awaitable<void> LateNetwork::look_again() {
  auto rescan = [this]() -> Result<NetworkChange> {
    NetworkChange change = KATA_TRY(source_->rescan(), "look at the network again");
    KATA_TRY(parts_.journal.write_plugin_state("network", parts_.network.save_state()), "");
    return change;
  };
  auto change = co_await parts_.plugins.run(std::move(rescan));
  if (change.ok()) co_return co_await apply(change.take());
  log::warn("the network changed", {{"error", change.error().message}});
  co_await sleep_until(in(kAfterFailure));
}

asio::awaitable<void> LateNetwork::apply(NetworkChange change) {
  for (const std::string& device_id : change.removed) co_await unplug(device_id);
  for (TapDevice& tap : change.added) co_await plug(std::move(tap));
  for (const GuestInterface& interface : change.interfaces)
    if (!stopping_) co_await set_up(interface);
  if (change.routes && !stopping_)
    if (auto set = co_await parts_.agent.update_routes(*change.routes); !set.ok())
      warn("the guest did not take the new routes", "all", set.error());
  if (change.neighbors && !stopping_)
    if (auto set = co_await parts_.agent.add_neighbors(*change.neighbors); !set.ok())
      warn("the guest did not take the new neighbours", "all", set.error());
}

asio::awaitable<void> LateNetwork::unplug(std::string device_id) {
  auto detach = [this, &device_id]() -> Result<void> {
    auto gone = parts_.hypervisor.detach(device_id, in(kPlugTime));
    if (gone.ok() || gone.error().code == ErrorCode::kNotFound) gone = Result<void>();
    KATA_TRY(parts_.journal.write_plugin_state("hypervisor", parts_.hypervisor.save_state()), "");
    return gone;
  };
  const auto detached = co_await parts_.plugins.run(std::move(detach));
  guest_addresses_.erase(device_id);
  if (detached.ok())
    log::info("a link left the pod: its NIC is unplugged", {{"device", device_id}});
  else
    warn("a link left the pod, but its NIC stays in the guest", device_id, detached.error());
}

// A NIC that the VM does not take is no NIC: the plugin gets its link back.
asio::awaitable<void> LateNetwork::plug(TapDevice tap) {
  const std::string device_id = tap.id;
  auto attach = [this, tap = std::move(tap)]() mutable -> Result<AttachedDevice> {
    const std::string id = tap.id;
    auto attached = parts_.hypervisor.attach(std::move(tap), in(kPlugTime));
    if (!attached.ok()) KATA_TRY(source_->release(id), attached.error().message);
    KATA_TRY(parts_.journal.write_plugin_state("hypervisor", parts_.hypervisor.save_state()), "");
    return attached;
  };
  auto attached = co_await parts_.plugins.run(std::move(attach));
  if (!attached.ok()) co_return warn("a link came, but no NIC", device_id, attached.error());
  log::info("a link came to the pod: a NIC is plugged in",
            {{"device", device_id}, {"guest_address", attached.value().guest_address}});
  guest_addresses_[device_id] = attached.value().guest_address;
}

asio::awaitable<void> LateNetwork::set_up(const GuestInterface& interface) {
  std::string guest_address;
  if (const auto plugged = guest_addresses_.find(interface.device_id);
      plugged != guest_addresses_.end())
    guest_address = plugged->second;
  const auto set = co_await parts_.agent.update_interface(interface, std::move(guest_address));
  if (!set.ok()) warn("the guest did not set an interface up", interface.name, set.error());
}

}  // namespace kata::sandbox
