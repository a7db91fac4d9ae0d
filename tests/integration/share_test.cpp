// SPDX-License-Identifier: Apache-2.0
//
// What a workload may expect of the files it shares with the host, and what it cannot make of them,
// whatever shared filesystem carries them.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/runtime.h"

using namespace kata::test;
namespace fs = std::filesystem;

namespace {

// A sandbox whose /data is a host directory, run with every capability that touches files.
class Data {
 public:
  Data() {
    fs::create_directories(directory());
    const nlohmann::json capabilities = {"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                                         "CAP_FSETID", "CAP_MKNOD",        "CAP_SYS_ADMIN"};
    spec_ = default_spec({});
    for (const char* set : {"bounding", "effective", "permitted"})
      spec_["process"]["capabilities"][set] = capabilities;
    spec_["linux"]["resources"]["devices"] = {{{"allow", true}, {"access", "rwm"}}};
    spec_["mounts"].push_back({{"destination", "/data"},
                               {"type", "bind"},
                               {"source", directory().string()},
                               {"options", {"rbind", "rw"}}});
  }
  fs::path directory() const { return runtime_.bundle("data"); }
  const Runtime& runtime() const { return runtime_; }
  CommandResult run(const std::string& script) const { return runtime_.run_script(script, spec_); }

 private:
  const Runtime runtime_{};
  nlohmann::json spec_{};
};

struct stat stat_of(const fs::path& path) {
  struct stat info {};
  CHECK_MESSAGE(::lstat(path.c_str(), &info) == 0, path);
  return info;
}

// QEMU since its cure for CVE-2023-2861, and before its cure for that: it opens what it has just
// made, and refuses to open what is neither file nor directory.
bool may_refuse_special_files(const Runtime& runtime) {
  return runtime.shared_filesystem() == "9p";
}

}  // namespace

TEST_CASE("owners modes links and kinds of files are the same on both sides") {
  const Data data;
  std::ofstream(data.directory() / "from-host") << "x";
  REQUIRE(::chown((data.directory() / "from-host").c_str(), 4321, 1234) == 0);
  const CommandResult result = data.run(
      "cd /data && stat -c '%u %g %a' from-host && echo x > file && chown 1000:2000 file && "
      "chmod 4751 file && ln file hard && ln -s /somewhere/else link && "
      "mkdir -m 1777 dir && mv dir renamed && truncate -s 5000000000 sparse && touch -d @99 file");
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.out == "4321 1234 644\n");
  const struct stat file = stat_of(data.directory() / "file");
  CHECK(file.st_uid == 1000);
  CHECK(file.st_gid == 2000);
  CHECK((file.st_mode & 07777) == 04751);
  CHECK(file.st_nlink == 2);
  CHECK(file.st_mtime == 99);
  CHECK(stat_of(data.directory() / "hard").st_ino == file.st_ino);
  CHECK(fs::read_symlink(data.directory() / "link") == "/somewhere/else");
  CHECK((stat_of(data.directory() / "renamed").st_mode & 07777) == 01777);
  CHECK(stat_of(data.directory() / "sparse").st_size == 5000000000);
}

TEST_CASE(
    "files get the owner of the process that makes them and others cannot read private ones") {
  const Data data;
  REQUIRE(::chmod(data.directory().c_str(), 0777) == 0);
  std::ofstream(data.directory() / "private") << "x";
  REQUIRE(::chmod((data.directory() / "private").c_str(), 0600) == 0);
  nlohmann::json spec = default_spec({});
  spec["process"]["user"] = {{"uid", 1000}, {"gid", 2000}};
  spec["mounts"].push_back({{"destination", "/data"},
                            {"type", "bind"},
                            {"source", data.directory().string()},
                            {"options", {"rbind", "rw"}}});
  const CommandResult result = data.runtime().run_script(
      "cd /data && echo x > mine && mkdir dir && ln -s x link; cat private || echo refused", spec);
  CHECK_MESSAGE(result.out == "refused\n", result.err);
  for (const char* name : {"mine", "dir", "link"}) {
    CHECK(stat_of(data.directory() / name).st_uid == 1000);
    CHECK(stat_of(data.directory() / name).st_gid == 2000);
  }
}

