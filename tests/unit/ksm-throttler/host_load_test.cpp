// SPDX-License-Identifier: Apache-2.0
#include "host_load.h"

#include <doctest/doctest.h>

using namespace kata::ksm;

TEST_CASE("AnonPages is found among the lines of meminfo") {
  CHECK(parse_anonymous_kib("MemFree: 1 kB\nAnonPages:     4096 kB\nMapped: 2 kB").value() == 4096);
  CHECK(!parse_anonymous_kib("MemFree: 1 kB").ok());
  CHECK(!parse_anonymous_kib("AnonPages: many").ok());
  CHECK(!parse_anonymous_kib("AnonPages:").ok());
}

TEST_CASE("CPU pressure is the first average of the line some") {
  CHECK(parse_pressure("some avg10=12.50 avg60=1.00 avg300=0.00 total=9").value() == 12.5);
  CHECK(!parse_pressure("full avg10=12.50"));
  CHECK(!parse_pressure("some avg10="));
  CHECK(!parse_pressure(""));
}

TEST_CASE("ksmd's CPU time is user and system ticks whatever the name holds") {
  CHECK(parse_cpu_ticks("40 (ks) md) S 2 0 0 0 -1 64 0 0 0 0 30 12 0 0").value() == 42);
  CHECK(!parse_cpu_ticks("40 (ksmd) S 2 0"));
  CHECK(!parse_cpu_ticks("40 ksmd"));
  CHECK(!parse_cpu_ticks(""));
}

TEST_CASE("a host without a proc directory has no pressure and no ksmd") {
  CHECK(!cpu_pressure("/nonexistent"));
  CHECK(!find_ksmd("/nonexistent"));
  CHECK(!anonymous_pages("/nonexistent").ok());
}
