// SPDX-License-Identifier: Apache-2.0
#include "agent/log_json.h"

#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "agent/utf8.h"
#include "agent/version.h"
#include "kata/concat.h"

namespace kata::agent {
namespace {

std::string_view level_name(log::Level level) {
  switch (level) {
    case log::Level::kTrace:
      return "TRCE";
    case log::Level::kDebug:
      return "DEBG";
    case log::Level::kInfo:
      return "INFO";
    case log::Level::kWarn:
      return "WARN";
    case log::Level::kError:
      return "ERRO";
  }
  return "INFO";
}

void append_escaped(std::string& out, unsigned char character) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", character);
  out += text.data();
}

void append_pair(std::string& out, std::string_view key, std::string_view value) {
  if (out.size() > 1) out += ',';
  out += json_string(key);
  out += ':';
  out += json_string(value);
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += "\\ufffd";
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += text.front();
    } else if (first < 0x20 || first == 0x7f) {
      append_escaped(out, first);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
  return out;
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto since_epoch = time.time_since_epoch();
  const auto whole = floor<seconds>(since_epoch);
  const time_t stamp = whole.count();
  tm parts{};
  ::gmtime_r(&stamp, &parts);
  std::array<char, 32> date{}, line{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto rest = static_cast<unsigned>(duration_cast<nanoseconds>(since_epoch - whole).count());
  std::snprintf(line.data(), line.size(), ".%09uZ", rest % 1'000'000'000U);
  return std::string(date.data()) + line.data();
}

std::string json_line(log::Level level, std::string_view message,
                      std::initializer_list<log::Field> fields,
                      std::chrono::system_clock::time_point now, int pid) {
  std::string line = "{";
  append_pair(line, "msg", message);
  append_pair(line, "level", level_name(level));
  append_pair(line, "ts", rfc3339(now));
  append_pair(line, "pid", std::to_string(pid));
  append_pair(line, "name", "kata-agent");
  append_pair(line, "source", "agent");
  append_pair(line, "subsystem", "agent");
  append_pair(line, "version", kAgentVersion);
  for (const log::Field& field : fields) append_pair(line, field.key, field.value);
  line += "}\n";
  return line;
}

void JsonSink::write(log::Level level, std::string_view message,
                     std::initializer_list<log::Field> fields) noexcept {
  const std::string line =
      json_line(level, message, fields, std::chrono::system_clock::now(), ::getpid());
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written <= 0) return;  // there is nowhere else to say it
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace kata::agent
