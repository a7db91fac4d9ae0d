// SPDX-License-Identifier: Apache-2.0
//
// The command line of kata-proxy.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/log.h"
#include "core/base/log_spdlog.h"
#include "kata/result.h"

namespace kata::proxy {

struct Options {
  std::string message{};  // --help or --version: print this and do nothing else
  std::filesystem::path root{}, log{};
  std::string sandbox{};
  int ready_fd = -1;  // -1: nobody waits for the report
  int lock_fd = -1;   // the lock of a sandbox whose record names no proxy yet
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
};

Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace kata::proxy
