// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/oci/stage.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "tests/integration/harness/bundle.h"
#include "tests/integration/harness/command.h"

namespace kata::conformance {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCgroups = "/sys/fs/cgroup";
constexpr const char* kUnified = "/sys/fs/cgroup/unified";

void must(bool done, const std::string& action) {
  if (!done) throw std::runtime_error(action + ": " + std::strerror(errno));
}

fs::path make_directory() {
  char name[] = "/tmp/oci.XXXXXX";
  must(::mkdtemp(name) != nullptr, "make a directory below /tmp");
  return name;
}

void show_cgroups(const std::string& view) {
  if (!fs::exists(fs::path(kUnified) / "cgroup.controllers")) return;  // not a hybrid host
  if (view == "v2")
    must(::mount(kUnified, kCgroups, nullptr, MS_MOVE, nullptr) == 0, "show cgroup version 2");
  else
    must(::umount2(kUnified, MNT_DETACH) == 0, "hide cgroup version 2");
}

constexpr const char* kDelegated = "/sys/fs/cgroup/cgroup.subtree_control";

std::string delegated_controllers() {
  std::ifstream file(kDelegated);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The runtimes hand controllers down in the whole machine's hierarchy.
void take_back_controllers(const std::string& before) {
  std::istringstream now(delegated_controllers());
  for (std::string name; now >> name;)
    if (before.find(name) == std::string::npos) std::ofstream(kDelegated) << '-' << name;
}

// A runtime that refuses may leave the cgroups it had made.
void remove_cgroups(const std::string& name) {
  std::error_code ignored;
  fs::remove(fs::path(kCgroups) / name, ignored);
  for (const auto& entry : fs::directory_iterator(kCgroups, ignored))
    if (entry.is_directory(ignored)) fs::remove(entry.path() / name, ignored);
}

test::CommandResult run_in(const fs::path& directory, const std::string& script) {
  return test::run({"/bin/sh", "-ec", "cd \"$0\"\n" + script, directory.string()});
}

}  // namespace

Stage::Stage(const std::string& view)
    : directory_(make_directory()), before_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // of what a detached runtime leaves
  must(before_ && ::unshare(CLONE_NEWNS) == 0, "make a mount namespace");
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "keep mounts private");
  must(::mount("tmpfs", directory_.c_str(), "tmpfs", 0, "mode=755") == 0, "mount a tmpfs");
  show_cgroups(view);
  if (view == "v2") delegated_ = delegated_controllers();
  test::make_busybox_rootfs(directory_ / "template");
}

Stage::~Stage() {
  if (delegated_ != "none") take_back_controllers(delegated_);
  ::setns(before_.get(), CLONE_NEWNS);
  std::error_code ignored;
  fs::remove(directory_, ignored);
}

RowBundle::RowBundle(const Stage& stage, const Row& row, const std::string& runtime) : row_(row) {
  static int count = 0;
  id_ = "oci-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  cgroup_ = "/" + id_;
  path_ = stage.directory() / (runtime + std::to_string(count));
  fs::create_directory(path_);
  fs::copy(stage.directory() / "template", path_ / "rootfs",
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  spec_ = spec_of(row, path_, cgroup_);
  std::ofstream(path_ / "config.json") << spec_.dump(2);
  if (row.prepare.empty()) return;
  const auto prepared = run_in(path_, row.prepare);
  if (prepared.exit_code != 0)
    throw std::runtime_error("row '" + row.name + "': prepare: " + prepared.err);
}

RowBundle::~RowBundle() {
  test::run({"/bin/sh", "-c",
             "for m in $(awk -v d=\"$0/\" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo "
             "| sort -r); do umount -l \"$m\"; done",
             path_.string()});
  remove_cgroups(id_);
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string RowBundle::after() const {
  return row_.after.empty() ? "" : run_in(path_, row_.after).out;
}

std::string RowBundle::neutral(std::string text) const {
  text = replace_all(std::move(text), path_, "@bundle@");
  return replace_all(std::move(text), id_, "@id@");
}

std::string read_to_end(int fd, std::chrono::milliseconds patience) {
  std::string all;
  for (;;) {
    pollfd item{fd, POLLIN, 0};
    if (::poll(&item, 1, static_cast<int>(patience.count())) <= 0) return all;
    char block[4096];
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got <= 0) return all;  // EIO: the other end of a pty is closed
    all.append(block, static_cast<std::size_t>(got));
  }
}

int wait_for_process(pid_t pid) {
  int status = 0;
  pid_t got = 0;
  // What else has been orphaned goes too: a pid namespace ends only after its last zombie.
  const auto reaped = [&] {
    while ((got = ::waitpid(-1, &status, WNOHANG)) > 0 && got != pid) {
    }
    return got != 0;
  };
  if (!test::eventually(reaped, std::chrono::seconds(20))) {
    ::kill(pid, SIGKILL);
    test::eventually(reaped, std::chrono::seconds(5));
    throw std::runtime_error("the container did not end in 20 s");
  }
  if (got < 0) throw std::runtime_error("the container's process is not a child of the test");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace kata::conformance
