// SPDX-License-Identifier: Apache-2.0
//
// Structured logging without a format library: a message and key/value fields. The program chooses
// the sink once, in main, before threads start; without one, nothing is written. Host programs use
// core/base/log_spdlog.h, the agent its own JSON lines.
//
// Never log environment values, stdin or file contents of a workload. Sinks escape control
// characters.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace kata::log {

enum class Level { kTrace = 1, kDebug, kInfo, kWarn, kError };

struct Field {
  std::string_view key{};
  std::string value{};
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Level level, std::string_view message,
                     std::initializer_list<Field> fields) noexcept = 0;  // [any]
};

void set_sink(Sink* sink,
              Level threshold) noexcept;  // the sink is borrowed for the life of the program
bool enabled(Level level) noexcept;
void write(Level level, std::string_view message,
           std::initializer_list<Field> fields = {}) noexcept;

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kInfo, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kWarn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kError, message, fields);
}

}  // namespace kata::log
