// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/options.h"

#include <doctest/doctest.h>

#include <vector>

namespace kata::proxy {

namespace {

Result<Options> parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "kata-proxy");
  return parse_options(static_cast<int>(words.size()), words.data());
}

}  // namespace

TEST_CASE("the proxy's log is beside its sandbox unless told otherwise") {
  const auto options = parsed({"--sandbox", "s1", "--root", "/run/x", "--ready-fd", "5"});
  REQUIRE(options.ok());
  CHECK(options.value().log == "/run/x/s1/proxy.log");
  CHECK(options.value().ready_fd == 5);
  CHECK(parsed({"--sandbox", "s1", "--log", "/l"}).value().log == "/l");
}

TEST_CASE("the proxy's mistakes on the command line are named") {
  const std::pair<std::vector<const char*>, const char*> rows[] = {
      {{}, "--sandbox is required"},
      {{"--sandbox", "../x"}, "--sandbox"},
      {{"--sandbox", "s", "--root", "x"}, "--root 'x' is not an absolute path"},
      {{"--sandbox", "s", "--ready-fd", "1"}, "--ready-fd must be 3 or more"},
      {{"--sandbox", "s", "--ready-fd", "x"}, "see --help"},
      {{"--sandbox", "s", "--log-level", "loud"}, "--log-level 'loud'"},
      {{"--sandbox", "s", "--log-format", "xml"}, "--log-format 'xml'"},
      {{"--sandbox", "s", "--unknown"}, "see --help"},
      {{"--sandbox", "s", "stray"}, "see --help"}};
  for (const auto& [words, message] : rows) {
    CAPTURE(message);
    const auto options = parsed(words);
    REQUIRE_FALSE(options.ok());
    CHECK(options.error().code == ErrorCode::kInvalidArgument);
    CHECK(options.error().message.find(message) != std::string::npos);
  }
}

TEST_CASE("help and version need nothing else") {
  CHECK(parsed({"--help"}).value().message.find("Usage: kata-proxy") == 0);
  CHECK(parsed({"--version"}).value().message.find("kata-proxy ") == 0);
}

}  // namespace kata::proxy
