// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/oci/oracle.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <stdexcept>

#include "kata/child_process.h"
#include "tests/integration/harness/command.h"

namespace kata::conformance {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds kDrain{300};

struct Pipe {
  UniqueFd read{}, write{};
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("make pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Where a runtime sends the master of the terminal it made.
class ConsoleSocket {
 public:
  explicit ConsoleSocket(const fs::path& path)
      : path_(path), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 1) != 0)
      throw std::runtime_error("listen on '" + path.string() + "': " + std::strerror(errno));
  }

  const fs::path& path() const noexcept { return path_; }

  UniqueFd take_terminal() const {
    pollfd item{listener_.get(), POLLIN, 0};
    if (::poll(&item, 1, 0) <= 0) return {};
    const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char text[256];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec place{text, sizeof text};
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(peer.get(), &message, MSG_CMSG_CLOEXEC) < 0) return {};
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return UniqueFd(fd);
  }

 private:
  fs::path path_;
  UniqueFd listener_;
};

class OracleRun {
 public:
  OracleRun(const std::string& name, std::vector<std::string> command, const Stage& stage,
            const Row& row)
      : row_(row), bundle_(stage, row, name), command_(std::move(command)) {}

  ~OracleRun() { call({"delete", "--force", bundle_.id()}); }

  Outcome outcome() {
    Outcome result = row_.exec ? with_exec() : alone();
    if (result.started) result.out += bundle_.after();
    result.out = bundle_.neutral(result.out);
    return result;
  }

 private:
  // One process that a verb leaves behind, with its streams.
  struct Started {
    Outcome outcome{};
    pid_t pid = -1;
    UniqueFd out{}, err{}, terminal{};
  };

  test::CommandResult call(std::vector<std::string> verb) const {
    verb.insert(verb.begin(), command_.begin(), command_.end());
    return test::run(verb);
  }

  Started start_detached(std::vector<std::string> verb, bool terminal) const;
  Outcome collect(Started started) const;

  Outcome alone() {
    Started created = start_detached({"create", "--bundle", bundle_.path()},
                                     bundle_.spec().at("process").value("terminal", false));
    if (!created.outcome.started) return created.outcome;
    const auto started = call({"start", bundle_.id()});
    if (started.exit_code != 0) return {false, -1, "", started.err};
    return collect(std::move(created));
  }

  Outcome with_exec() {
    Started created = start_detached({"create", "--bundle", bundle_.path()}, false);
    if (!created.outcome.started) return created.outcome;
    if (const auto started = call({"start", bundle_.id()}); started.exit_code != 0)
      return {false, -1, "", started.err};
    const json process = exec_process_of(row_, bundle_.spec());
    const fs::path file = bundle_.path() / "process.json";
    std::ofstream(file) << process.dump();
    Started joined =
        start_detached({"exec", "--detach", "--process", file}, process.value("terminal", false));
    Outcome outcome = joined.outcome.started ? collect(std::move(joined)) : joined.outcome;
    ::kill(created.pid, SIGKILL);
    wait_for_process(created.pid);
    return outcome;
  }

  const Row& row_;
  RowBundle bundle_;
  std::vector<std::string> command_;
};

OracleRun::Started OracleRun::start_detached(std::vector<std::string> verb, bool terminal) const {
  const ConsoleSocket console(bundle_.path() / (verb.front() + ".sock"));
  const fs::path pid_file = bundle_.path() / (verb.front() + ".pid");
  verb.insert(verb.end(), {"--pid-file", pid_file});
  if (terminal) verb.insert(verb.end(), {"--console-socket", console.path()});
  verb.push_back(bundle_.id());
  verb.insert(verb.begin(), command_.begin(), command_.end());
  Pipe out = make_pipe(), err = make_pipe();
  SpawnRequest request;
  request.argv = verb;
  request.descriptors = {{out.write.get(), 1}, {err.write.get(), 2}};
  auto child = ChildProcess::spawn(std::move(request));
  if (!child.ok()) throw std::runtime_error(child.error().message);
  out.write.reset();
  err.write.reset();
  const auto ended =
      child.value().wait(std::chrono::steady_clock::now() + std::chrono::seconds(20));
  if (!ended.ok() || !ended.value())
    throw std::runtime_error("'" + verb.at(command_.size()) + "' hangs");
  Started started;
  started.outcome.started = ended.value()->code == 0;
  if (!started.outcome.started) {
    started.outcome.error = read_to_end(err.read.get(), kDrain);
    return started;
  }
  std::ifstream(pid_file) >> started.pid;
  if (terminal) started.terminal = console.take_terminal();
  started.out = std::move(out.read);
  started.err = std::move(err.read);
  return started;
}

Outcome OracleRun::collect(Started started) const {
  Outcome outcome = std::move(started.outcome);
  std::string seen;
  if (started.terminal) seen = read_to_end(started.terminal.get(), std::chrono::seconds(5));
  outcome.code = wait_for_process(started.pid);
  outcome.out = seen + read_to_end(started.out.get(), kDrain);
  outcome.error = read_to_end(started.err.get(), kDrain);
  return outcome;
}

}  // namespace

Outcome run_under_command(const std::string& name, const std::vector<std::string>& command,
                          const Stage& stage, const Row& row) {
  return OracleRun(name, command, stage, row).outcome();
}

Outcome run_under_oracle(const std::string& oracle, const Stage& stage, const Row& row) {
  const std::string program = oracle == "runc" ? "/usr/sbin/runc" : "/usr/bin/crun";
  return run_under_command(oracle, {program, "--root", stage.directory() / ("root-" + oracle)},
                           stage, row);
}

}  // namespace kata::conformance
