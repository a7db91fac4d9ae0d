// SPDX-License-Identifier: Apache-2.0
//
// The command line. The flags of a call may stand on a line of the shell as well, for that line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kata/result.h"
#include "programs/kata-agent-ctl/bench.h"
#include "programs/kata-agent-ctl/link.h"
#include "programs/kata-agent-ctl/render.h"
#include "programs/kata-agent-ctl/words.h"

namespace kata::agentctl {

struct CallSettings {
  std::chrono::nanoseconds timeout{0};  // 0: none
  Output output = Output::kText;
  std::uint64_t repeat = 1;
  bool until_empty = false;  // repeats until a reply is empty
  bool ignore_errors = false;
  bool auto_values = true;
  bool show_requests = false;
  std::string bundle_directory{};
  BenchSettings bench{};
};

struct CommandLine {
  CallSettings settings{};
  Words words{};  // a command and its arguments
};

struct Options {
  std::string message{};  // to be printed instead of anything else
  LinkSettings link{};
  CommandLine line{};
  std::vector<std::string> commands{};  // of -c
  bool interactive = false;
};

// `address`: used when there is no --server-address; may be null.
Result<Options> parse_options(const Words& words, const char* address);

// A line of the shell, already cut into words.
Result<CommandLine> parse_command(const Words& words, const CallSettings& defaults);

// For completion: "--timeout", …; whether the next word belongs to this one ("--timeout", "-s");
// the words that are neither flags nor their values.
std::vector<std::string> flag_names();
bool flag_takes_value(const std::string& word);
Words without_flags(const Words& words);

}  // namespace kata::agentctl
