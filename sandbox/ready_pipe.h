// SPDX-License-Identifier: Apache-2.0
//
// How a freshly started kata-proxy tells the kata-runtime that started it how its bring-up went:
// one line over a pipe, "ready\n" or "error <ErrorCode as a number> <message>\n". A proxy that dies
// before it has said anything closes the pipe, and the reader learns that at once.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "kata/concat.h"
#include "kata/result.h"

namespace kata::sandbox {

inline constexpr std::size_t kMaxReadyLine = 16384;  // bytes; a longer message is cut

namespace detail {

inline Result<void> write_line(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("report to the program that started this one", errno);
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// "error 7 start VM: …" → Error. The sender is our own program, but a broken one must not confuse.
inline Error parse_failure(std::string_view line) {
  constexpr std::string_view kPrefix = "error ";
  const Error malformed =
      make_error(ErrorCode::kInternal, concat("kata-proxy reported '", line,
                                              "', which is neither "
                                              "'ready' nor 'error <number> <message>'"));
  if (!line.starts_with(kPrefix)) return malformed;
  line.remove_prefix(kPrefix.size());
  std::int32_t number = 0;
  const auto [end, status] = std::from_chars(line.data(), line.data() + line.size(), number);
  const auto used = static_cast<std::size_t>(end - line.data());
  if (status != std::errc{} || used >= line.size() || line[used] != ' ') return malformed;
  if (number < static_cast<std::int32_t>(ErrorCode::kInternal) ||
      number > static_cast<std::int32_t>(ErrorCode::kCancelled))
    number = static_cast<std::int32_t>(ErrorCode::kInternal);
  return make_error(static_cast<ErrorCode>(number), std::string(line.substr(used + 1)));
}

// Up to, not including, the newline; what came before the writer closed counts as nothing said.
inline Result<std::string> read_line(int fd, Deadline deadline) {
  std::string line;
  while (line.size() <= kMaxReadyLine) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{fd, POLLIN, 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno_error("wait for kata-proxy", errno);
    if (ready == 0 && left.count() > 0) continue;
    if (ready == 0)
      return make_error(ErrorCode::kTimeout, "kata-proxy did not report in time: see its log");
    char byte = 0;
    const ssize_t got = ::read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read the report of kata-proxy", errno);
    if (got == 0)
      return make_error(ErrorCode::kUnavailable,
                        "kata-proxy ended without reporting why: see its log");
    if (byte == '\n') return line;
    line.push_back(byte);
  }
  return make_error(ErrorCode::kInternal, "the report of kata-proxy has no end of line");
}

}  // namespace detail

// The proxy's side. Neither closes `fd`.
inline Result<void> report_ready(int fd) { return detail::write_line(fd, "ready\n"); }

inline Result<void> report_failure(int fd, const Error& error) {
  std::string line = concat("error ", static_cast<std::int32_t>(error.code), ' ', error.message);
  line.resize(std::min(line.size(), kMaxReadyLine - 1));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return detail::write_line(fd, line + '\n');
}

// The starter's side: returns when the proxy is ready; its error when the bring-up failed;
// kUnavailable when it died silently; kTimeout at the deadline. Close the pipe's write end first.
inline Result<void> await_ready(int fd, Deadline deadline) {
  const std::string line = KATA_TRY(detail::read_line(fd, deadline), "");
  if (line == "ready") return {};
  return detail::parse_failure(line);
}

}  // namespace kata::sandbox
