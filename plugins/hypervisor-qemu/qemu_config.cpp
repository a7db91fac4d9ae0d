// SPDX-License-Identifier: Apache-2.0
#include "qemu_config.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "config_integer.h"
#include "kata/concat.h"

namespace kata::qemu {
namespace {

Result<void> check_one_of(std::string_view key, std::string_view value,
                          std::initializer_list<std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return {};
  std::string list;
  for (const std::string_view word : allowed) list += concat(list.empty() ? "" : ", ", word);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("hypervisor.qemu.", key, " = '", value, "' is not one of: ", list));
}

Result<void> check_absolute(std::string_view key, const std::filesystem::path& path) {
  if (path.empty() || path.is_absolute()) return {};
  return make_error(ErrorCode::kInvalidArgument,
                    concat("hypervisor.qemu.", key, " = '", path, "' must be an absolute path"));
}

// Below 4 MiB QEMU spends its time on translating; 2 GiB is the most that its jumps reach.
Result<int> checked_tb_size(std::int64_t mib) {
  constexpr std::int64_t kLeast = 4, kMost = 2048;
  if (mib == 0 || (mib >= kLeast && mib <= kMost)) return static_cast<int>(mib);
  return make_error(ErrorCode::kInvalidArgument,
                    concat("hypervisor.qemu.tcg_tb_size = ", mib, ": must be from ", kLeast, " to ",
                           kMost, " MiB, or 0 for QEMU's choice"));
}

Result<void> check(const QemuConfig& config) {
  if (config.path.empty())
    return make_error(ErrorCode::kInvalidArgument, "hypervisor.qemu.path is empty");
  KATA_TRY(check_absolute("path", config.path), "");
  KATA_TRY(check_absolute("firmware", config.firmware), "");
  KATA_TRY(check_absolute("entropy_source", config.entropy_source), "");
  KATA_TRY(check_one_of("machine_type", config.machine_type, {"q35", "pc"}), "");
  KATA_TRY(check_one_of("accelerator", config.accelerator, {"auto", "kvm", "tcg"}), "");
  return check_one_of("agent_transport", config.agent_transport, {"auto", "vsock", "serial"});
}

void read(const nlohmann::json& json, QemuConfig& config) {
  config.path = json.value("path", config.path.native());
  config.machine_type = json.value("machine_type", config.machine_type);
  config.machine_accelerators = json.value("machine_accelerators", config.machine_accelerators);
  config.cpu_features = json.value("cpu_features", config.cpu_features);
  config.accelerator = json.value("accelerator", config.accelerator);
  config.agent_transport = json.value("agent_transport", config.agent_transport);
  config.seccompsandbox = json.value("seccompsandbox", config.seccompsandbox);
  config.firmware = json.value("firmware", config.firmware.native());
  config.entropy_source = json.value("entropy_source", config.entropy_source.native());
  config.disable_vhost_net = json.value("disable_vhost_net", config.disable_vhost_net);
}

}  // namespace

Result<QemuConfig> parse_config(std::string_view json) {
  QemuConfig config;
  std::int64_t tb_size = 0;
  try {
    const auto keys = nlohmann::json::parse(json);
    read(keys, config);
    tb_size = KATA_TRY(config_integer(keys, "tcg_tb_size", tb_size), "hypervisor.qemu");
  } catch (const nlohmann::json::exception& exception) {
    return make_error(ErrorCode::kInvalidArgument,
                      concat("read the hypervisor.qemu keys: ", exception.what()));
  }
  config.tcg_tb_size = KATA_TRY(checked_tb_size(tb_size), "");
  KATA_TRY(check(config), "");
  return config;
}

}  // namespace kata::qemu
