// SPDX-License-Identifier: Apache-2.0
#include "core/base/log_spdlog.h"

#include <fcntl.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "kata/concat.h"
#include "kata/unique_fd.h"

namespace kata::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kTrace:
      return spdlog::level::trace;
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Control characters, quotes and backslashes as JSON escapes: text from a guest cannot forge a line
// or move a cursor.
void append_escaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const unsigned char character : text) {
    if (character == '"' || character == '\\') {
      out += '\\';
      out += static_cast<char>(character);
    } else if (character < 0x20 || character == 0x7f) {
      out += "\\u00";
      out += kHex[character >> 4];
      out += kHex[character & 15];
    } else {
      out += static_cast<char>(character);
    }
  }
}

class SpdlogSink final : public Sink {
 public:
  SpdlogSink(std::shared_ptr<spdlog::logger> logger, Format format, std::string program)
      : logger_(std::move(logger)), format_(format), program_(std::move(program)) {}

  void write(Level level, std::string_view message,
             std::initializer_list<Field> fields) noexcept override {
    try {
      std::string line;
      append_escaped(line, message);
      if (format_ == Format::kJson)
        line = concat("\"msg\":\"", line, "\",\"name\":\"", program_, '"');
      for (const Field& field : fields) append_field(line, field);
      logger_->log(spdlog_level(level), "{}", line);
    } catch (...) {  // a full disk must not end the program that logs
    }
  }

 private:
  void append_field(std::string& line, const Field& field) const {
    line += format_ == Format::kJson ? ",\"" : " ";
    line += field.key;
    line += format_ == Format::kJson ? "\":\"" : "=\"";
    append_escaped(line, field.value);
    line += '"';
  }

  std::shared_ptr<spdlog::logger> logger_;
  Format format_;
  std::string program_;
};

Result<spdlog::sink_ptr> open_sink(const std::filesystem::path& file) {
  if (file.empty()) return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const UniqueFd probe(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!probe) return errno_error(concat("open log file '", file, "'"), errno);
  try {
    return spdlog::sink_ptr(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
  } catch (const spdlog::spdlog_ex& failure) {
    return make_error(ErrorCode::kInternal, concat("open log file '", file, "': ", failure.what()));
  }
}

}  // namespace

Result<std::unique_ptr<Sink>> make_spdlog_sink(const SinkOptions& options) {
  auto logger = std::make_shared<spdlog::logger>("kata", KATA_TRY(open_sink(options.file), ""));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  logger->set_pattern(
      options.format == Format::kJson
          ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%fZ\",\"level\":\"%l\",\"pid\":\"%P\",%v}"
          : concat("%Y-%m-%dT%H:%M:%S.%fZ %l ", options.program, "[%P]: %v"),
      spdlog::pattern_time_type::utc);
  return std::unique_ptr<Sink>(
      std::make_unique<SpdlogSink>(std::move(logger), options.format, options.program));
}

}  // namespace kata::log
