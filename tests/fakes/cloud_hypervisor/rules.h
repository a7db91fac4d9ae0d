// SPDX-License-Identifier: Apache-2.0
//
// What Cloud Hypervisor 53 and 54 refuse beyond the form of a body, in their words. A rule that is
// ours alone says so.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace kata::fake_cloudhv {

inline constexpr std::uint64_t kMemoryBlock = 128ULL << 20;

struct Answer {
  int status = 204;
  std::string body{};
};

// "Error from API", then `causes`, as the VMM lists them.
Answer refuse(int status, std::initializer_list<std::string> causes);

// 204: nothing is wrong. Of vm.create, which looks at little, and of vm.boot, which looks at all.
Answer check_creation(const nlohmann::json& config);
Answer check_boot(const nlohmann::json& config);

// Of a device of `list` ("disks", "net", "fs", "devices") that comes to a VM of `config`.
Answer check_new(const nlohmann::json& config, const std::string& list,
                 const nlohmann::json& device, std::size_t fds);

// The next causes after "Failed to validate config".
Answer invalid(const std::string& cause);
Answer not_unique(const std::string& id);

}  // namespace kata::fake_cloudhv
