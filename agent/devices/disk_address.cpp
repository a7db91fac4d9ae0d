// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/disk_address.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/network/pci_path.h"
#include "core/base/files.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDev = "/dev/";

// The first by name whose name fits.
template <class Fits>
std::optional<fs::path> child(const fs::path& directory, Fits fits) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (fits(entry->path().filename().string())) found.push_back(entry->path());
  if (found.empty()) return std::nullopt;
  return *std::ranges::min_element(found);
}

bool any(const std::string&) { return true; }

Error invalid(std::string_view text, std::string_view expected) {
  return make_error(ErrorCode::kInvalidArgument, concat("'", text, "' is not ", expected));
}

Result<unsigned> number(std::string_view text, std::string_view whole) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || value > 0xffff)
    return invalid(whole, "a SCSI address: expected '<id>:<lun>' like '1:0'");
  return value;
}

Result<DiskAddress> parse_scsi(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view lun = text.substr(std::min(colon + 1, text.size()));
  ScsiDisk disk;
  disk.id = KATA_TRY(number(text.substr(0, colon), text), "");
  disk.lun = KATA_TRY(number(lun, text), "");
  return DiskAddress(disk);
}

Result<DiskAddress> parse_node(std::string_view text) {
  const std::string_view name = text.substr(std::min(kDev.size(), text.size()));
  const bool is_name =
      !name.empty() && name.size() < 32 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
          std::string_view::npos;
  if (!text.starts_with(kDev) || !is_name) return invalid(text, "a disk's node like '/dev/vdb'");
  return DiskAddress(NamedDisk{std::string(name)});
}

Error absent(const DiskAddress& address) {
  return make_error(ErrorCode::kNotFound, concat(text_of(address), " is not there"));
}

Result<std::string> find_pci(const PciDisk& disk, const fs::path& sysfs) {
  const fs::path device = KATA_TRY(pci_directory(disk.path, sysfs / "devices"), "");
  const auto bus = child(device, [](const std::string& it) { return it.starts_with("virtio"); });
  const auto block = bus ? child(*bus / "block", any) : std::nullopt;
  if (!block) return absent(disk);
  return block->filename().string();
}

// "<host>:0:<id>:<lun>": which host it is the sender does not know.
Result<std::string> find_scsi(const ScsiDisk& disk, const fs::path& sysfs) {
  const std::string suffix = concat(":0:", disk.id, ':', disk.lun);
  const auto device = child(sysfs / "class/scsi_device",
                            [&](const std::string& it) { return it.ends_with(suffix); });
  const auto block = device ? child(*device / "device/block", any) : std::nullopt;
  if (!block) return absent(disk);
  return block->filename().string();
}

Result<std::string> find_named(const NamedDisk& disk, const fs::path& sysfs) {
  std::error_code ignored;
  if (!fs::exists(sysfs / "class/block" / disk.name, ignored)) return absent(disk);
  return disk.name;
}

}  // namespace

bool is_disk_driver(std::string_view driver) noexcept {
  return driver == "blk" || driver == "mmioblk" || driver == "scsi" || driver == "nvdimm" ||
         driver == "blk-ccw";
}

Result<DiskAddress> parse_disk_address(std::string_view driver, std::string_view text) {
  if (driver == "blk-ccw")
    return make_error(ErrorCode::kUnsupported, concat("channel address '", text,
                                                      "': only s390x guests have channels; use "
                                                      "driver 'blk' or 'scsi'"));
  if (driver == "scsi") return parse_scsi(text);
  if (driver != "blk" || text.starts_with('/')) return parse_node(text);
  DiskAddress address = PciDisk{std::string(text)};
  // A path that makes no sense is refused now, not waited for.
  const auto device = pci_directory(text, "/nonexistent");
  if (!device.ok() && device.error().code == ErrorCode::kInvalidArgument) return device.error();
  return address;
}

std::string text_of(const DiskAddress& address) {
  if (const auto* const pci = std::get_if<PciDisk>(&address))
    return concat("disk at PCI path '", pci->path, "'");
  if (const auto* const scsi = std::get_if<ScsiDisk>(&address))
    return concat("disk at SCSI address '", scsi->id, ':', scsi->lun, "'");
  return concat("disk '", kDev, std::get<NamedDisk>(address).name, "'");
}

Result<std::string> find_disk(const DiskAddress& address, const fs::path& sysfs) {
  if (const auto* const pci = std::get_if<PciDisk>(&address)) return find_pci(*pci, sysfs);
  if (const auto* const scsi = std::get_if<ScsiDisk>(&address)) return find_scsi(*scsi, sysfs);
  return find_named(std::get<NamedDisk>(address), sysfs);
}

void scan_for(const DiskAddress& address, const fs::path& sysfs) {
  if (std::holds_alternative<PciDisk>(address))
    static_cast<void>(write_existing(sysfs / "bus/pci/rescan", "1").ok());
  const auto* const scsi = std::get_if<ScsiDisk>(&address);
  if (scsi == nullptr) return;
  std::error_code error;
  for (fs::directory_iterator host(sysfs / "class/scsi_host", error), end; !error && host != end;
       host.increment(error))
    static_cast<void>(
        write_existing(host->path() / "scan", concat("0 ", scsi->id, ' ', scsi->lun)).ok());
}

std::vector<std::string_view> drivers_of(const DiskAddress& address) {
  if (std::holds_alternative<PciDisk>(address)) return {"virtio_pci", "virtio_blk"};
  if (std::holds_alternative<ScsiDisk>(address)) return {"virtio_pci", "virtio_scsi", "sd_mod"};
  const std::string& name = std::get<NamedDisk>(address).name;
  if (name.starts_with("pmem")) return {"virtio_pci", "nfit", "virtio_pmem", "nd_pmem"};
  if (name.starts_with("sd")) return {"virtio_pci", "virtio_scsi", "sd_mod"};
  return {"virtio_pci", "virtio_mmio", "virtio_blk"};
}

}  // namespace kata::agent
