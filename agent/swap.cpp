// SPDX-License-Identifier: Apache-2.0
#include "agent/swap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

#include "agent/container/kernel_text.h"
#include "agent/container/names.h"
#include "core/base/files.h"
#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace kata::agent {
namespace {

constexpr std::uint32_t kSlots = 32;
constexpr std::size_t kDeepest = 8;
constexpr std::chrono::milliseconds kRetry{20};

// ":03.0", how a device's directory ends whatever its bus.
std::string slot_suffix(std::uint32_t slot) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return concat(':', kDigits[slot / 16], kDigits[slot % 16], ".0");
}

std::optional<fs::path> child(const fs::path& directory, std::string_view prefix,
                              std::string_view suffix) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(suffix)) return entry.path();
  }
  return std::nullopt;
}

std::optional<std::string> disk_at(const fs::path& sysfs, const std::vector<std::uint32_t>& slots) {
  fs::path device = sysfs / "devices/pci0000:00";
  for (const std::uint32_t slot : slots) {
    const auto next = child(device, "0000:", slot_suffix(slot));
    if (!next) return std::nullopt;
    device = *next;
  }
  const auto bus = child(device, "virtio", "");
  const auto disk = bus ? child(*bus / "block", "", "") : std::nullopt;
  return disk ? std::optional<std::string>(disk->filename()) : std::nullopt;
}

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

asio::awaitable<Result<std::string>> wait_for_disk(fs::path sysfs, std::vector<std::uint32_t> slots,
                                                   Deadline deadline) {
  if (slots.empty() || slots.size() > kDeepest)
    co_return make_error(ErrorCode::kInvalidArgument, "PCIPath: has no slot, or too many");
  for (const std::uint32_t slot : slots)
    if (slot >= kSlots)
      co_return make_error(ErrorCode::kInvalidArgument,
                           concat("PCIPath: a bus has no slot ", slot, ", 31 is the last"));
  asio::steady_timer retry(co_await asio::this_coro::executor);
  for (;;) {
    if (auto disk = disk_at(sysfs, slots)) co_return *disk;
    if (std::chrono::steady_clock::now() >= deadline)
      co_return make_error(ErrorCode::kTimeout, "PCIPath: no virtio disk appears there");
    retry.expires_after(kRetry);
    co_await retry.async_wait(asio::as_tuple(asio::use_awaitable));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return make_error(ErrorCode::kCancelled, "the call was cancelled");
  }
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
