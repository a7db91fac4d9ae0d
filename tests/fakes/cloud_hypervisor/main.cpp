// SPDX-License-Identifier: Apache-2.0
//
// fake-cloud-hypervisor: its API with a strict eye on requests, and misbehaviour on request, as no
// real VMM will. The environment tells it:
//   FAKE_CLOUDHV        "<fault>" or "<fault>@<endpoint>", below; without an endpoint: vmm.ping
//   FAKE_CLOUDHV_LOG    a file that gets a line for each request
//   FAKE_CLOUDHV_AGENT  the socket of an agent, see guest.h
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "kata/unix_socket.h"
#include "tests/fakes/cloud_hypervisor/connection.h"
#include "tests/fakes/cloud_hypervisor/guest.h"
#include "tests/fakes/cloud_hypervisor/machine.h"

namespace {

using namespace kata::fake_cloudhv;

struct Fault {
  std::string name{}, endpoint{};

  bool is(std::string_view wanted) const { return name == wanted; }
  bool begins(std::string_view prefix) const { return name.starts_with(prefix); }
  int number() const { return std::atoi(name.substr(name.find_first_of("0123456789")).c_str()); }
};

Fault read_fault() {
  const char* const text = std::getenv("FAKE_CLOUDHV");
  const std::string whole = text == nullptr ? "" : text;
  const std::size_t at = whole.find('@');
  return {whole.substr(0, at), at == std::string::npos ? "vmm.ping" : whole.substr(at + 1)};
}

void note(const std::string& line) {
  if (const char* const path = std::getenv("FAKE_CLOUDHV_LOG"))
    std::ofstream(path, std::ios::app) << line << '\n';
}

std::string ping(const Fault& fault) {
  const std::string version = fault.is("odd")     ? "\x1b[31m"
                              : fault.begins("v") ? fault.name
                                                  : "54.0.0";
  const char* const feature = fault.is("nokvm") ? "tdx" : "kvm";
  return nlohmann::json{{"build_version", "v54.0"},
                        {"version", version},
                        {"pid", ::getpid()},
                        {"features", {feature}}}
      .dump();
}

// False: nothing is wrong with this one, answer it.
bool misbehave(const Connection& peer, Fault& fault, const std::string& body) {
  const std::string good = reply_text(200, body);
  if (fault.begins("status")) {
    peer.say(reply_text(fault.number(), "\"made\nto fail\""));
  } else if (fault.begins("storm")) {  // "storm3": three times, then it works
    const int left = fault.number();
    fault.name = left > 1 ? "storm" + std::to_string(left - 1) : "";
    peer.say(reply_text(429, R"(["Too Many Requests"])"));
  } else if (fault.begins("old-storm")) {  // as before version 46
    const int left = fault.number();
    fault.name = left > 1 ? "old-storm" + std::to_string(left - 1) : "";
    peer.say(reply_text(500, "Error from CPU manager: Still pending removed vcpu"));
  } else if (fault.is("silent")) {
    peer.wait_for_close();
  } else if (fault.is("slow")) {
    peer.say_slowly(good);
  } else if (fault.is("half")) {
    peer.say(good.substr(0, good.size() / 2));
  } else if (fault.is("too-long")) {  // a length that the body does not have
    peer.say("HTTP/1.1 200 \r\nContent-Length: 100000\r\n\r\n{}");
  } else if (fault.is("too-short")) {
    peer.say("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n{\"state\":\"Running\"}");
  } else if (fault.is("chunk-garbage")) {
    peer.say("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n{}\r\n0\r\n\r\n");
  } else if (fault.is("no-http")) {
    peer.say("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  } else if (fault.is("no-json")) {
    peer.say(reply_text(200, "<html>"));
  } else if (fault.is("flood")) {
    peer.say("HTTP/1.1 200 \r\nX: ");
    for (int block = 0; block < 64; ++block) peer.say(std::string(65536, 'x'));
  } else if (fault.is("huge")) {
    peer.say("HTTP/1.1 200 \r\nContent-Length: 9000000000\r\n\r\n");
  } else if (fault.is("die")) {
    peer.say(good.substr(0, good.size() / 2));
    std::cerr << "fake-cloud-hypervisor: dies in the middle\n";
    ::raise(SIGKILL);
  } else {
    return false;
  }
  return true;
}

// Right, but in a form that is seldom seen.
std::string unusual(const Fault& fault, const Answer& answer) {
  const std::string plain = reply_text(answer.status, answer.body);
  if (fault.is("interim")) return "HTTP/1.1 100 Continue\r\n\r\n" + plain;
  if (!fault.is("chunked")) return plain;
  std::string text = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : answer.body) text += std::string("1;x=y\r\n") + c + "\r\n";
  return text + "0\r\n\r\n";
}

[[noreturn]] void serve(int listening, Fault fault) {
  Machine machine(run_guest);
  machine.keeps_devices = fault.begins("keeps-device");
  machine.refuses_second_removal = fault.is("keeps-device-53");
  for (;;) {
    Connection peer(kata::UniqueFd(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)));
    while (const auto request = peer.read()) {
      note(request->method + ' ' + request->endpoint + ' ' + request->body +
           " fds=" + std::to_string(request->fds));
      const bool afflicted = request->endpoint == fault.endpoint;
      const bool pings = request->endpoint == "vmm.ping";
      if (afflicted && misbehave(peer, fault, pings ? ping(fault) : R"({"state":"Running"})"))
        break;
      const bool ends = request->endpoint == "vmm.shutdown";
      if (ends && fault.is("stubborn")) continue;
      const Answer answer =
          pings  ? Answer{200, ping(fault)}
          : ends ? Answer{200}
                 : machine.handle(request->method, request->endpoint, request->body, request->fds);
      peer.say(afflicted ? unusual(fault, answer) : reply_text(answer.status, answer.body));
      if (answer.status >= 400) note("refused: " + answer.body);
      if (ends) std::_Exit(0);
      if (request->endpoint == "vm.boot" && fault.is("crash")) ::abort();
      if (request->endpoint == "vm.boot" && fault.is("off")) std::_Exit(0);
    }
  }
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> words(values + 1, values + count);
  const Fault fault = read_fault();
  std::string line = "argv";
  for (const std::string& word : words) line += ' ' + word;
  note(line);
  if (fault.is("refuse")) {
    std::cerr << "fake-cloud-hypervisor: Error parsing --seccomp\nusage: none\n";
    return 3;
  }
  if (words.size() < 4 || words[0] != "--api-socket" || !words[1].starts_with("path=/") ||
      words[2] != "--seccomp" || (words[3] != "true" && words[3] != "false"))
    return 2;
  if (fault.is("stubborn")) ::signal(SIGTERM, SIG_IGN);
  while (fault.is("no-socket")) ::pause();
  const std::string socket = words[1].substr(5);
  std::ofstream(socket + ".lock").flush();  // since version 53, and never removed
  auto listening = kata::listen_unix(socket);
  if (!listening.ok()) {
    std::cerr << listening.error().message << '\n';
    return 4;
  }
  serve(listening.value().get(), fault);
}
