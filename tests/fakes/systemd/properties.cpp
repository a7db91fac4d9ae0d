// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/systemd/properties.h"

#include <cstring>

namespace kata::fakes {

namespace {

const std::map<std::string, std::string> kTypes = {
    {"Description", "s"},     {"Slice", "s"},        {"CollectMode", "s"},
    {"DevicePolicy", "s"},    {"Delegate", "b"},     {"DefaultDependencies", "b"},
    {"CPUAccounting", "b"},   {"IOAccounting", "b"}, {"MemoryAccounting", "b"},
    {"TasksAccounting", "b"}, {"PIDs", "au"},        {"DeviceAllow", "a(ss)"}};

bool is_value(const std::string& name, const std::string& value) {
  if (name == "CollectMode") return value == "inactive" || value == "inactive-or-failed";
  if (name == "DevicePolicy") return value == "auto" || value == "closed" || value == "strict";
  if (name == "Slice") return value.ends_with(".slice") && value.find('/') == std::string::npos;
  return true;
}

int read_pids(sd_bus_message* call, ScopeProperties& properties) {
  int got = ::sd_bus_message_enter_container(call, 'a', "u");
  std::uint32_t pid = 0;
  while (got >= 0 && (got = ::sd_bus_message_read_basic(call, 'u', &pid)) > 0) {
    properties.pids.push_back(pid);
    properties.values["PIDs"] += std::to_string(pid) + " ";
  }
  return got < 0 ? got : ::sd_bus_message_exit_container(call);
}

int read_devices(sd_bus_message* call, std::string& text, sd_bus_error* error) {
  int got = ::sd_bus_message_enter_container(call, 'a', "(ss)");
  const char *device = nullptr, *access = nullptr;
  while (got >= 0 && (got = ::sd_bus_message_read(call, "(ss)", &device, &access)) > 0) {
    const std::string name = device;
    if (!name.starts_with("/dev/") && !name.starts_with("char-") && !name.starts_with("block-"))
      return ::sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                 "DeviceAllow= requires device node");
    if (std::strlen(access) == 0 || std::strspn(access, "rwm") != std::strlen(access))
      return ::sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                 "DeviceAllow= requires combination of rwm flags");
    text += name + ' ' + access + ',';
  }
  return got < 0 ? got : ::sd_bus_message_exit_container(call);
}

int read_value(sd_bus_message* call, const std::string& name, ScopeProperties& properties,
               sd_bus_error* error) {
  if (name == "PIDs") return read_pids(call, properties);
  std::string& value = properties.values[name];
  if (name == "DeviceAllow") return read_devices(call, value, error);
  if (kTypes.at(name) == "b") {
    int flag = 0;
    const int got = ::sd_bus_message_read_basic(call, 'b', &flag);
    value = flag != 0 ? "yes" : "no";
    return got;
  }
  const char* text = nullptr;
  const int got = ::sd_bus_message_read_basic(call, 's', &text);
  if (got < 0) return got;
  value = text;
  if (is_value(name, value)) return got;
  return ::sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "Invalid %s setting: %s",
                             name.c_str(), text);
}

int read_property(sd_bus_message* call, ScopeProperties& properties, sd_bus_error* error) {
  const char *name = nullptr, *type = nullptr;
  int got = ::sd_bus_message_read(call, "s", &name);
  if (got < 0) return got;
  if ((got = ::sd_bus_message_peek_type(call, nullptr, &type)) < 0) return got;
  const auto known = kTypes.find(name);
  if (known == kTypes.end())
    return ::sd_bus_error_setf(error, SD_BUS_ERROR_PROPERTY_READ_ONLY,
                               "Cannot set property %s, or unknown property.", name);
  if (known->second != type)
    return ::sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "%s has type %s, not %s", name,
                               known->second.c_str(), type);
  if ((got = ::sd_bus_message_enter_container(call, 'v', type)) < 0) return got;
  if ((got = read_value(call, known->first, properties, error)) < 0) return got;
  return ::sd_bus_message_exit_container(call);
}

}  // namespace

int read_scope_properties(sd_bus_message* call, ScopeProperties& properties, sd_bus_error* error) {
  int got = ::sd_bus_message_enter_container(call, 'a', "(sv)");
  while (got >= 0 && (got = ::sd_bus_message_enter_container(call, 'r', "sv")) > 0) {
    got = read_property(call, properties, error);
    if (got >= 0) got = ::sd_bus_message_exit_container(call);
  }
  return got < 0 ? got : ::sd_bus_message_exit_container(call);
}

}  // namespace kata::fakes
