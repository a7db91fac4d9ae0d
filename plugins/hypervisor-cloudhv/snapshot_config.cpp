// SPDX-License-Identifier: Apache-2.0
#include "snapshot_config.h"

#include <nlohmann/json.hpp>
#include <set>

#include "api_client.h"
#include "kata/concat.h"

namespace kata::cloudhv {
namespace {

using Json = nlohmann::json;

Error unusable(std::string_view why) {
  return make_error(ErrorCode::kInvalidArgument, concat("the snapshot's config.json ", why));
}

bool holds_any(const Json& config, const char* list) {
  const auto found = config.find(list);
  return found != config.end() && !found->is_null() && !found->empty();
}

Result<void> check_clonable(const Json& config) {
  for (const auto& [list, what] : {std::pair{"net", "a NIC"}, {"devices", "a host PCI device"}})
    if (holds_any(config, list))
      return make_error(ErrorCode::kUnsupported,
                        concat("the snapshot has ", what,
                               ", which no other VM can have: take it from the VM before the "
                               "snapshot is made"));
  return {};
}

Result<Json*> section(Json& config, const char* name) {
  const auto found = config.find(name);
  if (found == config.end() || !found->is_object()) return unusable(concat("has no '", name, "'"));
  return &*found;
}

const Device* device_by_id(std::span<const Device> devices, std::string_view id) {
  for (const Device& device : devices)
    if (std::visit([](const auto& it) -> std::string_view { return it.id; }, device) == id)
      return &device;
  return nullptr;
}

// One disk or filesystem of the snapshot gets what the clone has in its place.
Result<void> point_elsewhere(Json& entry, const Clone& clone, std::set<std::string>& seen) {
  if (!entry.is_object() || !entry.contains("id") || !entry["id"].is_string())
    return unusable("has a device without an id");
  const auto id = entry["id"].get<std::string>();
  seen.insert(id);
  if (id == kGuestImageId) {
    if (!clone.spec.image.empty()) entry["path"] = clone.spec.image.native();
    return {};
  }
  const Device* const device = device_by_id(clone.devices, id);
  const auto* const disk = device == nullptr ? nullptr : std::get_if<BlockDevice>(device);
  const auto* const share = device == nullptr ? nullptr : std::get_if<VhostUserFs>(device);
  if (disk != nullptr && entry.contains("path"))
    entry["path"] = disk->path.native();
  else if (share != nullptr && entry.contains("socket"))
    entry["socket"] = share->socket.native();
  else
    return unusable(concat("has a device '", one_line(id), "' that was not handed over for it"));
  return {};
}

Result<void> point_devices_elsewhere(Json& config, const Clone& clone) {
  std::set<std::string> seen;
  for (const char* list : {"disks", "fs"}) {
    if (!holds_any(config, list)) continue;
    if (!config[list].is_array()) return unusable(concat("has a '", list, "' that is no list"));
    for (Json& entry : config[list]) KATA_TRY(point_elsewhere(entry, clone, seen), "");
  }
  for (const Device& device : clone.devices) {
    const std::string& id = std::visit(
        [](const auto& it) -> auto& { return it.id; }, device);
    if (seen.count(id) == 0)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("device '", id, "' is not in the snapshot: attach it later"));
  }
  return {};
}

Result<std::string> rewrite(Json config, const Clone& clone) {
  KATA_TRY(check_clonable(config), "");
  (*KATA_TRY(section(config, "vsock"), ""))["socket"] = clone.files.vsock.native();
  (*KATA_TRY(section(config, "memory"), ""))["shared"] = clone.spec.shared_memory;
  config["serial"] = {{"mode", "File"}, {"file", clone.files.console.native()}};
  KATA_TRY(point_devices_elsewhere(config, clone), "");
  config["landlock_enable"] = clone.landlock;
  config.erase("landlock_rules");
  if (clone.landlock)
    config["landlock_rules"] = {{{"path", clone.files.directory.native()}, {"access", "rw"}},
                                {{"path", clone.snapshot.native()}, {"access", "r"}}};
  return config.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<std::string> config_of_clone(std::string_view text, const Clone& clone) {
  if (text.size() > kLongestSnapshotConfig)
    return unusable(concat("is longer than ", kLongestSnapshotConfig, " bytes"));
  Json config = Json::parse(text, nullptr, false);
  if (!config.is_object()) return unusable("is no JSON object");
  return rewrite(std::move(config), clone);
}

}  // namespace kata::cloudhv
