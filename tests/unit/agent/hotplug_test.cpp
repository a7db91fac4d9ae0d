// SPDX-License-Identifier: Apache-2.0
//
// Processors, memory and disks of a sysfs made of plain files.
#include "agent/hotplug.h"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fstream>
#include <iterator>
#include <optional>

#include "agent/swap.h"
#include "tests/temporary_directory.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

struct Sysfs {
  TemporaryDirectory directory{};
  std::filesystem::path root = directory.path();

  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  std::string text(const std::string& path) const {
    std::ifstream stream(root / path);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
};

Deadline in_ms(int milliseconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

template <class T>
asio::awaitable<void> keep(asio::awaitable<Result<T>> work, std::optional<Result<T>>& result) {
  result.emplace(co_await std::move(work));
}

template <class T>
Result<T> run(asio::io_context& loop, asio::awaitable<Result<T>> work) {
  std::optional<Result<T>> result;
  asio::co_spawn(loop, keep(std::move(work), result), asio::detached);
  loop.run();
  return std::move(*result);
}

}  // namespace

TEST_CASE("only as many processors are switched on as are missing") {
  const Sysfs sysfs;
  sysfs.put("devices/system/cpu/online", "0\n");
  for (const char* cpu : {"cpu10", "cpu2", "cpu1"})
    sysfs.put(std::string("devices/system/cpu/") + cpu + "/online", "0\n");
  asio::io_context loop;
  asio::steady_timer kernel(loop, std::chrono::milliseconds(20));
  kernel.async_wait([&](const auto&) { sysfs.put("devices/system/cpu/online", "0-2\n"); });
  CHECK(run<void>(loop, online_cpus(sysfs.root, 3, in_ms(5000))).ok());
  CHECK(sysfs.text("devices/system/cpu/cpu1/online").starts_with("1"));
  CHECK(sysfs.text("devices/system/cpu/cpu2/online").starts_with("1"));
  CHECK(sysfs.text("devices/system/cpu/cpu10/online") == "0\n");
}

TEST_CASE("processors that never come end at the deadline") {
  const Sysfs sysfs;
  sysfs.put("devices/system/cpu/online", "0\n");
  asio::io_context loop;
  const auto failed = run<void>(loop, online_cpus(sysfs.root, 2, in_ms(60)));
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().code == ErrorCode::kTimeout);
}

TEST_CASE("a list of processors that is none is an error") {
  const Sysfs sysfs;
  sysfs.put("devices/system/cpu/online", "zero\n");
  asio::io_context loop;
  CHECK(run<void>(loop, online_cpus(sysfs.root, 2, in_ms(60))).error().code ==
        ErrorCode::kInternal);
}

TEST_CASE("memory that is offline comes online and the rest stays") {
  const Sysfs sysfs;
  sysfs.put("devices/system/memory/memory0/state", "online\n");
  sysfs.put("devices/system/memory/memory7/state", "offline\n");
  sysfs.put("devices/system/memory/memoryx/state", "offline\n");
  REQUIRE(online_memory(sysfs.root).ok());
  CHECK(sysfs.text("devices/system/memory/memory0/state") == "online\n");
  CHECK(sysfs.text("devices/system/memory/memory7/state").starts_with("online"));
  CHECK(sysfs.text("devices/system/memory/memoryx/state") == "offline\n");
}

TEST_CASE("addresses go to the probe file when the kernel has one") {
  const Sysfs sysfs;
  CHECK(probe_memory(sysfs.root, {1}).error().code == ErrorCode::kUnsupported);
  sysfs.put("devices/system/memory/probe", "");
  REQUIRE(probe_memory(sysfs.root, {0x100000000}).ok());
  CHECK(sysfs.text("devices/system/memory/probe") == "0x100000000");
}

TEST_CASE("the slots of a swap disk become a PCI path") {
  CHECK(swap_disk_path({2, 31}).value() == "02/1f");
  CHECK(swap_disk_path({0}).value() == "00");
  for (const std::vector<std::uint32_t>& slots :
       {std::vector<std::uint32_t>(), std::vector<std::uint32_t>{32},
        std::vector<std::uint32_t>(9, 1)})
    CHECK(swap_disk_path(slots).error().code == ErrorCode::kInvalidArgument);
}

}  // namespace kata::agent
