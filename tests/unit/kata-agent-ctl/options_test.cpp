// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-agent-ctl/options.h"

#include "programs/kata-agent-ctl/command_table.h"
#include "request.h"

using namespace kata;
using namespace kata::agentctl;
using namespace std::chrono_literals;

TEST_CASE("flags stand before and behind the words of a call") {
  const auto options =
      parse_options({"-s", "unix:///a.sock", "WaitProcess", "cid=c1", "--timeout", "1m30s", "-",
                     R"({"a":-1})", "--output=json", "--repeat", "3"},
                    nullptr);
  REQUIRE(options.ok());
  const CommandLine& line = options.value().line;
  CHECK(line.words == Words{"WaitProcess", "cid=c1", "-", R"({"a":-1})"});
  CHECK(line.settings.timeout == 90s);
  CHECK(line.settings.output == Output::kJson);
  CHECK(line.settings.repeat == 3);
  CHECK(line.settings.auto_values);
  CHECK(options.value().link.endpoint.has_value());
  CHECK(options.value().link.connect_timeout == 0s);
}

TEST_CASE("the form of Kata's own tool is understood") {
  const auto options =
      parse_options({"-l", "debug", "connect", "--server-address", "vsock://3:1024", "-c", "Check",
                     "-c", R"(CreateSandbox json://{"sandbox_id": "x"})", "--ignore-errors", "-n"},
                    nullptr);
  REQUIRE(options.ok());
  CHECK(options.value().commands ==
        std::vector<std::string>{"Check", R"(CreateSandbox json://{"sandbox_id": "x"})"});
  CHECK(options.value().line.words.empty());
  CHECK(options.value().line.settings.ignore_errors);
  CHECK(options.value().line.settings.show_requests);
  CHECK_FALSE(options.value().line.settings.auto_values);
  CHECK(options.value().link.connect_timeout == 3s);
}

TEST_CASE("the environment names the agent when no flag does") {
  CHECK(parse_options({"Check"}, "unix://@a").value().link.address == "unix://@a");
  CHECK(parse_options({"Check", "-s", "unix://@b"}, "unix://@a").value().link.address ==
        "unix://@b");
  CHECK_FALSE(parse_options({"Check"}, nullptr).value().link.endpoint.has_value());
}

TEST_CASE("a unix address with the flag for hybrid vsock is one") {
  const auto options = parse_options(
      {"--hybrid-vsock", "--hybrid-vsock-port", "5", "-s", "unix:///vm.sock", "Check"}, nullptr);
  REQUIRE(options.ok());
  CHECK(*options.value().link.endpoint ==
        Endpoint(ttrpc::Address(ttrpc::HybridVsockAddress{"/vm.sock", 5})));
  CHECK_FALSE(parse_options({"--hybrid-vsock", "-s", "vsock://3", "Check"}, nullptr).ok());
}

TEST_CASE("bad flags are refused by name") {
  const struct {
    Words words;
    const char* message;
  } kRows[] = {
      {{"--timeout", "5"}, "--timeout: '5': expected a time such as 5s"},
      {{"--output", "xml"}, "--output 'xml': expected text or json"},
      {{"--repeat", "0"}, "--repeat 0: must be from 1"},
      {{"--repeat", "x"}, "repeat"},
      {{"--concurrency", "10001"}, "--concurrency 10001: must be from 1 to 10000"},
      {{"--nonsense"}, "nonsense"},
      {{"-l", "loud"}, "--log-level 'loud'"},
      {{"-s", "ftp://x"}, "--server-address: address 'ftp://x'"},
      {{"-c", "Check", "Check"}, "'Check' and --command: give one of the two"},
  };
  for (const auto& [words, message] : kRows) {
    CAPTURE(message);
    const auto options = parse_options(words, nullptr);
    REQUIRE_FALSE(options.ok());
    CHECK_MESSAGE(contains(options.error().message, message), options.error().message);
  }
}

TEST_CASE("a line of the shell inherits settings and overrides them") {
  CallSettings defaults;
  defaults.timeout = 5s;
  const auto line = parse_command({"Check", "--output", "json"}, defaults);
  REQUIRE(line.ok());
  CHECK(line.value().settings.timeout == 5s);
  CHECK(line.value().settings.output == Output::kJson);
  CHECK(parse_command({"Check", "--timeout", "0"}, defaults).value().settings.timeout == 0s);
  CHECK_FALSE(parse_command({"Check", "--server-address", "unix:///x"}, defaults).ok());
}

TEST_CASE("every command is in the table with its bounds") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    const CommandEntry* entry = find_command(command.name);
    REQUIRE(entry != nullptr);
    CHECK(entry->run != nullptr);
    CHECK(entry->least <= entry->most);
  }
  CHECK(find_command("Check") == nullptr);
}
