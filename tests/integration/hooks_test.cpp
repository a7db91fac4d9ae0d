// SPDX-License-Identifier: Apache-2.0
//
// config.json's hooks around a real VM: their order, what they see, and what a failure does.
#include <doctest/doctest.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
using kata::concat;
using nlohmann::json;

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

json hook(const std::string& script) {
  return json::array(
      {{{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}, {"env", {"PATH=/usr/bin:/bin"}}}});
}

json networked_sleep() { return default_spec({"/bin/sleep", "1000"}); }

}  // namespace

TEST_CASE(
    "hooks run in order with the container's state, and a docker-like one can fill the network") {
  Runtime runtime;
  runtime.use_network("tap");
  runtime.configure("");
  const auto log = runtime.directory() / "log";
  json spec = networked_sleep();
  const auto note = [&](const char* name) {
    return hook(concat("state=$(cat); echo ", name,
                       " $(echo \"$state\" | grep -o '\"status\":\"[a-z]*\"') >> ", log));
  };
  for (const char* name : {"createRuntime", "createContainer", "poststart", "poststop"})
    spec["hooks"][name] = note(name);
  spec["hooks"]["prestart"] = hook(concat(
      "pid=$(grep -o '\"pid\":[0-9]*' | cut -d: -f2); nsenter --target $pid --net sh -c '"
      "ip link add eth0 type veth peer name far && ip link set far up && ip link set eth0 up "
      "&& ip addr add 10.5.0.2/24 dev eth0'; echo prestart >> ",
      log));
  const auto bundle = runtime.make("bundle", spec);
  const CommandResult started = runtime({"run", "--detach", "--bundle", bundle, "c1"});
  REQUIRE_MESSAGE(started.exit_code == 0, started.err);
  CHECK(eventually(
      [&] {
        return runtime({"exec", "c1", "ip", "-o", "addr"}).out.find("10.5.0.2/24") !=
               std::string::npos;
      },
      std::chrono::seconds(20)));
  CHECK(runtime({"delete", "--force", "c1"}).exit_code == 0);
  CHECK(text_of(log) ==
        "prestart\ncreateRuntime \"status\":\"creating\"\ncreateContainer \"status\":\"creating\"\n"
        "poststart \"status\":\"running\"\npoststop \"status\":\"stopped\"\n");
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a hook that fails before the start undoes the creation and is named") {
  const Runtime runtime;
  json spec = networked_sleep();
  spec["hooks"]["createRuntime"] = hook("echo no such volume >&2; exit 4");
  const CommandResult refused =
      runtime({"run", "--detach", "--bundle", runtime.make("bundle", spec), "c1"});
  CHECK(refused.exit_code == 1);
  CHECK_MESSAGE(
      refused.err.find("hooks.createRuntime[0]: '/bin/sh': ended with code 4: no such volume") !=
          std::string::npos,
      refused.err);
  CHECK(runtime.leaked() == "");
}
