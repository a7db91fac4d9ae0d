// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cloud_hypervisor/guest.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "kata/unix_socket.h"

namespace kata::fake_cloudhv {
namespace {

constexpr const char* kAgentGreeting = "CONNECT 1024\n";

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; line.size() < 64 && ::read(fd, &c, 1) == 1;) {
    line += c;
    if (c == '\n') break;
  }
  return line;
}

// Bytes both ways until one end closes; true: it was the second.
bool join(int one, int other) {
  std::array<char, 16384> block{};
  for (;;) {
    std::array<pollfd, 2> items{{{one, POLLIN, 0}, {other, POLLIN, 0}}};
    if (::poll(items.data(), items.size(), -1) < 0) return false;
    for (std::size_t from = 0; from < items.size(); ++from) {
      if (items[from].revents == 0) continue;
      const ssize_t got = ::read(items[from].fd, block.data(), block.size());
      if (got <= 0) return from == 1;
      for (ssize_t put = 0; put < got;) {
        const ssize_t sent = ::send(items[1 - from].fd, block.data() + put,
                                    static_cast<std::size_t>(got - put), MSG_NOSIGNAL);
        if (sent <= 0) return from == 0;
        put += sent;
      }
    }
  }
}

void serve_vsock(UniqueFd host) {
  const char* const agent = std::getenv("FAKE_CLOUDHV_AGENT");
  if (read_line(host.get()) != kAgentGreeting || agent == nullptr) return;  // nobody listens
  auto guest = connect_unix(agent);
  if (!guest.ok()) return;
  constexpr std::string_view kAccepted = "OK 1073741824\n";
  if (::send(host.get(), kAccepted.data(), kAccepted.size(), MSG_NOSIGNAL) <= 0) return;
  if (join(host.get(), guest.value().get())) std::_Exit(0);  // without its agent a guest powers off
}

void listen_vsock(const std::string& path) {
  auto listening = listen_unix(path);
  if (!listening.ok()) std::exit(5);
  std::thread([fd = listening.take()] {
    for (;;) {
      UniqueFd host(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (host) std::thread(serve_vsock, std::move(host)).detach();
    }
  }).detach();
}

}  // namespace

void run_guest(const nlohmann::json& config) {
  const unsigned cpus = config["cpus"]["boot_vcpus"];
  const auto named = std::make_shared<std::latch>(cpus);
  for (unsigned cpu = 0; cpu < cpus; ++cpu)
    std::thread([cpu, named] {
      ::prctl(PR_SET_NAME, ("vcpu" + std::to_string(cpu)).c_str());
      named->count_down();
      for (;;) ::pause();
    }).detach();
  named->wait();
  std::ofstream(config["serial"]["file"].get<std::string>()) << "Linux version of a fake\n";
  listen_vsock(config["vsock"]["socket"]);
}

}  // namespace kata::fake_cloudhv
