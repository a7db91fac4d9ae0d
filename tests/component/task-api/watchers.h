// SPDX-License-Identifier: Apache-2.0
//
// What a hostile guest must not spoil: the program's log and its memory.
#pragma once

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "core/base/log_spdlog.h"

namespace kata::test {

// The program's log for the time of a test.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& file) : file_(file) {
    log::SinkOptions options;
    options.file = file;
    options.program = "test";
    sink_ = log::make_spdlog_sink(options).take();
    log::set_sink(sink_.get(), log::Level::kDebug);
  }
  ~LogFile() { log::set_sink(nullptr, log::Level::kError); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }
  void check() const {
    const std::string all = text();
    std::size_t line = 0, longest = 0;
    bool controls = false;
    for (const char c : all) {
      line = c == '\n' ? 0 : line + 1;
      longest = std::max(longest, line);
      controls = controls || (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == 0x7f;
    }
    CHECK_FALSE(all.empty());
    CHECK_FALSE(controls);
    CHECK(longest < 128U << 10);
    CHECK(all.find("\nlevel=error") == std::string::npos);
  }

 private:
  std::filesystem::path file_;
  std::unique_ptr<log::Sink> sink_;
};

inline std::size_t status_kib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t value = 0;
    if (word == key && status >> value) return value;
  }
  return 0;
}

// The most memory of the process beyond what it has now.
class PeakMemory {
 public:
  PeakMemory() {
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // the high-water mark starts here
    before_ = status_kib("VmRSS:");
  }
  std::size_t growth() const { return (status_kib("VmHWM:") - before_) << 10U; }

 private:
  std::size_t before_ = 0;
};

}  // namespace kata::test
