// SPDX-License-Identifier: Apache-2.0
//
// What GetMetrics answers: the agent and its guest in numbers, in the families that Kata's
// dashboards know. A file of /proc that is missing leaves its family without samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace kata::agent {

// `scrapes`: how often this was asked for, this time included. `proc` is /proc, or a test's.
std::string metrics(std::uint64_t scrapes, const std::filesystem::path& proc = "/proc");

}  // namespace kata::agent
