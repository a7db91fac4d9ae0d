// SPDX-License-Identifier: Apache-2.0
#include "sandbox/shm_size.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>

namespace kata::sandbox {

namespace {

// "65536k" as tmpfs takes it. 0: another form, such as a percentage of the host's memory.
std::uint64_t bytes_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || number > (1ULL << 40)) return 0;
  const std::string_view unit(after, static_cast<std::size_t>(end - after));
  if (unit.empty()) return number;
  if (unit == "k" || unit == "K") return number << 10;
  if (unit == "m" || unit == "M") return number << 20;
  if ((unit == "g" || unit == "G") && number < (1ULL << 20)) return number << 30;
  return 0;
}

std::uint64_t size_of_tmpfs(const std::string& path) {
  struct statfs about {};
  if (::statfs(path.c_str(), &about) != 0 || about.f_type != TMPFS_MAGIC) return 0;
  return static_cast<std::uint64_t>(about.f_blocks) * static_cast<std::uint64_t>(about.f_bsize);
}

std::uint64_t size_of(const grpc::Mount& mount) {
  constexpr std::string_view kSize = "size=";
  for (const std::string& option : mount.options())
    if (option.starts_with(kSize)) return bytes_of(std::string_view(option).substr(kSize.size()));
  return mount.source().starts_with('/') ? size_of_tmpfs(mount.source()) : 0;
}

}  // namespace

std::uint64_t shm_bytes_of(const grpc::Spec& spec) {
  std::uint64_t bytes = 0;
  for (const grpc::Mount& mount : spec.mounts()) {
    // With a name behind the last slash or without.
    const auto place = (std::filesystem::path(mount.destination()) / "").lexically_normal();
    if (place == "/dev/shm/") bytes = size_of(mount);
  }
  return bytes != 0 ? bytes : kUsualShmBytes;
}

}  // namespace kata::sandbox
