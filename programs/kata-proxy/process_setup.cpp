// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-proxy/process_setup.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "kata/unique_fd.h"

namespace kata::proxy {

namespace {

constexpr rlim_t kOpenFiles = 1U << 20;  // the file server inherits the limit

Result<void> quiet_stdio() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return errno_error("open '/dev/null'", errno);
  for (int standard = 0; standard <= 2; ++standard)
    if (::dup2(null.get(), standard) < 0) return errno_error("set up stdio", errno);
  return {};
}

}  // namespace

Result<void> set_up_process() {
  ::setsid();  // fails only for a leader, which is what is wanted
  ::umask(022);
  if (::chdir("/") != 0) return errno_error("change to '/'", errno);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::min(files.rlim_max, kOpenFiles);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  for (const int signal : {SIGINT, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);
  return quiet_stdio();
}

}  // namespace kata::proxy
