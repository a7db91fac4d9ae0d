// SPDX-License-Identifier: Apache-2.0
//
// The main job: `kata-runtime run` of a bundle in a real VM.
#include <doctest/doctest.h>
#include <sys/utsname.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;

TEST_CASE("the exit code of the workload is the exit code of run") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("exit 7");
  CHECK_MESSAGE(result.exit_code == 7, result.err);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a workload that dies of a signal gives 128 plus its number") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("sh -c 'kill -SEGV $$'; exit $?");
  CHECK_MESSAGE(result.exit_code == 139, result.err);
}

TEST_CASE("an init process killed from outside gives 128 plus the signal") {
  const Runtime runtime;
  runtime.make("bundle", default_spec({"/bin/sleep", "1000"}));
  REQUIRE(runtime({"run", "--detach", "--bundle", runtime.bundle("bundle"), "c1"}).exit_code == 0);
  const pid_t shim = runtime.state("c1").at("pid").get<pid_t>();
  REQUIRE(shim > 0);
  const CommandResult killed = runtime({"kill", "c1", "KILL"});
  CHECK_MESSAGE(killed.exit_code == 0, killed.err);
  CHECK(eventually([&] { return runtime.state("c1").value("status", "") == "stopped"; },
                   std::chrono::seconds(5)));
  CHECK(runtime({"delete", "c1"}).exit_code == 0);
  CHECK(runtime.leaked() == "");
}

TEST_CASE("the workload runs on the guest's kernel and not on the host's") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("uname -r");
  utsname host{};
  ::uname(&host);
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  CHECK_MESSAGE(result.out.find('.') != std::string::npos, result.out);
  CHECK(result.out != std::string(host.release) + "\n");
}

TEST_CASE("stdout and stderr arrive apart and unharmed") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("echo out; echo err >&2");
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
}

TEST_CASE("100 MiB through stdin and back through stdout are unharmed") {
  const Runtime runtime;
  std::string input(100U << 20, '\0');
  for (std::size_t at = 0; at < input.size(); ++at)
    input[at] = static_cast<char>(at * 31 + (at >> 12));
  const CommandResult result = runtime.run_script("cat", {}, input);
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out.size() == input.size());
  CHECK((result.out == input));
}

TEST_CASE("100 MiB through stdin are counted by wc in the guest") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("wc -c", {}, std::string(100U << 20, 'x'));
  CHECK_MESSAGE(result.out == "104857600\n", result.err);
}

TEST_CASE("a file that the workload writes is on the host") {
  const Runtime runtime;
  const CommandResult result = runtime.run_script("echo written in the guest > /written");
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  std::ifstream file(runtime.bundle("bundle") / "rootfs/written");
  std::string line;
  CHECK(std::getline(file, line));
  CHECK(line == "written in the guest");
}

TEST_CASE("a read-only rootfs is read-only") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({});
  spec["root"]["readonly"] = true;
  const CommandResult result = runtime.run_script("echo x > /written", spec);
  CHECK(result.exit_code != 0);
  CHECK(result.err.find("Read-only file system") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(runtime.bundle("bundle") / "rootfs/written"));
}

TEST_CASE("a bind mount of a host directory is seen and a read-only one cannot be written") {
  const Runtime runtime;
  std::filesystem::create_directories(runtime.bundle("data"));
  std::ofstream(runtime.bundle("data") / "hello") << "from the host\n";
  nlohmann::json spec = default_spec({});
  const std::string source = runtime.bundle("data");
  spec["mounts"].push_back(
      {{"destination", "/rw"}, {"type", "bind"}, {"source", source}, {"options", {"rbind", "rw"}}});
  spec["mounts"].push_back(
      {{"destination", "/ro"}, {"type", "bind"}, {"source", source}, {"options", {"rbind", "ro"}}});
  const CommandResult result = runtime.run_script(
      "cat /ro/hello; echo guest > /rw/answer; echo x > /ro/no || echo refused", spec);
  CHECK_MESSAGE(result.out == "from the host\nrefused\n", result.err);
  CHECK(std::filesystem::exists(runtime.bundle("data") / "answer"));
  CHECK_FALSE(std::filesystem::exists(runtime.bundle("data") / "no"));
  CHECK(runtime.leaked() == "");
}

TEST_CASE("a program that is not there is named and exits 127") {
  const Runtime runtime;
  runtime.make("bundle", default_spec({"/bin/no-such-program"}));
  const CommandResult result = runtime({"run", "--bundle", runtime.bundle("bundle"), "c1"});
  CHECK(result.exit_code != 0);
  CHECK(result.err.find("/bin/no-such-program") != std::string::npos);
  CHECK(runtime.leaked() == "");
}
