// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cloud_hypervisor/machine.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/fakes/cloud_hypervisor/rules.h"
#include "tests/fakes/cloud_hypervisor/schema.h"

namespace kata::fake_cloudhv {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kLists[] = {"disks", "net", "fs", "devices"};

const std::map<std::string, std::string>& body_types() {
  static const std::map<std::string, std::string> types = {
      {"vm.create", "VmConfig"}, {"vm.add-disk", "Disk"},     {"vm.add-net", "Net"},
      {"vm.add-fs", "Fs"},       {"vm.add-device", "Pci"},    {"vm.remove-device", "RemoveDevice"},
      {"vm.resize", "Resize"},   {"vm.snapshot", "Snapshot"}, {"vm.restore", "Restore"}};
  return types;
}

// Taken as it is: nobody undoes a percent-encoding.
fs::path path_of_url(const std::string& url) { return url.substr(sizeof "file://" - 1); }

Answer bad_request() { return {400, R"(["Bad Request"])"}; }

}  // namespace

Answer Machine::handle(const std::string& method, const std::string& endpoint,
                       const std::string& text, std::size_t fds) {
  const bool reads = endpoint == "vm.info" || endpoint == "vm.counters" || endpoint == "vmm.ping";
  if (method != (reads ? "GET" : "PUT")) return bad_request();
  Json body;
  if (const auto type = body_types().find(endpoint); type != body_types().end()) {
    body = Json::parse(text, nullptr, false);
    if (std::string wrong = violation(body, type->second); !wrong.empty())
      return {400, Json{"Failed to deserialize JSON", wrong}.dump()};
  } else if (!text.empty()) {
    return bad_request();
  }
  if (endpoint == "vm.create") return create(std::move(body));
  if (endpoint == "vm.restore") return restore(body);
  if (state_.empty()) return refuse(404, {"VM is not created"});
  if (endpoint == "vm.boot") return boot();
  if (endpoint == "vm.info") return info();
  if (endpoint == "vm.add-disk") return add(body, "disks", fds);
  if (endpoint == "vm.add-net") return add(body, "net", fds);
  if (endpoint == "vm.add-fs") return add(body, "fs", fds);
  if (endpoint == "vm.add-device") return add(body, "devices", fds);
  if (endpoint == "vm.remove-device") return remove(body);
  if (endpoint == "vm.resize") return resize(body);
  if (endpoint == "vm.pause") return change_state("Running", "Paused");
  if (endpoint == "vm.resume") return change_state("Paused", "Running");
  if (endpoint == "vm.snapshot") return snapshot(body);
  if (endpoint == "vm.counters")
    return {200, R"({"_net0":{"rx_bytes":7,"tx_bytes":9},"_disk0":{"read_ops":3}})"};
  return {404, R"(["Not Found"])"};
}

Answer Machine::create(Json body) {
  if (!state_.empty()) return refuse(500, {"The VM could not be created", "VM is already created"});
  config_ = std::move(body);
  state_ = "Created";
  return check_creation(config_);
}

Answer Machine::boot() {
  if (state_ != "Created") return refuse(500, {"The VM could not boot", "VM is already created"});
  if (Answer refused = check_boot(config_); refused.status != 204) return refused;
  const Json& memory = config_["memory"];
  most_memory_ = memory["size"].get<std::uint64_t>() + memory.value("hotplug_size", 0ULL);
  state_ = "Running";
  for (const char* const list : kLists)
    for (const Json& device : config_.value(list, Json::array())) place(device);
  on_boot_(config_);
  return {};
}

// A device's node, and that of the PCI function it sits on, which has the address.
Answer Machine::info() const {
  const Json& size = config_["memory"]["size"];
  Json info = {{"config", config_}, {"state", state_}, {"memory_actual_size", size}};
  for (const auto& [id, address] : devices_) {
    const std::string function = "_virtio-pci-" + id;
    info["device_tree"][id] = {{"id", id}, {"parent", function}, {"children", Json::array()}};
    info["device_tree"][function] = {
        {"id", function}, {"children", Json::array({id})}, {"pci_bdf", address}};
  }
  return {200, info.dump()};
}

// The address of a device in the guest.
std::string Machine::place(const Json& device) {
  char address[16];
  std::snprintf(address, sizeof address, "%04x:00:%02x.0", device.value("pci_segment", 0U),
                next_slot_ & 0x1f);
  devices_[device.value("id", "_dev" + std::to_string(next_slot_))] = address;
  ++next_slot_;
  return address;
}

