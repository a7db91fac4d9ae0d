// SPDX-License-Identifier: Apache-2.0
//
// A D-Bus of the test's own, by the real dbus-daemon, with fake-systemd on it. The programs that
// the test starts find it, because it stands in the environment while the object lives.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "kata/child_process.h"
#include "kata/unix_socket.h"
#include "tests/temporary_directory.h"

namespace kata::fakes {

class SystemdBus {
 public:
  // `fault` as in main.cpp beside this; "absent": nobody has systemd's name on the bus.
  explicit SystemdBus(const std::string& fault = "") {
    std::ofstream(file("bus.conf"))
        << "<busconfig><listen>" << address()
        << "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow own=\"*\"/><allow "
           "send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/></policy>"
           "</busconfig>";
    bus_ = spawn({"/usr/bin/dbus-daemon", "--nofork", "--nopidfile", "--config-file",
                  file("bus.conf").string()});
    await([this] { return connect_unix(file("bus.sock")).ok(); });
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", address().c_str(), 1);
    if (fault == "absent") return;
    systemd_ = spawn({KATA_FAKE_SYSTEMD, file("log").string(), fault});
    await([this] { return log().starts_with("ready"); });
  }
  ~SystemdBus() {
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    for (ChildProcess* process : {&systemd_, &bus_})
      if (*process)
        static_cast<void>(process->terminate(SIGKILL, std::chrono::steady_clock::now()));
  }
  SystemdBus(const SystemdBus&) = delete;
  SystemdBus& operator=(const SystemdBus&) = delete;

  std::string address() const { return "unix:path=" + file("bus.sock").string(); }

  // The calls that systemd got, a line each.
  std::string log() const {
    std::ifstream stream(file("log"));
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  std::filesystem::path file(const char* name) const { return directory_.path() / name; }

  static ChildProcess spawn(std::vector<std::string> argv) {
    auto child = ChildProcess::spawn({std::move(argv)});
    REQUIRE_MESSAGE(child.ok(), child.error().message);
    return child.take();
  }

  template <class Condition>
  static void await(Condition condition) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  TemporaryDirectory directory_{};
  ChildProcess bus_{}, systemd_{};
};

}  // namespace kata::fakes
