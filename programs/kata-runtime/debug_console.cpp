// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/debug_console.h"

#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "kata/concat.h"
#include "kata/unix_socket.h"

namespace kata::runtime {
namespace {

constexpr const char* kSocket = "debug-console.sock";  // of sandbox/console_relay.h
constexpr std::size_t kChunk = 4096;
// What a terminal's user types at the end. Again and again, for each program in the foreground, and
// because one that comes before the shell has set up its terminal is lost.
constexpr std::string_view kEndOfInput = "\x04";
constexpr int kAgainMs = 200;

class RawInput {
 public:
  RawInput() {
    termios now{};
    if (::tcgetattr(STDIN_FILENO, &now) != 0) return;
    before_ = now;
    ::cfmakeraw(&now);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  ~RawInput() {
    if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
  }
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

 private:
  std::optional<termios> before_{};
};

std::string sandbox_of(const sandbox::Store& store, const std::string& id) {
  const auto container = store.load_container(id);
  return container.ok() ? container.value().sandbox_id : id;
}

Result<UniqueFd> connect_to_console(const sandbox::Store& store, const std::string& id) {
  const std::string sandbox = sandbox_of(store, id);
  KATA_TRY(store.load_sandbox(sandbox), "");
  auto connected = connect_unix(store.directory(sandbox) / kSocket);
  if (connected.ok()) return connected;
  return make_error(
      ErrorCode::kFailedPrecondition,
      concat("exec: expected a command or --process FILE; the guest of sandbox '", sandbox,
             "' has no debug console: set debug_console_enabled = true in [agent.kata] before it "
             "is created, or see whether it still runs"));
}

bool write_all(int to, std::string_view text, bool is_socket) {
  while (!text.empty()) {
    const ssize_t written = is_socket ? ::send(to, text.data(), text.size(), MSG_NOSIGNAL)
                                      : ::write(to, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      pollfd room{to, POLLOUT, 0};
      ::poll(&room, 1, -1);
      continue;
    }
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Bytes that came, "" at the end; an error counts as one.
std::string_view read_some(int from, std::array<char, kChunk>& block) {
  for (;;) {
    const ssize_t got = ::read(from, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    return {block.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
}

void relay(int console) {
  std::array<char, kChunk> block{};
  std::array<pollfd, 2> ends{pollfd{console, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
  for (;;) {
    const bool ended = ends[1].fd < 0;
    const int ready = ::poll(ends.data(), ends.size(), ended ? kAgainMs : -1);
    if (ready < 0 && errno != EINTR) return;
    if (ready == 0 && !write_all(console, kEndOfInput, true)) return;
    if (ready <= 0) continue;
    if (ends[0].revents != 0) {
      const auto output = read_some(console, block);
      if (output.empty() || !write_all(STDOUT_FILENO, output, false)) return;
    }
    if (!ended && ends[1].revents != 0) {
      const auto input = read_some(STDIN_FILENO, block);
      if (input.empty()) ends[1].fd = -1;  // the shell's last words are still to come
      if (!write_all(console, input.empty() ? kEndOfInput : input, true)) return;
    }
  }
}

}  // namespace

Result<int> use_debug_console(const sandbox::Store& store, const std::string& id) {
  const UniqueFd console = KATA_TRY(connect_to_console(store, id), "");
  const RawInput raw;
  relay(console.get());
  return 0;
}

}  // namespace kata::runtime
