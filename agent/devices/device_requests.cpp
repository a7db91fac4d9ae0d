// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/device_requests.h"

#include <sys/stat.h>

#include <algorithm>

#include "agent/devices/spec_devices.h"
#include "agent/devices/vfio.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

Result<void> check(const grpc::Device& device) {
  if (device.type().empty()) return invalid("type: is empty");
  if (device.id().empty() && device.vm_path().empty()) return invalid("id and vm_path: are empty");
  if (device.container_path().empty()) return invalid("container_path: is empty");
  if (std::ranges::binary_search(device_types(), std::string_view(device.type()))) return {};
  if (device.type() == "blk-ccw" || device.type().starts_with("vfio-ap"))
    return make_error(ErrorCode::kUnsupported,
                      concat("type '", device.type(), "': only s390x guests have such devices"));
  return invalid(concat("Failed to find the device handler '", device.type(), "'"));
}

// Of blk and scsi the id is the address; of the others the name in the guest is.
const std::string& disk_address(const grpc::Device& device) {
  const bool by_id = device.type() == "scsi" || device.type() == "blk";
  return (by_id && !device.id().empty()) || device.vm_path().empty() ? device.id()
                                                                     : device.vm_path();
}

asio::awaitable<Result<GuestDevice>> prepare_disk(DeviceWait& wait, const grpc::Device& device) {
  KATA_CO_TRY(const DiskAddress address, parse_disk_address(device.type(), disk_address(device)),
              "");
  KATA_CO_TRY(const std::string node, co_await wait.disk(address), "");
  co_return describe_node(device.container_path(), node);
}

// Each device's directory in the guest, in the order of the options.
asio::awaitable<Result<std::vector<std::string>>> wait_for_all(DeviceWait& wait,
                                                               const grpc::Device& device,
                                                               PciAddresses& addresses) {
  std::vector<std::string> directories;
  if (device.options().empty()) co_return invalid("options: name no device");
  for (const std::string& text : device.options()) {
    KATA_CO_TRY(const VfioOption option, parse_vfio_option(text), "");
    KATA_CO_TRY(std::string directory, co_await wait.pci_device(option.guest_path), "");
    addresses[option.host_address] = std::filesystem::path(directory).filename();
    directories.push_back(std::move(directory));
  }
  co_return directories;
}

asio::awaitable<Result<GuestDevice>> prepare_vfio(DeviceWait& wait, const grpc::Device& device,
                                                  std::vector<std::string> directories) {
  std::string group;
  wait.load_driver("vfio-pci");
  for (const std::string& directory : directories) {
    KATA_CO_TRY(std::string its, give_to_vfio(directory, wait.sysfs()), "");
    if (!group.empty() && its != group)
      co_return make_error(
          ErrorCode::kFailedPrecondition,
          concat("options: the devices are in different IOMMU groups, ", group, " and ", its));
    group = std::move(its);
  }
  const std::string node = wait.dev() / "vfio" / group;
  Wanted wanted;
  wanted.name = concat("'", node, "'");
  wanted.look = [node]() -> Result<std::string> {
    struct stat found {};
    if (::stat(node.c_str(), &found) == 0) return node;
    return make_error(ErrorCode::kNotFound, "not yet");
  };
  wanted.scan = [] {};
  KATA_CO_TRY(const std::string found, co_await wait.wait_for(std::move(wanted)), "");
  KATA_CO_TRY(GuestDevice guest, describe_node(device.container_path(), found), "");
  guest.new_path = concat("/dev/vfio/", group);
  co_return guest;
}

asio::awaitable<Result<void>> prepare(DeviceWait& wait, const grpc::Device& device,
                                      std::vector<GuestDevice>& guests, PciAddresses& addresses) {
  KATA_CO_CHECK(check(device), "");
  if (is_disk_driver(device.type())) {
    KATA_CO_TRY(GuestDevice guest, co_await prepare_disk(wait, device), "");
    guests.push_back(std::move(guest));
    co_return Result<void>();
  }
  KATA_CO_TRY(std::vector<std::string> directories, co_await wait_for_all(wait, device, addresses),
              "");
  if (device.type() == "vfio-pci-gk") co_return Result<void>();  // the guest's driver has them
  KATA_CO_TRY(GuestDevice guest, co_await prepare_vfio(wait, device, std::move(directories)), "");
  guests.push_back(std::move(guest));
  co_return Result<void>();
}

}  // namespace

const std::vector<std::string_view>& device_types() {
  static const std::vector<std::string_view> types{"blk",  "mmioblk",  "nvdimm",
                                                   "scsi", "vfio-pci", "vfio-pci-gk"};
  return types;
}

asio::awaitable<Result<PciAddresses>> prepare_devices(DeviceWait& wait,
                                                      grpc::CreateContainerRequest& request) {
  std::vector<GuestDevice> guests;
  PciAddresses addresses;
  for (const grpc::Device& device : request.devices()) {
    const std::string what =
        concat("device '", device.type(), "' for '", device.container_path(), "'");
    KATA_CO_CHECK(co_await prepare(wait, device, guests, addresses), what);
  }
  KATA_CO_CHECK(put_devices(*request.mutable_oci(), guests), "devices");
  translate_pci_addresses(*request.mutable_oci()->mutable_process(), addresses);
  co_return addresses;
}

}  // namespace kata::agent
