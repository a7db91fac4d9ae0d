// SPDX-License-Identifier: Apache-2.0
//
// The host programs' log sink, on spdlog. OCI callers read the JSON form: one object a line with
// "level", "msg" and "time".
#pragma once

#include <filesystem>
#include <memory>

#include "core/base/log.h"
#include "kata/result.h"

namespace kata::log {

enum class Format { kText, kJson };

struct SinkOptions {
  std::filesystem::path file{};  // appended to, 0640; empty: stderr
  Format format = Format::kText;
  std::string program{};  // "kata-runtime": in every line
};

Result<std::unique_ptr<Sink>> make_spdlog_sink(const SinkOptions& options);

}  // namespace kata::log
