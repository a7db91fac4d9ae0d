// SPDX-License-Identifier: Apache-2.0
#include "agent/devices/device_wait.h"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

#include "fake_sysfs.h"

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace kata::agent {
namespace {

asio::awaitable<void> keep(asio::awaitable<Result<std::string>> work,
                           std::optional<Result<std::string>>& result) {
  result.emplace(co_await std::move(work));
}

Result<std::string> run(asio::io_context& loop, asio::awaitable<Result<std::string>> work) {
  std::optional<Result<std::string>> result;
  asio::co_spawn(loop, keep(std::move(work), result), asio::detached);
  loop.run();
  return std::move(*result);
}

Result<void> no_module(std::string_view name) {
  return make_error(ErrorCode::kNotFound, std::string(name) + " is missing");
}

}  // namespace

TEST_CASE("a device that is there is found without waiting or scanning") {
  const FakeSysfs sysfs;
  sysfs.put("devices/pci0000:00/0000:00:02.0/vendor");
  sysfs.put("bus/pci/rescan");
  DeviceWait wait(no_module, milliseconds(0), sysfs.root);
  asio::io_context loop;
  const auto found = run(loop, wait.pci_device("02"));
  REQUIRE(found.ok());
  CHECK(found.value() == sysfs.root / "devices/pci0000:00/0000:00:02.0");
  CHECK(sysfs.text("bus/pci/rescan").empty());
}

TEST_CASE("a device that nobody announces is found by a scan of its bus") {
  const FakeSysfs sysfs;
  sysfs.put("bus/pci/rescan");
  DeviceWait wait(no_module, milliseconds(20'000), sysfs.root);
  asio::io_context loop;
  asio::steady_timer kernel(loop);
  const std::function<void()> answer_scan = [&] {
    kernel.expires_after(milliseconds(10));
    kernel.async_wait([&](const auto&) {
      if (sysfs.text("bus/pci/rescan") == "1")
        sysfs.put("devices/pci0000:00/0000:00:02.0/vendor");
      else
        answer_scan();
    });
  };
  answer_scan();
  CHECK(run(loop, wait.pci_device("02")).ok());
}

TEST_CASE("a disk that does not come is named together with what may be missing") {
  const FakeSysfs sysfs;
  DeviceWait wait(no_module, milliseconds(50), sysfs.root);
  asio::io_context loop;
  const auto found = run(loop, wait.disk(ScsiDisk{4, 2}));
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().code == ErrorCode::kTimeout);
  for (const char* words : {"SCSI address '4:2'", "50 ms", "agent.hotplug_timeout",
                            "virtio_scsi is missing", "sd_mod is missing"})
    CHECK_MESSAGE(found.error().message.find(words) != std::string::npos, found.error().message);
}

TEST_CASE("a node that is no disk is refused") {
  const FakeSysfs sysfs;
  sysfs.put("class/block/vdb/size", "8");
  sysfs.put("dev/vdb", "a file");
  DeviceWait wait(no_module, milliseconds(0), sysfs.root, sysfs.root / "dev");
  asio::io_context loop;
  const auto found = run(loop, wait.disk(NamedDisk{"vdb"}));
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().message.find("is no block device") != std::string::npos);
}

TEST_CASE("an error other than absence ends the waiting") {
  DeviceWait wait(no_module, milliseconds(20'000));
  asio::io_context loop;
  Wanted wanted;
  wanted.name = "device";
  wanted.look = []() -> Result<std::string> {
    return make_error(ErrorCode::kInvalidArgument, "no such address");
  };
  wanted.scan = [] { FAIL("scanned"); };
  CHECK(run(loop, wait.wait_for(wanted)).error().message == "no such address");
}

}  // namespace kata::agent
