// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox_annotations.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::sandbox;

namespace {

constexpr const char* kKey = "io.katacontainers.config.runtime.memory_dedup";

config::Config merging() {
  config::Config config;
  config.memory_dedup.name = "ksm-throttler";
  return config;
}

}  // namespace

TEST_CASE("an annotation takes a sandbox out of page merging") {
  auto config = merging();
  CHECK(apply_annotations({{kKey, "none"}}, config).ok());
  CHECK(config.memory_dedup.name == "none");
}

TEST_CASE("no annotation turns page merging on or names a plugin") {
  for (const char* value : {"ksm-throttler", "/tmp/evil.so", "", "None", "false"}) {
    auto config = merging();
    config.memory_dedup.name = "none";
    const auto applied = apply_annotations({{kKey, value}}, config);
    REQUIRE(!applied.ok());
    CHECK(applied.error().message.find("expected 'none'") != std::string::npos);
    CHECK(config.memory_dedup.name == "none");
  }
}

TEST_CASE("other annotations leave the configuration alone, and need the operator's list") {
  auto config = merging();
  CHECK(apply_annotations({{"io.kubernetes.pod.name", "none"}}, config).ok());
  CHECK_FALSE(apply_annotations({{"io.katacontainers.config.runtime.x", "none"}}, config).ok());
  CHECK(config.memory_dedup.name == "ksm-throttler");
}
