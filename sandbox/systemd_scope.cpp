// SPDX-License-Identifier: Apache-2.0
#include "sandbox/systemd_scope.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <vector>

#include "kata/concat.h"
#include "sandbox/companion.h"
#include "sandbox/timed_program.h"

namespace kata::sandbox {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kStartTime{30}, kStopTime{10};
constexpr std::chrono::seconds kMore{2};  // for the program to say that systemd was late

struct Scope {
  std::string unit{}, slice{};
};

Scope scope_of(const fs::path& path) {
  const fs::path slice = path.parent_path().filename();
  return {path.filename().native(), slice.empty() ? "-.slice" : slice.native()};
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

// What it prints.
Result<std::string> ask_systemd(std::vector<std::string> words, std::chrono::seconds time) {
  TimedProgram program;
  program.path = KATA_TRY(companion("kata-systemd-scope"), "");
  program.args = std::move(words);
  program.args.insert(program.args.begin(), program.path);
  program.args.push_back(std::to_string(time.count()));
  program.environment = own_environment();
  program.timeout = time + kMore;
  const ProgramEnd end = KATA_TRY(run_timed(program), concat("run '", program.path, "'"));
  std::string line = last_line(end.said);
  if (WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0) return line;
  if (line.empty()) line = concat("'", program.path, "' ended with status ", end.status);
  return make_error(ErrorCode::kInternal, std::move(line));
}

}  // namespace

bool systemd_runs_here() {
  struct stat found {};
  return ::lstat("/run/systemd/system", &found) == 0 && S_ISDIR(found.st_mode);
}

Result<std::string> start_scope(const std::string& path, std::int32_t pid) {
  const Scope scope = scope_of(path);
  const std::string action =
      concat("have systemd start '", scope.unit, "' (--systemd-cgroup, linux.cgroupsPath)");
  std::string found = KATA_TRY(
      ask_systemd({"start", scope.unit, scope.slice, std::to_string(pid)}, kStartTime), action);
  if (found.empty()) return path;
  if (found.ends_with(path) && found.starts_with('/')) return found;
  return make_error(ErrorCode::kInternal,
                    concat(action, ": expected group '", path, "', found '", found, "'"));
}

Result<void> stop_scope(const std::string& path) {
  const Scope scope = scope_of(path);
  KATA_TRY(ask_systemd({"stop", scope.unit}, kStopTime),
           concat("have systemd stop '", scope.unit, "'"));
  return {};
}

}  // namespace kata::sandbox
