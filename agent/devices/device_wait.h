// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a device that the host has plugged, or is about to. Sysfs is looked at first, then
// after each event of the kernel; now and then its bus is asked to look for it, because a guest
// without ACPI is never told. Threads: the agent's only one; nobody else waits.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/devices/disk_address.h"
#include "kata/result.h"

namespace kata::agent {

struct Wanted {
  std::string name{};  // for the error: "disk at PCI path '02/03'"
  // kNotFound: not yet. Another error ends the waiting.
  std::function<Result<std::string>()> look{};
  std::function<void()> scan{};
};

class DeviceWait {
 public:
  using LoadModule = std::function<Result<void>(std::string_view)>;

  DeviceWait(LoadModule load_module, std::chrono::milliseconds timeout,
             std::filesystem::path sysfs = "/sys", std::filesystem::path dev = "/dev")
      : load_module_(std::move(load_module)),
        timeout_(timeout),
        sysfs_(std::move(sysfs)),
        dev_(std::move(dev)) {}

  // What look() found; kTimeout, naming it, when that is nothing until the timeout.
  boost::asio::awaitable<Result<std::string>> wait_for(Wanted wanted);

  // The disk's node, "/dev/vdb"; its drivers are loaded when it is not there already.
  boost::asio::awaitable<Result<std::string>> disk(DiskAddress address);

  // A device's directory in sysfs.
  boost::asio::awaitable<Result<std::string>> pci_device(std::string path);

  void load_driver(std::string_view module) const { static_cast<void>(load_module_(module).ok()); }
  const std::filesystem::path& sysfs() const noexcept { return sysfs_; }
  const std::filesystem::path& dev() const noexcept { return dev_; }

 private:
  std::string load(const std::vector<std::string_view>& modules) const;

  LoadModule load_module_;
  std::chrono::milliseconds timeout_;
  std::filesystem::path sysfs_, dev_;
};

}  // namespace kata::agent
