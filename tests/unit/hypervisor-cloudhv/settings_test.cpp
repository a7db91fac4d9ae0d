// SPDX-License-Identifier: Apache-2.0
//
// What the plugin is given as JSON: its keys, and what an earlier instance saved.
#include <doctest/doctest.h>

#include "cloudhv_config.h"
#include "kata/concat.h"
#include "saved_state.h"

using namespace kata;
using namespace kata::cloudhv;

TEST_CASE("an empty configuration is the default") {
  CHECK(parse_config("{}").take() == CloudhvConfig{});
}

TEST_CASE("every key is read") {
  CloudhvConfig expected;
  expected.path = "/vmm";
  expected.disable_seccomp = true;
  expected.landlock = false;
  expected.hypervisor_loglevel = 3;
  expected.rootfs_type = "erofs";
  expected.entropy_source = "/dev/hwrng";
  expected.disable_nested_virtualization = true;
  expected.reclaim_guest_freed_memory = true;
  expected.disk = {1, 2, 3, 4};
  expected.net = {5, 6, 7, 8};
  CHECK(parse_config(R"({"path":"/vmm","disable_seccomp":true,"landlock":false,
    "hypervisor_loglevel":3,"rootfs_type":"erofs","entropy_source":"/dev/hwrng",
    "disable_nested_virtualization":true,"reclaim_guest_freed_memory":true,
    "disk_rate_limiter_bw_max_rate":1,"disk_rate_limiter_bw_one_time_burst":2,
    "disk_rate_limiter_ops_max_rate":3,"disk_rate_limiter_ops_one_time_burst":4,
    "net_rate_limiter_bw_max_rate":5,"net_rate_limiter_bw_one_time_burst":6,
    "net_rate_limiter_ops_max_rate":7,"net_rate_limiter_ops_one_time_burst":8})")
            .take() == expected);
}

TEST_CASE("a value without sense is refused by its key") {
  for (const auto& [key, value] : {std::pair{"path", "\"\""},
                                   {"path", "\"vmm\""},
                                   {"entropy_source", "\"\""},
                                   {"hypervisor_loglevel", "4"},
                                   {"hypervisor_loglevel", "-1"},
                                   {"rootfs_type", "\"btrfs init=/bin/sh\""},
                                   {"net_rate_limiter_bw_max_rate", "-1"}}) {
    CAPTURE(key);
    const auto refused = parse_config(concat("{\"", key, "\":", value, "}"));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    CHECK(refused.error().message.find(concat("hypervisor.cloudhv.", key)) != std::string::npos);
  }
  CHECK_FALSE(parse_config("nonsense").ok());
  CHECK_FALSE(parse_config("[]").ok());
  CHECK_FALSE(parse_config(R"({"path":1})").ok());
}

TEST_CASE("a saved state survives and a damaged one is refused") {
  const SavedState state{4242, 99, 1ULL << 30, {"eth0", "kata-shared"}};
  CHECK(parse_saved_state(to_json(state)).take() == state);
  CHECK(parse_saved_state(R"({"version":1,"pid":0,"start_time":0,"devices":[]})").ok());
  for (const char* text :
       {"", "[]", "{}", R"({"version":2,"pid":0,"start_time":0,"devices":[]})",
        R"({"version":1,"pid":1,"start_time":0,"devices":[]})",
        R"({"version":1,"pid":-1,"start_time":0,"devices":[]})",
        R"({"version":1,"pid":4294967296,"start_time":0,"devices":[]})",
        R"({"version":1,"pid":0,"start_time":0})",
        R"({"version":1,"pid":0,"start_time":0,"most_memory_bytes":-1,"devices":[]})",
        R"({"version":1,"pid":0,"start_time":0,"devices":{}})",
        R"({"version":1,"pid":0,"start_time":0,"devices":[1]})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_saved_state(text).ok());
  }
}
