// SPDX-License-Identifier: Apache-2.0
#include "agent/hotplug.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/container/kernel_text.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace kata::agent {
namespace {

constexpr std::chrono::milliseconds kRetry{50};

Result<std::uint64_t> online_now(const fs::path& cpus) {
  const std::string list = KATA_TRY(read_file(cpus / "online", 65536), "");
  const auto count = cpu_count(list);
  if (!count)
    return make_error(ErrorCode::kInternal,
                      concat("'", cpus / "online", "' holds no list of CPUs"));
  return *count;
}

// "cpu12" or "memory7": the directories of that name, in the order of their numbers.
std::vector<fs::path> numbered(const fs::path& directory, std::string_view prefix) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    if (const auto number = kernel_number(std::string_view(name).substr(prefix.size())))
      found.emplace_back(*number, entry.path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

// As many of the offline ones as are missing. One that refuses is tried again later.
void switch_on_cpus(const fs::path& cpus, std::uint64_t missing) {
  for (const fs::path& cpu : numbered(cpus, "cpu")) {
    if (missing == 0) return;
    const auto state = read_file(cpu / "online", 64);
    if (!state.ok() || kernel_number(state.value()) != 0U) continue;
    if (write_existing(cpu / "online", "1").ok()) --missing;
  }
}

}  // namespace

asio::awaitable<Result<void>> online_cpus(fs::path sysfs, std::uint64_t wanted, Deadline deadline) {
  const fs::path cpus = sysfs / "devices/system/cpu";
  asio::steady_timer retry(co_await asio::this_coro::executor);
  for (;;) {
    KATA_CO_TRY(const std::uint64_t now, online_now(cpus), "count the CPUs");
    if (now >= wanted) co_return Result<void>();
    switch_on_cpus(cpus, wanted - now);
    KATA_CO_TRY(const std::uint64_t then, online_now(cpus), "count the CPUs");
    if (then >= wanted) co_return Result<void>();
    if (std::chrono::steady_clock::now() >= deadline)
      co_return make_error(
          ErrorCode::kTimeout,
          concat("failed to online ", wanted, " CPU(s): ", then, " are, and no other appears"));
    retry.expires_after(kRetry);
    co_await retry.async_wait(asio::as_tuple(asio::use_awaitable));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return make_error(ErrorCode::kCancelled, "the call was cancelled");
  }
}

Result<void> online_memory(const fs::path& sysfs) {
  for (const fs::path& block : numbered(sysfs / "devices/system/memory", "memory")) {
    const auto state = read_file(block / "state", 64);
    if (!state.ok() || !state.value().starts_with("offline")) continue;
    KATA_TRY(write_existing(block / "state", "online"), "online memory");
  }
  return {};
}

Result<void> probe_memory(const fs::path& sysfs, const std::vector<std::uint64_t>& addresses) {
  const fs::path probe = sysfs / "devices/system/memory/probe";
  if (::access(probe.c_str(), F_OK) != 0)
    return make_error(ErrorCode::kUnsupported,
                      concat("this guest's kernel has no '", probe,
                             "': it learns of new memory by ACPI, so leave the call out"));
  for (const std::uint64_t address : addresses) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), address, 16).ptr;
    KATA_TRY(write_existing(probe, concat("0x", std::string_view(digits.data(), end))),
             "tell the kernel of memory");
  }
  return {};
}

}  // namespace kata::agent
