// SPDX-License-Identifier: Apache-2.0
//
// QMP as QEMU answers it, for programs that stand in for QEMU. Blocking.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::fakes {

inline const std::string kGreeting =
    R"({"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7}},"capabilities":[]}})"
    "\n";

// What follows `mark` in the words, up to a comma.
inline std::string after(const std::vector<std::string>& words, std::string_view mark) {
  for (const std::string& word : words)
    if (const std::size_t at = word.find(mark); at != std::string::npos)
      return word.substr(at + mark.size(), word.find(',', at + mark.size()) - at - mark.size());
  return {};
}

class Peer {
 public:
  explicit Peer(int listening) : fd_(::accept(listening, nullptr, nullptr)) {}
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) std::exit(0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void say_slowly(std::string_view text) const {
    for (const char c : text) {
      say({&c, 1});
      ::usleep(100'000);
    }
  }
  std::optional<std::string> hear() const {  // one line; nothing when the peer has hung up
    std::string line;
    for (char c = 0; ::read(fd_, &c, 1) == 1; line += c)
      if (c == '\n') return line;
    return std::nullopt;
  }

 private:
  int fd_;
};

inline std::string id_of(const std::string& command) {
  const std::size_t at = command.find("\"id\":");
  return command.substr(at + 5, command.find_first_of(",}", at) - at - 5);
}

inline std::string result_of(const std::string& command) {
  if (command.find("\"query-status\"") != std::string::npos)
    return R"({"status":"running","running":true})";
  if (command.find("\"query-cpus-fast\"") != std::string::npos)
    return R"([{"thread-id":41},{"thread-id":42}])";
  return "{}";
}

}  // namespace kata::fakes
