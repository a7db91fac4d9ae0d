// SPDX-License-Identifier: Apache-2.0
#include "sandbox/settling.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <fstream>

namespace {

long file_pages() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, resident = 0, of_files = 0;
  statm >> size >> resident >> of_files;
  return of_files;
}

}  // namespace

TEST_CASE("a process settles once and a second after the last start") {
  boost::asio::io_context loop;
  kata::sandbox::Settling settling(loop.get_executor());
  const long before = file_pages();
  const auto begun = std::chrono::steady_clock::now();
  settling.begin();
  settling.begin();
  loop.run();
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::seconds(1));
  CHECK(file_pages() < before);
}
