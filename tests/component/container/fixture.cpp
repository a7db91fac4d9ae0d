// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "agent/container/mount_seed.h"
#include "kata/concat.h"

namespace kata::agent::test {
namespace {

struct Ends {
  ProcessStdio child{};
  Running parent{};
};

void make_pipe(UniqueFd& read, UniqueFd& write) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  read.reset(ends[0]);
  write.reset(ends[1]);
}

Ends make_stdio() {
  Ends ends;
  make_pipe(ends.child.in, ends.parent.in);
  make_pipe(ends.parent.out, ends.child.out);
  make_pipe(ends.parent.err, ends.child.err);
  return ends;
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

void make_rootfs(const fs::path& rootfs) {
  for (const char* directory : {"bin", "dev", "proc", "sys", "tmp", "etc", "work"})
    fs::create_directories(rootfs / directory);
  fs::permissions(rootfs / "tmp", fs::perms::all);
  REQUIRE_MESSAGE(fs::exists("/bin/busybox"), "these tests need the package busybox-static");
  fs::copy_file("/bin/busybox", rootfs / "bin/busybox");
  for (const char* name :
       {"sh",  "cat",  "ls",       "id",     "hostname", "mount", "sleep", "true", "ps",
        "dd",  "grep", "readlink", "mknod",  "touch",    "pwd",   "echo",  "tty",  "stat",
        "env", "ln",   "ip",       "umount", "head",     "test",  "seq"})
    fs::create_symlink("busybox", rootfs / "bin" / name);
}

bool wait_readable(int fd, Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd item{fd, POLLIN, 0};
  return ::poll(&item, 1, static_cast<int>(std::max<long>(left.count(), 0))) > 0;
}

std::vector<fs::path> cgroup_leftovers(const fs::path& path) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup"))
    if (fs::exists(entry.path() / path.relative_path()))
      found.push_back(entry.path() / path.relative_path());
  return found;
}

}  // namespace

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_text(const fs::path& path, std::string_view text) {
  std::ofstream file(path);
  file << text;
  REQUIRE(file.flush().good());
}

Deadline in_seconds(int seconds) {
  return std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
}

int wait_for(pid_t pid) {
  const Deadline deadline = in_seconds(20);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      FAIL_CHECK("the process did not end in 20 s");
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string read_to_end(int fd) {
  const Deadline deadline = in_seconds(20);
  std::string text;
  char block[4096];
  while (wait_readable(fd, deadline)) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got <= 0) return text;
    text.append(block, static_cast<std::size_t>(got));
  }
  FAIL_CHECK("no end of output in 20 s");
  return text;
}

std::string read_line(int fd) {
  const Deadline deadline = in_seconds(20);
  std::string text;
  char letter = 0;
  while (wait_readable(fd, deadline) && ::read(fd, &letter, 1) == 1 && letter != '\n')
    text.push_back(letter);
  return text;
}

