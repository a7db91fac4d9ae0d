// SPDX-License-Identifier: Apache-2.0
#include "vmm_end.h"

#include <signal.h>

#include <algorithm>
#include <optional>

#include "console_log.h"
#include "kata/concat.h"
#include "vm_exit.h"

namespace kata::vmm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kOwnEndTime{100};     // a guest that is shutting down gets this long
constexpr milliseconds kLastWordsTime{500};  // for a VMM that failed to end by itself
constexpr seconds kAnswerTime{5};            // of a VMM that is asked to end
constexpr seconds kTrimInterval{1};
constexpr std::uint32_t kLogLines = 5;

Deadline in(steady_clock::duration time) { return steady_clock::now() + time; }

}  // namespace

Result<void> end_on_request(VmmProcess& process, Deadline deadline, std::atomic<bool>& requested,
                            const std::function<bool(Deadline answer)>& ask) {
  if (KATA_TRY(process.wait(steady_clock::now()), "")) return {};
  requested = true;
  const auto own_end = process.wait(std::min(deadline, in(kOwnEndTime)));
  const bool gone = !own_end.ok() || own_end.value();
  if (!gone && steady_clock::now() < deadline && !ask(std::min(deadline, in(kAnswerTime))))
    (void)process.kill(SIGTERM);
  KATA_TRY(process.end(deadline), "stop VM");
  return {};
}

Result<ExitStatus> wait_for_end(VmmProcess& process,
                                std::initializer_list<std::filesystem::path> logs) {
  for (;;) {
    const std::optional<ExitStatus> status = KATA_TRY(process.wait(in(kTrimInterval)), "");
    for (const std::filesystem::path& log : logs) trim_log(log);
    if (status) return *status;
  }
}

Error end_failed_start(VmmProcess& process, Error error, const FailedStart& start) {
  std::optional<ExitStatus> status;
  auto ended = process.wait(start.may_have_ended ? in(kLastWordsTime) : steady_clock::now());
  if (ended.ok()) status = ended.value();
  const std::string words = read_tail(start.log, kLogLines);
  if (status) {
    error.code = ErrorCode::kUnavailable;
    error.message = concat(start.program, " ended with ", describe_status(*status), " ",
                           start.before, ": ", words.empty() ? start.guess : words);
  } else {
    error = in_context(std::move(error), concat(start.program, " did not start the VM"));
    if (!words.empty()) error.message += concat("; its last words: ", words);
  }
  if (auto gone = process.end(steady_clock::now()); !gone.ok())
    error.message += concat("; ", gone.error().message);
  std::replace(error.message.begin(), error.message.end(), '\n', ';');
  return error;
}

}  // namespace kata::vmm
