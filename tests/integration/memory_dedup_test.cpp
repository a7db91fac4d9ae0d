// SPDX-License-Identifier: Apache-2.0
//
// Which memory of a real VMM the host's KSM may look at, and who is told. No test writes to the
// host's KSM.
#include <doctest/doctest.h>

#include <stdlib.h>
#include <sys/socket.h>

#include <fstream>
#include <sstream>

#include "kata/unix_socket.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata;
using namespace kata::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* kOptOut = "io.katacontainers.config.runtime.memory_dedup";

// A memory_dedup daemon that counts connections.
class Daemon {
 public:
  explicit Daemon(const fs::path& directory)
      : listener_(listen_unix(directory / "ksm.sock").take()) {
    ::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
  }
  int kicks() {
    while (UniqueFd(::accept(listener_.get(), nullptr, nullptr))) ++kicks_;
    return kicks_;
  }

 private:
  UniqueFd listener_;
  int kicks_ = 0;
};

// Private guest memory: a Runtime made meanwhile has its share over 9p.
class Over9p {
 public:
  Over9p() { ::setenv("KATA_TEST_SHARED_FILESYSTEM", "9p", 1); }
  ~Over9p() { ::unsetenv("KATA_TEST_SHARED_FILESYSTEM"); }
  Over9p(const Over9p&) = delete;
  Over9p& operator=(const Over9p&) = delete;
};

void select_dedup(const Runtime& runtime) {
  runtime.configure(
      "", concat("[memory_dedup.ksm-throttler]\nrun_directory = \"", runtime.directory(), "\"\n"));
  const fs::path directory = runtime.directory() / "config.d";
  fs::create_directory(directory);
  std::ofstream(directory / "dedup.toml") << "[plugins]\nmemory_dedup = \"ksm-throttler\"\n";
  fs::permissions(directory, fs::perms::owner_all);
  fs::permissions(directory / "dedup.toml", fs::perms::owner_read | fs::perms::owner_write);
}

void start(const Runtime& runtime, const nlohmann::json& annotations = nlohmann::json::object()) {
  nlohmann::json spec = default_spec({"/bin/sleep", "1000"});
  spec["annotations"] = annotations;
  const auto run = runtime({"run", "--detach", "--bundle", runtime.make("bundle", spec), "c1"});
  REQUIRE_MESSAGE(run.exit_code == 0, run.err);
}

std::string text_of(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// VmFlags has "mg" for memory that KSM may look at.
bool is_mergeable(const Runtime& runtime) {
  const auto record = nlohmann::json::parse(text_of(runtime.root() / "c1/sandbox.json"));
  const std::string smaps =
      text_of(concat("/proc/", record.at("vmm").at("pid").get<int>(), "/smaps"));
  REQUIRE(smaps.find("VmFlags:") != std::string::npos);
  return smaps.find(" mg") != std::string::npos;
}

}  // namespace

TEST_CASE("without a memory_dedup no memory of a VM is mergeable") {
  const Runtime runtime;
  start(runtime);
  CHECK(!is_mergeable(runtime));
  CHECK(runtime.leaked().empty());
}

TEST_CASE("a memory_dedup beside shared memory merges nothing and the log names the remedy") {
  const Runtime runtime;
  Daemon daemon(runtime.directory());
  select_dedup(runtime);
  start(runtime);
  CHECK(!is_mergeable(runtime));
  CHECK(text_of(runtime.root() / "c1/proxy.log").find("use shared_filesystem = ") !=
        std::string::npos);
  runtime({"delete", "--force", "c1"});
  CHECK(daemon.kicks() == 0);
}

TEST_CASE(
    "over 9p the memory is mergeable and the sandbox kicks when it is up and when it is gone") {
  const Over9p chosen;
  const Runtime runtime;
  Daemon daemon(runtime.directory());
  select_dedup(runtime);
  start(runtime);
  CHECK(is_mergeable(runtime));
  CHECK(daemon.kicks() == 1);
  runtime({"delete", "--force", "c1"});
  CHECK(daemon.kicks() == 2);
}

TEST_CASE("a sandbox stays out of merging by its annotation") {
  const Over9p chosen;
  const Runtime runtime;
  Daemon daemon(runtime.directory());
  select_dedup(runtime);
  start(runtime, {{kOptOut, "none"}});
  CHECK(!is_mergeable(runtime));
  runtime({"delete", "--force", "c1"});
  CHECK(daemon.kicks() == 0);
}

TEST_CASE("an annotation that would choose a memory_dedup is refused and leaves nothing") {
  const Runtime runtime;
  nlohmann::json spec = default_spec({"/bin/true"});
  spec["annotations"] = {{kOptOut, "/tmp/evil.so"}};
  const auto run = runtime({"run", "--bundle", runtime.make("bundle", spec), "c1"});
  CHECK(run.exit_code != 0);
  CHECK(run.err.find(kOptOut) != std::string::npos);
  CHECK(runtime.leaked().empty());
}