std::vector<std::string> mount_lines() {
  std::istringstream text(read_text("/proc/self/mountinfo"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string status_field(const std::string& status, const std::string& name) {
  const std::size_t at = status.find(name + ":\t");
  if (at == std::string::npos) return "";
  const std::size_t start = at + name.size() + 2;
  return status.substr(start, status.find('\n', start) - start);
}

Container::Container() {
  // Others on this host mount things meanwhile: only this test's are to be seen.
  REQUIRE_MESSAGE(::unshare(CLONE_NEWNS) == 0, "these tests need root");
  REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  descriptors_before_ = open_descriptors();
  mounts_before_ = mount_lines();
  char name[] = "/tmp/kata-container-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  ::chmod(name, 0711);
  paths_.bundle = name;
  paths_.cgroup = fs::path("/") / fs::path(name).filename();
  make_rootfs(rootfs());
  auto seed = make_mount_seed(paths_.bundle);
  REQUIRE_MESSAGE(seed.ok(), seed.error().message);
  mount_seed_ = std::move(seed.value());
  namespaces.mount_seed = fs::path("/proc") / std::to_string(::getpid()) / "fd" /
                          std::to_string(mount_seed_.get());
}

Container::~Container() {
  const auto destroyed = destroy_container(paths_, in_seconds(5));
  CHECK_MESSAGE(destroyed.ok(), destroyed.error().message);
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  CHECK(cgroup_leftovers(paths_.cgroup).empty());
  // Another's mount may have gone meanwhile, with the directory it was on; a new one is ours.
  const auto mounts = mount_lines();
  CHECK(std::includes(mounts_before_.begin(), mounts_before_.end(), mounts.begin(), mounts.end()));
  fs::remove_all(paths_.bundle);
  mount_seed_.reset();
  CHECK(open_descriptors() == descriptors_before_);
}

grpc::Mount* add_mount(grpc::Spec& spec, const std::string& destination, const std::string& type,
                       const std::string& source, std::initializer_list<const char*> options) {
  auto* mount = spec.add_mounts();
  mount->set_destination(destination);
  mount->set_type(type);
  mount->set_source(source);
  for (const char* option : options) mount->add_options(option);
  return mount;
}

void set_capabilities(grpc::Process& process, std::initializer_list<const char*> names) {
  auto* sets = process.mutable_capabilities();
  sets->Clear();
  for (const char* name : names) {
    sets->add_bounding(name);
    sets->add_effective(name);
    sets->add_permitted(name);
  }
}

grpc::Spec Container::spec(const std::string& script) const {
  grpc::Spec spec;
  auto* process = spec.mutable_process();
  for (const std::string& word : {std::string("sh"), std::string("-c"), script})
    process->add_args(word);
  process->add_env("PATH=/bin");
  process->set_cwd("/");
  process->set_nonewprivileges(true);
  set_capabilities(*process, {"CAP_CHOWN", "CAP_KILL", "CAP_MKNOD", "CAP_SETUID", "CAP_SETGID"});
  spec.mutable_root()->set_path(rootfs());
  spec.set_hostname("box");
  for (const char* type : {"mount", "pid", "ipc", "uts", "network", "cgroup"})
    spec.mutable_linux()->add_namespaces()->set_type(type);
  add_mount(spec, "/proc", "proc", "proc", {"nosuid", "noexec", "nodev"});
  add_mount(spec, "/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add_mount(spec, "/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
  add_mount(spec, "/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
  auto* deny = spec.mutable_linux()->mutable_resources()->add_devices();
  deny->set_access("rwm");
  return spec;
}

Result<Running> Container::create(const grpc::Spec& spec) {
  Ends ends = make_stdio();
  auto launched = launch_init(spec, "box", paths_, namespaces, std::move(ends.child));
  if (!launched.ok()) return launched.error();
  ends.parent.pid = launched.value().pid;
  ends.parent.gate = std::move(launched.value().start_gate);
  return std::move(ends.parent);
}

Running Container::start(const grpc::Spec& spec) {
  auto created = create(spec);
  REQUIRE_MESSAGE(created.ok(), created.error().message);
  Running running = created.take();
  REQUIRE(::write(running.gate.get(), "s", 1) == 1);
  running.gate.reset();
  return running;
}

Outcome Container::finish(Running& running) {
  Outcome outcome;
  running.in.reset();
  outcome.out = read_to_end(running.out.get());
  outcome.err = read_to_end(running.err.get());
  outcome.code = wait_for(running.pid);
  return outcome;
}

Outcome Container::run(const grpc::Spec& spec) {
  Running running = start(spec);
  return finish(running);
}

Result<Running> Container::exec(const grpc::Process& process, const grpc::Spec& spec, pid_t init) {
  Ends ends = make_stdio();
  auto pid = launch_exec(process, spec, paths_, init, std::move(ends.child));
  if (!pid.ok()) return pid.error();
  ends.parent.pid = pid.value();
  return std::move(ends.parent);
}

}  // namespace kata::agent::test