TEST_CASE("links and dot-dot lead a guest to nothing of the host") {
  const Data data;
  const fs::path secret = data.runtime().directory() / "secret";
  std::ofstream(secret) << "of the host\n";
  fs::create_symlink(secret, data.directory() / "absolute");
  fs::create_symlink("../secret", data.directory() / "relative");
  fs::create_directory_symlink("../../../../../../..", data.directory() / "root");
  const CommandResult result =
      data.run("cd /data; cat absolute relative ../secret root" + secret.string() +
               " /data/../../../.." + secret.string() + "; ln -s " + secret.string() +
               " planted; cat planted; ls root | grep -c data");
  CHECK(result.out == "1\n");  // its own root, which has the mount point /data
  CHECK(fs::read_symlink(data.directory() / "planted") == secret);
}

TEST_CASE("a device node in a share opens nothing and a pipe is one of the guest") {
  const Data data;
  REQUIRE(::mknod((data.directory() / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  REQUIRE(::mkfifo((data.directory() / "pipe").c_str(), 0666) == 0);
  const CommandResult result = data.run(
      "cd /data; echo x > null && echo opened; echo through > pipe & cat /data/pipe; "
      "mknod made c 1 3 && echo x > made && echo opened; true");
  CHECK_MESSAGE(result.out == "through\n", result.err);
}

TEST_CASE("a pipe that a guest makes is there on the host or refused by name") {
  const Data data;
  const CommandResult result = data.run("mkfifo /data/fifo");
  if (may_refuse_special_files(data.runtime()) && result.exit_code != 0) {
    CHECK(result.err.find("No such device or address") != std::string::npos);
    return;
  }
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  CHECK(S_ISFIFO(stat_of(data.directory() / "fifo").st_mode));
}

// virtiofs may believe for a second what it knows of a file's size.
TEST_CASE("what the host changes after a guest has read it is seen by the guest") {
  const Data data;
  nlohmann::json spec = default_spec({"/bin/sh", "-c",
                                      "cat /data/file; touch /data/seen; "
                                      "until [ -e /data/changed ]; do sleep 0.05; done; "
                                      "until grep -q longer /data/file; do sleep 0.05; done; "
                                      "cat /data/file /data/new"});
  spec["mounts"].push_back({{"destination", "/data"},
                            {"type", "bind"},
                            {"source", data.directory().string()},
                            {"options", {"rbind", "rw"}}});
  std::ofstream(data.directory() / "file") << "before\n";
  std::ofstream(data.directory() / "exchange.sh")
      << "until [ -e seen ]; do sleep 0.05; done; echo 'after, and longer' > file; "
         "echo new > new; touch changed\n";
  const std::string bundle = data.runtime().make("bundle", spec);
  std::vector<std::string> both = {"/bin/sh", "-c",
                                   "(cd \"$0\" && timeout 60 sh exchange.sh) & \"$@\"",
                                   data.directory().string()};
  for (const std::string& word : data.runtime().command({"run", "--bundle", bundle, "c1"}))
    both.push_back(word);
  CommandOptions options = data.runtime().options();
  options.timeout = std::chrono::seconds(120);
  const CommandResult result = run(both, options);
  CHECK_MESSAGE(result.out == "before\nafter, and longer\nnew\n", result.err);
  CHECK(data.runtime().leaked() == "");
}

TEST_CASE("programs find what they expect of a filesystem") {
  const Data data;
  data.runtime().make("bundle", default_spec({}));
  fs::copy_file(KATA_SHARE_PROBE, data.runtime().bundle("bundle") / "rootfs/probe");
  const CommandResult result = data.run("/probe /data");
  CHECK_MESSAGE(result.exit_code == 0, result.err);
  std::string out = result.out;
  if (may_refuse_special_files(data.runtime())) {
    const std::string refused = "sockets connect: bind: No such device or address";
    const std::size_t at = out.find(refused);
    if (at != std::string::npos) out.replace(at, refused.size(), "sockets connect: ok");
  }
  CHECK(out ==
        "mapped writes: ok\nappend and truncate: ok\nlocks exclude: ok\nsockets connect: ok\n"
        "attributes stay: ok\nrename over an open file: ok\nan unlinked file is usable: ok\n"
        "an unlinked file has a size: ok\na long listing is whole: ok\n");
}
