// SPDX-License-Identifier: Apache-2.0
//
// The agent's log: one JSON object a line, with the keys that Kata's log parser and forwarder
// expect (msg, level, ts, pid, name, source, subsystem, version), then the fields of the message.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/log.h"

namespace kata::agent {

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so that a
// container cannot break the reader of the line.
std::string json_string(std::string_view text);

// "2026-11-23T23:56:06.123456789Z"
std::string rfc3339(std::chrono::system_clock::time_point time);

std::string json_line(log::Level level, std::string_view message,
                      std::initializer_list<log::Field> fields,
                      std::chrono::system_clock::time_point now, int pid);

class JsonSink final : public log::Sink {
 public:
  explicit JsonSink(int fd) : fd_(fd) {}  // borrowed
  void write(log::Level level, std::string_view message,
             std::initializer_list<log::Field> fields) noexcept override;

 private:
  int fd_;
};

}  // namespace kata::agent
