// SPDX-License-Identifier: Apache-2.0
//
// mounts of config.json. Kata's message for a mount has no field for id mappings: they travel as
// the mount option that crun has for them.
#include "kata/concat.h"
#include "sandbox/oci_spec_parts.h"

namespace kata::sandbox {
namespace {

std::string ranges(const IdMappings& mappings) {
  std::string text;
  for (const auto& mapping : mappings)
    text += concat(text.empty() ? "" : "#", mapping.containerid(), '-', mapping.hostid(), '-',
                   mapping.size());
  return text;
}

bool is_id_map(const std::string& option) { return option == "idmap" || option == "ridmap"; }

void read_mount_mappings(const JsonReader& from, grpc::Mount& mount) {
  IdMappings uids, gids;
  read_id_mappings(from, "uidMappings", uids);
  read_id_mappings(from, "gidMappings", gids);
  if (uids.empty() && gids.empty()) return;
  if (uids.empty()) return from.refuse("uidMappings", "is needed beside gidMappings");
  if (gids.empty()) return from.refuse("gidMappings", "is needed beside uidMappings");
  const std::string mapped = concat("=uids=", ranges(uids), ";gids=", ranges(gids));
  for (std::string& option : *mount.mutable_options())
    if (is_id_map(option)) return void(option += mapped);
  mount.add_options("idmap" + mapped);
}

}  // namespace

void read_id_mappings(const JsonReader& from, const char* key, IdMappings& mappings) {
  from.each_object(key, [&](const JsonReader& item) {
    grpc::LinuxIDMapping& mapping = *mappings.Add();
    mapping.set_containerid(item.natural32("containerID", Need::kRequired));
    mapping.set_hostid(item.natural32("hostID", Need::kRequired));
    mapping.set_size(item.natural32("size", Need::kRequired));
  });
}

void read_mounts(const JsonReader& from, grpc::Spec& spec) {
  from.each_object("mounts", [&](const JsonReader& item) {
    grpc::Mount& mount = *spec.add_mounts();
    mount.set_destination(item.text("destination", Need::kRequired));
    if (!mount.destination().empty() && !mount.destination().starts_with('/')) {
      from.findings().warn(item.path_of("destination"), "is relative: taken as below '/'");
      mount.set_destination(concat('/', mount.destination()));
    }
    mount.set_source(item.text("source"));
    mount.set_type(item.text("type"));
    item.each_text("options", [&](std::string option) { mount.add_options(std::move(option)); });
    read_mount_mappings(item, mount);
  });
}

}  // namespace kata::sandbox
