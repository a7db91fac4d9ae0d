// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/rootfs_mount.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>

#include "kata/beneath.h"
#include "kata/concat.h"

namespace kata::shim_v2 {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestData = 4095;  // bytes; the kernel copies a page
constexpr int kMostStacked = 64;
constexpr std::string_view kLower = "lowerdir=";

struct Option {
  std::string_view name;
  unsigned long flags;
  bool on;
};

constexpr std::array<Option, 28> kOptions = {{
    {"ro", MS_RDONLY, true},
    {"rw", MS_RDONLY, false},
    {"nosuid", MS_NOSUID, true},
    {"suid", MS_NOSUID, false},
    {"nodev", MS_NODEV, true},
    {"dev", MS_NODEV, false},
    {"noexec", MS_NOEXEC, true},
    {"exec", MS_NOEXEC, false},
    {"sync", MS_SYNCHRONOUS, true},
    {"async", MS_SYNCHRONOUS, false},
    {"dirsync", MS_DIRSYNC, true},
    {"defaults", 0, true},
    {"mand", MS_MANDLOCK, true},
    {"nomand", MS_MANDLOCK, false},
    {"noatime", MS_NOATIME, true},
    {"atime", MS_NOATIME, false},
    {"nodiratime", MS_NODIRATIME, true},
    {"diratime", MS_NODIRATIME, false},
    {"relatime", MS_RELATIME, true},
    {"norelatime", MS_RELATIME, false},
    {"strictatime", MS_STRICTATIME, true},
    {"nostrictatime", MS_STRICTATIME, false},
    {"bind", MS_BIND, true},
    {"rbind", MS_BIND | MS_REC, true},
    {"remount", MS_REMOUNT, true},
    {"silent", MS_SILENT, true},
    {"loud", MS_SILENT, false},
    {"acl", 0, true},
}};

constexpr std::array<Option, 8> kPropagations = {{
    {"private", MS_PRIVATE, true},
    {"rprivate", MS_PRIVATE | MS_REC, true},
    {"shared", MS_SHARED, true},
    {"rshared", MS_SHARED | MS_REC, true},
    {"slave", MS_SLAVE, true},
    {"rslave", MS_SLAVE | MS_REC, true},
    {"unbindable", MS_UNBINDABLE, true},
    {"runbindable", MS_UNBINDABLE | MS_REC, true},
}};

template <std::size_t kCount>
const Option* find(const std::array<Option, kCount>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &Option::name);
  return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string joined(const std::vector<std::string>& parts, char separator) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : std::string(1, separator)) + part;
  return text;
}

// On a thread with a working directory of its own, so that layers can be named relative to it.
int mount_from(const std::string& directory, const RootfsMount& mount, const std::string& target,
               const MountOptions& options) {
  int number = 0;
  std::thread([&] {
    if (::unshare(CLONE_FS) != 0 || ::chdir(directory.c_str()) != 0 ||
        ::mount(mount.source.c_str(), target.c_str(), mount.type.c_str(), options.flags,
                options.data.c_str()) != 0)
      number = errno;
  }).join();
  return number;
}

int mount_once(const RootfsMount& mount, const std::string& target, const MountOptions& options) {
  if (options.data.size() > kLongestData && mount.type == "overlay") {
    MountOptions shorter = options;
    ShortLayers layers = shorten_layers(options.data);
    shorter.data = std::move(layers.data);
    if (!layers.directory.empty() && shorter.data.size() <= kLongestData)
      return mount_from(layers.directory, mount, target, shorter);
  }
  if (options.data.size() > kLongestData) return E2BIG;
  const void* const data = options.data.empty() ? nullptr : options.data.c_str();
  return ::mount(mount.source.c_str(), target.c_str(), mount.type.c_str(), options.flags, data) == 0
             ? 0
             : errno;
}

Result<void> mount_at(const RootfsMount& mount, const std::string& target) {
  const MountOptions options = mount_options(mount.options);
  const std::string action = concat("mount ", mount.type, " '", mount.source, "'");
  if (const int number = mount_once(mount, target, options); number != 0)
    return errno_error(action, number);
  // A bind mount takes its other flags in a second step.
  constexpr unsigned long kBind = MS_BIND | MS_REC;
  if ((options.flags & MS_BIND) != 0 && (options.flags & ~kBind) != 0 &&
      ::mount("", target.c_str(), "",
              (options.flags & ~static_cast<unsigned long>(MS_REC)) | MS_REMOUNT, nullptr) != 0)
    return errno_error(concat(action, ": set its flags"), errno);
  if (options.propagation != 0 &&
      ::mount("", target.c_str(), "", options.propagation, nullptr) != 0)
    return errno_error(concat(action, ": set its propagation"), errno);
  return {};
}

Result<void> mount_one(const RootfsMount& mount, const fs::path& rootfs) {
  if (mount.target.empty()) return mount_at(mount, rootfs);
  const UniqueFd root(::open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error(concat("open '", rootfs, "'"), errno);
  const UniqueFd target = KATA_TRY(open_in_root(root.get(), mount.target, O_PATH), "");
  return mount_at(mount, fd_path(target.get()));
}

}  // namespace

MountOptions mount_options(const std::vector<std::string>& options) {
  MountOptions parsed;
  for (const std::string& option : options) {
    if (const Option* const known = find(kOptions, option)) {
      parsed.flags = known->on ? parsed.flags | known->flags : parsed.flags & ~known->flags;
    } else if (const Option* const propagation = find(kPropagations, option)) {
      parsed.propagation = propagation->flags;
    } else {
      parsed.data += (parsed.data.empty() ? "" : ",") + option;
    }
  }
  return parsed;
}

ShortLayers shorten_layers(const std::string& overlay_data) {
  ShortLayers shorter;
  std::vector<std::string> words = split(overlay_data, ',');
  const auto lower =
      std::ranges::find_if(words, [](const std::string& word) { return word.starts_with(kLower); });
  if (lower == words.end()) return shorter;
  std::vector<std::string> layers = split(lower->substr(kLower.size()), ':');
  std::string common = layers.front();
  for (const std::string& layer : layers) {
    const auto differs = std::ranges::mismatch(common, layer).in1;
    common.erase(differs, common.end());
  }
  common.erase(std::min(common.rfind('/') + 1, common.size()));  // npos + 1: nothing in common
  if (common.size() < 2) return shorter;
  for (std::string& layer : layers) layer.erase(0, common.size());
  *lower = std::string(kLower) + joined(layers, ':');
  shorter.directory = common;
  shorter.data = joined(words, ',');
  return shorter;
}

Result<void> mount_rootfs(std::span<const RootfsMount> mounts, const fs::path& rootfs) {
  for (const RootfsMount& mount : mounts) {
    auto mounted = mount_one(mount, rootfs);
    if (mounted.ok()) continue;
    static_cast<void>(unmount_rootfs(rootfs));
    return in_context(std::move(mounted).error(), concat("on the rootfs '", rootfs, "'"));
  }
  return {};
}

Result<void> unmount_rootfs(const fs::path& rootfs) {
  for (int stacked = 0; stacked < kMostStacked; ++stacked) {
    if (::umount2(rootfs.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) continue;
    if (errno == EINVAL || errno == ENOENT) return {};
    return errno_error(concat("unmount '", rootfs, "'"), errno);
  }
  return make_error(ErrorCode::kInternal,
                    concat("unmount '", rootfs, "': there is no end of mounts"));
}

}  // namespace kata::shim_v2
