// SPDX-License-Identifier: Apache-2.0
//
// What podman's users do, each command once with runc and once in a guest: the same output, the
// same exit code.
#include <doctest/doctest.h>

#include <fstream>
#include <functional>

#include "kata/concat.h"
#include "tests/integration/harness/podman.h"
#include "tests/integration/harness/pty.h"

using namespace kata::test;
using With = Podman::With;

namespace {

using Words = std::vector<std::string>;

// Two podmans side by side, with an image made from the same files.
struct Pair {
  Pair() {
    for (const Podman* podman : {&oracle, &ours}) {
      const auto archive = podman->directory() / "image.tar";
      REQUIRE(run({"tar", "-C", podman->rootfs(), "-cf", archive, "."}).exit_code == 0);
      REQUIRE((*podman)({"import", archive, "busybox"}).exit_code == 0);
    }
  }

  Podman oracle{With::kRunc}, ours{With::kKata};
};

std::string outcome(const CommandResult& result) {
  return kata::concat("exit code ", std::to_string(result.exit_code), "\n", result.out);
}

void check_same(const Pair& pair, const Words& words) {
  std::string line;
  for (const std::string& word : words) line += word + " ";
  INFO(line);
  const CommandResult expected = pair.oracle(words), got = pair.ours(words);
  CHECK_MESSAGE(outcome(got) == outcome(expected), got.err);
}

// `podman run --rm --network none FLAGS busybox COMMAND`
struct Run {
  Words flags, command;
};

void check_runs(const Pair& pair, const std::vector<Run>& runs) {
  for (const Run& one : runs) {
    Words words{"run", "--rm", "--network", "none"};
    words.insert(words.end(), one.flags.begin(), one.flags.end());
    words.push_back("busybox");
    words.insert(words.end(), one.command.begin(), one.command.end());
    check_same(pair, words);
  }
  CHECK(pair.ours.leaked() == "");
}

Words shell(const std::string& script) { return {"sh", "-c", script}; }

}  // namespace

TEST_CASE("podman run: the process") {
  check_runs(Pair{}, {
                         {{}, shell("echo out; exit 42")},
                         {{}, {"/bin/nothing"}},
                         {{}, {"/etc/passwd"}},
                         {{"--env", "A=b"}, shell("echo $A")},
                         {{"--user", "root", "--workdir", "/tmp"}, shell("id; pwd")},
                         {{"--user", "1000:5", "--group-add", "7"}, {"id"}},
                         {{"--entrypoint", "/bin/echo"}, {"hello"}},
                         {{"--init"}, shell("cat /proc/1/comm")},
                         {{"--oom-score-adj", "300"}, {"cat", "/proc/self/oom_score_adj"}},
                         {{"--annotation", "a=b", "--label", "l=m"}, {"true"}},
                         {{"--log-driver", "none"}, {"echo", "hi"}},
                     });
}

