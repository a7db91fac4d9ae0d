// SPDX-License-Identifier: Apache-2.0
#include "vm_spec_check.h"

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

#include "command_line.h"
#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::qemu {
namespace {

constexpr std::uint64_t kLeastMemoryMib = 64;
constexpr std::uint32_t kMostVcpus = 255;  // above it a q35 needs an IOMMU
constexpr std::size_t kLongestDeviceId = 31;
constexpr std::size_t kLongestVirtiofsTag = 36;  // virtio_fs_config.tag
constexpr std::size_t kLongestPlan9Tag = 31;     // QEMU's MAX_TAG_LEN, with the zero

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message));
}

// A regular file that can be read.
Result<void> check_file(std::string_view what, std::string_view key,
                        const std::filesystem::path& path) {
  const std::string remedy = concat(": make a guest with kata-osbuilder or correct ", key);
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
  return make_error(ErrorCode::kUnsupported, concat("host PCI device '", device.address,
                                                    "': hypervisor 'qemu' cannot pass it through"));
}

Result<void> check_guest_files(const VmSpec& spec) {
  KATA_TRY(check_file("kernel", "hypervisor.qemu.kernel", spec.kernel), "");
  if (!spec.image.empty())
    return make_error(ErrorCode::kUnsupported,
                      concat("guest image '", spec.image, "': hypervisor 'qemu' boots an initrd: ",
                             "set hypervisor.qemu.initrd instead of hypervisor.qemu.image"));
  return check_file("initrd", "hypervisor.qemu.initrd", spec.initrd);
}

Result<void> check_kernel_params(const VmSpec& spec) {
  if (spec.kernel_params.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
    return invalid("hypervisor.qemu.kernel_params holds a line break or a zero byte");
  const std::size_t length = kernel_command_line(spec, Accelerator::kTcg, 10'000'000).size();
  if (length <= kKernelCommandLineMax) return {};
  return invalid(concat("the guest kernel's command line would have ", length,
                        " bytes and the kernel reads ", kKernelCommandLineMax,
                        ": shorten hypervisor.qemu.kernel_params"));
}

}  // namespace

Result<void> check_program(const std::filesystem::path& path) {
  struct stat status {};
  int number = 0;
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), X_OK) != 0) number = errno;
  if (number == 0 && S_ISREG(status.st_mode)) return {};
  Error error = invalid(concat("QEMU '", path,
                               "': ", number != 0 ? std::strerror(number) : "not a regular file",
                               ": install qemu-system-x86 or correct hypervisor.qemu.path"));
  error.sys_errno = number;
  return error;
}

Result<void> check_spec(const QemuConfig& config, const VmSpec& spec) {
  if (!is_sandbox_id(spec.id))
    return invalid(concat("sandbox id '", spec.id, "' is empty or holds unusual characters"));
  KATA_TRY(check_program(config.path), "");
  KATA_TRY(check_guest_files(spec), "");
  if (spec.boot.memory_mib < kLeastMemoryMib)
    return invalid(concat("default_memory = ", spec.boot.memory_mib, " MiB: the guest needs ",
                          kLeastMemoryMib, " or more"));
  if (spec.mergeable_memory && (spec.shared_memory || spec.hugepages))
    return invalid("mergeable guest memory can be neither shared nor of huge pages");
  if (spec.boot.vcpus < 1 || spec.boot.vcpus > kMostVcpus)
    return invalid(concat("default_vcpus = ", spec.boot.vcpus, " is not from 1 to ", kMostVcpus));
  return check_kernel_params(spec);
}

Result<void> check_devices(std::span<const Device> devices, bool shared_memory) {
  std::set<std::string> ids;
  for (const Device& device : devices) {
    const std::string& id = std::visit(
        [](const auto& it) -> auto& { return it.id; }, device);
    if (!is_id(id, kLongestDeviceId))
      return invalid(concat("device id '", id, "' must have 1 to ", kLongestDeviceId,
                            " characters of [a-z0-9-]"));
    if (!ids.insert(id).second) return invalid(concat("device id '", id, "' is used twice"));
    KATA_TRY(std::visit([](const auto& it) { return check_device(it); }, device), "");
    if (std::holds_alternative<VhostUserFs>(device) && !shared_memory)
      return invalid(concat("virtiofs device '", id, "' needs shared guest memory"));
  }
  return {};
}

}  // namespace kata::qemu
