// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/log_file.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "kata/concat.h"

namespace kata::runtime {
namespace {

const char* name_of(log::Level level) {
  constexpr std::array names = {"unknown", "trace", "debug", "info", "warning", "error"};
  const auto number = static_cast<std::size_t>(level);
  return names.at(number < names.size() ? number : 0);
}

// A JSON string and, since text lines use the same escapes, also theirs.
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) >= ' ' && c != 0x7f) {
      out.push_back(c);
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
    out += escaped;
  }
  return out + '"';
}

}  // namespace

Result<LogFile> LogFile::open(const std::filesystem::path& file, LogFormat format) {
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0640));
  if (!fd) return errno_error(concat("open log '", file, "'"), errno);
  return LogFile(std::move(fd), format);
}

void LogFile::write(log::Level level, std::string_view message,
                    std::initializer_list<log::Field> fields) noexcept {
  const bool json = format_ == LogFormat::kJson;
  const auto member = [json](std::string_view key, const std::string& value) {
    return json ? concat(',', quote(key), ':', value) : concat(' ', key, '=', value);
  };
  const std::string time = quote(timestamp());
  std::string line = json ? concat("{\"level\":\"", name_of(level), '"')
                          : concat("time=", time, " level=", name_of(level));
  line += member("msg", quote(message));
  for (const log::Field& field : fields) line += member(field.key, quote(field.value));
  line += json ? concat(",\"time\":", time, "}\n") : "\n";
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), line.data(), line.size());
}

}  // namespace kata::runtime
