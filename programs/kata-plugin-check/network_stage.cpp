// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-plugin-check/network_stage.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "kata/child_process.h"

namespace kata::check {

namespace {

constexpr std::chrono::seconds kPatience{10};

// Link-local addresses of IPv6 would come when they like, so there are none.

// A namespace of a thread that is gone, kept by descriptor.
Result<UniqueFd> new_namespace() {
  UniqueFd fd;
  int number = 0;
  std::thread([&fd, &number] {
    if (::unshare(CLONE_NEWNET) != 0)
      number = errno;
    else
      fd.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  if (number != 0) return errno_error("make a network namespace", number);
  if (!fd) return make_error(ErrorCode::kInternal, "open the new network namespace failed");
  return fd;
}

std::string program(const std::string& name) {
  for (const char* directory : {"/sbin/", "/usr/sbin/", "/bin/", "/usr/bin/"})
    if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
  return {};
}

}  // namespace

Result<NetworkStage> NetworkStage::make() {
  NetworkStage stage(KATA_TRY(new_namespace(), ""));
  for (const char* command :
       {"link set lo up", "link add eth0 type veth peer name peer0",
        "link set eth0 address 02:00:00:00:00:05", "link set eth0 addrgenmode none",
        "link set peer0 addrgenmode none", "link set eth0 up", "link set peer0 up",
        "address add 10.9.8.2/24 dev eth0", "route add default via 10.9.8.1 dev eth0",
        "neighbour add 10.9.8.7 lladdr 02:00:00:00:00:07 dev eth0 nud permanent"}) {
    std::vector<std::string> argv{"ip"};
    std::istringstream words(command);
    for (std::string word; words >> word;) argv.push_back(word);
    KATA_TRY(stage.run(std::move(argv)), concat("ip ", command));
  }
  KATA_TRY(stage.wait_for_carrier(), "");
  return stage;
}

// The kernel works out the state of a link after it has been set up.
Result<void> NetworkStage::wait_for_carrier() const {
  constexpr std::chrono::milliseconds kLookAgain{10};
  const Deadline deadline = in(kPatience);
  for (;;) {
    const std::string links = KATA_TRY(run({"ip", "-o", "link", "show", "up"}), "ip link");
    if (links.find("NO-CARRIER") == std::string::npos && links.find("DOWN") == std::string::npos)
      return {};
    if (std::chrono::steady_clock::now() > deadline)
      return make_error(ErrorCode::kTimeout, concat("the test's links do not come up: ", links));
    std::this_thread::sleep_for(kLookAgain);
  }
}

Result<std::string> NetworkStage::run(std::vector<std::string> argv) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("make a pipe", errno);
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  SpawnRequest request;
  argv.at(0) = program(argv.at(0));
  request.argv = std::move(argv);
  request.descriptors = {{to.get(), 1}, {to.get(), 2}};
  request.netns = path();
  auto child = KATA_TRY(ChildProcess::spawn(std::move(request)), "");
  to.reset();
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(from.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  const ExitStatus status = KATA_TRY(child.terminate(SIGTERM, in(kPatience)), "");
  if (status.code != 0) return make_error(ErrorCode::kInternal, text);
  return text;
}

Result<std::string> NetworkStage::picture() const {
  std::string text;
  const std::vector<std::string> commands[] = {{"ip", "-details", "address"},
                                               {"ip", "route", "show", "table", "all"},
                                               {"ip", "neighbour"},
                                               {"tc", "qdisc"},
                                               {"tc", "filter", "show", "dev", "eth0", "ingress"}};
  for (const auto& command : commands) text += KATA_TRY(run(command), command.at(0));
  return text;
}

const char* no_network_stage(const Workplace& /*workplace*/) {
  if (::geteuid() != 0) return "a network namespace needs root";
  if (program("ip").empty() || program("tc").empty()) return "iproute2 is not installed";
  return nullptr;
}

}  // namespace kata::check
