// SPDX-License-Identifier: Apache-2.0
#include "api_replies.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "api_client.h"
#include "kata/concat.h"

namespace kata::cloudhv {
namespace {

using Json = nlohmann::json;

Error unusable(std::string_view endpoint, std::string_view why) {
  return make_error(ErrorCode::kInternal,
                    concat(endpoint, ": cloud-hypervisor's reply is not usable: ", why));
}

Result<Json> object_of(std::string_view endpoint, std::string_view body) {
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return unusable(endpoint, "it is no JSON object");
  return json;
}

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Result<std::string> text_in(std::string_view endpoint, const Json& object, std::string_view key) {
  const Json* const found = find(object, key);
  if (found == nullptr || !found->is_string())
    return unusable(endpoint, concat("it has no text '", key, "'"));
  return found->get<std::string>();
}

Result<std::uint64_t> number_in(std::string_view endpoint, const Json& object,
                                std::string_view key) {
  const Json* const found = find(object, key);
  if (found == nullptr || !found->is_number_unsigned())
    return unusable(endpoint, concat("it has no number '", key, "'"));
  return found->get<std::uint64_t>();
}

std::uint64_t number_or_zero(const Json& object, std::string_view key) {
  const Json* const found = find(object, key);
  return found != nullptr && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// "v54.0", "39.0.0", "v51.1-dirty".
Result<std::uint32_t> major_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  std::uint32_t major = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), major);
  if (error == std::errc() && end != version.data() + version.size() && *end == '.') return major;
  return make_error(ErrorCode::kUnsupported,
                    concat("version '", one_line(version),
                           "' is not understood: is hypervisor.cloudhv.path a cloud-hypervisor?"));
}

// A build names what it can do; one that names nothing is judged by what it does.
Result<void> check_features(const Json& ping, std::string_view version) {
  const Json* const features = find(ping, "features");
  if (features == nullptr || !features->is_array() || features->empty()) return {};
  const auto makes_vms = [](const Json& name) { return name == "kvm" || name == "mshv"; };
  if (std::any_of(features->begin(), features->end(), makes_vms)) return {};
  return make_error(ErrorCode::kUnsupported,
                    concat("version ", version, " was built without the feature 'kvm' (it has ",
                           one_line(features->dump()),
                           "): install a release build or correct hypervisor.cloudhv.path"));
}

void add_ids(const Json& list, std::set<std::string>& ids) {
  if (!list.is_array()) return;
  for (const Json& device : list)
    if (const Json* const id = find(device, "id"); id != nullptr && id->is_string())
      ids.insert(id->get<std::string>());
}

Result<VmInfo> read_info(const Json& json) {
  constexpr std::string_view kCall = "vm.info";
  VmInfo info;
  info.state = one_line(KATA_TRY(text_in(kCall, json, "state"), ""));
  const Json* const config = find(json, "config");
  if (config == nullptr) return unusable(kCall, "it has no 'config'");
  const Json* const cpus = find(*config, "cpus");
  const Json* const memory = find(*config, "memory");
  if (cpus == nullptr || memory == nullptr)
    return unusable(kCall, "its 'config' has no 'cpus' or no 'memory'");
  info.vcpus =
      static_cast<std::uint32_t>(KATA_TRY(number_in(kCall, *cpus, "boot_vcpus"), "") & 0xffff);
  info.most_vcpus =
      static_cast<std::uint32_t>(KATA_TRY(number_in(kCall, *cpus, "max_vcpus"), "") & 0xffff);
  info.boot_memory_bytes = KATA_TRY(number_in(kCall, *memory, "size"), "");
  info.most_memory_bytes = info.boot_memory_bytes + number_or_zero(*memory, "hotplug_size");
  info.memory_bytes = number_or_zero(json, "memory_actual_size");
  if (info.memory_bytes == 0) info.memory_bytes = info.boot_memory_bytes;
  if (const Json* const tree = find(json, "device_tree"); tree != nullptr && tree->is_object())
    for (const auto& [id, node] : tree->items()) info.devices.insert(id);
  for (const char* const list : {"disks", "net", "fs", "devices"})
    if (const Json* const found = find(*config, list)) add_ids(*found, info.configured);
  return info;
}

}  // namespace

Result<VmmVersion> parse_ping(std::string_view body) {
  const Json json = KATA_TRY(object_of("vmm.ping", body), "");
  VmmVersion version;
  version.text = one_line(KATA_TRY(text_in("vmm.ping", json, "version"), ""));
  version.major = KATA_TRY(major_of(version.text), "");
  if (version.major < kOldestMajor)
    return make_error(
        ErrorCode::kUnsupported,
        concat("version ", version.text, " is older than ", kOldestMajor,
               ".0: install a newer cloud-hypervisor or correct ", "hypervisor.cloudhv.path"));
  KATA_TRY(check_features(json, version.text), "");
  return version;
}

Result<VmInfo> parse_info(std::string_view body) {
  return read_info(KATA_TRY(object_of("vm.info", body), ""));
}

std::string words_of_refusal(std::string_view body) {
  const Json causes = Json::parse(body, nullptr, false);
  if (!causes.is_array()) return one_line(body);
  std::string words;
  for (const Json& cause : causes) {
    if (!cause.is_string()) return one_line(body);
    const auto text = cause.get<std::string>();
    if (text == "Error from API") continue;  // the first of every list
    words += concat(words.empty() ? "" : ": ", text.substr(0, text.find('\n')));  // no backtrace
  }
  return one_line(words);
}

bool is_removal_pending(unsigned status, std::string_view body) {
  constexpr unsigned kTooManyRequests = 429;  // since version 46
  return status == kTooManyRequests ||
         (status == 500 && body.find("Still pending removed v") != std::string_view::npos);
}

Result<std::string> parse_guest_address(std::string_view body) {
  if (body.empty()) return std::string();
  const Json json = KATA_TRY(object_of("the new device", body), "");
  const std::string bdf = KATA_TRY(text_in("the new device", json, "bdf"), "");
  constexpr std::string_view kBus = ":00:", kFunction = ".0";
  const bool on_root_bus = bdf.size() == 12 && bdf.substr(4, 4) == kBus &&
                           bdf.substr(10) == kFunction &&
                           bdf.find_first_not_of("0123456789abcdef:.") == std::string::npos;
  if (!on_root_bus)
    return unusable("the new device", concat("its PCI address '", one_line(bdf),
                                             "' is not on bus 00 with function 0"));
  return bdf.substr(8, 2);
}

Result<std::vector<VmCounter>> parse_counters(std::string_view body) {
  const Json json = KATA_TRY(object_of("vm.counters", body), "");
  std::vector<VmCounter> counters;
  for (const auto& [device, values] : json.items()) {
    if (!values.is_object())
      return unusable("vm.counters", concat("'", one_line(device), "' is no object"));
    for (const auto& [name, value] : values.items())
      if (value.is_number_unsigned())
        counters.push_back({device, name, value.get<std::uint64_t>()});
  }
  return counters;
}

}  // namespace kata::cloudhv
