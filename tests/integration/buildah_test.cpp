// SPDX-License-Identifier: Apache-2.0
//
// Debian's buildah runs the steps of a build in VMs. runc on the same commands is the oracle.
#include <doctest/doctest.h>

#include <fstream>

#include "kata/concat.h"
#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/engine_files.h"
#include "tests/network_namespace.h"

using namespace kata::test;

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// buildah with a working container of busybox, in a network of its own.
class Buildah {
 public:
  Buildah() {
    host_.run("ip link set lo up");
    kata_.use_network("tap");
    kata_.configure("");
    files_ = write_engine_files(kata_);
    const auto archive = kata_.directory() / "rootfs.tar";
    const auto rootfs = kata_.make("bundle", default_spec({})) / "rootfs";
    REQUIRE(run({"tar", "-C", rootfs, "-cf", archive, "."}).exit_code == 0);
    container_ = first_line((*this)({"from", "scratch"}).out);
    REQUIRE((*this)({"add", container_, archive, "/"}).exit_code == 0);
  }

  CommandResult operator()(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{"/usr/bin/nsenter", kata::concat("--net=", host_.path()),
                                  "buildah"};
    argv.insert(argv.end(), words.begin(), words.end());
    return run(argv, options_with(files_, kata_));
  }

  CommandResult run_script(const std::string& runtime, const std::vector<std::string>& flags,
                           const std::string& script) const {
    std::vector<std::string> words{"run", "--isolation", "oci", "--runtime", path_of(runtime)};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {container_, "/bin/sh", "-c", script});
    return (*this)(words);
  }

  std::string path_of(const std::string& runtime) const {
    return runtime == "kata" ? files_.runtime.string() : "/usr/sbin/runc";
  }
  std::filesystem::path directory() const { return kata_.directory(); }
  const std::string& container() const { return container_; }
  std::string leaked() const { return kata_.leaked(); }

 private:
  NetworkNamespace host_{};
  Runtime kata_{};
  EngineFiles files_{};
  std::string container_{};
};

}  // namespace

TEST_CASE("buildah run gives the same output and exit code as with runc") {
  const Buildah buildah;
  const auto volume = buildah.directory() / "volume";
  std::filesystem::create_directory(volume);
  std::ofstream(volume / "file") << "from the host\n";
  struct Step {
    std::vector<std::string> flags;
    const char* script;
  };
  const Step steps[] = {
      {{}, "echo out; exit 3"},
      {{}, "echo kept > /made; ip -o -4 addr show eth0 | cut -d' ' -f 2-5"},
      {{}, "cat /made"},
      {{"--network", "none"}, "ip -o link | wc -l"},
      {{"--user", "1000", "--workingdir", "/tmp", "--env", "A=b"}, "id -u; pwd; echo $A"},
      {{"--volume", kata::concat(volume, ":/v:ro")}, "cat /v/file; touch /v/no || echo read-only"},
      {{"--cap-drop", "all"}, "grep CapEff /proc/self/status"},
  };
  for (const Step& step : steps) {
    INFO(step.script);
    const CommandResult expected = buildah.run_script("runc", step.flags, step.script);
    const CommandResult ours = buildah.run_script("kata", step.flags, step.script);
    CHECK_MESSAGE(ours.out == expected.out, ours.err);
    CHECK(ours.exit_code == expected.exit_code);
  }
  CHECK(buildah.leaked() == "");
}

TEST_CASE("buildah builds an image whose steps ran in a guest") {
  const Buildah buildah;
  REQUIRE(buildah({"commit", buildah.container(), "base"}).exit_code == 0);
  const auto recipe = buildah.directory() / "Containerfile";
  std::ofstream(recipe) << "FROM localhost/base\nRUN uname -r > /kernel && cat /kernel\n";
  const CommandResult built =
      buildah({"bud", "--isolation", "oci", "--runtime", buildah.path_of("kata"), "--file", recipe,
               "--tag", "built", buildah.directory() / "bundle"});
  REQUIRE_MESSAGE(built.exit_code == 0, built.err);
  const std::string guests = buildah.run_script("kata", {}, "uname -r").out;
  REQUIRE(guests != run({"uname", "-r"}).out);
  CHECK(built.out.find(guests) != std::string::npos);
  CHECK(buildah.leaked() == "");
}
