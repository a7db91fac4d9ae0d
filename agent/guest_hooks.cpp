// SPDX-License-Identifier: Apache-2.0
#include "agent/guest_hooks.h"

#include <sys/stat.h>

#include <boost/asio/this_coro.hpp>

#include <algorithm>

#include "agent/stdio.h"
#include "core/base/log.h"
#include "kata/concat.h"

namespace asio = boost::asio;

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

// prestart delays the whole agent.
constexpr std::int64_t kTimeout = 10;  // seconds

// As a shell of the guest would have it; the agent's own environment may be empty.
constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const fs::path& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         (found.st_mode & 0111) != 0;
}

std::vector<fs::path> programs_in(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (is_program(entry->path())) found.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory)
    log::warn("hooks of the guest are left out",
              {{"directory", directory}, {"error", error.message()}});
  std::sort(found.begin(), found.end());
  return found;
}

template <class List>
void add_hooks(const fs::path& directory, const char* kind, List& hooks) {
  for (const fs::path& program : programs_in(directory / kind)) {
    grpc::Hook& hook = *hooks.Add();
    hook.set_path(program);
    hook.add_args(program.filename());
    hook.add_args(kind);
    hook.add_env(kPath);
    hook.set_timeout(kTimeout);
  }
}

Result<std::shared_ptr<Process>> start(const asio::any_io_executor& executor, Signals& signals,
                                       const std::vector<HookPlan>& hooks, const std::string& kind,
                                       const std::string& state) {
  StdioPair stdio = KATA_TRY(make_pipes(0), "");
  const pid_t pid = KATA_TRY(
      start_hooks(hooks, kind, state, std::move(stdio.process.err), AfterFailure::kGoOn), "");
  auto process = std::make_shared<Process>(executor, pid, std::move(stdio.agent));
  signals.watch(process);
  return process;
}

void log_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    log::warn("a hook failed", {{"error", std::string(text.substr(0, end))}});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

grpc::Hooks find_guest_hooks(const fs::path& directory) {
  grpc::Hooks hooks;
  add_hooks(directory, "prestart", *hooks.mutable_prestart());
  add_hooks(directory, "poststart", *hooks.mutable_poststart());
  add_hooks(directory, "poststop", *hooks.mutable_poststop());
  return hooks;
}

asio::awaitable<void> run_late_hooks(Signals& signals, std::vector<HookPlan> hooks,
                                     std::string kind, std::string state) {
  if (hooks.empty()) co_return;
  const auto executor = co_await asio::this_coro::executor;
  auto started = start(executor, signals, hooks, kind, state);
  if (!started.ok()) co_return log_lines(concat("hooks.", kind, ": ", started.error().message));
  const auto process = started.take();
  constexpr std::uint32_t kLines = 65536;
  for (;;) {
    const auto lines = co_await process->read(Output::kStderr, kLines);
    if (!lines.ok() || lines.value().empty()) break;
    log_lines(lines.value());
  }
  static_cast<void>((co_await process->wait()).ok());
}

}  // namespace kata::agent
