// SPDX-License-Identifier: Apache-2.0
#include "spec_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::vmm {
namespace {

constexpr std::uint64_t kLeastMemoryMib = 64;
constexpr std::size_t kLongestDeviceId = 31;
constexpr std::size_t kLongestVirtiofsTag = 36;  // virtio_fs_config.tag
constexpr std::size_t kLongestPlan9Tag = 31;     // QEMU's MAX_TAG_LEN, with the zero

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

bool is_id(std::string_view text, std::size_t longest) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), allowed);
}

bool is_sandbox_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.+").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool is_mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool separator = at % 3 == 2;
    if (separator ? text[at] != ':' : std::isxdigit(static_cast<unsigned char>(text[at])) == 0)
      return false;
  }
  return true;
}

bool is_tag(std::string_view text, std::size_t longest) {
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), printable);
}

bool is_pci_address(std::string_view text) {
  constexpr std::string_view kForm = "xxxx:xx:xx.o";
  if (text.size() != kForm.size()) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool fits = kForm[at] == 'x'   ? std::isxdigit(static_cast<unsigned char>(c)) != 0
                      : kForm[at] == 'o' ? c >= '0' && c <= '7'
                                         : c == kForm[at];
    if (!fits) return false;
  }
  return true;
}

Result<void> check_device(const BlockDevice& disk) {
  if (!disk.path.is_absolute())
    return invalid(concat("block device '", disk.id, "': path '", disk.path, "' is not absolute"));
  struct stat status {};
  if (::stat(disk.path.c_str(), &status) != 0)
    return errno_error(concat("block device '", disk.id, "': '", disk.path, "'"), errno);
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return {};
  return invalid(concat("block device '", disk.id, "': '", disk.path,
                        "' is neither a file nor a block device"));
}

Result<void> check_device(const TapDevice& tap) {
  if (!is_mac(tap.mac))
    return invalid(concat("tap '", tap.id, "': '", tap.mac, "' is not a MAC address"));
  if (tap.queues.empty()) return invalid(concat("tap '", tap.id, "' has no descriptor"));
  return {};
}

Result<void> check_device(const VhostUserFs& share) {
  if (!is_tag(share.tag, kLongestVirtiofsTag))
    return invalid(concat("virtiofs device '", share.id, "': tag '", share.tag, "' must have 1 to ",
                          kLongestVirtiofsTag, " printable characters"));
  if (share.queue_size < 2 || share.queue_size > 1024 || !std::has_single_bit(share.queue_size))
    return invalid(concat("virtiofs device '", share.id, "': queue size ", share.queue_size,
                          " is not a power of 2 from 2 to 1024"));
  KATA_TRY(socket_address(share.socket), concat("virtiofs device '", share.id, "'"));
  return {};
}

Result<void> check_device(const Plan9Share& share) {
  if (!is_tag(share.tag, kLongestPlan9Tag))
    return invalid(concat("9p share '", share.id, "': tag '", share.tag, "' must have 1 to ",
                          kLongestPlan9Tag, " printable characters"));
  if (!share.host_path.is_absolute())
    return invalid(
        concat("9p share '", share.id, "': path '", share.host_path, "' is not absolute"));
  return {};
}

Result<void> check_device(const HostPciDevice& device) {
  if (is_pci_address(device.address)) return {};
  return invalid(concat("host PCI device '", device.id, "': address '", device.address,
                        "' is not of the form 0000:3b:00.0"));
}

}  // namespace

const std::string& id_of(const Device& device) {
  return std::visit(
      [](const auto& it) -> auto& { return it.id; }, device);
}

Result<void> check_program(const Vmm& vmm, const std::filesystem::path& path) {
  struct stat status {};
  int number = 0;
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), X_OK) != 0) number = errno;
  if (number == 0 && S_ISREG(status.st_mode)) return {};
  Error error = invalid(concat(vmm.product, " '", path,
                               "': ", number != 0 ? std::strerror(number) : "not a regular file",
                               ": ", vmm.remedy, " or correct hypervisor.", vmm.plugin, ".path"));
  error.sys_errno = number;
  return error;
}

Result<void> check_guest_file(const Vmm& vmm, std::string_view what,
                              const std::filesystem::path& path) {
  const std::string remedy =
      concat(": make a guest with kata-osbuilder or correct hypervisor.", vmm.plugin, ".", what);
  if (path.empty()) return invalid(concat("no guest ", what, remedy));
  if (!path.is_absolute()) return invalid(concat(what, " '", path, "' is not absolute", remedy));
  struct stat status {};
  int number = 0;
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0) number = errno;
  if (number == 0 && S_ISREG(status.st_mode)) return {};
  Error error = invalid(concat(
      what, " '", path, "': ", number != 0 ? std::strerror(number) : "not a regular file", remedy));
  error.sys_errno = number;
  return error;
}

Result<void> check_spec(const Vmm& vmm, const VmSpec& spec) {
  if (!is_sandbox_id(spec.id))
    return invalid(concat("sandbox id '", spec.id, "' is empty or holds unusual characters"));
  KATA_TRY(check_guest_file(vmm, "kernel", spec.kernel), "");
  if (spec.boot.memory_mib < kLeastMemoryMib)
    return invalid(concat("default_memory = ", spec.boot.memory_mib, " MiB: the guest needs ",
                          kLeastMemoryMib, " or more"));
  if (spec.mergeable_memory && (spec.shared_memory || spec.hugepages))
    return invalid("mergeable guest memory can be neither shared nor of huge pages");
  if (spec.boot.vcpus < 1 || spec.boot.vcpus > vmm.most_vcpus)
    return invalid(
        concat("default_vcpus = ", spec.boot.vcpus, " is not from 1 to ", vmm.most_vcpus));
  return {};
}

Result<void> check_kernel_params(const Vmm& vmm, const VmSpec& spec, std::size_t length) {
  const std::string key = concat("hypervisor.", vmm.plugin, ".kernel_params");
  if (spec.kernel_params.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
    return invalid(concat(key, " holds a line break or a zero byte"));
  if (length <= kKernelCommandLineMax) return {};
  return invalid(concat("the guest kernel's command line would have ", length,
                        " bytes and the kernel reads ", kKernelCommandLineMax, ": shorten ", key));
}

Result<void> check_devices(std::span<const Device> devices, bool shared_memory,
                           Result<void> (*carries)(const Device& device)) {
  std::set<std::string> ids;
  for (const Device& device : devices) {
    const std::string& id = id_of(device);
    if (!is_id(id, kLongestDeviceId))
      return invalid(concat("device id '", id, "' must have 1 to ", kLongestDeviceId,
                            " characters of [a-z0-9-]"));
    if (!ids.insert(id).second) return invalid(concat("device id '", id, "' is used twice"));
    KATA_TRY(std::visit([](const auto& it) { return check_device(it); }, device), "");
    KATA_TRY(carries(device), "");
    if (std::holds_alternative<VhostUserFs>(device) && !shared_memory)
      return invalid(concat("virtiofs device '", id, "' needs shared guest memory"));
  }
  return {};
}

}  // namespace kata::vmm
