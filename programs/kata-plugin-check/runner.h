// SPDX-License-Identifier: Apache-2.0
//
// Runs cases, each in a process of its own: a crash or an endless loop is one failure with the
// case's name. Whatever a case leaves behind is a failure too, and is removed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "programs/kata-plugin-check/suite.h"

namespace kata::check {

struct Report {
  enum class Verdict { kPassed = 1, kFailed, kSkipped };
  std::string suite{}, name{};
  Verdict verdict = Verdict::kFailed;
  std::string reason{};  // of a failure or a skip, one line
  std::chrono::milliseconds took{};
};

// This process becomes a subreaper. One call at a time, and no other child of this process.
Report run_case(const Suite& suite, const Case& test, const Subject& subject,
                std::chrono::milliseconds limit);

std::string as_line(const Report& report);
std::string as_junit(const std::string& plugin, const std::vector<Report>& reports);

}  // namespace kata::check