TEST_CASE("podman run: privileges") {
  const Pair pair;
  const auto profile = pair.ours.directory() / "seccomp.json";
  std::ofstream(profile) << R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
    {"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]})";
  check_runs(
      pair,
      {
          {{}, {"grep", "Cap", "/proc/self/status"}},
          {{"--cap-drop", "ALL", "--cap-add", "NET_ADMIN"}, {"grep", "Cap", "/proc/self/status"}},
          {{"--cap-add", "SYS_ADMIN"}, {"grep", "CapEff", "/proc/self/status"}},
          {{}, {"grep", "Seccomp:", "/proc/self/status"}},
          {{"--security-opt", kata::concat("seccomp=", profile)}, {"mkdir", "/x"}},
          {{"--security-opt", "seccomp=unconfined"}, {"grep", "Seccomp:", "/proc/self/status"}},
          {{"--security-opt", "no-new-privileges"}, {"grep", "NoNewPrivs", "/proc/self/status"}},
          {{"--sysctl", "net.ipv4.ip_forward=1"}, {"cat", "/proc/sys/net/ipv4/ip_forward"}},
      });
}

TEST_CASE("podman run: files") {
  const Pair pair;
  for (const Podman* podman : {&pair.oracle, &pair.ours}) {
    std::filesystem::create_directory(podman->directory() / "volume");
    std::ofstream(podman->directory() / "volume/file") << "from the host\n";
  }
  const std::string source = pair.ours.directory() / "volume";
  check_runs(pair,
             {
                 {{"--read-only"},
                  shell("touch /x; for d in tmp run dev/shm; do touch /$d/y && echo $d; done")},
                 {{"--volume", source + ":/v:ro", "--volume", "named:/n"},
                  shell("cat /v/file; touch /v/no || echo read-only; echo kept > /n/f")},
                 {{"--volume", "named:/n:ro"}, shell("cat /n/f; touch /n/g || echo read-only")},
                 {{"--mount", kata::concat("type=bind,src=", source, ",dst=/v")}, {"ls", "/v"}},
                 {{"--tmpfs", "/t:size=1m,mode=1770"},
                  shell("df -k /t | tail -n 1 | cut -c 1-30; stat -c %a /t")},
                 {{"--hostname", "h1", "--add-host", "other:1.2.3.4"},
                  shell("hostname; cat /etc/hostname; grep other /etc/hosts")},
                 {{"--volume", "/absent/on/the/host:/v"}, {"true"}},
             });
}

TEST_CASE("podman run: limits") {
  const std::string cgroup = "/sys/fs/cgroup/";
  check_runs(Pair{}, {
                         {{"--memory", "64m"}, {"cat", cgroup + "memory/memory.limit_in_bytes"}},
                         {{"--cpus", "0.5", "--cpu-shares", "256"},
                          {"cat", cgroup + "cpu/cpu.cfs_quota_us", cgroup + "cpu/cpu.shares"}},
                         {{"--pids-limit", "33"}, {"cat", cgroup + "pids/pids.max"}},
                     });
}

TEST_CASE("podman's verbs on a container that runs") {
  const Pair pair;
  const auto host_file = pair.ours.directory() / "host-file";
  std::ofstream(host_file) << "from the host\n";
  const Words steps[] = {
      {"ps", "--format", "{{.Names}} {{.Command}}"},
      {"healthcheck", "run", "c1"},
      {"exec", "c1", "touch", "/healthy"},
      {"healthcheck", "run", "c1"},
      {"cp", host_file, "c1:/copied"},
      {"exec", "c1", "cat", "/copied"},
      {"cp", host_file, "c1:/n/copied"},
      {"exec", "c1", "cat", "/n/copied"},
      {"cp", "c1:/copied", host_file.string() + ".back"},
      {"exec", "-e", "Z=1", "-w", "/tmp", "-u", "1000", "c1", "sh", "-c", "echo $Z; pwd; id"},
      {"exec", "c1", "sh", "-c", "exit 9"},
      {"top", "c1", "-eo", "comm"},
      {"stats", "--no-stream", "--format", "{{.Name}}", "c1"},
      {"pause", "c1"},
      {"inspect", "--format", "{{.State.Status}}", "c1"},
      {"unpause", "c1"},
      {"logs", "c1"},
      {"stop", "c1"},
      {"wait", "c1"},
      {"start", "c1"},
      {"restart", "--time", "1", "c1"},
      {"kill", "--signal", "KILL", "c1"},
      {"wait", "c1"},
      {"commit", "--quiet", "--format", "docker", "c1", "made"},
      {"rm", "c1"},
      {"run", "--rm", "--network", "none", "made", "cat", "/copied"},
  };
  for (const Podman* podman : {&pair.oracle, &pair.ours}) {
    const CommandResult started = (*podman)(
        {"run", "--detach", "--name", "c1", "--network", "none", "--volume", "named:/n",
         "--health-cmd", "test -e /healthy", "--health-interval", "disable", "busybox", "sh", "-c",
         "echo out; echo err >&2; trap 'exit 5' TERM; while :; do read -t 1000 < /dev/zero; done"});
    REQUIRE_MESSAGE(started.exit_code == 0, started.err);
  }
  for (const Words& words : steps) {
    if (words[0] != "commit") {
      check_same(pair, words);
      continue;
    }
    CHECK(pair.oracle(words).exit_code == 0);
    CHECK(pair.ours(words).exit_code == 0);
  }
  CHECK_FALSE(std::filesystem::exists("/copied"));
  CHECK(pair.ours.leaked() == "");
}

TEST_CASE("podman restarts what fails and asks for an end with the image's signal") {
  const Pair pair;
  const Words steps[] = {
      {"run", "--name", "r1", "--network", "none", "--restart", "on-failure:2", "busybox", "sh",
       "-c", "echo x >> /n; test $(wc -l < /n) -ge 3"},
      {"wait", "r1"},
      {"inspect", "--format", "{{.RestartCount}} {{.State.ExitCode}}", "r1"},
      {"rm", "r1"},
  };
  for (const Words& words : steps) check_same(pair, words);
  const Words signal[] = {{"stop", "c2"}, {"wait", "c2"}, {"rm", "c2"}};
  for (const Podman* podman : {&pair.oracle, &pair.ours})
    CHECK((*podman)({"run", "--detach", "--name", "c2", "--network", "none", "--stop-signal", "INT",
                     "busybox", "sh", "-c", "trap 'exit 9' INT; while :; do sleep 0.1; done"})
              .exit_code == 0);
  for (const Words& words : signal) check_same(pair, words);
  CHECK(pair.ours.leaked() == "");
}

TEST_CASE("the containers of podman's pod share one guest its network and its name") {
  const Pair pair;
  for (const Podman* podman : {&pair.oracle, &pair.ours}) {
    REQUIRE((*podman)({"pod", "create", "--name", "pod1"}).exit_code == 0);
    REQUIRE((*podman)({"run", "--detach", "--pod", "pod1", "--name", "a", "busybox", "sh", "-c",
                       "while :; do echo from a | nc -l -p 80; done"})
                .exit_code == 0);
  }
  const Words inside[] = {
      {"run", "--rm", "--pod", "pod1", "busybox", "hostname"},
      {"run", "--rm", "--pod", "pod1", "busybox", "sh", "-c",
       "for try in 1 2 3 4 5 6 7 8 9; do nc -w 5 127.0.0.1 80 < /dev/null && break; sleep 1; done"},
  };
  for (const Words& words : inside) check_same(pair, words);
  std::size_t guests = 0;
  for (const auto& entry : std::filesystem::directory_iterator(pair.ours.runtime_root()))
    guests += std::filesystem::exists(entry.path() / "sandbox.json");
  CHECK(guests == 1);
  check_same(pair, {"pod", "stop", "--time", "1", "--ignore", "absent"});
  for (const Podman* podman : {&pair.oracle, &pair.ours})
    CHECK((*podman)({"pod", "rm", "--force", "--time", "0", "pod1"}).exit_code == 0);
  CHECK(pair.ours.leaked() == "");
}

TEST_CASE("podman's interactive terminal") {
  const Podman podman(With::kKata);
  const Words words = podman.command(
      {"run", "--rm", "-it", "--network", "none", "--rootfs", podman.rootfs(), "/bin/sh"});
  Terminal terminal(words, podman.options(), 33, 99);
  // podman tells the size when it is attached, beside the start.
  const auto has_size = [&] {
    terminal.type("stty size\n");
    return terminal.expect("33 99", std::chrono::seconds(1));
  };
  CHECK_MESSAGE(eventually(has_size, std::chrono::seconds(20)), terminal.seen());
  terminal.type("exit 6\n");
  CHECK(terminal.wait(std::chrono::seconds(20)) == 6);
  CHECK(podman.leaked() == "");
}
