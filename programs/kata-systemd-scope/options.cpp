// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-systemd-scope/options.h"

#include <charconv>

#include "kata/concat.h"

namespace kata::systemd_scope {

namespace {

constexpr std::int32_t kLongestTime = 600;  // seconds

Result<std::int32_t> number(const std::string& word, std::int32_t most, const char* what) {
  std::int32_t value = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value);
  if (read.ec == std::errc{} && read.ptr == end && value > 0 && value <= most) return value;
  return make_error(ErrorCode::kInvalidArgument,
                    concat(what, ": expected a number from 1 to ", most, ", found '", word, "'"));
}

}  // namespace

const char* const kUsage =
    "Usage: kata-systemd-scope start UNIT SLICE PID SECONDS\n"
    "       kata-systemd-scope stop UNIT SECONDS\n"
    "\n"
    "Has systemd start the scope UNIT below SLICE with the process PID in it, and prints the path "
    "of\n"
    "its control group; or has it stopped, if it is there. kata-runtime, kata-proxy and\n"
    "containerd-shim-kata-v2 execute this program.\n"
    "\n"
    "DBUS_SYSTEM_BUS_ADDRESS is another bus than the system's.\n";

Result<Options> parse_options(const std::vector<std::string>& words) {
  Options options;
  options.help = words.size() == 1 && (words[0] == "--help" || words[0] == "-h");
  if (options.help) return options;
  options.start = words.size() == 5 && words[0] == "start";
  if (!options.start && (words.size() != 3 || words[0] != "stop"))
    return make_error(ErrorCode::kInvalidArgument,
                      "expected 'start UNIT SLICE PID SECONDS' or 'stop UNIT SECONDS': see --help");
  options.unit = words[1];
  if (options.start) {
    options.slice = words[2];
    options.pid = KATA_TRY(number(words[3], INT32_MAX, "PID"), "");
  }
  options.time = std::chrono::seconds(KATA_TRY(number(words.back(), kLongestTime, "SECONDS"), ""));
  return options;
}

}  // namespace kata::systemd_scope