bool Machine::is_configured(const std::string& id) const {
  for (const char* const list : kLists)
    for (const Json& device : config_.value(list, Json::array()))
      if (device.value("id", "") == id) return true;
  return false;
}

Answer Machine::add(const Json& body, const char* list, std::size_t fds) {
  const std::string id = body.value("id", "");
  if (Answer refused = check_new(config_, list, body, fds); refused.status != 204) return refused;
  if (is_configured(id) || devices_.count(id) != 0) return not_unique(id);
  const bool runs = state_ != "Created";
  if (runs && list == std::string("disks") && !fs::exists(body["path"].get<std::string>()))
    return refuse(500, {"The disk could not be added to the VM", "Error from device manager",
                        "Cannot open disk path"});
  config_[list].push_back(body);
  if (!runs) return {};
  return {200, Json{{"id", id}, {"bdf", place(body)}}.dump()};
}

// It leaves the configuration at once, and the guest when that agrees.
Answer Machine::remove(const Json& body) {
  const auto id = body["id"].get<std::string>();
  const bool was_configured = is_configured(id);
  const bool pending = !was_configured && devices_.count(id) != 0;
  if (!was_configured && (!pending || refuses_second_removal))
    return refuse(pending ? 500 : 404,
                  {"The device could not be removed from the VM", "Failed to find device: " + id});
  for (const char* const list : kLists) {
    Json kept = Json::array();
    for (const Json& device : config_.value(list, Json::array()))
      if (device.value("id", "") != id) kept.push_back(device);
    config_.erase(list);
    if (!kept.empty()) config_[list] = std::move(kept);
  }
  if (!keeps_devices) devices_.erase(id);
  return {};
}

Answer Machine::resize(const Json& body) {
  constexpr const char* kWhat = "The VM could not be resized";
  if (body.contains("desired_vcpus")) {
    if (body["desired_vcpus"] > config_["cpus"]["max_vcpus"])
      return refuse(500, {kWhat, "Error from CPU manager", "Requested vCPUs exceed maximum"});
    config_["cpus"]["boot_vcpus"] = body["desired_vcpus"];
  }
  if (!body.contains("desired_ram")) return {};
  Json& size = config_["memory"]["size"];
  const auto before = size.get<std::uint64_t>();
  const auto wanted = body["desired_ram"].get<std::uint64_t>();
  const char* why = nullptr;
  if (wanted < before)
    why = "memory cannot shrink";  // ours: the VMM says yes and does nothing
  else if ((wanted - before) % kMemoryBlock != 0)
    why = "The requested hotplug memory addition is not a valid size";
  else if (wanted > most_memory_)
    why = "Not enough space in the hotplug RAM region";
  else if (wanted > before && memory_slots_left_-- <= 0)
    why = "No ACPI slot available";
  if (why != nullptr) return refuse(500, {kWhat, "Memory manager error", why});
  size = wanted;
  return {};
}

Answer Machine::change_state(const char* from, const char* to) {
  if (state_ != from)
    return refuse(500, {"Invalid transition: InvalidStateTransition(" + state_ + ", " + to + ")"});
  state_ = to;
  return {};
}

Answer Machine::snapshot(const Json& body) const {
  constexpr const char* kWhat = "The VM could not be snapshotted";
  if (state_ != "Paused") return refuse(500, {kWhat, "Trying to snapshot while VM is running"});
  const fs::path directory = path_of_url(body["destination_url"].get<std::string>());
  if (!fs::is_directory(directory))
    return refuse(500, {kWhat, "Destination is not a directory: " + directory.string()});
  std::ofstream(directory / "config.json") << config_.dump();
  std::ofstream(directory / "state.json") << "{}";
  std::ofstream(directory / "memory-ranges") << "memory";
  return {};
}

Answer Machine::restore(const Json& body) {
  constexpr const char* kWhat = "The VM could not be restored";
  if (!state_.empty()) return refuse(500, {kWhat, "VM is already created"});
  const fs::path directory = path_of_url(body["source_url"].get<std::string>());
  for (const char* name : {"config.json", "state.json", "memory-ranges"})
    if (!fs::exists(directory / name)) return refuse(500, {kWhat, std::string("no ") + name});
  std::ifstream file(directory / "config.json");
  Json config = Json::parse(file, nullptr, false);
  if (std::string wrong = violation(config, "VmConfig"); !wrong.empty())
    return refuse(500, {kWhat, wrong});
  Answer refused = create(std::move(config));
  if (refused.status == 204) refused = boot();
  state_ = refused.status == 204 ? "Paused" : "";
  return refused;
}

}  // namespace kata::fake_cloudhv
