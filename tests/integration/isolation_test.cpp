// SPDX-License-Identifier: Apache-2.0
//
// What a process in the container sees of the guest, and what it may do there.
#include <doctest/doctest.h>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;

TEST_CASE("the workload sees only its own processes and is pid 1") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("set -- /proc/[0-9]*; echo $$ $# $1");
  CHECK_MESSAGE(result.out == "1 1 /proc/1\n", result.err);
}

TEST_CASE("the hostname is the one of the bundle") {
  const Runtime runtime;
  CHECK(runtime.run_script("hostname").out == "kata-test\n");
}

TEST_CASE("the effective capabilities are those of the bundle") {
  const Runtime runtime;
  const CommandResult result =
      runtime.run_script("grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status | cut -f2 | uniq");
  CHECK_MESSAGE(result.out == "0000000020000420\n",
                result.err);  // AUDIT_WRITE, NET_BIND_SERVICE, KILL
}

TEST_CASE("seccomp mode is 2 and a denied call fails as the bundle says") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"architectures", {"SCMP_ARCH_X86_64"}},
      {"syscalls",
       {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 28}}}}};
  const CommandResult result =
      runtime.run_script("grep Seccomp: /proc/self/status | cut -f2; mkdir /tmp/d", spec);
  CHECK(result.out == "2\n");
  CHECK(result.err.find("No space left on device") != std::string::npos);
}

TEST_CASE("only descriptors 0 1 and 2 are open in the workload") {
  const Runtime runtime;
  runtime.make("bundle", default_spec({"/bin/ls", "/proc/self/fd"}));
  const CommandResult result = runtime({"run", "--bundle", runtime.bundle("bundle"), "c1"});
  CHECK_MESSAGE(result.out == "0\n1\n2\n3\n", result.err);  // 3 is ls reading the directory
}

TEST_CASE("a memory limit kills the process that exceeds it") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["linux"]["resources"]["memory"] = {{"limit", 20 << 20}};
  const CommandResult result = runtime.run_script("tail -c 100m /dev/zero", spec);
  CHECK_MESSAGE(result.exit_code == 137, result.err);
}

TEST_CASE("a cpu quota holds") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["linux"]["resources"]["cpu"] = {{"quota", 20000}, {"period", 100000}};
  // Ticks of 10 ms that a busy loop got, in percent of the time that passed meanwhile.
  const CommandResult result = runtime.run_script(
      "now() { cut -d' ' -f1 /proc/uptime | tr -d .; }; begin=$(now); (while :; do :; done) & "
      "p=$!; sleep 3; set -- $(cat /proc/$p/stat); end=$(now); kill -9 $p; "
      "echo $(( 100 * (${14} + ${15}) / (end - begin) ))",
      spec);
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  const int percent = std::stoi("0" + result.out);
  CHECK_MESSAGE(percent >= 5, result.out);
  CHECK_MESSAGE(percent <= 30, result.out);
}

TEST_CASE("user group and additional groups are those of the bundle") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["process"]["user"] = {{"uid", 1000}, {"gid", 1000}, {"additionalGids", {5, 44}}};
  const CommandResult result =
      runtime.run_script("id -u; id -g; grep Groups /proc/self/status | cut -f2", spec);
  CHECK_MESSAGE(result.out == "1000\n1000\n5 44 \n", result.err);
}

TEST_CASE("no new privileges holds") {
  const Runtime runtime;
  CHECK(runtime.run_script("grep NoNewPrivs /proc/self/status | cut -f2").out == "1\n");
}

TEST_CASE("masked paths are empty and read-only paths refuse writes") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script(
      "wc -c < /proc/timer_list; echo 1 > /proc/sys/kernel/domainname || echo refused");
  CHECK_MESSAGE(result.out == "0\nrefused\n", result.err);
}

TEST_CASE("the guest's block and memory devices cannot be made or opened") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  for (const char* set : {"bounding", "effective", "permitted"})
    spec["process"]["capabilities"][set].push_back("CAP_MKNOD");
  const CommandResult result =
      runtime.run_script("mknod /tmp/mem c 1 1 && head -c1 /tmp/mem; echo $?", spec);
  CHECK(result.out != "0\n");
}

TEST_CASE("the agent's files are out of reach of a container") {
  const Runtime runtime;
  const CommandResult result =
      runtime.run_script("ls -d /lib/modules /init /proc/1/root/init 2>/dev/null | wc -l");
  CHECK(result.out == "0\n");
}

TEST_CASE("a sysctl of the bundle is set") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["linux"]["sysctl"] = {{"kernel.shm_rmid_forced", "1"}};
  CHECK(runtime.run_script("cat /proc/sys/kernel/shm_rmid_forced", spec).out == "1\n");
}

TEST_CASE("rlimits working directory and environment are those of the bundle") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 77}, {"hard", 88}}};
  spec["process"]["cwd"] = "/tmp";
  spec["process"]["env"].push_back("COLOUR=blue");
  CHECK(runtime.run_script("ulimit -n; pwd; echo $COLOUR", spec).out == "77\n/tmp\nblue\n");
}
