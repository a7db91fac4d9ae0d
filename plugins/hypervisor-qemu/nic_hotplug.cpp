// SPDX-License-Identifier: Apache-2.0
#include "nic_hotplug.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "kata/concat.h"
#include "nic_slots.h"

namespace kata::qemu {
namespace {

constexpr std::chrono::seconds kCleanUpTime{5};

std::string backend_of(std::string_view id) { return concat("net-", id); }
std::string descriptor_name(const TapDevice& tap, std::size_t queue) {
  return concat("tap-", tap.id, '-', queue);
}

Deadline clean_up_deadline() { return std::chrono::steady_clock::now() + kCleanUpTime; }

// Descriptors that a backend has taken over are not known by name any more; the error is expected.
void close_descriptors(QmpClient& monitor, const TapDevice& tap, std::size_t count) {
  for (std::size_t queue = 0; queue < count; ++queue) {
    const nlohmann::json arguments{{"fdname", descriptor_name(tap, queue)}};
    (void)monitor.execute("closefd", clean_up_deadline(), arguments.dump());
  }
}

Result<void> pass_descriptors(QmpClient& monitor, const TapDevice& tap, Deadline deadline) {
  for (std::size_t queue = 0; queue < tap.queues.size(); ++queue) {
    const nlohmann::json arguments{{"fdname", descriptor_name(tap, queue)}};
    auto passed = monitor.execute("getfd", deadline, arguments.dump(), tap.queues[queue].get());
    if (passed.ok()) continue;
    close_descriptors(monitor, tap, queue + 1);
    return std::move(passed).error();
  }
  return {};
}

nlohmann::json backend_arguments(const TapDevice& tap, bool vhost_net) {
  std::string names;
  for (std::size_t queue = 0; queue < tap.queues.size(); ++queue)
    names += concat(names.empty() ? "" : ":", descriptor_name(tap, queue));
  nlohmann::json arguments{{"type", "tap"}, {"id", backend_of(tap.id)}};
  arguments[tap.queues.size() == 1 ? "fd" : "fds"] = names;
  if (vhost_net) arguments["vhost"] = true;
  return arguments;
}

nlohmann::json card_arguments(const TapDevice& tap, std::uint32_t slot) {
  nlohmann::json arguments{{"driver", "virtio-net-pci"},
                           {"id", tap.id},
                           {"netdev", backend_of(tap.id)},
                           {"mac", tap.mac},
                           {"romfile", ""},
                           {"disable-legacy", "on"},
                           {"bus", kNicBus},
                           {"addr", std::to_string(slot)}};
  if (tap.queues.size() > 1) {
    arguments["mq"] = true;
    arguments["vectors"] = 2 * tap.queues.size() + 2;
  }
  return arguments;
}

bool is_deletion_of(const QmpEvent& event, std::string_view id) {
  if (event.name != "DEVICE_DELETED") return false;
  const auto data = nlohmann::json::parse(event.data_json, nullptr, false);
  const auto device = data.is_object() ? data.find("device") : data.end();
  return device != data.end() && device->is_string() && device->get_ref<const std::string&>() == id;
}

bool says(const Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

Result<void> drop_card(QmpClient& monitor, std::string_view id, Deadline deadline) {
  const nlohmann::json arguments{{"id", id}};
  auto asked = monitor.execute("device_del", deadline, arguments.dump());
  if (!asked.ok() && says(asked.error(), "DeviceNotFound")) return {};
  // After a call whose deadline passed: the guest has been asked already.
  if (!asked.ok() && !says(asked.error(), "already in the process of unplug"))
    return std::move(asked).error();
  KATA_TRY(monitor.wait_event([id](const QmpEvent& event) { return is_deletion_of(event, id); },
                              deadline),
           "wait until the guest lets go of it");
  return {};
}

}  // namespace

Result<void> plug_nic(QmpClient& monitor, const TapDevice& tap, std::uint32_t slot, bool vhost_net,
                      Deadline deadline) {
  KATA_TRY(pass_descriptors(monitor, tap, deadline), "");
  auto backend = monitor.execute("netdev_add", deadline, backend_arguments(tap, vhost_net).dump());
  if (!backend.ok()) {
    close_descriptors(monitor, tap, tap.queues.size());
    return std::move(backend).error();
  }
  auto card = monitor.execute("device_add", deadline, card_arguments(tap, slot).dump());
  if (card.ok()) return {};
  const nlohmann::json arguments{{"id", backend_of(tap.id)}};
  (void)monitor.execute("netdev_del", clean_up_deadline(), arguments.dump());
  return std::move(card).error();
}

Result<void> unplug_nic(QmpClient& monitor, std::string_view id, Deadline deadline) {
  KATA_TRY(drop_card(monitor, id, deadline), "");
  const nlohmann::json arguments{{"id", backend_of(id)}};
  auto dropped = monitor.execute("netdev_del", deadline, arguments.dump());
  if (!dropped.ok() && !says(dropped.error(), "not found")) return std::move(dropped).error();
  return {};
}

}  // namespace kata::qemu
