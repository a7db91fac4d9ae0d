// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/spec_devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "kata/concat.h"
#include "oci.pb.h"

namespace kata::agent {
namespace {

struct Number {
  std::string type{};  // "b" or "c"
  std::int64_t major = 0, minor = 0;
  friend bool operator==(const Number&, const Number&) = default;
};

struct Change {
  grpc::LinuxDevice* entry = nullptr;
  const GuestDevice* device = nullptr;
  Number before{}, after{};
};

Number number_of(const GuestDevice& device) {
  return {S_ISBLK(device.type) ? "b" : "c", major(device.number), minor(device.number)};
}

Result<Change> change_for(grpc::Spec& spec, const GuestDevice& device) {
  auto& entries = *spec.mutable_linux()->mutable_devices();
  const auto entry = std::ranges::find_if(
      entries, [&](const grpc::LinuxDevice& it) { return it.path() == device.container_path; });
  if (entry == entries.end())
    return make_error(ErrorCode::kInvalidArgument,
                      concat("Missing devices in OCI spec: linux.devices has no entry '",
                             device.container_path, "'"));
  const std::string type = entry->type() == "u" ? "c" : entry->type();
  return Change{&*entry, &device, {type, entry->major(), entry->minor()}, number_of(device)};
}

// All at once: a new number of one device may be the old one of another.
void rewrite_rules(grpc::LinuxResources& resources, const std::vector<Change>& changes) {
  for (grpc::LinuxDeviceCgroup& rule : *resources.mutable_devices()) {
    const Number old{rule.type(), rule.major(), rule.minor()};
    const auto change = std::ranges::find(changes, old, &Change::before);
    if (change == changes.end()) continue;
    rule.set_major(change->after.major);
    rule.set_minor(change->after.minor);
    rule.set_type(change->after.type);
  }
  for (const Change& change : changes) {
    grpc::LinuxDeviceCgroup& rule = *resources.add_devices();
    rule.set_allow(true);
    rule.set_access("rwm");
    rule.set_type(change.after.type);
    rule.set_major(change.after.major);
    rule.set_minor(change.after.minor);
  }
}

}  // namespace

Result<GuestDevice> describe_node(std::string container_path, const std::string& node) {
  struct stat found {};
  if (::stat(node.c_str(), &found) != 0) return errno_error(concat("look at '", node, "'"), errno);
  if (!S_ISBLK(found.st_mode) && !S_ISCHR(found.st_mode))
    return make_error(ErrorCode::kInvalidArgument, concat("'", node, "' is no device node"));
  return GuestDevice{std::move(container_path), {}, found.st_mode & S_IFMT, found.st_rdev};
}

Result<void> put_devices(grpc::Spec& spec, const std::vector<GuestDevice>& devices) {
  if (devices.empty()) return {};
  std::vector<Change> changes;
  for (const GuestDevice& device : devices) {
    Change change = KATA_TRY(change_for(spec, device), "");
    if (std::ranges::find(changes, change.entry, &Change::entry) != changes.end())
      return make_error(ErrorCode::kInvalidArgument,
                        concat("Conflicting device updates: two devices are to be '",
                               device.container_path, "'"));
    changes.push_back(std::move(change));
  }
  for (const Change& change : changes) {
    change.entry->set_type(change.after.type);
    change.entry->set_major(change.after.major);
    change.entry->set_minor(change.after.minor);
    if (!change.device->new_path.empty()) change.entry->set_path(change.device->new_path);
  }
  rewrite_rules(*spec.mutable_linux()->mutable_resources(), changes);
  return {};
}

}  // namespace kata::agent
