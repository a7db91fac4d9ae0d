// SPDX-License-Identifier: Apache-2.0
#include "programs/containerd-shim-kata-v2/options.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

using namespace kata;
using namespace kata::shim_v2;

namespace {

Result<Options> parse(const std::vector<const char*>& words) { return parse_options(words); }

Environment environment(const std::map<std::string, std::string>& variables) {
  return read_environment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

}  // namespace

TEST_CASE("start and delete are read as containerd writes them") {
  const auto start = parse({"-namespace", "k8s.io", "-address", "/run/c.sock", "-publish-binary",
                            "/usr/bin/containerd", "-id", "c1", "-debug", "start"});
  REQUIRE(start.ok());
  CHECK(start.value().action == Action::kStart);
  CHECK(start.value().container_namespace == "k8s.io");
  CHECK(start.value().containerd_address == "/run/c.sock");
  CHECK(start.value().publish_binary == "/usr/bin/containerd");
  CHECK(start.value().id == "c1");
  CHECK(start.value().debug);
  const auto removal =
      parse({"-namespace", "default", "-id", "c1", "-bundle", "/b", "-debug=false", "delete"});
  REQUIRE(removal.ok());
  CHECK(removal.value().action == Action::kDelete);
  CHECK(removal.value().bundle == "/b");
  CHECK_FALSE(removal.value().debug);
}

TEST_CASE("flags are taken in every notation of Go") {
  const auto options = parse({"--namespace=n", "-id=c1", "--address", "a=b", "--"});
  REQUIRE(options.ok());
  CHECK(options.value().action == Action::kServe);
  CHECK(options.value().container_namespace == "n");
  CHECK(options.value().containerd_address == "a=b");
  CHECK(parse({"-v"}).value().action == Action::kVersion);
  CHECK(parse({"-info"}).value().action == Action::kInfo);
  CHECK(parse({"-info=false", "-version"}).value().action == Action::kVersion);
  CHECK(parse({"--help"}).value().action == Action::kHelp);
}

TEST_CASE("a command line that makes no sense is refused with the word that is wrong") {
  struct Row {
    std::vector<const char*> words;
    const char* expected;
  };
  const Row rows[] = {
      {{"-id", "c1", "start"}, "-namespace is missing"},
      {{"-namespace", "n", "start"}, "-id is missing"},
      {{"-namespace", "n", "-id"}, "-id needs a value"},
      {{"-namespace", "n", "-id", "../x", "start"}, "-id"},
      {{"-namespace", "a/b", "-id", "c1", "start"}, "-namespace"},
      {{"-namespace", "n", "-id", "c1", "-debug=maybe", "start"}, "'maybe'"},
      {{"-namespace", "n", "-id", "c1", "stop"}, "'stop'"},
      {{"-nonsense"}, "-nonsense is unknown"},
  };
  for (const Row& row : rows) {
    INFO(row.expected);
    const auto options = parse(row.words);
    REQUIRE_FALSE(options.ok());
    CHECK(options.error().message.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("the environment says where events go and which protocol containerd knows") {
  const Environment old = environment({{"TTRPC_ADDRESS", "/run/c.sock.ttrpc"}});
  CHECK(old.ttrpc_address == "/run/c.sock.ttrpc");
  CHECK(old.max_version == 2);
  CHECK(environment({{"MAX_SHIM_VERSION", "3"}}).max_version == 3);
  for (const char* odd : {"", "x", "3x", "-1", "0", "99999999999999999999"})
    CHECK(environment({{"MAX_SHIM_VERSION", odd}}).max_version == 2);
}
