// SPDX-License-Identifier: Apache-2.0
#include "agent/container/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "kata/concat.h"

namespace kata::agent {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view search_path(const ProcessPlan& plan) {
  for (const std::string_view entry : plan.env)
    if (entry.starts_with("PATH=")) return entry.substr(5);
  return kDefaultPath;
}

bool is_program(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && (found.st_mode & 0111) != 0;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<std::string> find_program(const ProcessPlan& plan) {
  const std::string& name = plan.args.front();
  if (name.find('/') != std::string::npos) return name;
  std::string_view rest = search_path(plan);
  for (;;) {
    const std::size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    const std::string candidate = concat(directory.empty() ? "." : directory, '/', name);
    if (is_program(candidate)) return candidate;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  return make_error(ErrorCode::kNotFound,
                    concat("exec: \"", name, "\": executable file not found in $PATH"));
}

Result<void> check_executable(const std::string& program, const std::string& name) {
  const std::string action = concat("exec: \"", name, '"');
  struct stat found {};
  if (::stat(program.c_str(), &found) != 0) {
    Error error = errno_error(action, errno);
    if (error.sys_errno == ENOTDIR) error.code = ErrorCode::kNotFound;
    return error;
  }
  if (S_ISDIR(found.st_mode))
    return make_error(ErrorCode::kPermission, concat(action, ": is a directory"));
  if (::faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) != 0)
    return errno_error(action, errno);
  return {};
}

int execute(const ProcessPlan& plan, const std::string& program) {
  auto argv = pointers(plan.args);
  auto env = pointers(plan.env);
  ::execve(program.c_str(), argv.data(), env.data());
  const int number = errno;
  const std::string line =
      concat("exec: \"", plan.args.front(), "\": ", std::strerror(number), '\n');
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  errno = number;
  return number == ENOENT || number == ENOTDIR ? 127 : 126;
}

}  // namespace kata::agent
