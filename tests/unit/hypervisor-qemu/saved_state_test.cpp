// SPDX-License-Identifier: Apache-2.0
#include "saved_state.h"

#include <doctest/doctest.h>

#include <string>

using namespace kata;
using namespace kata::qemu;

TEST_CASE("a saved state survives the round trip") {
  SavedState state{.pid = 4711, .start_time = 1ULL << 60, .guest_cid = 0xfffffffe};
  REQUIRE(state.nics.take("net0").ok());
  REQUIRE(state.nics.restore("net7", kLastNicSlot));
  const auto again = parse_saved_state(to_json(state));
  REQUIRE(again.ok());
  CHECK(again.value() == state);
}

TEST_CASE("a saved state that is damaged or hostile is refused") {
  for (const char* text :
       {"",
        "null",
        "[]",
        "{",
        "7",
        "\"x\"",
        "{}",
        R"({"version":2,"pid":1,"start_time":1})",
        R"({"version":1,"pid":-1,"start_time":1,"guest_cid":0})",
        R"({"version":1,"pid":1,"start_time":1,"guest_cid":0})",
        R"({"version":1,"pid":"9","start_time":1,"guest_cid":0})",
        R"({"version":1,"pid":4294967296,"start_time":1,"guest_cid":0})",
        R"({"version":1,"pid":9,"start_time":1.5,"guest_cid":0})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":99999999999})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":0})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":0,"nics":[1]})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":0,"nics":{"a":0}})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":0,"nics":{"a":32}})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":0,"nics":{"a":-1}})",
        R"({"version":1,"pid":9,"start_time":1,"guest_cid":0,"nics":{"a":1,"b":1}})",
        R"({"version":1,"pid":9})"}) {
    CAPTURE(text);
    const auto state = parse_saved_state(text);
    REQUIRE_FALSE(state.ok());
    CHECK(state.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK_FALSE(parse_saved_state(std::string(100'000, '[')).ok());
}
