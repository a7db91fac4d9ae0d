// SPDX-License-Identifier: Apache-2.0
#include "agent/swap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "agent/container/kernel_text.h"
#include "agent/container/names.h"
#include "core/base/files.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::agent {
namespace {

constexpr std::uint32_t kSlots = 32;
constexpr std::size_t kDeepest = 8;

bool is_in_use(const std::string& path) {
  const auto swaps = read_file("/proc/swaps");
  bool found = false;
  if (swaps.ok())
    for_each_line(swaps.value(), [&](std::string_view line) {
      const auto words = words_of(line);
      found = found || (!words.empty() && words.front() == path);
    });
  return found;
}

}  // namespace

Result<std::string> swap_disk_path(const std::vector<std::uint32_t>& slots) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (slots.empty() || slots.size() > kDeepest)
    return make_error(ErrorCode::kInvalidArgument, "PCIPath: has no slot, or too many");
  std::string path;
  for (const std::uint32_t slot : slots) {
    if (slot >= kSlots)
      return make_error(ErrorCode::kInvalidArgument,
                        concat("PCIPath: a bus has no slot ", slot, ", 31 is the last"));
    path += concat(path.empty() ? "" : "/", kDigits[slot / 16], kDigits[slot % 16]);
  }
  return path;
}

Result<void> swap_on(const std::string& path) {
  KATA_TRY(check_absolute(path, "path"), "");
  KATA_TRY(check_text(path, "path"), "");
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0) return errno_error(concat("open '", path, "'"), errno);
  if (!S_ISBLK(found.st_mode) && !S_ISREG(found.st_mode))
    return make_error(ErrorCode::kInvalidArgument,
                      concat("'", path, "' is neither a disk nor a regular file"));
  if (is_in_use(path)) return {};
  if (::swapon(path.c_str(), 0) != 0) return errno_error(concat("swap on '", path, "'"), errno);
  return {};
}

}  // namespace kata::agent
