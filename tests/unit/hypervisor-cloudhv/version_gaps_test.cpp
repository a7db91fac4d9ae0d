// SPDX-License-Identifier: Apache-2.0
#include "version_gaps.h"

#include <doctest/doctest.h>

using namespace kata;
using namespace kata::cloudhv;

namespace {

std::size_t gaps(std::uint32_t major, bool landlock, bool no_nesting, bool writable) {
  CloudhvConfig config;
  config.landlock = landlock;
  config.disable_nested_virtualization = no_nesting;
  std::vector<Device> devices;
  devices.emplace_back(BlockDevice{"data", "/d", !writable});
  return gaps_of({major, "v"}, config, devices).size();
}

}  // namespace

TEST_CASE("what a version ignores is told where it matters") {
  struct {
    std::uint32_t major;
    bool landlock, no_nesting, writable;
    std::size_t lines;
  } const cases[] = {
      {39, true, false, false, 1},  {41, true, false, false, 0}, {40, true, true, true, 3},
      {49, true, true, false, 1},   {50, true, true, false, 0},  {50, true, false, true, 1},
      {50, false, false, false, 1}, {51, false, true, true, 0},
  };
  for (const auto& one : cases) {
    CAPTURE(one.major);
    CHECK(gaps(one.major, one.landlock, one.no_nesting, one.writable) == one.lines);
  }
  CHECK(gaps_of({40, "v40.0"}, {}, {}).front() ==
        "cloud-hypervisor v40.0 has no landlock before version 41: only seccomp confines it");
}
