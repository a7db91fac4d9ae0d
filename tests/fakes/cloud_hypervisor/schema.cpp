// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cloud_hypervisor/schema.h"

#include <regex>
#include <string_view>

namespace kata::fake_cloudhv {
namespace {

using Json = nlohmann::json;

// A name that ends in '*' is required. Types: another name, [a type], bool, uint, uint>0, text,
// path (absolute), segment, or /a regular expression/.
constexpr const char* kTypes = R"json({
"VmConfig": {"payload*": "Payload", "cpus*": "Cpus", "memory*": "Memory", "disks": ["Disk"],
  "rng*": "Rng", "balloon": "Balloon", "vsock*": "Vsock", "fs": ["Fs"], "devices": ["Pci"],
  "serial*": "Serial", "console*": "Serial", "platform": "Platform", "landlock_enable": "bool",
  "landlock_rules": ["LandlockRule"]},
"Payload": {"kernel*": "path", "cmdline*": "text", "initramfs": "path", "firmware": "path"},
"Cpus": {"boot_vcpus*": "uint>0", "max_vcpus*": "uint>0", "topology": "Topology", "nested": "bool",
  "max_phys_bits": "uint>0"},
"Topology": {"threads_per_core*": "uint>0", "cores_per_die*": "uint>0",
  "dies_per_package*": "uint>0", "packages*": "uint>0"},
"Memory": {"size*": "uint>0", "shared": "bool", "hugepages": "bool", "mergeable": "bool",
  "hotplug_size": "uint>0", "prefault": "bool", "thp": "bool", "hotplug_method": "/Acpi|VirtioMem/"},
"Disk": {"path*": "path", "readonly": "bool", "direct": "bool", "iommu": "bool",
  "num_queues": "uint>0", "queue_size": "uint>0", "vhost_user": "bool", "image_type*": "/Raw/",
  "rate_limiter_config": "RateLimiter", "id": "id", "pci_segment": "segment"},
"Net": {"mac": "/([0-9a-f]{2}:){5}[0-9a-f]{2}/", "num_queues*": "uint>0", "queue_size": "uint>0",
  "iommu": "bool", "rate_limiter_config": "RateLimiter", "id": "id", "pci_segment": "segment"},
"Fs": {"tag*": "text", "socket*": "path", "num_queues*": "uint>0", "queue_size*": "uint>0",
  "id": "id", "pci_segment": "segment"},
"Pci": {"path*": "/\/sys\/bus\/pci\/devices\/[0-9a-f:.]+\//", "iommu": "bool", "id": "id",
  "pci_segment": "segment"},
"RateLimiter": {"bandwidth": "Bucket", "ops": "Bucket"},
"Bucket": {"size*": "uint>0", "one_time_burst": "uint>0", "refill_time*": "uint>0"},
"Rng": {"src*": "path", "iommu": "bool"},
"Balloon": {"size*": "uint", "free_page_reporting": "bool", "deflate_on_oom": "bool"},
"Vsock": {"cid*": "uint>0", "socket*": "path", "iommu": "bool", "id": "id"},
"Serial": {"mode*": "/Off|File|Tty|Null/", "file": "path"},
"Platform": {"num_pci_segments": "segment", "iommu_segments": ["segment"]},
"LandlockRule": {"path*": "path", "access*": "/r|w|rw/"},
"RemoveDevice": {"id*": "id"},
"Resize": {"desired_vcpus": "uint>0", "desired_ram": "uint>0", "desired_balloon": "uint"},
"Snapshot": {"destination_url*": "url"},
"Restore": {"source_url*": "url", "prefault": "bool", "resume": "bool"}
})json";

const Json& types() {
  static const Json parsed = Json::parse(kTypes);
  return parsed;
}

bool matches(const Json& value, const char* expression) {
  return value.is_string() && std::regex_match(value.get<std::string>(), std::regex(expression));
}

bool is_simple(const Json& value, std::string_view type) {
  if (type == "bool") return value.is_boolean();
  if (type == "uint") return value.is_number_unsigned();
  if (type == "uint>0") return value.is_number_unsigned() && value != 0;
  if (type == "segment") return value.is_number_unsigned() && value <= 16;
  if (type == "text") return value.is_string() && !value.get<std::string>().empty();
  if (type == "path") return matches(value, "/[^]*");
  if (type == "id") return matches(value, "[A-Za-z0-9][A-Za-z0-9_-]*");
  if (type == "url") return matches(value, "file:///[^]+");
  return matches(value, std::string(type.substr(1, type.size() - 2)).c_str());
}

std::string check(const Json& value, const Json& type, const std::string& place);

std::string check_fields(const Json& object, const Json& fields, const std::string& place) {
  if (!object.is_object()) return place + ": expected an object";
  for (const auto& [name, value] : object.items()) {
    const bool required = fields.contains(name + '*');
    if (!required && !fields.contains(name)) return place + ": unknown field `" + name + "`";
    const std::string wrong =
        check(value, fields.at(required ? name + '*' : name), place + '.' + name);
    if (!wrong.empty()) return wrong;
  }
  for (const auto& [name, unused] : fields.items())
    if (name.back() == '*' && !object.contains(name.substr(0, name.size() - 1)))
      return place + ": missing field `" + name.substr(0, name.size() - 1) + "`";
  return {};
}

std::string check(const Json& value, const Json& type, const std::string& place) {
  if (type.is_array()) {
    if (!value.is_array() || value.empty()) return place + ": expected a list that is not empty";
    for (const Json& item : value)
      if (std::string wrong = check(item, type.front(), place + "[]"); !wrong.empty()) return wrong;
    return {};
  }
  const auto name = type.get<std::string>();
  if (types().contains(name)) return check_fields(value, types().at(name), place);
  return is_simple(value, name) ? "" : place + ": expected " + name + ", found " + value.dump();
}

}  // namespace

std::string violation(const Json& value, const std::string& type) {
  return check(value, type, type);
}

}  // namespace kata::fake_cloudhv
