// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cloud_hypervisor/rules.h"

#include <filesystem>
#include <set>

namespace kata::fake_cloudhv {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kLists[] = {"disks", "net", "fs", "devices"};

bool is_power_of_two(std::uint64_t number) { return number != 0 && (number & (number - 1)) == 0; }

std::string wrong_with_cpus(const Json& cpus) {
  if (cpus["boot_vcpus"] > cpus["max_vcpus"])
    return "Max CPUs (" + cpus["max_vcpus"].dump() + ") lower than boot CPUs (" +
           cpus["boot_vcpus"].dump() + ")";
  const auto topology = cpus.find("topology");
  if (topology == cpus.end()) return {};
  std::uint64_t product = 1;
  for (const auto& [name, factor] : topology->items()) product *= factor.get<std::uint64_t>();
  return product == cpus["max_vcpus"] ? ""
                                      : "Product of CPU topology parts does not match maximum vCPU";
}

std::string wrong_with_memory(const Json& memory) {
  if (memory.value("mergeable", false) && memory.value("shared", false))
    return "Invalid to set both 'mergeable' and 'shared' for memory";
  // Ours: the VMM takes it, and the odd rest can never be plugged in.
  if (memory.value("hotplug_size", std::uint64_t{0}) % kMemoryBlock != 0)
    return "hotplug_size is not made of blocks";
  return {};
}

std::string wrong_with_device(const Json& config, const std::string& list, const Json& device) {
  const Json& memory = config["memory"];
  if (list == "fs" && !memory.value("shared", false) && !memory.value("hugepages", false))
    return "Using vhost-user requires using shared memory or huge pages";
  const std::uint64_t segments =
      config.contains("platform") ? config["platform"].value("num_pci_segments", 1U) : 1U;
  if (device.value("pci_segment", 0U) >= segments)
    return "Invalid PCI segment id: " + device["pci_segment"].dump();
  if (!is_power_of_two(device.value("queue_size", 1U)))
    return "Queue size must be a power of 2 no greater than 32768: " + device["queue_size"].dump();
  const std::uint64_t queues = device.value("num_queues", std::uint64_t{1});
  if (const Json& vcpus = config["cpus"]["boot_vcpus"]; list == "disks" && queues > vcpus)
    return "Queue count (" + std::to_string(queues) + ") must not exceed boot vCPUs (" +
           vcpus.dump() + ")";
  return {};
}

std::string wrong_with_landlock(const Json& config) {
  for (const Json& rule : config.value("landlock_rules", Json::array()))
    if (!fs::exists(rule["path"].get<std::string>()))
      return "Path " + rule["path"].dump() + " provided in landlock-rules does not exist";
  return {};
}

std::string wrong_with_config(const Json& config) {
  if (std::string wrong = wrong_with_cpus(config["cpus"]); !wrong.empty()) return wrong;
  if (std::string wrong = wrong_with_memory(config["memory"]); !wrong.empty()) return wrong;
  if (config["vsock"]["cid"] < 3) return config["vsock"]["cid"].dump() + " is a special VSOCK CID";
  for (const char* const list : kLists)
    for (const Json& device : config.value(list, Json::array()))
      if (std::string wrong = wrong_with_device(config, list, device); !wrong.empty()) return wrong;
  return wrong_with_landlock(config);
}

std::string missing_file(const Json& object, const char* key) {
  if (!object.contains(key)) return {};
  const auto path = object[key].get<std::string>();
  return fs::exists(path) ? "" : path;
}

Answer check_files(const Json& config) {
  constexpr const char* kGone = "No such file or directory (os error 2)";
  for (const char* const part : {"kernel", "initramfs"})
    if (!missing_file(config["payload"], part).empty())
      return refuse(500,
                    {"The VM could not boot", std::string("Cannot open ") + part + " file", kGone});
  for (const Json& disk : config.value("disks", Json::array()))
    if (const std::string path = missing_file(disk, "path"); !path.empty())
      return refuse(500, {"The VM could not boot", "Error from device manager",
                          "Cannot open disk path", "I/O error (path=" + path + " op=open)", kGone});
  return {};
}

}  // namespace

Answer refuse(int status, std::initializer_list<std::string> causes) {
  Json list = {"Error from API"};
  for (const std::string& cause : causes) list.push_back(cause);
  return {status, list.dump()};
}

Answer invalid(const std::string& cause) {
  return refuse(400, {"Failed to validate config", cause});
}

Answer not_unique(const std::string& id) {
  return refuse(409, {"Failed to validate config", "Identifier " + id + " is not unique"});
}

Answer check_creation(const Json& config) {
  const fs::path console = config["serial"].value("file", "");
  if (config["serial"]["mode"] == "File" && !fs::is_directory(console.parent_path()))
    return refuse(500, {"The VM could not be created", "Error creating console devices"});
  return {};
}

Answer check_boot(const Json& config) {
  if (const std::string wrong = wrong_with_config(config); !wrong.empty()) return invalid(wrong);
  std::set<std::string> ids;
  for (const char* const list : kLists)
    for (const Json& device : config.value(list, Json::array()))
      if (const auto id = device.value("id", ""); !id.empty() && !ids.insert(id).second)
        return not_unique(id);
  return check_files(config);
}

Answer check_new(const Json& config, const std::string& list, const Json& device, std::size_t fds) {
  // Ours: the VMM drops descriptors that it did not want, and makes a tap of its own without any.
  if (list == "net" ? fds == 0 : fds != 0)
    return invalid("descriptors come with vm.add-net, and with that alone");
  if (list == "net" && device["num_queues"] != 2 * fds)
    return invalid("Number of queues (" + device["num_queues"].dump() +
                   ") to virtio_net does not match the number of FDs (" + std::to_string(2 * fds) +
                   ")");
  if (list == "net" && fds > config["cpus"]["boot_vcpus"])
    return invalid("Queue count (" + std::to_string(fds) + ") must not exceed boot vCPUs");
  const std::string wrong = wrong_with_device(config, list, device);
  return wrong.empty() ? Answer{} : invalid(wrong);
}

}  // namespace kata::fake_cloudhv
