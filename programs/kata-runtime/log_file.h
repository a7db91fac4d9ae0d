// SPDX-License-Identifier: Apache-2.0
//
// The log of a short-lived program: one write(2) a line, nothing loaded and nothing kept. The forms
// are those that callers of OCI runtimes read: {"level":"error","msg":"…","time":"…"} and
// time="…" level=error msg="…".
#pragma once

#include <filesystem>
#include <string>

#include "core/base/log.h"
#include "kata/result.h"
#include "kata/unique_fd.h"
#include "sandbox/timestamp.h"

namespace kata::runtime {

enum class LogFormat { kText, kJson };

class LogFile final : public log::Sink {
 public:
  // Appends to `file`, which is made 0640.
  static Result<LogFile> open(const std::filesystem::path& file, LogFormat format);
  LogFile(UniqueFd fd, LogFormat format) : fd_(std::move(fd)), format_(format) {}

  void write(log::Level level, std::string_view message,
             std::initializer_list<log::Field> fields) noexcept override;

 private:
  UniqueFd fd_;
  LogFormat format_;
};

using sandbox::timestamp;

}  // namespace kata::runtime
