// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <doctest/doctest.h>

using namespace kata::plan9;

TEST_CASE("settings of 9p are read from the configuration") {
  const auto settings = parse_settings(R"({"msize_9p":65536,"cache_9p":"loose"})");
  REQUIRE(settings.ok());
  CHECK(settings.value().msize == 65536);
  CHECK(settings.value().cache == "loose");
}

TEST_CASE("an empty configuration of 9p gives the defaults") {
  const auto settings = parse_settings("{}");
  REQUIRE(settings.ok());
  CHECK(settings.value().msize == 262144);
  CHECK(settings.value().cache == "mmap");
}

TEST_CASE("the ends of the range of msize_9p are in it") {
  CHECK(parse_settings(R"({"msize_9p":8192})").value().msize == 8192);
  CHECK(parse_settings(R"({"msize_9p":512000})").value().msize == 512000);
}

TEST_CASE("bad values for 9p are refused and the key is named") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"msize_9p":0})", "msize_9p = 0: must be from 8192 to 512000"},
      {R"({"msize_9p":8191})", "msize_9p = 8191"},
      {R"({"msize_9p":512001})", "msize_9p = 512001"},
      {R"({"msize_9p":-262144})", "msize_9p"},
      {R"({"msize_9p":4295229440})", "msize_9p"},
      {R"({"msize_9p":2e50})", "msize_9p = 2e+50: must be a whole number"},
      {R"({"cache_9p":"sometimes"})", "cache_9p"},
      {R"({"cache_9p":"mmap,posixacl"})", "cache_9p"},
      {R"({"cache_9p":""})", "cache_9p"},
      {R"({"cache_9p":[]})", "configuration"},
      {"[]", "configuration"},
      {"{", "configuration"}};
  for (const auto& [json, words] : cases) {
    CAPTURE(json);
    const auto settings = parse_settings(json);
    REQUIRE_FALSE(settings.ok());
    CHECK(settings.error().code == kata::ErrorCode::kInvalidArgument);
    CHECK(settings.error().message.find(words) != std::string::npos);
  }
}

TEST_CASE("the guest mounts 9p over virtio in Linux's dialect without device nodes") {
  CHECK(mount_options({8192, "none"}) == std::vector<std::string>{"nodev", "trans=virtio",
                                                                  "version=9p2000.L", "cache=none",
                                                                  "msize=8192"});
}
