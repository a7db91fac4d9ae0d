// SPDX-License-Identifier: Apache-2.0
//
// The small texts that the kernel shows in /proc, /sys and cgroup files. A line of another form is
// skipped, a number out of range too: a kernel that says more than these readers know is no error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::agent {

// Decimal digits and nothing else, but for a line feed at the end. "max" is none.
std::optional<std::uint64_t> kernel_number(std::string_view text) noexcept;

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& visit);

// Separated by blanks or tabs.
std::vector<std::string_view> words_of(std::string_view line);

// "<key> <number>" on each line: memory.stat, cpu.stat, memory.events, vmstat.
void for_each_counter(std::string_view text,
                      const std::function<void(std::string_view, std::uint64_t)>& visit);
std::uint64_t counter(std::string_view text, std::string_view key);  // 0 when it is not there

// "8:16"
struct DeviceNumber {
  std::uint64_t major = 0, minor = 0;
};
std::optional<DeviceNumber> device_number(std::string_view text);

// How many CPUs a list like "0-3,5" names; none when it is not such a list.
std::optional<std::uint64_t> cpu_count(std::string_view list);

// One line of /proc/<pid>/net/dev: an interface and its sixteen numbers.
struct NetDeviceCounters {
  std::string name{};
  std::vector<std::uint64_t> numbers{};
};
std::vector<NetDeviceCounters> parse_net_dev(std::string_view text);

// One line of /proc/<pid>/mountinfo. Escapes (\040) are undone.
struct MountLine {
  std::string device_number{};
  std::string mount_point{};
  std::string options{};  // of the mount: "rw,relatime"
  std::string filesystem{};
  std::string source{};
};
std::vector<MountLine> parse_mountinfo(std::string_view text);

}  // namespace kata::agent
