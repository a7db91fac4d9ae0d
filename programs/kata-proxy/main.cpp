// SPDX-License-Identifier: Apache-2.0
//
// kata-proxy: one process a sandbox. See --help.
#include <fcntl.h>

#include <cstdio>

#include "core/base/log.h"
#include "core/base/log_spdlog.h"
#include "kata/unique_fd.h"
#include "programs/kata-proxy/options.h"
#include "programs/kata-proxy/process_setup.h"
#include "programs/kata-proxy/proxy.h"
#include "sandbox/ready_pipe.h"

namespace {

using namespace kata;

constexpr int kUsageError = 2;

Result<std::unique_ptr<log::Sink>> prepare(const proxy::Options& options) {
  for (const int fd : {options.ready_fd, options.lock_fd})
    if (fd >= 0 && ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
      return errno_error("use --ready-fd and --lock-fd", errno);
  auto sink = KATA_TRY(log::make_spdlog_sink({options.log, options.log_format, "kata-proxy"}),
                       "open the log");
  KATA_TRY(proxy::set_up_process(), "set up the process");
  return sink;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = proxy::parse_options(argc, argv);
  if (!options.ok()) {
    std::fprintf(stderr, "kata-proxy: %s\n", options.error().message.c_str());
    return kUsageError;
  }
  if (!options.value().message.empty()) {
    std::fputs(options.value().message.c_str(), stdout);
    return 0;
  }
  auto sink = prepare(options.value());
  UniqueFd ready(options.value().ready_fd), lock(options.value().lock_fd);
  if (!sink.ok()) {
    std::fprintf(stderr, "kata-proxy: %s\n", sink.error().message.c_str());
    if (ready) static_cast<void>(sandbox::report_failure(ready.get(), sink.error()));
    return 1;
  }
  log::set_sink(sink.value().get(), options.value().log_level);
  return proxy::run(options.value(), std::move(ready), std::move(lock));
}
