// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-systemd-scope/scope_message.h"

#include "kata/concat.h"

namespace kata::systemd_scope {

namespace {

int append_text(sd_bus_message* call, const char* name, const char* value) {
  return ::sd_bus_message_append(call, "(sv)", name, "s", value);
}

int append_flag(sd_bus_message* call, const char* name, bool value) {
  return ::sd_bus_message_append(call, "(sv)", name, "b", static_cast<int>(value));
}

int append_devices(sd_bus_message* call, const std::vector<DeviceAllow>& devices) {
  int done = ::sd_bus_message_open_container(call, 'r', "sv");
  if (done >= 0) done = ::sd_bus_message_append(call, "s", "DeviceAllow");
  if (done >= 0) done = ::sd_bus_message_open_container(call, 'v', "a(ss)");
  if (done >= 0) done = ::sd_bus_message_open_container(call, 'a', "(ss)");
  for (const DeviceAllow& allow : devices)
    if (done >= 0)
      done = ::sd_bus_message_append(call, "(ss)", allow.device.c_str(), allow.access.c_str());
  for (int container = 0; container < 3; ++container)
    if (done >= 0) done = ::sd_bus_message_close_container(call);
  return done;
}

// The devices are systemd's business too, because a daemon-reload writes its own idea of them.
int append_properties(sd_bus_message* call, const ScopeRequest& request) {
  const std::string description = concat("Kata sandbox in ", request.unit);
  int done = append_text(call, "Description", description.c_str());
  if (done >= 0) done = append_text(call, "Slice", request.slice.c_str());
  for (const char* flag :
       {"Delegate", "CPUAccounting", "MemoryAccounting", "TasksAccounting", "IOAccounting"})
    if (done >= 0) done = append_flag(call, flag, true);
  if (done >= 0) done = append_flag(call, "DefaultDependencies", false);
  if (done >= 0) done = append_text(call, "CollectMode", "inactive-or-failed");
  if (done >= 0) done = append_text(call, "DevicePolicy", "strict");
  if (done >= 0) done = append_devices(call, request.devices);
  if (done >= 0) done = ::sd_bus_message_append(call, "(sv)", "PIDs", "au", 1, request.pid);
  return done;
}

}  // namespace

int append_start(sd_bus_message* call, const ScopeRequest& request) {
  int done = ::sd_bus_message_append(call, "ss", request.unit.c_str(), "fail");
  if (done >= 0) done = ::sd_bus_message_open_container(call, 'a', "(sv)");
  if (done >= 0) done = append_properties(call, request);
  if (done >= 0) done = ::sd_bus_message_close_container(call);
  if (done >= 0) done = ::sd_bus_message_append(call, "a(sa(sv))", 0);
  return done;
}

}  // namespace kata::systemd_scope
