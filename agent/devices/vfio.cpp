// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/vfio.h"

#include "agent/devices/pci_addresses.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDriver = "vfio-pci";

std::string link_name(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  return error ? std::string() : target.filename().string();
}

}  // namespace

Result<VfioOption> parse_vfio_option(std::string_view text) {
  const std::size_t equals = text.find('=');
  VfioOption option;
  option.host_address = text.substr(0, equals);
  if (equals != std::string_view::npos) option.guest_path = text.substr(equals + 1);
  if (is_pci_address(option.host_address) && !option.guest_path.empty()) return option;
  return make_error(ErrorCode::kInvalidArgument,
                    concat("option '", text, "': expected '<host address>=<PCI path>' like ",
                           "'0000:3b:00.0=02/01'"));
}

Result<std::string> give_to_vfio(const fs::path& directory, const fs::path& sysfs) {
  const std::string address = directory.filename();
  const std::string action = concat("give device '", address, "' to ", kDriver);
  const std::string group = link_name(directory / "iommu_group");
  if (group.empty())
    return make_error(ErrorCode::kFailedPrecondition,
                      concat(action, ": it has no IOMMU group; start the VM with an IOMMU ",
                             "(enable_iommu), or hand it through in guest-kernel mode"));
  const std::string driver = link_name(directory / "driver");
  if (driver == kDriver) return group;
  KATA_TRY(write_existing(directory / "driver_override", kDriver), action);
  if (!driver.empty()) KATA_TRY(write_existing(directory / "driver/unbind", address), action);
  KATA_TRY(write_existing(sysfs / "bus/pci/drivers_probe", address), action);
  if (link_name(directory / "driver") != kDriver)
    return make_error(ErrorCode::kNotFound,
                      concat(action, ": the driver does not take it; does the guest's kernel have ",
                             "the module vfio-pci?"));
  return group;
}

}  // namespace kata::agent
