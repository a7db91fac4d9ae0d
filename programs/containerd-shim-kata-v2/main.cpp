// SPDX-License-Identifier: Apache-2.0
//
// containerd-shim-kata-v2: containerd's shim for containers in virtual machines. See -help.
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "core/base/log.h"
#include "core/base/log_spdlog.h"
#include "core/plugin_host/crash_note.h"
#include "kata/concat.h"
#include "programs/containerd-shim-kata-v2/birth.h"
#include "programs/containerd-shim-kata-v2/cleanup.h"
#include "programs/containerd-shim-kata-v2/options.h"
#include "programs/containerd-shim-kata-v2/runtime_info.h"
#include "programs/containerd-shim-kata-v2/runtime_options.h"
#include "programs/containerd-shim-kata-v2/shim.h"
#include "programs/containerd-shim-kata-v2/start.h"

namespace {

using namespace kata;
using namespace kata::shim_v2;

constexpr rlim_t kOpenFiles = 1U << 20;  // the file server inherits the limit

int fail(const Error& error) {
  std::fprintf(stderr, "containerd-shim-kata-v2: %s\n", error.message.c_str());
  return 1;
}

// Before containerd in the kernel's choice, after its containers. Not everybody may.
void raise_oom_score() {
  std::ifstream file("/proc/self/oom_score_adj");
  int score = 0;
  if (!(file >> score)) return;
  std::ofstream("/proc/self/oom_score_adj") << std::min(score + 1, 1000);
}

void set_up_process() {
  ::mallopt(M_ARENA_MAX, 1);  // three of four threads do nothing but wait
  ::umask(022);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::min(files.rlim_max, kOpenFiles);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  for (const int signal : {SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
  raise_oom_score();
  google::protobuf::SetLogHandler(nullptr);  // a guest's wrong messages are errors of our own
}

// containerd copies what is written to stderr into its own log.
Result<std::unique_ptr<log::Sink>> open_log(bool debug) {
  log::SinkOptions options;
  options.program = "containerd-shim-kata-v2";
  auto sink = KATA_TRY(log::make_spdlog_sink(options), "open the log");
  log::set_sink(sink.get(), debug ? log::Level::kDebug : log::Level::kInfo);
  return sink;
}

Result<std::string> config_path_from_standard_input() {
  const std::string text = KATA_TRY(read_standard_input(), "");
  return config_path_of(KATA_TRY(read_options(text), ""));
}

int run_info() {
  const auto options = read_standard_input();
  if (!options.ok()) return fail(options.error());
  const auto printed = runtime_info(options.value());
  if (!printed.ok()) return fail(printed.error());
  std::fwrite(printed.value().data(), 1, printed.value().size(), stdout);
  return 0;
}

int run_start(Options options, const Environment& environment) {
  auto path = config_path_from_standard_input();
  if (!path.ok()) return fail(path.error());
  if (!path.value().empty()) options.config_path = path.take();
  std::signal(SIGPIPE, SIG_IGN);
  const auto started = start(options, environment);
  if (!started.ok()) return fail(started.error());
  if (std::fputs(started.value().printed.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
    return fail(errno_error("print the shim's address", errno));
  if (!started.value().birth) return 0;
  const auto told = tell_that_it_is_known(started.value().birth.get());
  if (told.ok()) return 0;
  // containerd forgets a shim whose start failed: nobody else comes to remove its socket.
  ::unlink(socket_path(started.value().address).c_str());
  return fail(told.error());
}

int run_serve(const Options& options, const Environment& environment) {
  for (const int fd : {kSocketFd, kBirthFd})
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
      return fail(errno_error(
          concat("descriptor ", fd, " is not what 'start' gives: containerd calls 'start'"),
          errno));
  UniqueFd listener(kSocketFd), birth(kBirthFd);
  set_up_process();
  const auto sink = open_log(options.debug);
  if (!sink.ok()) return fail(sink.error());
  return serve(options, environment, std::move(listener), std::move(birth));
}

}  // namespace

int main(int argc, char** argv) {
  kata::plugin_host::note_crashes(STDERR_FILENO, "containerd-shim-kata-v2: ");
  const auto options = parse_options({argv + 1, argv + argc});
  if (!options.ok()) return fail(options.error());
  const Environment environment =
      read_environment([](const char* name) -> const char* { return std::getenv(name); });
  switch (options.value().action) {
    case Action::kHelp:
      std::fputs(help_text().c_str(), stdout);
      return 0;
    case Action::kVersion:
      std::puts("containerd-shim-kata-v2:\n  Version:  " KATA_VERSION);
      return 0;
    case Action::kInfo:
      return run_info();
    case Action::kStart:
      return run_start(options.value(), environment);
    case Action::kDelete:
      return run_delete(options.value());
    case Action::kServe:
      break;
  }
  return run_serve(options.value(), environment);
}
