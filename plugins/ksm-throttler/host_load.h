// SPDX-License-Identifier: Apache-2.0
//
// What /proc says about the host's memory, its CPU pressure and ksmd's CPU time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "kata/result.h"

namespace kata::ksm {

// AnonPages of <proc>/meminfo, in pages.
Result<std::uint64_t> anonymous_pages(const std::filesystem::path& proc);
Result<std::uint64_t> parse_anonymous_kib(std::string_view meminfo);

// "some avg10" of <proc>/pressure/cpu in percent; nothing where the kernel has no PSI.
std::optional<double> cpu_pressure(const std::filesystem::path& proc);
std::optional<double> parse_pressure(std::string_view text);

// The pid of the kernel's ksmd; nothing inside a pid namespace.
std::optional<int> find_ksmd(const std::filesystem::path& proc);
std::optional<std::chrono::milliseconds> cpu_time(const std::filesystem::path& proc, int pid);
std::optional<std::uint64_t> parse_cpu_ticks(std::string_view stat);

}  // namespace kata::ksm
