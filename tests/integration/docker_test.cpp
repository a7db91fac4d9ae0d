// SPDX-License-Identifier: Apache-2.0
//
// Debian's docker with kata-runtime as one of its runtimes. What docker and this machine do with a
// command is what runc on the same command shows.
#include <doctest/doctest.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/docker.h"

using namespace kata::test;

namespace {

struct Command {
  const char* name;
  std::vector<std::string> flags;
  const char* script;
};

std::string outcome(const CommandResult& result) {
  return kata::concat("exit code ", std::to_string(result.exit_code), "\n", result.out);
}

void check_same(const Docker& docker, const Command& command) {
  INFO(command.name);
  const CommandResult expected = docker.run_script("runc", command.flags, command.script);
  const CommandResult ours = docker.run_script("kata", command.flags, command.script);
  CHECK_MESSAGE(outcome(ours) == outcome(expected), ours.err);
}

// A verb of docker and the container's status after it, a line each.
std::string outcomes(const Docker& docker, const std::string& name,
                     const std::vector<std::vector<std::string>>& verbs) {
  std::string text;
  for (const auto& verb : verbs) {
    const CommandResult result = docker(verb);
    text += kata::concat(verb[0], " ", std::to_string(result.exit_code), " ",
                         docker.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"), "\n");
  }
  return text;
}

std::string published_page(const Docker& docker, const std::string& runtime) {
  docker.start(runtime, "web", {"--publish", "18080:80"},
               {"/bin/sh", "-c", "mkdir /www; echo published > /www/index.html; httpd -f -h /www"});
  std::string page;
  eventually(
      [&] {
        page = docker.host().run("busybox wget -q -O - http://127.0.0.1:18080/ || true");
        return page == "published\n";  // the port is there before the server
      },
      std::chrono::seconds(15));
  docker.remove("web");
  return page;
}

std::string life(const Docker& docker, const std::string& runtime) {
  docker.start(runtime, "c1", {"--network", "none"},
               {"/bin/sh", "-c", "echo first; echo second >&2; exec sleep 1000"});
  std::string seen = outcomes(
      docker, "c1",
      {{"exec", "c1", "true"},
       {"exec", "--user", "1000", "--env", "A=3", "c1", "sh", "-c",
        "exit $(($(id -u) / 1000 + A))"},
       {"exec", "c1", "/bin/nothing"},
       {"pause", "c1"},
       {"unpause", "c1"},
       {"update", "--memory", "64m", "--memory-swap", "64m", "c1"},
       {"exec", "c1", "grep", "-q", "67108864", "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
       {"stats", "--no-stream", "c1"},
       {"stop", "--time", "1", "c1"},
       {"start", "c1"},
       {"exec", "c1", "sh", "-c", "until [ $(cat /proc/1/comm) = sleep ]; do :; done"},
       {"kill", "--signal", "KILL", "c1"}});
  const CommandResult logs = docker({"logs", "c1"});
  docker.remove("c1");
  return seen + logs.out + logs.err;
}

}  // namespace

TEST_CASE("docker run gives the same output and exit code as with runc") {
  const Docker docker;
  const auto volume = docker.directory() / "volume";
  std::filesystem::create_directory(volume);
  std::ofstream(volume / "file") << "from the host\n";
  const std::string writable = kata::concat(volume, ":/w"),
                    read_only = kata::concat(volume, ":/r:ro");
  const Command commands[] = {
      {"exit code", {"--network", "none"}, "echo out; exit 7"},
      {"process",
       {"--network", "none", "--user", "1000:1000", "--workdir", "/tmp", "--env", "A=b"},
       "id; pwd; echo $A"},
      {"read-only",
       {"--network", "none", "--read-only", "--tmpfs", "/run", "--hostname", "h1"},
       "touch /x && echo no; touch /run/y && echo yes; cat /proc/sys/kernel/hostname"},
      {"volumes",
       {"--network", "none", "-v", writable, "-v", read_only},
       "cat /r/file; echo x > /r/no && echo no; echo y > /w/yes; ls /w; rm /w/yes"},
      {"limits",
       {"--network", "none", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50"},
       "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max"},
      {"capabilities",
       {"--network", "none", "--cap-drop", "ALL", "--cap-add", "CHOWN"},
       "grep Cap /proc/self/status"},
      {"the bridge",
       {},
       "ip -o -4 addr show eth0 | cut -d' ' -f 2-7; ip route; ping -c 1 -W 9 172.17.0.1 "
       ">/dev/null && echo reached"},
  };
  for (const Command& command : commands) check_same(docker, command);
  CHECK(docker.leaked() == "");
}

TEST_CASE("a container under docker lives as with runc") {
  const Docker docker;
  const std::string expected = life(docker, "runc");
  CHECK(expected.find("kill 0 exited 137") != std::string::npos);
  CHECK(life(docker, "kata") == expected);
  CHECK(docker.leaked() == "");
}

TEST_CASE("a port that docker publishes reaches the guest") {
  const Docker docker;
  CHECK(published_page(docker, "runc") == "published\n");
  CHECK(published_page(docker, "kata") == "published\n");
  CHECK(docker.leaked() == "");
}

TEST_CASE("docker restarts a container that fails and sees its health") {
  const Docker docker;
  docker.start(
      "kata", "c1",
      {"--network", "none", "--restart", "on-failure:1", "--health-cmd", "test -e /healthy",
       "--health-interval", "1s"},
      {"/bin/sh", "-c", "test -e /once || { touch /once; exit 3; }; touch /healthy; sleep 1000"});
  CHECK(eventually([&] { return docker.inspect("c1", "{{.State.Health.Status}}") == "healthy"; },
                   std::chrono::seconds(60)));
  CHECK(docker.inspect("c1", "{{.RestartCount}}") == "1");
  docker.remove("c1");
  CHECK(docker.leaked() == "");
}

TEST_CASE("docker's host network is refused with the reason") {
  const Docker docker;
  const CommandResult result = docker.run_script("kata", {"--network", "host"}, "true");
  CHECK(result.exit_code != 0);
  CHECK_MESSAGE(result.err.find("host's own network") != std::string::npos, result.err);
  CHECK(docker.leaked() == "");
}
