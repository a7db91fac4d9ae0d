// SPDX-License-Identifier: Apache-2.0
//
// fake-qemu: speaks QMP on the socket that -chardev socket,id=qmp,fd=N hands it, and misbehaves on
// request, as no real QMP server will. The request travels in -cpu: "max,fake=<behaviour>".
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/qmp_peer.h"

using namespace kata::fakes;

namespace {

struct Arguments {
  int monitor = -1;
  std::string console_log{}, behaviour{};
};

Arguments read_arguments(int count, char** values) {
  const std::vector<std::string> words(values, values + count);
  return {std::atoi(after(words, "id=qmp,fd=").c_str()), after(words, "id=console,path="),
          after(words, "fake=")};
}

std::string hear(const Peer& peer) {
  const auto line = peer.hear();
  if (!line) std::exit(0);
  return *line;
}

[[noreturn]] void rest() {
  for (;;) ::pause();
}

[[noreturn]] void panic(const Peer& peer, const Arguments& arguments) {
  std::ofstream(arguments.console_log)
      << "[    1.5] Kernel panic - not syncing: No working init found.\n";
  peer.say(R"({"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-reset"}})"
           "\n");
  std::exit(0);
}

// What a guest does with a NIC; false: nothing special to say.
bool answer_about_nic(const Peer& peer, const Arguments& arguments, const std::string& command) {
  const auto names = [&command](std::string_view word) {
    return command.find(word) != std::string::npos;
  };
  if (names("\"device_add\"") && arguments.behaviour == "no-card") {
    peer.say("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such bus\"},\"id\":" +
             id_of(command) + "}\n");
    return true;
  }
  if (!names("\"device_del\"") || arguments.behaviour == "keeps-nic") return false;
  // The event of a child device, and before the reply: both happen.
  peer.say(
      "{\"event\":\"DEVICE_DELETED\",\"data\":{\"path\":\"/machine/peripheral/net0/virtio\"}}\n"
      "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"net0\",\"path\":\"/x\"}}\n");
  peer.say("{\"return\":{},\"id\":" + id_of(command) + "}\n");
  return true;
}

[[noreturn]] void serve(Peer& peer, const Arguments& arguments) {
  const bool noisy = arguments.behaviour == "noisy", stubborn = arguments.behaviour == "stubborn";
  // Beside the plugin's directory; tests read what was asked.
  std::ofstream log(std::filesystem::path(arguments.console_log).parent_path().parent_path() /
                    "asked");
  for (;;) {
    const std::string command = hear(peer);
    if (noisy)
      peer.say(
          "{\"event\":\"RESUME\"}\n{\"return\":{},\"id\":999999}\r\n\n{\"error\":{},\"id\":\"x\"}"
          "\n");
    log << command << std::flush;
    if (answer_about_nic(peer, arguments, command)) continue;
    const bool quit = command.find("\"quit\"") != std::string::npos;
    if (quit && stubborn) rest();
    peer.say("{\"return\":" + result_of(command) + ",\"id\":" + id_of(command) + "}\n");
    if (quit) std::exit(0);
    if (command.find("\"query-status\"") == std::string::npos) continue;
    if (arguments.behaviour == "panic") panic(peer, arguments);
    if (arguments.behaviour == "crash") ::abort();
  }
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments = read_arguments(count, values);
  const std::string& behaviour = arguments.behaviour;
  if (behaviour == "refuse") {
    std::cerr << "fake-qemu: unsupported machine type\nUse -machine help\n";
    return 3;
  }
  Peer peer(arguments.monitor);
  if (behaviour == "stubborn") ::signal(SIGTERM, SIG_IGN);
  if (behaviour == "silent") rest();
  if (behaviour == "slow") peer.say_slowly(kGreeting);
  if (behaviour == "cut") {
    peer.say(kGreeting.substr(0, 20));
    return 4;
  }
  if (behaviour == "flood") {
    for (int block = 0; block < 64; ++block) peer.say(std::string(65536, 'x'));
    rest();
  }
  if (behaviour == "old")
    peer.say(R"({"QMP":{"version":{"qemu":{"minor":2,"major":4}}}})"
             "\n");
  else
    peer.say(kGreeting);
  serve(peer, arguments);
}
