// SPDX-License-Identifier: Apache-2.0
#include "sandbox/guest_metrics.h"

#include <doctest/doctest.h>

#include "kata/concat.h"

using kata::concat;
using kata::sandbox::guest_metrics;

TEST_CASE("well formed lines of a guest's families are kept") {
  const std::string text =
      "# HELP kata_guest_load Guest system load.\n"
      "# TYPE kata_guest_load gauge\n"
      "kata_guest_load{item=\"load1\"} 0.25\n"
      "kata_guest_netdev_stat{interface=\"a\\\"b\\\\\",item=\"recv\"} 1.8446744e+19\n"
      "kata_agent_threads 1\n"
      "kata_agent_total_time -1\n"
      "kata_agent_scrape_count +Inf\n"
      "kata_agent_io_stat{} 7\n";
  CHECK(guest_metrics(text) == text);
}

TEST_CASE("what a collector would choke on or mistake for the host's is left out") {
  for (const std::string line : {
           "kata_shim_threads 9",                  // one of the host's
           "up 1",                                 // the collector's own
           "kata_guest_load",                      // no value
           "kata_guest_load 1 2",                  // a time
           "kata_guest_load  1",                   // two spaces
           "kata_guest_load one",                  // no number
           "kata_guest_load 1e",                   // not all of it
           "kata_guest_load{item=\"x} 1",          // no end of the value
           "kata_guest_load{item=\"x\"",           // no end of the labels
           "kata_guest_load{item=\"\\x\"} 1",      // an escape that is none
           "kata_guest_load{9=\"x\"} 1",           // not a label's name
           "kata_guest_load{=\"x\"} 1",            // none at all
           "kata_guest_load{a=\"x\"b=\"y\"} 1",    // no comma
           "kata_guest_l\xc3\xa9 1",               // not ASCII
           "kata_guest_load{item=\"\x1b[2J\"} 1",  // for a terminal
           "kata_guest_load 1\r",                  // another line end
           "# HELP kata_shim_threads Mine.",       // one of the host's
           "# TYPE kata_guest_load weird",         // no such type
           "# kata_guest_load",                    // no use
           "",                                     //
       })
    CHECK_MESSAGE(guest_metrics(line + "\n") == "", line);
  CHECK(guest_metrics("kata_guest_load 1") == "");  // unfinished
  const std::string huge(5000, '1');
  CHECK(guest_metrics(concat("kata_guest_load ", huge, "\nkata_guest_tasks 2\n")) ==
        "kata_guest_tasks 2\n");
}
