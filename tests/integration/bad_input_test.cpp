// SPDX-License-Identifier: Apache-2.0
//
// Wrong input gets one line that names the thing and the remedy, an exit code that is not 0, and
// leaves nothing.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;

namespace {

void check_refused(const Runtime& runtime, const CommandResult& result, const std::string& named) {
  CHECK(result.exit_code != 0);
  CHECK(result.exit_code < 124);
  CHECK_MESSAGE(result.err.find(named) != std::string::npos, result.err);
  CHECK_MESSAGE(std::count(result.err.begin(), result.err.end(), '\n') == 1, result.err);
  CHECK(runtime.leaked() == "");
}

CommandResult run_default(const Runtime& runtime) {
  runtime.make("bundle", default_spec({"/bin/true"}));
  return runtime({"run", "--bundle", runtime.bundle("bundle"), "c1"});
}

}  // namespace

TEST_CASE("a missing bundle is named") {
  const Runtime runtime;
  check_refused(runtime, runtime({"run", "--bundle", "/no/such/bundle", "c1"}), "/no/such/bundle");
}

TEST_CASE("a missing kernel is named with its key") {
  const Runtime runtime;
  runtime.configure("kernel = \"/no/such/vmlinux\"\n");
  check_refused(runtime, run_default(runtime), "/no/such/vmlinux");
}

TEST_CASE("an initrd that is not one is reported as the guest's death") {
  const Runtime runtime;
  std::ofstream(runtime.bundle("junk")) << "this is not an initrd";
  runtime.configure("initrd = \"" + runtime.bundle("junk").string() + "\"\n");
  const CommandResult result = run_default(runtime);
  check_refused(runtime, result, "panic");
}

TEST_CASE("a guest whose first program is no agent is told from one that died") {
  const Runtime runtime;
  const std::string tree = runtime.bundle("tree");
  const std::string script =
      "mkdir -p " + tree + "/bin " + tree + "/dev && cd " + tree +
      " && cp /bin/busybox bin/sh && ln bin/sh bin/sleep && mknod dev/console c 5 1 && "
      "printf '#!/bin/sh\\necho I am no agent\\nexec /bin/sleep 1000\\n' > init && "
      "chmod +x init && find . | cpio --quiet -o -H newc > ../silent.img";
  REQUIRE(run({"/bin/sh", "-c", script}).exit_code == 0);
  runtime.configure("initrd = \"" + runtime.bundle("silent.img").string() + "\"\n",
                    "[agent.kata]\ndial_timeout = 4\n");
  const CommandResult result = run_default(runtime);
  check_refused(runtime, result, "the VM runs, but its agent did not answer within 4 s");
  CHECK_MESSAGE(result.err.find("I am no agent") != std::string::npos, result.err);
}

TEST_CASE("a QEMU path that is no QEMU is named") {
  const Runtime runtime;
  runtime.configure("path = \"/bin/true\"\n");
  check_refused(runtime, run_default(runtime), "/bin/true");
}

TEST_CASE("an unknown key is refused with its place and the nearest known key") {
  const Runtime runtime;
  runtime.configure("default_memry = 512\n");
  const CommandResult result = run_default(runtime);
  check_refused(runtime, result, "default_memory");
  CHECK(result.err.find("configuration.toml:") != std::string::npos);
}

TEST_CASE("a plugin of another ABI is refused by name") {
  const Runtime runtime;
  runtime.configure("", "");
  std::string text;
  {
    std::ifstream in(runtime.config_file());
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::string wanted = "network = \"none\"";
  text.replace(text.find(wanted), wanted.size(), "network = \"" KATA_STALE_PLUGIN "\"");
  std::ofstream(runtime.config_file()) << text;
  check_refused(runtime, run_default(runtime), "interface digest");
}

TEST_CASE("a full disk under the run directory is an error that leaves nothing") {
  const Runtime runtime;
  std::filesystem::create_directories(runtime.root());
  for (const char* size : {"size=4k", "size=12k", "size=24k"}) {
    REQUIRE(::mount("tmpfs", runtime.root().c_str(), "tmpfs", 0, size) == 0);
    const CommandResult result = run_default(runtime);
    CHECK(result.exit_code != 0);
    CHECK_MESSAGE(result.err.find("No space left on device") != std::string::npos, result.err);
    runtime({"delete", "--force", "c1"});
    CHECK(std::filesystem::is_empty(runtime.root()));
    REQUIRE(::umount2(runtime.root().c_str(), MNT_DETACH) == 0);
  }
  CHECK(runtime.leaked() == "");
}
